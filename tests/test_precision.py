import pytest
import torch

from digits.models import builders, precision
from digits.models.precision import Precision

CPU = torch.device("cpu")


@pytest.fixture
def network():
    torch.manual_seed(0)
    return builders.build_model("cnn4", (4, 4, 8, 8), dropout=0.5)


@pytest.mark.parametrize(("wanted", "half"), [("float32", False), ("bfloat16", True)])
def test_an_explicit_precision_is_used_without_timing(network, wanted, half):
    assert precision.choose_precision(wanted, network, CPU).bfloat16 is half


def test_the_trial_changes_neither_the_network_nor_the_random_state(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    precision.choose_precision("auto", network, CPU)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert network[0].weight.grad is None


def fake_trials(monkeypatch, seconds, gradients):
    """`seconds` and `gradients` of float32, of float32 with channels_last, and of bfloat16."""

    class Trial:
        def __init__(self, network, numbers, images, labels):
            self.way = numbers.bfloat16 + numbers.channels_last

        def gradient(self):
            return torch.tensor(gradients[self.way])

        def seconds(self):
            return seconds[self.way]

    monkeypatch.setattr(precision, "Trial", Trial)
    monkeypatch.setattr(precision, "may_support_bfloat16", lambda device: True)


UP, NEARLY_UP, DOWN, NO_NUMBER = [1.0, 2.0], [1.01, 2.0], [-1.0, -2.0], [float("nan"), 1.0]
ALIKE = (UP, UP, NEARLY_UP)


@pytest.mark.parametrize(
    ("seconds", "gradients", "half", "last"),
    [
        ((4.0, 3.0, 2.0), ALIKE, True, True),
        ((4.0, 2.0, 3.0), ALIKE, False, True),
        ((2.0, 2.0, 1.95), ALIKE, False, True),
        ((2.0, 3.0, 4.0), ALIKE, False, False),
        ((4.0, 3.0, 2.0), (UP, UP, DOWN), False, True),
        ((4.0, 3.0, 2.0), (UP, UP, NO_NUMBER), False, True),
        ((4.0, 3.0, 5.0), (UP, DOWN, UP), False, False),
        ((4.0, 3.0, 2.0), (UP, DOWN, UP), True, True),
    ],
    ids=["faster", "slower", "hardly faster", "both slower", "wrong", "no number", "order wrong", "only order wrong"],
)
def test_the_fastest_correct_precision_is_used(network, monkeypatch, seconds, gradients, half, last):
    fake_trials(monkeypatch, seconds, gradients)
    assert precision.choose_precision("auto", network, CPU) == Precision(CPU, bfloat16=half, channels_last=last)


def test_float32_is_tried_in_both_orders(network, monkeypatch):
    fake_trials(monkeypatch, (4.0, 3.0, 2.0), ALIKE)
    assert precision.choose_precision("float32", network, CPU) == Precision(CPU, channels_last=True)


def test_the_trial_runs_on_one_thread(network, monkeypatch):
    threads, seen = torch.get_num_threads(), []
    monkeypatch.setattr(precision, "Trial", lambda *arguments: seen.append(torch.get_num_threads()) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        precision.choose_precision("auto", network, CPU)
    assert seen == [1]
    assert torch.get_num_threads() == threads


def test_a_device_without_such_kernels_uses_float32(network, monkeypatch):
    def unsupported(*arguments):
        raise RuntimeError("not implemented for 'BFloat16'")

    monkeypatch.setattr(precision, "Trial", unsupported)
    assert precision.choose_precision("auto", network, CPU) == Precision(CPU)


def test_a_processor_without_bfloat16_instructions_is_not_tried(network, monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert not precision.choose_precision("auto", network, CPU).bfloat16


@pytest.mark.parametrize("way", [Precision(CPU), Precision(CPU, False, True), Precision(CPU, True, True)])
def test_the_log_has_what_a_resumed_run_needs(way):
    assert Precision.from_log(CPU, way.describe()) == way
    assert Precision.from_log(CPU, {}) is None


def test_both_precisions_give_nearly_the_same_logits(network):
    images = torch.rand(32, 1, 28, 28)
    network.eval()
    plain = network(images)
    fast = Precision(CPU, bfloat16=True, channels_last=True)
    with fast.autocast():
        other = fast.to_memory_format(network)(fast.to_memory_format(images)).float()
    assert (other - plain).norm() / plain.norm() < 0.05
