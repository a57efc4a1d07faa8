"""Out-of-distribution (OOD) score: the free energy of an image, its loss in training, and its threshold.

W. Liu, X. Wang, J. Owens and Y. Li, "Energy-based Out-of-distribution Detection", 2020: an image like those of the
training set has at least one large logit, so -log sum exp(logits) is low. Probabilities don't show that: they sum to 1
for noise, too. The logits are used at temperature 1, regardless of the fitted temperature.
"""

import math

from torch import Tensor
from torch.nn.functional import softplus

ACCEPTED = 0.997  # of the validation digits: three in 1,000 are rejected, mostly ones that people can't read either
WEIGHT = 0.3  # of the outlier exposure loss, relative to the cross-entropy of the digits
BOUNDARY = -4.0  # most digits are near it with label smoothing 0.05: digits are pushed below it, outliers above


def energies(logits: Tensor) -> Tensor:
    """OOD scores (N,) of logits (N, 10): the higher, the less like a digit."""
    return -logits.logsumexp(dim=1)


def outlier_exposure_loss(energies: Tensor, digits: int) -> Tensor:
    """Sum of the binary cross-entropies of energies (n,): the first `digits` belong to digits, the others to outliers.

    The probability of a digit is sigmoid(-4 - energy).
    """
    margin = BOUNDARY - energies
    return softplus(-margin[:digits]).sum() + softplus(margin[digits:]).sum()


def fit_threshold(energies: Tensor) -> float | None:
    """Lowest threshold that accepts at least the fraction ACCEPTED of validation images; None for no images."""
    if not len(energies):
        return None
    return energies.sort().values[math.ceil(ACCEPTED * len(energies)) - 1].item()


def in_distribution_rate(energies: Tensor, threshold: float | None) -> float | None:
    """Fraction of the images whose score is at most the threshold; None without one."""
    return None if threshold is None else (energies.double() <= threshold).double().mean().item()
