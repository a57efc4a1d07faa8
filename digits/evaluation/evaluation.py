"""Evaluation of a network on a split: logits and labels, and the metrics derived from them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from digits.data.mnist import CLASSES, Split, normalize
from digits.evaluation import calibration, metrics, ood
from digits.models.precision import Precision

_BATCH_SIZE = 250  # 20 MB of activations, and back in Python often enough to notice Ctrl-C


class Sharder(Protocol):
    """The part of training.distributed.Group that an evaluation needs."""

    def shard(self, images: int) -> slice: ...
    def sum(self, values: Tensor) -> Tensor: ...


@dataclass
class Evaluation:
    """`logits` float32 (N, 10) and `labels` (N,) of all images of a split, on the CPU."""

    logits: Tensor
    labels: Tensor

    @cached_property
    def loss(self) -> float:
        """Mean cross-entropy, uncalibrated and without label smoothing."""
        return cross_entropy(self.logits, self.labels.long()).item()

    @cached_property
    def correct(self) -> int:
        return int((self.logits.argmax(dim=1) == self.labels).sum())

    @cached_property
    def energies(self) -> Tensor:
        """OOD scores (N,)."""
        return ood.energies(self.logits)

    @cached_property
    def confusion(self) -> Tensor:
        """int64 (10, 10): rows are true digits, columns predictions."""
        return metrics.confusion_matrix(self.logits.argmax(dim=1), self.labels)

    @property
    def total(self) -> int:
        return len(self.labels)

    @property
    def accuracy(self) -> float:
        return self.correct / self.total

    def probabilities(self, temperature: float | None = None) -> Tensor:
        """Double (N, 10); uncalibrated without a temperature."""
        return calibration.apply_temperature(self.logits, temperature)

    def calibration_error(self, temperature: float | None = None) -> float:
        return metrics.calibration_error(self.probabilities(temperature), self.labels)


@dataclass(frozen=True)
class Calibration:
    """Temperature and OOD threshold of a network, fitted on validation images; both None without such images."""

    temperature: float | None = None
    ood_threshold: float | None = None

    @classmethod
    def fit(cls, validation: Evaluation) -> "Calibration":
        temperature = calibration.fit_temperature(validation.logits, validation.labels)
        return cls(temperature, ood.fit_threshold(validation.energies))

    def as_json(self) -> dict[str, float | None]:
        """The fields of network.json and mnist_cnn.pth."""
        return {"temperature": self.temperature, "ood_threshold": self.ood_threshold}

    def metrics(self, evaluation: Evaluation) -> dict[str, float | None]:
        """Calibration error before and after the temperature is applied, and the fraction accepted as digits."""
        calibrated = None if self.temperature is None else evaluation.calibration_error(self.temperature)
        return {
            "temperature": self.temperature,
            "calibration_error": evaluation.calibration_error(),
            "ece_calibrated": calibrated,
            "accepted": ood.in_distribution_rate(evaluation.energies, self.ood_threshold),
        }


@torch.inference_mode()
def evaluate_split(network: nn.Module, split: Split, precision: Precision, group: Sharder | None = None) -> Evaluation:
    """Evaluate every image once, in float32, with the running statistics of batch norm and without dropout.

    In bfloat16 or TF32, probabilities would differ in the third digit from those that `predict`, server and page
    compute with the same weights; in float32 they differ by about 1e-6. The processes of a `group` share the work.
    """
    was_training = network.training
    network.eval()
    rows = group.shard(len(split)) if group else slice(0, len(split))
    images = split.images.to(precision.device)
    logits = torch.zeros(len(split), CLASSES, device=precision.device)
    with _without_tf32():
        for first in range(rows.start, rows.stop, _BATCH_SIZE):
            batch = slice(first, min(first + _BATCH_SIZE, rows.stop))
            logits[batch] = network(precision.to_memory_format(normalize(images[batch])))
    if group:
        group.sum(logits)  # (N, 10): the rows of other processes are zero here
    network.train(was_training)
    return Evaluation(logits.cpu(), split.labels.cpu())


@torch.inference_mode()
def hidden_features(network: nn.Module, images: Tensor, precision: Precision) -> Tensor | None:
    """The inputs of the last linear layer, float32 (N, D) on the CPU; None for a network that doesn't end with one."""
    layers = list(network.children())
    if not isinstance(network, nn.Sequential) or not layers or not isinstance(layers[-1], nn.Linear):
        return None
    was_training = network.training
    network.eval()
    hidden = nn.Sequential(*layers[:-1])
    with _without_tf32():
        parts = [
            hidden(precision.to_memory_format(normalize(batch.to(precision.device)))).flatten(1).float().cpu()
            for batch in images.split(_BATCH_SIZE)
        ]
    network.train(was_training)
    return torch.cat(parts)


@contextmanager
def _without_tf32() -> Iterator[None]:
    """Compute convolutions and matrix products in full float32 on CUDA, too, where training uses TF32."""
    matmul, convolutions = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(matmul)
        torch.backends.cudnn.allow_tf32 = convolutions
