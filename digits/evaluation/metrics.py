"""Metrics: pure functions of probabilities (N, 10) or predictions (N,), and labels (N,)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from digits.data.mnist import CLASSES

BINS = 15  # of the calibration error, as in the paper
_Z95 = 1.959964  # a standard normal variable lies within +-1.959964 in 95 % of cases


@dataclass(frozen=True)
class ClassMetrics:
    """Metrics of one digit. A ratio whose denominator is 0 is None."""

    digit: int
    images: int  # that show it
    precision: float | None  # fraction of the images classified as the digit that show it
    recall: float | None  # fraction of the images that show the digit that are classified as it
    f1: float | None  # harmonic mean of both: 2 correct / (images + classified as the digit)
    misread_as: int | None  # most frequent wrong prediction; of two equally frequent ones the smaller digit
    misread: int  # count of that prediction


def confusion_matrix(predictions: Tensor, labels: Tensor) -> Tensor:
    """int64 (10, 10): rows are true digits, columns predictions."""
    return torch.bincount(labels * CLASSES + predictions, minlength=CLASSES**2).view(CLASSES, CLASSES)


def most_frequent_confusion(confusion: Tensor) -> tuple[int, int, int] | None:
    """True digit, prediction and count of the largest entry off the diagonal; None if all are correct."""
    mistakes = confusion - confusion.diagonal().diag()
    label, prediction = divmod(int(mistakes.argmax()), CLASSES)
    count = int(mistakes[label, prediction])
    return (label, prediction, count) if count else None


def per_class(confusion: Tensor) -> list[ClassMetrics]:
    """Metrics of each digit, from a confusion matrix."""
    shown, predicted = confusion.sum(dim=1).tolist(), confusion.sum(dim=0).tolist()
    correct = confusion.diagonal().tolist()
    mistakes = (confusion - confusion.diagonal().diag()).tolist()
    rows = []
    for digit, wrong in enumerate(mistakes):
        most = max(wrong)
        rows.append(
            ClassMetrics(
                digit,
                shown[digit],
                _ratio(correct[digit], predicted[digit]),
                _ratio(correct[digit], shown[digit]),
                _ratio(2 * correct[digit], shown[digit] + predicted[digit]),
                wrong.index(most) if most else None,
                most,
            )
        )
    return rows


def calibration_error(probabilities: Tensor, labels: Tensor, bins: int = BINS) -> float:
    """Expected calibration error (ECE): mean distance between confidence and accuracy.

    An image's confidence is the probability of its prediction. Images are binned by confidence into `bins` intervals of
    equal width, (0, 1/15], ..., (14/15, 1]; the error is the sum over bins of |accuracy - mean confidence|, weighted by
    the bin's fraction of the images. C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On Calibration of Modern Neural
    Networks", 2017, equation 3.
    """
    confidence, predictions = probabilities.double().max(dim=1)  # (N,)
    surplus = (predictions == labels).double() - confidence
    edges = torch.arange(1, bins, dtype=torch.double) / bins
    total = torch.zeros(bins, dtype=torch.double).index_add_(0, torch.bucketize(confidence, edges), surplus)
    return (total.abs().sum() / len(labels)).item()


def mean_confidence(probabilities: Tensor) -> float:
    """Mean probability of the predictions: equal to the accuracy for a calibrated network."""
    return probabilities.double().max(dim=1).values.mean().item()


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """95 % confidence interval of a proportion, such as the accuracy.

    E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927. Unlike the usual
    mean +- 2 standard errors it holds for proportions near 1, and stays within 0 to 1.
    """
    part, z2 = correct / total, _Z95**2
    middle = (part + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z95 * math.sqrt(part * (1 - part) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return min(part, max(0.0, middle - half)), max(part, min(1.0, middle + half))  # rounding must not exclude it


def mean_of_known(values: list[float | None]) -> float | None:
    """Mean of the values that are not None."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
