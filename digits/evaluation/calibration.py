"""Calibration: one temperature for all logits of a network.

C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On Calibration of Modern Neural Networks", 2017, section 4.2: logits are
divided by a number above 1 where the network is too sure, below 1 where it is not sure enough. No answer changes, since
their order does not. Probabilities serve as well as logits: their logarithms differ from these by the same for all ten.
"""

import torch
from torch import Tensor

from digits.evaluation.metrics import calibration_error

_SHARPEST, _BLUNTEST = 20.0, 0.05  # of 1 / temperature: beyond it every answer is certain, or none is
_HALVINGS = 60  # to the last digit of a double


def fit_temperature(probabilities: Tensor, labels: Tensor) -> float | None:
    """The one that makes the mean cross-entropy of (N, 10) against labels (N,) least; None for no images.

    To be fitted on validation images: on those that were trained on every network is sure, and right.
    """
    if not len(labels):
        return None
    logs = _logs(probabilities)
    meant = logs.gather(1, labels[:, None].long()).mean()
    low, high = _BLUNTEST, _SHARPEST
    for _ in range(_HALVINGS):  # cross-entropy is convex in 1 / temperature: its slope rises, through 0 at the least
        middle = (low * high) ** 0.5
        slope = ((logs * middle).softmax(1) * logs).sum(1).mean() - meant
        low, high = (low, middle) if slope > 0 else (middle, high)
    return 1 / (low * high) ** 0.5


def calibrated(probabilities: Tensor, temperature: float | None) -> Tensor:
    """(N, 10) at that temperature, in double precision; without one (None) as the network gives them."""
    return (_logs(probabilities) / (temperature or 1)).softmax(1)


def calibration_metrics(probabilities: Tensor, labels: Tensor, temperature: float | None) -> dict[str, float | None]:
    """What the temperature does to the calibration error (metrics.py) of these answers; None without one."""
    after = None if temperature is None else calibration_error(calibrated(probabilities, temperature), labels)
    return {
        "temperature": temperature,
        "calibration_error": calibration_error(probabilities, labels),
        "ece_calibrated": after,
    }


def _logs(probabilities: Tensor) -> Tensor:
    return probabilities.double().clamp_min(torch.finfo(torch.float).tiny).log()
