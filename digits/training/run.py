"""A training run: data, trainer, log, artifacts, checkpoints and remote control, and the phases that use them.

mnist_cnn.py calls the phases in order.
"""

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from digits.config import Config
from digits.data import datasets
from digits.data.datasets import ProgressFactory
from digits.data.mnist import Dataset
from digits.errors import Diverged
from digits.evaluation.evaluation import Calibration, Evaluation
from digits.evaluation.metrics import most_frequent_confusion
from digits.interrupts import INTERRUPTS
from digits.models import summary
from digits.number_format import rate
from digits.runlog.run_log import RunLog
from digits.training import machine
from digits.training.artifacts import ArtifactWriter
from digits.training.checkpoints import Checkpoints
from digits.training.distributed import Group
from digits.training.remote_control import RemoteControl
from digits.training.resume import PreviousRun
from digits.training.sampling import Batches
from digits.training.train_state import Step, TrainState
from digits.training.trainer import build_trainer

_PROBE = 250  # training images that replace the validation images if there are none


class Progress(NamedTuple):
    """Loss and accuracy of the epoch so far, its duration, and the seconds left of epoch and run."""

    loss: float
    accuracy: float
    seconds: float
    epoch_left: float
    run_left: float

    @classmethod
    def of(cls, state: TrainState, batches: int, total: int, pace: float | None) -> "Progress | None":
        """`batches` of the epoch, `total` steps of the run, and the `pace` of the last epoch in seconds per step."""
        if not state.batch:
            return None
        present, left = state.seconds / state.batch, batches - state.batch
        later = (pace or present) * (total - state.step - left)
        return cls(state.mean.loss, state.mean.accuracy, state.seconds, present * left, present * left + later)


class Summary(NamedTuple):
    """Result of a finished run: seconds of training, test, best validation and most frequent confusion.

    `best` is the epoch and accuracy of the best validation, None without validation images; `confusion` is the true
    digit, the prediction and the count of the most frequent confusion on the test set, None without mistakes.
    """

    seconds: float
    test: Evaluation
    best: tuple[int, float] | None
    confusion: tuple[int, int, int] | None

    @classmethod
    def of(cls, test: Evaluation, log: dict | None) -> "Summary":
        """`log` is RunLog.state(), which includes the epochs of earlier processes; None in helper processes."""
        epochs = log["epochs"] if log else {"epoch": [], "val_accuracy": []}
        validated = [pair for pair in zip(epochs["epoch"], epochs["val_accuracy"]) if pair[1] is not None]
        best = max(validated, key=lambda pair: pair[1], default=None)
        return cls(log["elapsed"] if log else 0.0, test, best, most_frequent_confusion(test.confusion))


