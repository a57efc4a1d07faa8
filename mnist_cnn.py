#!/usr/bin/env python3
"""Train a convolutional network on MNIST, and log it for the page that server.py shows.

    python mnist_cnn.py                                     the default network, ten epochs
    python mnist_cnn.py --epochs 3 --channels 8,16,32,64    a smaller one, for a shorter time
    python mnist_cnn.py --help                              every option

`training_story` tells from top to bottom what a run does; how each part is done stands in digits/.
"""

from digits.interrupts import INTERRUPTS

if __name__ == "__main__":
    INTERRUPTS.install()  # before the other imports: Ctrl-C may come at any moment

import time
from contextlib import ExitStack

from digits.errors import Diverged, not_installed

try:
    import click
except ModuleNotFoundError:
    raise SystemExit(not_installed("click")) from None

from digits import processor
from digits.commands import DefaultGroup, run
from digits.failures import told_in_one_line
from digits.options import Config, train_options
from digits.runlog import RunLog
from digits.terminal import Terminal


@click.group(cls=DefaultGroup, default="train")
def cli():
    """Train a convolutional network on MNIST and watch it learn."""


@cli.command()
@train_options
def train(**options):
    """Train a network on MNIST and write log, predictions and weights into results/.

    Watch it meanwhile: python server.py in another terminal.

    \b
    Exit codes: 0 done, 1 something failed (one line says what), 2 a wrong option,
    3 the loss is no finite number any more, 130 after Ctrl-C, 143 after SIGTERM.
    """
    config = Config.from_options(**options)
    log = RunLog(config.results_dir, name=config.name, config=config.as_json(), keep=config.keep)
    with told_in_one_line(), INTERRUPTS.raising(last_words=lambda: log.end("interrupted")), ExitStack() as stack:
        with INTERRUPTS.held():  # the log begins whole, or not at all
            stack.enter_context(log)
        training_story(config, log, Terminal(config.quiet))


def training_story(config: Config, log: RunLog, terminal: Terminal) -> None:
    """Seed, data, network, optimiser, epochs, test."""
    processor.spin_briefly()
    # Imported only now: who asks for help, mistypes or has another trainer running need not wait for torch.
    with INTERRUPTS.importing():
        import torch

        from digits import datasets, environment, models, optimizers, precision, training
        from digits.record import Record

    torch.manual_seed(config.seed)
    device = environment.choose_device(config.device)
    log.describe(environment=environment.describe(device))

    log.phase("loading data")
    dataset = datasets.load(config.dataset, config.data_dir, config.validation, config.limit, terminal.progress)
    log.describe(dataset=dataset.describe())
    if dataset.notice:
        terminal.warn(dataset.notice)
    train_split = dataset.train.to(device)

    log.phase("preparing")
    network = models.build(config.model, config.channels, config.dropout).to(device)
    numbers = precision.choose(config.precision, network, device)
    network = numbers.arranged(network)
    log.describe(model=models.describe(config.model, network), environment=numbers.describe())

    batches = -(-len(train_split) // config.batch_size)
    optimizer = optimizers.make(config.optimizer, network, config.weight_decay)
    schedule = training.one_cycle(config.lr, config.epochs * batches)
    learner = training.Learner(network, optimizer, schedule, numbers)
    record = Record(log, config, dataset, learner)
    record.save_images()
    log.plan(config.epochs, batches)
    terminal.introduce(config, dataset, network, numbers)

    try:
        for epoch in range(1, config.epochs + 1):
            log.phase("training")
            network.train()
            started = time.perf_counter()
            mean = training.Mean()
            order = training.batches(len(train_split), config.batch_size, config.seed, epoch)
            with terminal.progress(f"Epoch {epoch}/{config.epochs}", len(order)) as done:
                for indices in order:
                    with INTERRUPTS.held():  # weights, schedule and log go forward together or not at all
                        step = learner.step(train_split[indices.to(device)])
                        log.batch(epoch, step.loss, step.accuracy, step.lr, step.images)
                    training.check_finite(step.loss, log.step, step.lr)
                    mean.add(step)
                    done(1)

            log.phase("validating")
            validation = learner.evaluate(dataset.validation) if len(dataset.validation) else None
            # The last step may have broken the network: neither checkpoint nor test is to see that.
            probe = validation or learner.evaluate(dataset.train[:250])
            training.check_finite(probe.loss, log.step, step.lr)
            seconds = time.perf_counter() - started
            terminal.tell_epoch(epoch, config.epochs, mean, validation, seconds)
            log.epoch(
                epoch,
                train_loss=mean.loss,
                train_accuracy=mean.accuracy,
                val_loss=validation and validation.loss,
                val_accuracy=validation and validation.accuracy,
                lr=step.lr,
                seconds=seconds,
            )
            record.save_epoch(epoch, validation)
    except KeyboardInterrupt:
        terminal.tell_interruption(saved=record.try_to_save_checkpoint())
        raise
    except Diverged as error:
        log.event("diverged", str(error))
        raise

    # The test set is looked at once, here: nothing above was chosen by it.
    log.phase("testing")
    test = learner.evaluate(dataset.test)
    log.test(test.loss, test.accuracy, test.correct, test.total)
    record.save_end(test)
    terminal.conclude(config, test)


if __name__ == "__main__":
    run(cli)
