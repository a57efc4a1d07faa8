import subprocess
import sys

import pytest
import torch
from torch import nn

from digits.config import Config
from digits.paths import PROJECT
from digits.training import optimizers
from digits.training.trainer import build_trainer

REFERENCES = {
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01, weight_decay=0.1),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.1),
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.01, weight_decay=0.1, momentum=0.9, nesterov=True),
}


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))


def muon_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))


def backward(model, step):
    model(torch.full((2, 5), 0.1 * step)).square().sum().backward()


@pytest.mark.parametrize("name", REFERENCES)
def test_twenty_steps_equal_torch_optim(name):
    mine, reference = network(), network()
    optimizer, torchs = optimizers.make(name, mine, weight_decay=0.1), REFERENCES[name](reference.parameters())
    for step in range(20):
        for model in (mine, reference):
            backward(model, step)
        optimizer.step(0.01)
        torchs.step()
        optimizer.zero_grad()
        torchs.zero_grad()
    for one, other in zip(mine.parameters(), reference.parameters()):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)
    assert all(parameter.grad is None for parameter in mine.parameters())


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this torch has no Muon to compare with")
@pytest.mark.parametrize("momentum", [0.95, 0.8])
def test_muon_equals_torch_muon_for_matrices(momentum):
    """torch iterates in bfloat16, so its steps agree within a few percent only."""
    mine, reference = muon_network(), muon_network()
    optimizer = optimizers.make("muon", mine, weight_decay=0.1, momentum=momentum)
    assert [p.shape for p in optimizer.matrices] == [(4, 5), (6, 4)]
    hidden = [reference[0].weight, reference[2].weight]
    settings = {"momentum": momentum, "ns_steps": 3, "adjust_lr_fn": "match_rms_adamw"}
    torchs = torch.optim.Muon(hidden, lr=0.01, weight_decay=0.1, **settings)
    others = [p for p in reference.parameters() if all(p is not matrix for matrix in hidden)]
    adamw = torch.optim.AdamW(others, lr=0.01, weight_decay=0.1)
    for _ in range(10):
        for one, other in zip(mine.parameters(), reference.parameters()):
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        optimizer.step(0.01)
        torchs.step()
        adamw.step()
    start = muon_network()
    for before, one, other in zip(start.parameters(), mine.parameters(), reference.parameters()):
        assert (one - other).norm() < 0.03 * (one - before).norm()


def test_the_option_momentum_reaches_muon():
    for given, expected in (({}, 0.9), ({"preset": "best"}, 0.95), ({"momentum": 0.8}, 0.8)):
        config = Config.from_options(**given, model="tiny", optimizer="muon", precision="float32")
        assert build_trainer(config, 640, torch.device("cpu")).optimizer.momentum == expected


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_a_step_of_muon_has_equal_singular_values(shape):
    """Independent of other matrices in the batch."""
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    before = torch.linalg.svdvals(matrix)
    (alone,) = optimizers.orthogonal([matrix])
    _, beside, _ = optimizers.orthogonal([torch.randn(7, 2), matrix, torch.randn(2, 9)])
    torch.testing.assert_close(alone, beside)
    after = torch.linalg.svdvals(alone)
    assert before.max() / before.min() > 2
    assert after.min() > 0.5 and after.max() < 1.25


def test_muon_does_not_change_weights_without_a_gradient():
    (nothing,) = optimizers.orthogonal([torch.zeros(3, 4)])
    assert not nothing.any()


@pytest.mark.parametrize("name", [*REFERENCES, "muon"])
def test_a_saved_state_continues_exactly(name):
    first, second = muon_network(), muon_network()
    one, other = optimizers.make(name, first, 0.1), optimizers.make(name, second, 0.1)
    for step in range(6):
        if step == 3:
            second.load_state_dict(first.state_dict())
            other.load_state_dict(one.state_dict())
        backward(first, step)
        one.step(0.01)
        one.zero_grad()
        if step >= 3:
            backward(second, step)
            other.step(0.01)
            other.zero_grad()
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters()))


def test_the_learning_rate_is_that_of_the_call():
    model = network()
    before = [parameter.clone() for parameter in model.parameters()]
    optimizer = optimizers.make("sgd", model, 0.0)
    backward(model, 1)
    optimizer.step(0.0)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))


@pytest.mark.process
def test_a_training_step_does_not_load_torchs_compiler():
    """It would cost a second and 150 MB; torch.optim's classes load it."""
    code = """
import sys, torch
from digits.data import mnist
from digits.models import builders, precision
from digits.training import optimizers
from digits.training.schedule import Schedule
from digits.training.trainer import Trainer
network = builders.build_model("cnn4", (2, 2, 2, 2))
numbers = precision.choose_precision("auto", network, torch.device("cpu"))
learner = Trainer(network, optimizers.make("adamw", network, 0.1), Schedule(0.1, 0, 0.0, 2), numbers)
split = mnist.Split(torch.zeros(4, 28, 28, dtype=torch.uint8), torch.zeros(4, dtype=torch.int64))
learner.step(split)
learner.evaluate(split)
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)
