import math

import pytest
import torch
from torch.nn import functional as F

from digits.evaluation import ood


def test_the_energy_is_low_where_a_logit_is_large():
    logits = torch.tensor([[9.0] + [-1.0] * 9, [0.0] * 10, [-3.0] * 10])
    expected = [-math.log(sum(math.exp(value) for value in row)) for row in logits.tolist()]
    assert ood.energies(logits).tolist() == pytest.approx(expected)
    assert expected == sorted(expected)


def test_the_outlier_loss_is_binary_cross_entropy_on_the_energy():
    values = torch.tensor([-9.0, -5.0, -4.0, -1.0, 0.5])
    for digits in range(6):
        is_digit = (torch.arange(5) < digits).float()
        expected = F.binary_cross_entropy((-4 - values).sigmoid(), is_digit, reduction="sum")
        assert ood.outlier_exposure_loss(values, digits).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("count", [1, 7, 199, 200, 201, 5000])
def test_the_threshold_is_the_smallest_that_accepts_the_required_fraction(count):
    values = torch.randn(count, generator=torch.Generator().manual_seed(count))
    limit = ood.fit_threshold(values)
    assert ood.in_distribution_rate(values, limit) >= ood.ACCEPTED
    assert ood.in_distribution_rate(values, math.nextafter(limit, -math.inf)) < ood.ACCEPTED


def test_without_validation_images_there_is_no_threshold():
    assert ood.fit_threshold(torch.zeros(0)) is None
    assert ood.in_distribution_rate(torch.zeros(5), None) is None
