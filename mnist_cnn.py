#!/usr/bin/env python3
"""Train a convolutional network on MNIST, and log it for the page that server.py shows.

    python mnist_cnn.py                          the default network, ten epochs
    python mnist_cnn.py --preset fast            99 % within seconds
    python mnist_cnn.py --model lenet5 --epochs 3
    python mnist_cnn.py --resume                 go on with a run that was interrupted
    python mnist_cnn.py --restart                train the last run again, and keep that one in runs/
    python mnist_cnn.py control pause            ask the running one to pause, stop, change its rate, ...
    python mnist_cnn.py evaluate                 what the trained weights make of the test set
    python mnist_cnn.py predict seven.png        which digit that is
    python mnist_cnn.py models                   the networks to choose from
    python mnist_cnn.py --help                   every option and command
    torchrun --nproc-per-node=2 mnist_cnn.py     two processes train one network

`training_story` tells from top to bottom what a run does; how each part is done stands in digits/.
"""

import os
import sys

# `python -I` and `python -P` leave the script's own folder out.
if (folder := os.path.dirname(os.path.realpath(__file__))) not in sys.path:
    sys.path.insert(0, folder)

from digits.interrupts import INTERRUPTS

if __name__ == "__main__":
    INTERRUPTS.install()  # before the other imports: Ctrl-C may come at any moment

import json
import time
from contextlib import ExitStack
from pathlib import Path

from digits.errors import Diverged, UserError
from digits.imports import failed_import, importing

try:
    import click
except ImportError as error:
    raise SystemExit(failed_import(error) or str(error)) from None

from digits import launch, output, presets, processor, renames
from digits.architectures import ARCHITECTURES
from digits.cli.app import DefaultGroup, explicit_options, run
from digits.cli.error_handling import cli_errors
from digits.cli.options import evaluation_options, model_options, train_options
from digits.cli.terminal import Terminal, print_result
from digits.config import Config, architecture
from digits.runlog import RunLog, commands, schema
from digits.runlog.run_log import NullRunLog
from digits.training.resume import PreviousRun, load_for_restart, load_for_resume, previous_run


@click.group(cls=DefaultGroup, default="train")
def cli():
    """Train a convolutional network on MNIST and watch it learn."""


@cli.command()
@click.option("--resume", is_flag=True, help="Go on with the run in --results-dir, as if it had never stopped.")
@click.option(
    "--restart",
    is_flag=True,
    help="Train the run in --results-dir again from its beginning, with its options. It moves to runs/ first.",
)
@train_options
@click.pass_context
def train(context, resume, restart, **options):
    """Train a network on MNIST and write log, predictions and weights into results/.

    Watch it meanwhile: python server.py in another terminal.

    \b
    Exit codes: 0 done, 1 something failed (one line says what), 2 a wrong option,
    3 the loss became NaN or infinite, 129 after SIGHUP, 130 after Ctrl-C, 141 without a reader,
    143 after SIGTERM.
    """
    with cli_errors():
        launch.check()
        folder, explicit = options["results_dir"], explicit_options(context, options)
        given, notices = renames.present_options(explicit), [renames.notice(explicit)]
        previous = None
        if resume or restart:
            previous = (load_for_restart if restart else load_for_resume)(folder, given)
            notices.append(previous.renamed)
        config = previous.config if previous else Config.from_options(**given)
        earlier = None if restart else previous
        log = NullRunLog(config.results_dir)
        terminal = Terminal(config.quiet or not launch.is_main_process())
        if launch.is_main_process():
            facts = {"name": config.name, "config": config.as_json(), "keep": config.keep_runs}
            log = RunLog(config.results_dir, **facts, resume=earlier is not None)
            for notice in filter(None, notices):
                terminal.warn(notice)
        with INTERRUPTS.interruptible(), ExitStack() as stack:
            with INTERRUPTS.deferred():  # the log begins whole, or not at all
                stack.enter_context(log)
                stack.enter_context(INTERRUPTS.leaving(last_words=lambda: log.end("interrupted")))
            stack.enter_context(launch.together())
            training_story(config, log, terminal, earlier)
        terminal.check()


@cli.command()
@click.argument("weights", type=click.Path(path_type=Path), default=Config.results_dir / schema.WEIGHTS)
@evaluation_options
@click.option("--json", "as_json", is_flag=True, help="Print all of it as one JSON object, for other programs.")
def evaluate(weights, as_json, **options):
    """Read the test set with WEIGHTS (default: results/mnist_cnn.pth, beside mnist_cnn.py) and tell how well it went.

    Loss, accuracy, calibration error, and a table of the ten digits.
    """
    processor.prepare_for_torch()
    with cli_errors(writes=False), INTERRUPTS.interruptible():
        with importing():
            from digits.evaluation import evaluate
        found = evaluate.evaluate(weights, terminal=Terminal(quiet=as_json), **options)
        print_result(json.dumps(found, allow_nan=False) if as_json else evaluate.report(found))


