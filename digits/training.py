"""The arithmetic of training: batches, one optimiser step, evaluation, and a schedule for the learning rate."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits.data import Split
from digits.errors import Diverged
from digits.optimizers import Optimizer
from digits.precision import Precision

MEAN, STD = 0.1307, 0.3081  # of all pixels of the 60,000 MNIST training images, scaled to 0..1
_WARM_UP = 0.25  # part of the run in which the rate rises
_FIRST, _LAST = 0.04, 1e-4  # the rate at both ends of the run, as parts of the highest
_EVALUATED_AT_ONCE = 250  # images: 20 MB of activations, and often enough back in Python to notice Ctrl-C

Schedule = Callable[[int], float]


def normalised(images: Tensor) -> Tensor:
    """uint8 (N, 28, 28) to float32 (N, 1, 28, 28) of mean 0 and variance 1 over MNIST."""
    return images.unsqueeze(1).float().sub_(255 * MEAN).div_(255 * STD)


def batches(count: int, batch_size: int, seed: int, epoch: int) -> list[Tensor]:
    """Indices (<= batch_size,) of an epoch's batches: a new order each epoch, the same for the same seed and epoch."""
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    return list(torch.randperm(count, generator=generator).split(batch_size))


def one_cycle(lr: float, steps: int) -> Schedule:
    """Rise to `lr` over the first quarter of `steps`, then fall to almost nothing, both along half a cosine wave.

    L. N. Smith and N. Topin, "Super-Convergence", 2018. The result takes the number of steps done and gives the rate.
    """
    rise = max(1, round(steps * _WARM_UP))
    fall = max(1, steps - rise)

    def wave(start: float, end: float, part: float) -> float:
        return lr * (end + (start - end) * (1 + math.cos(math.pi * min(1.0, part))) / 2)

    return lambda step: wave(_FIRST, 1.0, step / rise) if step < rise else wave(1.0, _LAST, (step - rise) / fall)


@dataclass
class Step:
    """What one batch gave: the mean loss over its images, and how many were read rightly."""

    loss: float
    correct: int
    images: int
    lr: float

    @property
    def accuracy(self) -> float:
        return self.correct / self.images


@dataclass
class Mean:
    """Loss and accuracy over the images of some steps, each image counting once, as the network was at its step."""

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
class Evaluation:
    """Over all images of a split: mean cross-entropy, how many are read rightly, probabilities (N, 10) on the CPU."""

    loss: float
    correct: int
    probabilities: Tensor

    @property
    def total(self) -> int:
        return len(self.probabilities)

    @property
    def accuracy(self) -> float:
        return self.correct / self.total


@dataclass
class Learner:
    """A network and all that changes it. Splits may lie on any device; the network's own is the fastest."""

    network: nn.Module
    optimizer: Optimizer
    schedule: Schedule
    precision: Precision
    steps: int = 0  # done

    def step(self, batch: Split) -> Step:
        """Forward, backward, update. Whether the loss is finite is for the caller: `check_finite`."""
        lr = self.schedule(self.steps)
        batch = batch.to(self.precision.device)
        logits = self._logits(batch.images)  # (N, 10)
        loss = F.cross_entropy(logits, batch.labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step(lr)
        self.steps += 1
        correct = (logits.argmax(dim=1) == batch.labels).sum()
        return Step(loss.item(), int(correct), len(batch), lr)  # an accelerator is waited for here

    def evaluate(self, split: Split) -> Evaluation:
        """Read every image once, with the running statistics of batch norm and without dropout."""
        training = self.network.training
        self.network.eval()
        split = split.to(self.precision.device)
        with torch.inference_mode():
            logits = torch.cat([self._logits(images) for images in split.images.split(_EVALUATED_AT_ONCE)])  # (N, 10)
            loss = F.cross_entropy(logits, split.labels).item()
            correct = int((logits.argmax(dim=1) == split.labels).sum())
            probabilities = logits.softmax(dim=1).cpu()
        self.network.train(training)
        return Evaluation(loss, correct, probabilities)

    def _logits(self, images: Tensor) -> Tensor:
        with self.precision.autocast():
            return self.network(self.precision.arranged(normalised(images))).float()


def check_finite(value: float, step: int, lr: float) -> None:
    """Raise Diverged, naming step and rate, where a loss is no finite number."""
    if not math.isfinite(value):
        raise Diverged(f"The loss of step {step:,} is no finite number (lr {lr:.3g}): try a lower --lr.")
