"""Order of the training images: reshuffled each epoch, or from the second epoch on hard examples more often."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from digits.data import rng
from digits.data.mnist import Split
from digits.training import schedule

_LEAST = torch.finfo(torch.float32).tiny  # mean of the losses: even if all are 0, every image has a probability


def shuffled_indices(count: int, seed: int, epoch: int) -> Tensor:
    """Order (count,) of an epoch's images, determined by seed and epoch."""
    return torch.randperm(count, generator=rng.make_generator(seed, epoch, rng.ORDER))


def probabilities(losses: Tensor, count: int) -> Tensor:
    """Probability (N,) of each of N images to be among the `count` images of a pass, in double precision.

    Proportional to its loss plus the mean loss, and at most 1. The mean keeps images with a loss near 0 in the passes.
    """
    weights = losses.double() + losses.double().mean().clamp(min=_LEAST)
    certain = torch.zeros(len(losses), dtype=torch.bool)
    while int(certain.sum()) < count:
        left = count - certain.sum()
        p = torch.where(certain, 1.0, weights * (left / weights[~certain].sum()))
        if not (p > 1).any():
            return p
        certain |= p > 1
    return certain.double()


def drawn(losses: Tensor, count: int, seed: int, step: int) -> Tensor:
    """Images (count,) of a pass from `step` on, in random order.

    Systematic sampling (W. Madow and L. Madow, 1944) of a random permutation: no image twice, each with its
    probability.
    """
    generator = rng.make_generator(seed, step, rng.HARD_EXAMPLES)
    order = torch.randperm(len(losses), generator=generator)
    bounds = probabilities(losses, count)[order].cumsum(0)
    points = (torch.arange(count) + torch.rand((), generator=generator, dtype=torch.float64)) * (bounds[-1] / count)
    chosen = order[torch.searchsorted(bounds, points, right=True).clamp(max=len(order) - 1)]
    return chosen[torch.randperm(count, generator=generator)]


class HardExamples:
    """Importance sampling: images with a high loss are trained more often.

    The first epoch trains every image. From then on, each pass is a `fraction` of the images, drawn with probabilities
    by their latest losses; an epoch still has as many batches, and so several passes. Losses are not weighted by the
    inverse of the probability, unlike those of A. Katharopoulos and F. Fleuret, "Not All Samples Are Created Equal",
    2018, and Z. Qin and others, "InfoBatch", 2024: unbiased gradients gained nothing here (benchmarks/LOG.md).
    """

    def __init__(self, images: int, batch_size: int, fraction: float, seed: int, device: torch.device):
        self.batches = schedule.batches_per_epoch(images, batch_size)  # in an epoch
        self.batches_per_pass = max(1, round(fraction * self.batches))
        self.batch_size, self.seed = batch_size, seed
        self.before_pass: Callable[[], None] = lambda: None  # after it, the losses of all earlier steps are recorded
        self._losses = torch.zeros(images, device=device)  # the latest of each image
        self._pass = torch.zeros(0, dtype=torch.int64, device=device)  # images of the current pass, in order
        self._since = 0  # step at which it began

    def batch(self, step: int) -> Tensor:
        """Images of the batch of a `step` after the first epoch; begins a pass if one is due."""
        batch = (step - self.batches) % self.batches_per_pass
        if self._since != step - batch:
            self.before_pass()
            count = min(self.batches_per_pass * self.batch_size, len(self._losses))
            self._pass = drawn(self._losses.cpu(), count, self.seed, step - batch).to(self._losses.device)
            self._since = step - batch
        return self._pass[batch * self.batch_size : (batch + 1) * self.batch_size]

    def record(self, images: Tensor, losses: Tensor) -> None:
        """Keep the losses (n,) of images (n,); does not wait for an accelerator."""
        self._losses[images] = losses.to(self._losses)

    def state_dict(self) -> dict:
        return {"losses": self._losses.cpu().clone(), "pass": self._pass.cpu(), "since": self._since}

    def load_state_dict(self, state: dict) -> None:
        self._losses.copy_(state["losses"])
        self._pass = state["pass"].to(self._losses.device)
        self._since = state["since"]


@dataclass(frozen=True)
class Batches:
    """Training images in batches, by step; `len` is the number of batches in an epoch."""

    split: Split
    size: int
    seed: int
    hard: HardExamples | None = None

    def __len__(self) -> int:
        return schedule.batches_per_epoch(len(self.split), self.size)

    def between(self, first: int, last: int) -> Iterator[tuple[Split, Tensor]]:
        """Batches of the steps `first` to `last` - 1 of the run, counted from 0, each with its images' indices."""
        shuffled_until = min(last, len(self)) if self.hard else last
        for epoch in range(first // len(self), -(-shuffled_until // len(self))):
            order = shuffled_indices(len(self.split), self.seed, epoch + 1).to(self.split.labels.device)
            done = epoch * len(self)  # steps
            for indices in order.split(self.size)[max(0, first - done) : shuffled_until - done]:
                yield self.split[indices], indices
        if self.hard:
            for step in range(max(first, len(self)), last):
                indices = self.hard.batch(step)
                yield self.split[indices], indices
