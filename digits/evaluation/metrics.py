"""Metrics: pure functions of probabilities (N, 10), or predictions (N,), and labels (N,)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

CLASSES = 10
BINS = 15  # of the calibration error, as in the paper
_Z95 = 1.959964  # a standard normal number lies within +-1.959964 in 95 % of cases


@dataclass(frozen=True)
class ClassMetrics:
    """How one digit fares. A fraction of nothing is None."""

    digit: int
    images: int  # that show it
    precision: float | None  # of the images read as it, the part that show it
    recall: float | None  # of the images that show it, the part read as it
    f1: float | None  # harmonic mean of both: 2 right / (images + read as it)
    misread_as: int | None  # the wrong answer given most often for it; the lesser digit of two given as often
    misread: int  # how often


def confusion_matrix(answers: Tensor, labels: Tensor) -> Tensor:
    """int64 (10, 10): how many images that show the row's digit were read as the column's."""
    return torch.bincount(labels * CLASSES + answers, minlength=CLASSES**2).view(CLASSES, CLASSES)


def per_class(confusion: Tensor) -> list[ClassMetrics]:
    """A row for each digit of a confusion matrix."""
    shown, read = confusion.sum(dim=1).tolist(), confusion.sum(dim=0).tolist()
    right = confusion.diagonal().tolist()
    misread = (confusion - confusion.diagonal().diag()).tolist()
    rows = []
    for digit, wrong in enumerate(misread):
        most = max(wrong)
        rows.append(
            ClassMetrics(
                digit,
                shown[digit],
                _ratio(right[digit], read[digit]),
                _ratio(right[digit], shown[digit]),
                _ratio(2 * right[digit], shown[digit] + read[digit]),
                wrong.index(most) if most else None,
                most,
            )
        )
    return rows


def calibration_error(probabilities: Tensor, labels: Tensor, bins: int = BINS) -> float:
    """Expected calibration error: by how much the network is surer than it is right, or less sure.

    An image's confidence is the probability of its answer. Images go by confidence into `bins` intervals of equal
    width, (0, 1/15], ..., (14/15, 1]; the error is the sum over them of |accuracy - mean confidence|, each weighted by
    its part of the images. C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On Calibration of Modern Neural Networks",
    2017, equation 3.
    """
    confidence, answers = probabilities.double().max(dim=1)  # (N,)
    surplus = (answers == labels).double() - confidence
    edges = torch.arange(1, bins, dtype=torch.double) / bins
    total = torch.zeros(bins, dtype=torch.double).index_add_(0, torch.bucketize(confidence, edges), surplus)
    return (total.abs().sum() / len(labels)).item()


def mean_confidence(probabilities: Tensor) -> float:
    """Of the answers: equal to the accuracy for a network that is as sure as it is right."""
    return probabilities.double().max(dim=1).values.mean().item()


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """95 % confidence interval of a fraction: what the accuracy on other images of the same kind may well be.

    E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927. Unlike the usual
    mean +- 2 standard errors it is good for fractions near 1, and stays within 0 to 1.
    """
    part, z2 = right / total, _Z95**2
    middle = (part + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z95 * math.sqrt(part * (1 - part) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return min(part, max(0.0, middle - half)), max(part, min(1.0, middle + half))  # not even rounding puts it outside


def mean_of_known(values: list[float | None]) -> float | None:
    """Of the values there are, each counting once."""
    values = [value for value in values if value is not None]
    return sum(values) / len(values) if values else None


def _ratio(some: int, of: int) -> float | None:
    return some / of if of else None
