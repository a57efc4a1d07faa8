#!/usr/bin/env python3
"""Training of a convolutional network on MNIST, logged for the page that server.py shows.

    python mnist_cnn.py                          the default network, ten epochs
    python mnist_cnn.py --preset fast            99 % within seconds
    python mnist_cnn.py --model lenet5 --epochs 3
    python mnist_cnn.py --resume                 continue an interrupted run
    python mnist_cnn.py --restart                repeat the last run, which moves to runs/
    python mnist_cnn.py control pause            control the running trainer: pause, stop, learning rate, ...
    python mnist_cnn.py evaluate                 evaluate the trained weights on the test set
    python mnist_cnn.py predict seven.png        predict the digit in an image
    python mnist_cnn.py watch                    curves of the running trainer in this terminal
    python mnist_cnn.py runs                     list the runs; docs/commands.md: compare, clean, export, log
    python mnist_cnn.py models                   list the architectures
    python mnist_cnn.py --help                   every option and command
    torchrun --nproc-per-node=2 mnist_cnn.py     data-parallel training by two processes

`train_and_test` is the whole run on one screen; its parts are in digits/training/run.py.
"""

import os
import sys

# `python -I` and `python -P` leave the script's folder out of sys.path.
if (folder := os.path.dirname(os.path.realpath(__file__))) not in sys.path:
    sys.path.insert(0, folder)

from digits.interrupts import INTERRUPTS

if __name__ == "__main__":
    INTERRUPTS.install()  # before the other imports: Ctrl-C may come at any moment

from contextlib import ExitStack

from digits.import_errors import failed_import, importing

try:
    import click
except ImportError as error:
    raise SystemExit(failed_import(error) or str(error)) from None

from digits import cpu_tuning, renames, torchrun
from digits.cli.app import cli_errors, explicit_options, run
from digits.cli.commands import cli
from digits.cli.options_from_config import train_options
from digits.cli.terminal import Terminal
from digits.config import Config
from digits.runlog.run_log import NullRunLog, RunLog
from digits.runlog.tensorboard_events import EventLog
from digits.training.resume import PreviousRun, load_for_restart, load_for_resume


def train_and_test(config: Config, log: RunLog, terminal: Terminal, previous: PreviousRun | None = None) -> None:
    """Prepare, train and validate each epoch, test, save. `previous` is the run to continue."""
    cpu_tuning.prepare_for_torch()
    with importing():  # late: --help, a typo or a folder in use should not wait for torch
        from digits.training.remote_control import Stopped
        from digits.training.run import TrainingRun

    run = TrainingRun(config, log, terminal.progress, terminal.warn, previous)
    terminal.show_start(run)
    try:
        while run.state.epoch <= run.trainer.epochs:
            with terminal.epoch_progress(run) as advance:
                run.train_epoch(advance)
            with terminal.validation_status(run):
                run.validate()
            terminal.show_epoch(run)
            run.save_epoch()
            terminal.show_pause(run)
    except Stopped:
        run.save_stopped()
        terminal.show_stop(run)
        return
    except KeyboardInterrupt:
        terminal.show_interruption(run, saved=run.checkpoints.try_to_save())
        raise
    with terminal.status("Testing"):
        summary = run.test()
    terminal.show_summary(config, summary)


@cli.command()
@click.option("--resume", is_flag=True, help="Continue the run in --results-dir from its last checkpoint.")
@click.option("--restart", is_flag=True, help="Archive the run in --results-dir and repeat it with its options.")
@train_options
@click.pass_context
def train(context: click.Context, resume: bool, restart: bool, **options) -> None:
    """Train a network on MNIST and write log, predictions and weights into results/.

    Watch it in the browser: start server.py (installed: mnist-cnn-server) in another terminal.

    Exit codes: 0 success, 1 error (one line), 2 invalid option, 3 the loss became NaN or infinite, 129 SIGHUP,
    130 Ctrl-C, 141 closed output pipe, 143 SIGTERM.
    """
    with cli_errors():
        torchrun.check()
        explicit = explicit_options(context, options)
        given, notices = renames.present_options(explicit), [renames.notice(explicit)]
        previous = None
        if resume or restart:
            previous = (load_for_restart if restart else load_for_resume)(options["results_dir"], given)
            notices.append(previous.renamed)
        config = previous.config if previous else Config.from_options(**given)
        previous = None if restart else previous
        terminal = Terminal(config.quiet or not torchrun.is_main_process())
        log = open_log(config, terminal, resume=previous is not None)
        for notice in filter(None, notices if torchrun.is_main_process() else []):
            terminal.warn(notice)
        with INTERRUPTS.interruptible(), ExitStack() as stack:
            with INTERRUPTS.deferred():  # atomic
                stack.enter_context(log)
                stack.enter_context(INTERRUPTS.final_write(lambda: log.end("interrupted")))
            stack.enter_context(torchrun.together())
            train_and_test(config, log, terminal, previous)
        terminal.check()


def open_log(config: Config, terminal: Terminal, resume: bool) -> RunLog:
    """The log of the run; of several processes only the main one writes it."""
    if not torchrun.is_main_process():
        return NullRunLog(config.results_dir)
    name = config.name or config.summary()
    mirror = EventLog(config.tensorboard, terminal.warn).write if config.tensorboard else None
    settings = config.as_json()
    return RunLog(config.results_dir, name=name, config=settings, keep=config.keep_runs, resume=resume, mirror=mirror)


def main() -> None:
    """Entry point of the command `mnist-cnn`."""
    INTERRUPTS.install()
    run(cli)


if __name__ == "__main__":
    main()