@cli.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    default=Config.results_dir / schema.WEIGHTS,
    help="Which network reads (default: results/mnist_cnn.pth).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answers as a JSON list, for other programs.")
def predict(files, weights, as_json):
    """Say which digit is in each of FILES: PNG, JPEG, GIF, BMP or WebP, of one digit, in any colors.

    A file that can't be read is reported on stderr, and the exit code is 1; the others are answered.
    """
    processor.prepare_for_torch()
    with cli_errors(writes=False), INTERRUPTS.interruptible():
        with importing():
            from digits.inference import predict as reading
        answers = reading.predict_files(files, weights)
        if as_json:
            print_result(json.dumps([reading.as_json(*answered) for answered in answers], allow_nan=False))
        for file, answer in answers:
            if isinstance(answer, UserError):
                output.report(f"Error: {answer}")
            elif not as_json:
                print_result(reading.report(file, answer))
        if any(isinstance(answer, UserError) for _, answer in answers):
            raise SystemExit(1)


@cli.command("models")
@click.argument("name", type=click.Choice(tuple(ARCHITECTURES)), required=False)
@model_options
def list_models(name, **settings):
    """List the networks to choose from, or one of them layer by layer, with other settings if you like."""
    with cli_errors(writes=False):
        chosen = architecture(name, **settings)
        with importing():
            from digits.models import listing
        print_result(listing.report(chosen) if chosen else listing.overview())


@cli.command("presets")
def list_presets():
    """List the recipes for --preset, each with the options that it stands for."""
    with cli_errors(writes=False):
        print_result(presets.overview())


@cli.command("control", context_settings={"ignore_unknown_options": True})
@click.argument("action", type=click.Choice(commands.ACTIONS))
@click.argument("value", required=False)
@click.option("--results-dir", type=click.Path(path_type=Path), default=Config.results_dir, help="Where it trains.")
def control_run(action, value, results_dir):
    """Ask the running trainer to stop, pause or continue, to learn at another rate (lr 0.001), for more epochs
    (epochs +5, or epochs 20 in all), or to save its weights now (snapshot). It answers within a batch.
    """
    doubt = commands.lr_warning(results_dir, value) if action == "lr" else None
    if doubt and sys.stdin is not None and sys.stdin.isatty():
        click.confirm(f"{doubt} Set it?", abort=True, err=True)
    elif doubt:
        click.echo(f"Warning: {doubt}", err=True)
    with cli_errors():
        print_result(commands.send_and_wait(results_dir, action, value))


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Config.results_dir)
@click.option("--steps", type=click.IntRange(1), default=100, show_default=True, help="How many batches to compare.")
@click.option("--data-dir", type=click.Path(path_type=Path), envvar="MNIST_DATA_DIR", help="Folder of the data set.")
def verify(folder, steps, data_dir):
    """Train the first batches of the run in FOLDER (results) again, and say whether they repeat bit for bit."""
    processor.prepare_for_torch()
    terminal = Terminal()
    with cli_errors(writes=False), INTERRUPTS.interruptible():
        earlier = previous_run(folder)
        with importing():
            from digits.training import replay as repetition
        repetition.report(repetition.verify(folder, earlier, steps, terminal.progress, data_dir), print_result)