class TrainingRun:
    """One run of `config`, which continues `previous` if that is given.

    `validation` and `calibration` are of the last epoch; `validation` is None before that, and without validation
    images. `warn` is called with sentences for the user. `dataset`: these images instead of those that `config` names.
    """

    def __init__(
        self,
        config: Config,
        log: RunLog,
        progress: ProgressFactory,
        warn: Callable[[str], None],
        previous: PreviousRun | None = None,
        dataset: Dataset | None = None,
    ):
        self.config, self.log = config, log
        environment = previous.environment if previous else {}
        device = machine.prepare(config, threads=environment.get("threads"))
        group = Group.join(device)
        self.dataset = dataset or _load_dataset(config, log, progress, warn)
        description = self.dataset.describe()
        group.check_same(description["sha256"])
        if previous:
            previous.check_images(description)
        log.describe(dataset=description)
        self.validation_split = self.dataset.validation.to(device)

        log.phase("preparing")
        self.trainer = build_trainer(config, len(self.dataset.train), device, group, environment, self._log_step)
        self.batches = Batches(self.dataset.train.to(device), config.batch_size, config.seed, self.trainer.hard)
        self.environment = machine.describe(config, device, group.size) | self.trainer.precision.describe()
        log.describe(model=summary.describe(config.model, self.trainer.network), environment=self.environment)

        self.validation: Evaluation | None = None
        self.calibration = Calibration()
        self.artifacts = ArtifactWriter(log, config, self.dataset, self.trainer)
        self.checkpoints = Checkpoints(log, config, self.trainer)
        self.control = RemoteControl(log, self.trainer, self.checkpoints, self.artifacts.save_snapshot, config)
        self.artifacts.save_images()
        self._start(previous, warn)

    @property
    def state(self) -> TrainState:
        return self.trainer.state

    @property
    def batches_in_epoch(self) -> int:
        """Batches of the current epoch, which --steps may cut short."""
        return min(len(self.batches), self.trainer.schedule.total - len(self.batches) * (self.state.epoch - 1))

    def _start(self, previous: PreviousRun | None, warn: Callable[[str], None]) -> None:
        """Restore the latest checkpoint, or write the first one: from then on --resume finds one after a kill."""
        if previous:
            self.checkpoints.resume(previous, warn)
            self.artifacts.restore(self.state.epoch - 1, warn)
            for difference in previous.differences(self.environment):
                warn(f"The run continues with {difference}: it will not match an uninterrupted run bit for bit.")
        self.log.set_totals(self.trainer.epochs, len(self.batches), self.trainer.schedule.total)
        self._epoch_began = time.perf_counter() - self.state.seconds
        self._pace: float | None = None  # seconds per step of the last epoch, with its validation
        if not self.state.step:
            self.checkpoints.save()

    def train_epoch(self, advance: Callable[[int], None]) -> None:
        """Train the current epoch, or what a checkpoint has left of it; `advance` is called after each batch."""
        trainer, state = self.trainer, self.state
        self.log.phase("training")
        trainer.network.train()
        self._epoch_began = time.perf_counter() - state.seconds
        last = state.step - state.batch + self.batches_in_epoch
        with INTERRUPTS.synchronized(trainer.group.any):
            for batch, indices in self.batches.between(state.step, last):
                self._epoch_began += self.control.apply_commands()
                with INTERRUPTS.deferred():  # atomic: weights, schedule and log advance together
                    trainer.step(batch, indices)
                    self.checkpoints.save_if_due()
                advance(1)
            trainer.synchronize()
        if state.batch < len(self.batches):  # --steps ends the run here: a longer one continues within this epoch
            with INTERRUPTS.deferred():
                self.checkpoints.save()

    def validate(self) -> None:
        """Evaluate the validation images and fit temperature and OOD threshold. Raises Diverged."""
        self.log.phase("validating")
        self.validation = self.trainer.evaluate(self.validation_split) if len(self.validation_split) else None
        # The last step may have broken the network: neither checkpoint nor test may use it.
        probe = self.validation or self.trainer.evaluate(self.batches.split[:_PROBE])
        self._check_finite(probe.loss, self.state.lr)
        self.calibration = Calibration.fit(self.validation) if self.validation else Calibration()
        self.state.seconds = time.perf_counter() - self._epoch_began
        self._pace = self.state.seconds / max(1, self.state.batch)

    def save_epoch(self) -> None:
        """Log the epoch, save its artifacts and a checkpoint, and go to the next one."""
        state, validation = self.state, self.validation
        with INTERRUPTS.deferred():  # the epoch is complete in log and checkpoint, or in neither
            self.log.epoch(
                state.epoch,
                train_loss=state.mean.loss,
                train_accuracy=state.mean.accuracy,
                val_loss=validation.loss if validation else None,
                val_accuracy=validation.accuracy if validation else None,
                lr=state.lr,
                seconds=state.seconds,
            )
            self.artifacts.save_epoch(state.epoch, validation, self.calibration)
            self.trainer.state = state.next_epoch()
            self.checkpoints.save()
        if state.epoch < self.trainer.epochs:
            self.control.end_epoch(state.epoch)

    def save_stopped(self) -> None:
        """Save a checkpoint of a run that the command stop ends."""
        self.checkpoints.save()
        self.log.stop()

    def test(self) -> Summary:
        """Evaluate the test images, once, after everything has been selected on validation images; save the weights."""
        self.control.reject_pending()
        self.log.phase("calibrating")
        if self.validation is None and len(self.validation_split):  # resumed after the last epoch
            self.validation = self.trainer.evaluate(self.validation_split)
            self.calibration = Calibration.fit(self.validation)
        self.trainer.eval_model.views = self.config.views  # not after each epoch: it would take too long
        if self.config.views > 1 and len(self.validation_split):
            self.calibration = Calibration.fit(self.trainer.evaluate(self.validation_split))
        self.log.phase("testing")
        test = self.trainer.evaluate(self.dataset.test)
        self.log.test(test.loss, test.accuracy, test.correct, test.total, **self.calibration.metrics(test))
        self.artifacts.save_final(self.trainer.epochs, self.validation, test, self.calibration)
        self.control.reject_pending()
        return Summary.of(test, self.log.state())

    def progress(self) -> Progress | None:
        """Loss, accuracy and time left, as far as known; None before the first batch of an epoch."""
        return Progress.of(self.state, self.batches_in_epoch, self.trainer.schedule.total, self._pace)

    def _log_step(self, step: Step, together: int) -> None:
        self.state.seconds = time.perf_counter() - self._epoch_began
        self.log.batch(self.state.epoch, step.loss, step.accuracy, step.lr, step.images, together=together)
        self._check_finite(step.loss, step.lr)

    def _check_finite(self, loss: float, lr: float) -> None:
        """Raise Diverged, naming step and learning rate, if a loss is NaN or infinite."""
        if not math.isfinite(loss):
            message = f"The loss of step {self.state.step:,} is NaN or infinite (lr {rate(lr)}): try a lower --lr."
            self.log.event("diverged", message)
            raise Diverged(message)


def _load_dataset(config: Config, log: RunLog, progress: ProgressFactory, warn: Callable[[str], None]) -> Dataset:
    log.phase("loading data")
    dataset = datasets.load(config.dataset, config.data_dir, config.validation, config.train_limit, progress)
    if dataset.notice:
        warn(dataset.notice)
    return dataset
