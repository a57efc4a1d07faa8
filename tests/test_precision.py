import pytest
import torch

from digits import models, precision
from digits.precision import Precision

CPU = torch.device("cpu")


@pytest.fixture
def network():
    torch.manual_seed(0)
    return models.build("cnn4", (4, 4, 8, 8), dropout=0.5)


@pytest.mark.parametrize(("wanted", "fast"), [("float32", False), ("bfloat16", True)])
def test_what_was_asked_for_is_used_without_a_trial(network, wanted, fast):
    assert precision.choose(wanted, network, CPU).fast is fast


def test_the_trial_changes_neither_the_network_nor_the_random_state(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    precision.choose("auto", network, CPU)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert network[0].weight.grad is None


def fake_trials(monkeypatch, seconds, gradients):
    class Trial:
        def __init__(self, network, numbers, images, labels):
            self.fast = numbers.fast

        def gradient(self):
            return torch.tensor(gradients[self.fast])

        def seconds(self):
            return seconds[self.fast]

    monkeypatch.setattr(precision, "_Trial", Trial)


ALIKE, OPPOSITE = ([1.0, 2.0], [1.01, 2.0]), ([1.0, 2.0], [-1.0, -2.0])


@pytest.mark.parametrize(
    ("seconds", "gradients", "fast"),
    [((2.0, 1.0), ALIKE, True), ((1.0, 2.0), ALIKE, False), ((1.05, 1.0), ALIKE, False), ((2.0, 1.0), OPPOSITE, False)],
    ids=["faster", "slower", "hardly faster", "faster and wrong"],
)
def test_bfloat16_is_used_only_where_it_is_right_and_faster(network, monkeypatch, seconds, gradients, fast):
    fake_trials(monkeypatch, seconds, gradients)
    assert precision.choose("auto", network, CPU).fast is fast


def test_a_device_without_such_kernels_computes_plainly(network, monkeypatch):
    def unsupported(*arguments):
        raise RuntimeError("not implemented for 'BFloat16'")

    monkeypatch.setattr(precision, "_Trial", unsupported)
    assert not precision.choose("auto", network, CPU).fast


def test_gradients_that_are_not_numbers_count_as_wrong(network, monkeypatch):
    fake_trials(monkeypatch, (2.0, 1.0), ([1.0, 2.0], [float("nan"), 1.0]))
    assert not precision.choose("auto", network, CPU).fast


def test_both_ways_give_nearly_the_same_logits(network):
    images = torch.rand(32, 1, 28, 28)
    network.eval()
    plain = network(images)
    fast = Precision(CPU, fast=True)
    with fast.autocast():
        other = fast.arranged(network)(fast.arranged(images)).float()
    assert (other - plain).norm() / plain.norm() < 0.05
