"""State of a run: its position in epochs and steps, and loss and accuracy of the epoch so far."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """Result of one optimizer step: mean cross-entropy over the images of its batch, and how many were correct."""

    loss: float
    correct: int
    images: int
    lr: float

    @property
    def accuracy(self) -> float:
        return self.correct / self.images


@dataclass
class RunningAverage:
    """Mean loss and accuracy over the images of several steps."""

    loss_sum: float = 0.0
    correct: int = 0
    images: int = 0

    def add(self, step: Step) -> None:
        self.loss_sum += step.loss * step.images
        self.correct += step.correct
        self.images += step.images

    @property
    def loss(self) -> float:
        return self.loss_sum / self.images

    @property
    def accuracy(self) -> float:
        return self.correct / self.images


@dataclass
class TrainState:
    """Position of a run: `batch` batches of `epoch` are done in `seconds`, the last at `lr`; `step` steps in all."""

    epoch: int = 1
    batch: int = 0
    step: int = 0
    seconds: float = 0.0
    lr: float = 0.0
    mean: RunningAverage = field(default_factory=RunningAverage)

    def add(self, step: Step) -> None:
        self.batch += 1
        self.step += 1
        self.lr = step.lr
        self.mean.add(step)

    def next_epoch(self) -> "TrainState":
        return TrainState(self.epoch + 1, step=self.step)