def training_story(config: Config, log: RunLog, terminal: Terminal, earlier: PreviousRun | None = None) -> None:
    """Seed, data, network, optimiser, epochs, test. `earlier` is the run so far, if this one goes on with it."""
    processor.prepare_for_torch()
    # Imported only now: who asks for help, mistypes or has another trainer running need not wait for torch.
    with importing():
        from digits.data import datasets
        from digits.evaluation import calibration, ood
        from digits.models import summary
        from digits.training import machine, trainer
        from digits.training.artifacts import ArtifactWriter
        from digits.training.build import batches_per_epoch, build_trainer
        from digits.training.checkpoints import Checkpoints
        from digits.training.distributed import Group
        from digits.training.remote_control import RemoteControl, Stopped

    was = earlier.environment if earlier else {}
    device = machine.prepare(config, threads=was.get("threads"))
    group = Group.join(device)

    log.phase("loading data")
    dataset = datasets.load(config.dataset, config.data_dir, config.validation, config.train_limit, terminal.progress)
    if dataset.notice:
        terminal.warn(dataset.notice)
    images = dataset.describe()
    group.check_same(images["sha256"])
    if earlier:
        earlier.check_images(images)
    train_split, validation_split = dataset.train.to(device), dataset.validation.to(device)

    log.phase("preparing")
    learner = build_trainer(config, len(train_split), device, group, was)
    facts = machine.describe(config, device, group.size) | learner.precision.describe()
    log.describe(dataset=images, model=summary.describe(config.model, learner.network), environment=facts)

    record = ArtifactWriter(log, config, dataset, learner)
    checkpoints = Checkpoints(log, config, learner)
    record.save_images()
    terminal.introduce(config, dataset, learner)
    batches, steps = batches_per_epoch(config, len(train_split)), learner.schedule.total
    steering = RemoteControl(log, learner, checkpoints, -(-steps // batches), batches, fixed=bool(config.steps))
    at = trainer.TrainState()
    began = time.perf_counter()  # of the epoch
    if earlier:
        state, unfit = group.broadcast(checkpoints.latest(batches, earlier.events, terminal.warn))
        earlier.check_checkpoint(state, unfit)
        at = checkpoints.restore(state)
        record.restore(at.epoch - 1, terminal.warn)
        terminal.tell_resumption(at, earlier.differences(facts))
    log.set_totals(steering.epochs, batches, steps)
    if not at.step:
        checkpoints.save(at)  # whenever the run is killed from now on, --resume finds a checkpoint

    def note(done: list[trainer.Step]) -> None:
        for step in done:
            at.add(step)
            at.seconds = time.perf_counter() - began
            log.batch(at.epoch, step.loss, step.accuracy, step.lr, step.images, together=len(done))
            trainer.check_finite(step.loss, at.step, step.lr)

    validation = None
    try:
        while at.epoch <= steering.epochs:
            log.phase("training")
            learner.network.train()
            began = time.perf_counter() - at.seconds
            order = (
                trainer.shuffled_indices(len(train_split), config.seed, at.epoch).to(device).split(config.batch_size)
            )
            if config.steps:
                order = order[: steps - batches * (at.epoch - 1)]
            title = f"Epoch {at.epoch}/{steering.epochs}"
            with terminal.progress(title, len(order)) as done, INTERRUPTS.synchronized(group.any):
                done(at.batch)
                for indices in order[at.batch :]:
                    if asked := steering.poll():
                        note(learner.flush_metrics())
                        began += steering.apply(asked, at, record.save_snapshot)
                    with INTERRUPTS.deferred():  # weights, schedule and log go forward together or not at all
                        known = learner.step(train_split[indices])
                        note(known)
                        # Several processes fetch together: at a step that all know, not by a clock of their own.
                        if checkpoints.at_plateau or (known and checkpoints.due):
                            note(learner.flush_metrics())
                            checkpoints.save_within_epoch(at)
                    done(1)
                note(learner.flush_metrics())
            if at.batch < batches:  # the end of the run: a longer one goes on within this epoch
                with INTERRUPTS.deferred():
                    checkpoints.save(at)

            log.phase("validating")
            validation = learner.evaluate(validation_split) if len(validation_split) else None
            # The last step may have broken the network: neither checkpoint nor test is to see that.
            probe = validation or learner.evaluate(train_split[:250])
            trainer.check_finite(probe.loss, at.step, at.lr)
            at.seconds = time.perf_counter() - began
            terminal.tell_epoch(at, steering.epochs, validation)
            with INTERRUPTS.deferred():  # the epoch is over in log and state, or in neither
                log.epoch(
                    at.epoch,
                    train_loss=at.mean.loss,
                    train_accuracy=at.mean.accuracy,
                    val_loss=validation and validation.loss,
                    val_accuracy=validation and validation.accuracy,
                    lr=at.lr,
                    seconds=at.seconds,
                )
                record.save_epoch(at.epoch, validation)
                at = at.next_epoch()
                checkpoints.save(at)
    except Stopped:
        checkpoints.save(at)
        log.stop()
        return terminal.tell_stop(at)
    except KeyboardInterrupt:
        note(learner.flush_metrics())
        terminal.tell_interruption(saved=checkpoints.try_to_save(at))
        raise
    except Diverged as error:
        log.event("diverged", str(error))
        raise

    steering.reject_pending()
    log.phase("calibrating")
    validation = validation or learner.evaluate(validation_split)  # a run may go on after its last epoch
    judged = record.judge(validation)
    # The test set is looked at once, here: nothing above was chosen by it.
    log.phase("testing")
    test = learner.evaluate(dataset.test)
    sureness = calibration.calibration_metrics(test.probabilities, dataset.test.labels, judged["temperature"])
    accepted = ood.in_distribution_rate(test.energies, judged["ood_threshold"])
    log.test(test.loss, test.accuracy, test.correct, test.total, **sureness, accepted=accepted)
    record.save_end(steering.epochs, test, **judged)
    steering.reject_pending()
    terminal.conclude(config, test)


def main() -> None:
    """The command `mnist-cnn`."""
    INTERRUPTS.install()
    run(cli)


if __name__ == "__main__":
    main()
