import io

import pytest
import torch

from digits import checkpoint, models, optimizers, training
from digits.options import Config
from digits.precision import Precision
from digits.training import Learner

CONFIG = Config.from_options(channels=(4, 4, 8, 8), dropout=0.1)


@pytest.fixture
def learner():
    torch.manual_seed(0)
    network = models.build(CONFIG.model, CONFIG.channels, CONFIG.dropout)
    fast = Precision(torch.device("cpu"), fast=True)
    network = fast.arranged(network)
    return Learner(network, optimizers.make("adamw", network, 0.01), training.one_cycle(0.01, 10), fast)


def step(learner):
    images = torch.randint(0, 256, (16, 28, 28), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    return learner.step(training.Split(images, torch.arange(16) % 10))


def test_the_network_comes_back_from_its_file_and_says_the_same(learner, tmp_path):
    step(learner)
    path = tmp_path / "mnist_cnn.pth"
    path.write_bytes(checkpoint.weights_file(learner.network, CONFIG, run_id="r", epoch=1))
    images = torch.rand(5, 1, 28, 28)
    learner.network.eval()
    torch.testing.assert_close(checkpoint.load_network(path)(images), learner.network(images))


def test_both_files_load_without_running_any_code(learner):
    step(learner)
    position = {"epoch": 1, "batch": 1, "step": 1}
    files = [
        checkpoint.weights_file(learner.network, CONFIG, run_id="r"),
        checkpoint.checkpoint_file(learner, CONFIG, "r", position),
    ]
    weights, state = (torch.load(io.BytesIO(file), weights_only=True) for file in files)
    assert weights["model"] == {"name": "cnn4", "channels": [4, 4, 8, 8], "dropout": 0.1}
    assert weights["input"] == {"shape": [1, 28, 28], "mean": 0.1307, "std": 0.3081}
    assert {key: state[key] for key in position} == position


def test_a_checkpoint_holds_all_that_the_next_steps_depend_on(learner):
    """A new learner that takes the state over goes on exactly as the old one does."""
    step(learner)
    state = torch.load(io.BytesIO(checkpoint.checkpoint_file(learner, CONFIG, "r", {"step": 1})), weights_only=True)
    expected = [step(learner).loss for _ in range(3)]

    network = learner.precision.arranged(models.build(CONFIG.model, CONFIG.channels, CONFIG.dropout))
    optimizer = optimizers.make("adamw", network, 0.01)
    other = Learner(network, optimizer, learner.schedule, learner.precision, steps=state["step"])
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    assert [step(other).loss for _ in range(3)] == expected


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 torn"])
def test_another_file_is_refused_by_name(tmp_path, content):
    path = tmp_path / "other.pth"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"other\.pth holds no network"):
        checkpoint.load_network(path)


def test_weights_of_another_program_are_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"state_dict": {}}, path)
    with pytest.raises(ValueError, match="holds no network"):
        checkpoint.load_network(path)
