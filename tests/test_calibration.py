import pytest
import torch
from torch.nn import functional as F

from digits.data.mnist import Split
from digits.evaluation.calibration import apply_temperature, fit_temperature
from digits.evaluation.evaluation import Calibration, Evaluation, evaluate_split
from digits.evaluation.metrics import calibration_error
from digits.models.precision import Precision


def made_up(sharpness: float, count: int = 20_000):
    """Overconfident logits, by a factor of `sharpness`, and labels drawn from the true probabilities."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(count, 10, generator=generator, dtype=torch.double) * 2
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator).squeeze(1)
    return (logits * sharpness).float(), labels


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.5])
def test_the_temperature_undoes_over_and_underconfidence(sharpness):
    logits, labels = made_up(sharpness)
    temperature = fit_temperature(logits, labels)
    assert temperature == pytest.approx(sharpness, rel=0.03)
    before, after = (calibration_error(apply_temperature(logits, t), labels) for t in (None, temperature))
    assert after < 0.012
    assert sharpness == 1.0 or after < before / 5


def test_the_temperature_minimizes_cross_entropy():
    logits, labels = made_up(1.7, 500)
    temperature = fit_temperature(logits, labels)

    def loss(value: float) -> float:
        return F.nll_loss(apply_temperature(logits, value).log(), labels).item()

    assert all(loss(temperature) <= loss(temperature * factor) for factor in (0.9, 0.99, 1.01, 1.1))


def test_no_prediction_changes_and_probabilities_still_sum_to_one():
    logits, labels = made_up(3.0, 1000)
    after = apply_temperature(logits, fit_temperature(logits, labels))
    assert torch.equal(after.argmax(1), logits.argmax(1))
    assert torch.allclose(after.sum(1), torch.ones(1000, dtype=torch.double))
    assert torch.allclose(apply_temperature(logits, 1.0), logits.double().softmax(1), atol=1e-6)


def test_certain_predictions_have_a_temperature_within_the_limits():
    certain = 100 * torch.eye(10).repeat(3, 1)
    labels = torch.arange(10).repeat(3)
    assert 0 < fit_temperature(certain, labels) < 1
    assert torch.isfinite(apply_temperature(certain, 0.05)).all()
    assert fit_temperature(certain, (labels + 1) % 10) > 1


def test_without_validation_images_there_is_no_temperature_and_nothing_is_calibrated():
    logits, labels = made_up(1.7, 500)
    empty = Calibration.fit(Evaluation(torch.zeros(0, 10), torch.zeros(0)))
    assert empty == Calibration(temperature=None, ood_threshold=None)
    assert torch.allclose(apply_temperature(logits, None), logits.double().softmax(1), atol=1e-6)
    assert empty.metrics(Evaluation(logits, labels)) == {
        "temperature": None,
        "calibration_error": calibration_error(logits.double().softmax(1), labels),
        "ece_calibrated": None,
        "accepted": None,
    }


class Spy(torch.nn.Module):
    """Records the precision that CUDA would compute with."""

    def forward(self, images):
        self.seen = (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32)
        return torch.zeros(len(images), 10)


def test_an_evaluation_computes_without_tf32_and_leaves_the_settings_of_the_training():
    training, spy = ("high", True), Spy()
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        split = Split(torch.zeros(3, 28, 28, dtype=torch.uint8), torch.arange(3))
        assert evaluate_split(spy, split, Precision(torch.device("cpu"))).total == 3
        assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == training
    finally:
        torch.set_float32_matmul_precision(before)
    assert spy.seen == ("highest", False)
