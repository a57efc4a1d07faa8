import pytest
import torch
from torch.nn import functional as F

from digits.evaluation.calibration import calibrated, calibration_metrics, fit_temperature
from digits.evaluation.metrics import calibration_error


def made_up(sharpness: float, count: int = 20_000):
    """Probabilities that are `sharpness` times too sure, and labels drawn from the honest ones."""
    chance = torch.Generator().manual_seed(0)
    logits = torch.randn(count, 10, generator=chance, dtype=torch.double) * 2
    labels = torch.multinomial(logits.softmax(1), 1, generator=chance).squeeze(1)
    return (logits * sharpness).softmax(1).float(), labels


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.5])
def test_the_temperature_corrects_overconfidence_and_underconfidence(sharpness):
    probabilities, labels = made_up(sharpness)
    found = fit_temperature(probabilities, labels)
    assert found == pytest.approx(sharpness, rel=0.03)
    before, after = (calibration_error(p, labels) for p in (probabilities, calibrated(probabilities, found)))
    assert after < 0.012
    assert sharpness == 1.0 or after < before / 5


def test_the_temperature_minimizes_cross_entropy():
    probabilities, labels = made_up(1.7, 500)
    found = fit_temperature(probabilities, labels)

    def loss(value: float) -> float:
        return F.nll_loss(calibrated(probabilities, value).log(), labels).item()

    assert all(loss(found) <= loss(found * factor) for factor in (0.9, 0.99, 1.01, 1.1))


def test_no_answer_changes_and_probabilities_still_sum_to_one():
    probabilities, labels = made_up(3.0, 1000)
    after = calibrated(probabilities, fit_temperature(probabilities, labels))
    assert torch.equal(after.argmax(1), probabilities.argmax(1))
    assert torch.allclose(after.sum(1), torch.ones(1000, dtype=torch.double))
    assert torch.allclose(calibrated(probabilities, 1.0), probabilities.double(), atol=1e-6)


def test_certain_predictions_and_empty_splits_are_handled():
    certain = torch.eye(10).repeat(3, 1)
    labels = torch.arange(10).repeat(3)
    assert 0 < fit_temperature(certain, labels) < 1
    assert torch.isfinite(calibrated(certain, 0.05)).all()
    assert fit_temperature(certain, (labels + 1) % 10) > 1


def test_without_validation_images_there_is_no_temperature_and_nothing_is_calibrated():
    probabilities, labels = made_up(1.7, 500)
    assert fit_temperature(torch.zeros(0, 10), torch.zeros(0)) is None
    assert torch.allclose(calibrated(probabilities, None), probabilities.double(), atol=1e-6)
    assert calibration_metrics(probabilities, labels, None) == {
        "temperature": None,
        "calibration_error": calibration_error(probabilities, labels),
        "ece_calibrated": None,
    }
