"""Out-of-distribution (OOD) score: the free energy of an image, its loss in training, and its threshold.

W. Liu, X. Wang, J. Owens and Y. Li, "Energy-based Out-of-distribution Detection", 2020: where a network finds what it
was trained on, at least one of its logits is large, and -log sum exp(logits) is low. Probabilities can't tell: they sum
to 1 for noise too. The logits are taken as they are, at temperature 1, whatever calibration.py found.
"""

import math

from torch import Tensor
from torch.nn import functional as F

ACCEPTED = 0.995  # of the validation digits: one in 200 is refused, mostly one that people can't read either
WEIGHT = 0.3  # of `exposed` beside the cross-entropy of the digits
_BETWEEN = -4.0  # where label smoothing of 0.05 leaves most digits: they are to be below, outliers above


def energies(logits: Tensor) -> Tensor:
    """(N,) of (N, 10)."""
    return -logits.logsumexp(dim=1)


def outlier_exposure_loss(energies: Tensor, digits: int) -> Tensor:
    """How badly the energies (n,), the first of `digits`, the others of outliers, tell which is which: the sum of the
    log losses of sigmoid(-4 - energy) as the probability of a digit.
    """
    familiar = _BETWEEN - energies
    return F.softplus(-familiar[:digits]).sum() + F.softplus(familiar[digits:]).sum()


def fit_threshold(energies: Tensor) -> float | None:
    """The least that accepts ACCEPTED of these validation images, each with at most that energy; None for no images."""
    if not len(energies):
        return None
    return energies.sort().values[math.ceil(ACCEPTED * len(energies)) - 1].item()


def in_distribution_rate(energies: Tensor, limit: float | None) -> float | None:
    """Which part of the images is at most at the limit; None without one."""
    return None if limit is None else (energies.double() <= limit).double().mean().item()
