"""Calibration of probabilities by temperature scaling, one temperature for all logits of a network.

C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On Calibration of Modern Neural Networks", 2017, section 4.2: logits are
divided by a temperature, above 1 for an overconfident network, below 1 for an underconfident one. Predictions do not
change, since the order of the logits does not.
"""

from torch import Tensor

_LOWEST, _HIGHEST = 0.05, 20.0  # of 1 / temperature: beyond, all probabilities are nearly equal or nearly 0 and 1
_BISECTIONS = 60  # to the last digit of a double


def fit_temperature(logits: Tensor, labels: Tensor) -> float | None:
    """Temperature that minimizes the mean cross-entropy of logits (N, 10) and labels (N,); None for no images.

    Fit it on validation images: on its training images every network is confident and correct.
    """
    if not len(labels):
        return None
    logits = logits.double()
    of_label = logits.gather(1, labels[:, None].long()).mean()
    low, high = _LOWEST, _HIGHEST
    for _ in range(_BISECTIONS):  # cross-entropy is convex in 1 / temperature: its slope rises, and is 0 at the minimum
        middle = (low * high) ** 0.5
        slope = ((logits * middle).softmax(1) * logits).sum(1).mean() - of_label
        low, high = (low, middle) if slope > 0 else (middle, high)
    return 1 / (low * high) ** 0.5


def apply_temperature(logits: Tensor, temperature: float | None) -> Tensor:
    """Probabilities (N, 10) in double precision; uncalibrated without a temperature."""
    return (logits.double() / (temperature or 1)).softmax(1)
