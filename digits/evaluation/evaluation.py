"""Evaluation of a network on a split: logits and labels, and what follows from them."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits.data.mnist import Split, normalize
from digits.evaluation import ood
from digits.models.builders import CLASSES
from digits.models.precision import Precision

_BATCH_SIZE = 250  # 20 MB of activations, and often enough back in Python to notice Ctrl-C


@dataclass
class Evaluation:
    """`logits` float32 (N, 10) and `labels` (N,) of all images of a split, on the CPU."""

    logits: Tensor
    labels: Tensor

    @cached_property
    def loss(self) -> float:
        """Mean cross-entropy, uncalibrated and without label smoothing."""
        return F.cross_entropy(self.logits, self.labels.long()).item()

    @cached_property
    def correct(self) -> int:
        return int((self.logits.argmax(dim=1) == self.labels).sum())

    @cached_property
    def probabilities(self) -> Tensor:
        """(N, 10), uncalibrated."""
        return self.logits.softmax(dim=1)

    @cached_property
    def energies(self) -> Tensor:
        """(N,): the OOD score."""
        return ood.energies(self.logits)

    @property
    def total(self) -> int:
        return len(self.labels)

    @property
    def accuracy(self) -> float:
        return self.correct / self.total


@torch.inference_mode()
def evaluate_split(network: nn.Module, split: Split, precision: Precision, group=None) -> Evaluation:
    """Every image once, with the running statistics of batch norm and without dropout, in float32.

    In bfloat16 the probability of an image would differ in the third digit from what `predict`, the server and the page
    compute with the same weights. The processes of a `group` (training/distributed.py) share the work.
    """
    was_training = network.training
    network.eval()
    rows = group.shard(len(split)) if group else slice(0, len(split))
    images = split.images.to(precision.device)
    logits = torch.zeros(len(split), CLASSES, device=precision.device)
    for first in range(rows.start, rows.stop, _BATCH_SIZE):
        batch = slice(first, min(first + _BATCH_SIZE, rows.stop))
        logits[batch] = network(precision.to_memory_format(normalize(images[batch])))
    if group:
        group.sum(logits)  # (N, 10): the rows of other processes are zero here
    network.train(was_training)
    return Evaluation(logits.cpu(), split.labels.cpu())
