"""The trainer: batches, one optimizer step, evaluation."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from digits.data import mnist, rng
from digits.data.augment import Augmentation, apply, draw
from digits.data.mnist import Split
from digits.data.outliers import Outliers
from digits.errors import Diverged
from digits.evaluation import ood
from digits.evaluation.evaluation import Evaluation, evaluate_split
from digits.models import weights_file
from digits.models.precision import Precision
from digits.training.distributed import Group
from digits.training.ema import EMA
from digits.training.optimizers import Optimizer
from digits.training.schedule import Schedule

_FETCHED_AT_ONCE = 32  # steps, from an accelerator


def shuffled_indices(count: int, seed: int, epoch: int) -> Tensor:
    """The order (count,) of an epoch's images: a new one each epoch, the same for the same seed and epoch."""
    return torch.randperm(count, generator=rng.make_generator(seed, epoch, rng.ORDER))


@dataclass(frozen=True)
class Step:
    """What one batch gave: the mean cross-entropy over its images, and how many were classified correctly."""

    loss: float
    correct: int
    images: int
    lr: float

    @property
    def accuracy(self) -> float:
        return self.correct / self.images


@dataclass
class RunningAverage:
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
class TrainState:
    """Where a run stands: `batch` batches of `epoch` are done, in `seconds`, the last at rate `lr`; `step` in all."""

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


class Trainer:
    """A network and all that changes it. Splits may lie on any device; the network's own is the fastest."""

    def __init__(
        self,
        network: nn.Sequential,
        optimizer: Optimizer,
        schedule: Schedule,
        precision: Precision,
        *,
        augmentation: Augmentation | None = None,
        label_smoothing: float = 0.0,
        ema: float = 0.0,
        outliers: float = 0.0,
        seed: int = 0,
        group: Group | None = None,
    ):
        self.network, self.optimizer, self.schedule, self.precision = network, optimizer, schedule, precision
        self.augmentation = augmentation or Augmentation()
        self.label_smoothing = label_smoothing
        self.average = EMA(network, ema) if ema else None
        self.outliers = Outliers(outliers) if outliers else None
        self.seed = seed
        self.group = group or Group()
        self.steps = 0  # done
        self._shared = self.group.ddp(self.group.convert_layers(network))
        self._late: list[tuple[Tensor, int, float]] = []  # loss and hits, images, rate
        self._late_at_most = 1 if precision.device.type == "cpu" else _FETCHED_AT_ONCE

    @property
    def eval_model(self) -> nn.Module:
        """The network to judge and to keep: the average, where there is one."""
        return self.average.network if self.average else self.network

    def step(self, batch: Split) -> list[Step]:
        """Forward, backward, update, with all processes of the group. Whether the loss is finite: `check_finite`.

        Gives the steps whose numbers are known by now. On the CPU it is this one; from an accelerator they come some
        steps late, many at once, since whoever asks for a number makes it wait. `fetch` gets the rest.
        """
        lr = self.schedule(self.steps)
        images, labels, together = self._prepared(batch)
        logits = self._logits(self._shared, images)  # (n, 10): of digits, then of outliers
        log_p = logits[: len(labels)].log_softmax(dim=1)
        loss = -log_p.gather(1, labels[:, None]).sum() / len(batch)  # this process's part of the mean
        goal = loss
        if self.label_smoothing:  # C. Szegedy and others, "Rethinking the Inception Architecture", 2015
            uniform = -log_p.mean(dim=1).sum() / len(batch)
            goal = (1 - self.label_smoothing) * loss + self.label_smoothing * uniform
        if self.outliers:
            goal = goal + ood.WEIGHT * ood.outlier_exposure_loss(ood.energies(logits), len(labels)) / together
        self.optimizer.zero_grad()
        (goal * self.group.size).backward()  # the group takes the mean of the gradients
        self.optimizer.step(lr)
        self.steps += 1
        if self.average:
            self.average.update(self.steps)
        correct = (log_p.argmax(dim=1) == labels).sum()
        self._late.append((torch.stack([loss.detach(), correct]), len(batch), lr))
        return self.flush_metrics() if len(self._late) >= self._late_at_most else []

    def flush_metrics(self) -> list[Step]:
        """The steps done since the last ones that were given; an accelerator is waited for here, and all processes."""
        if not self._late:
            return []
        numbers, images, lrs = zip(*self._late)
        self._late = []
        rows = self.group.sum(torch.stack(numbers)).tolist()
        return [Step(loss, int(correct), count, lr) for (loss, correct), count, lr in zip(rows, images, lrs)]

    def evaluate(self, split: Split) -> Evaluation:
        """The weights that are kept, on all images of the split."""
        return evaluate_split(self.eval_model, split, self.precision, self.group)

    def state_dict(self) -> dict:
        """All that changes in training, on the CPU and in the ordinary memory order."""
        state = {
            "steps": self.steps,
            "network": weights_file.cpu_state_dict(self.network),
            "average": weights_file.cpu_state_dict(self.average.network) if self.average else None,
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
        }
        if self.precision.device.type == "cuda":
            state["cuda_random"] = torch.cuda.get_rng_state(self.precision.device)
        if self.precision.device.type == "mps":
            state["mps_random"] = torch.mps.get_rng_state()
        return state

    def load_state_dict(self, state: dict) -> None:
        self.steps = state["steps"]
        self.network.load_state_dict(state["network"])
        if self.average:
            self.average.network.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        if "cuda_random" in state and self.precision.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda_random"], self.precision.device)
        if "mps_random" in state and self.precision.device.type == "mps":
            torch.mps.set_rng_state(state["mps_random"])

    def _prepared(self, batch: Split) -> tuple[Tensor, Tensor, int]:
        """This process's part of batch and outliers, augmented: images (n, 28, 28), the labels (m,) of the first m,
        which are digits, and how many images all processes have together.
        """
        images = batch.images
        if self.outliers:
            images = torch.cat([images, self.outliers.sample_for(batch, self.seed, self.steps)])
        part, device = self.group.shard(len(images)), self.precision.device
        mine, labels = images[part].to(device), batch.labels[part].to(device)
        if self.augmentation.any:
            generator = rng.make_generator(self.seed, self.steps, rng.AUGMENTATION)
            mine = apply(mine, draw(len(images), self.augmentation, generator)[part].to(device))
        return mine, labels, len(images)

    def _logits(self, network: nn.Module, images: Tensor) -> Tensor:
        with self.precision.autocast():
            return network(self.precision.to_memory_format(mnist.normalize(images))).float()


def check_finite(value: float, step: int, lr: float) -> None:
    """Raise Diverged, naming step and rate, if a loss is NaN or infinite."""
    if not math.isfinite(value):
        raise Diverged(f"The loss of step {step:,} is NaN or infinite (lr {lr:.3g}): try a lower --lr.")
