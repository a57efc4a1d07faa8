"""The network: prediction from shifted views of an image."""

import copy
import json
import shutil

import pytest
import torch

from digits.data import datasets
from digits.data.mnist import normalize
from digits.data.synthetic import draw
from digits.inference.predict import Predictor
from digits.models import weights_file
from digits.models.builders import build_model
from digits.models.network import BACKGROUND, MAX_VIEWS, checked_views, shifted
from digits.runlog import contract
from digits.training.optimizers import EMA
from tests.support.training import SMALL, command

IMAGES = draw(6, seed=3)[0]  # uint8 (6, 28, 28)


@pytest.fixture
def network():
    torch.manual_seed(1)
    return build_model("tiny").eval()


@torch.inference_mode()
def test_a_prediction_is_the_mean_of_the_logits_of_pictures_moved_by_a_pixel(network):
    moved = [torch.roll(IMAGES, shift, dims=(1, 2)) for shift in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))]
    assert not any(IMAGES[:, edge].any() for edge in (0, -1))  # no ink leaves the picture
    assert not any(IMAGES[:, :, edge].any() for edge in (0, -1))
    expected = torch.stack([network(normalize(one)) for one in moved]).mean(dim=0)
    network.views = 5
    torch.testing.assert_close(network(normalize(IMAGES)), expected)


def test_views_are_distinct_and_background_moves_in():
    images = normalize(torch.full((1, 28, 28), 255, dtype=torch.uint8))
    views = shifted(images, MAX_VIEWS)
    assert len({view.numpy().tobytes() for view in views}) == MAX_VIEWS
    assert torch.equal(views[0], images)
    up = views[1][0, 0]
    assert (up[-1] == BACKGROUND).all() and (up[:-1] == images.max()).all()


def test_training_uses_the_image_alone(network):
    trained = copy.deepcopy(network).train()
    trained.views = 5
    torch.testing.assert_close(trained(normalize(IMAGES)), network.train()(normalize(IMAGES)))


def test_the_average_of_the_weights_keeps_the_views(network):
    network.views = 9
    assert EMA(network, 0.9).network.views == 9


@pytest.mark.parametrize("views", [0, 10, 1.0, True, None, "5"])
def test_an_invalid_number_of_views_is_refused(views):
    with pytest.raises(ValueError, match="views"):
        checked_views(views)


def test_a_weights_file_with_an_invalid_number_of_views_is_refused(tmp_path, network):
    from digits.config import Config

    content = weights_file.weights_file(network, Config.from_options(model="tiny"))
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    saved = weights_file.load(path)
    assert json.loads(json.dumps(saved["model"]))["views"] == 1
    saved["model"]["views"] = 1_000_000
    path.write_bytes(weights_file.serialize(saved))
    with pytest.raises(ValueError, match="number of views"):
        weights_file.load_network(path)
    del saved["model"]["views"]  # as in files of version 0.2.0
    path.write_bytes(weights_file.serialize(saved))
    assert weights_file.load_network(path).views == 1


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run with views, and what it printed."""
    folder = tmp_path_factory.mktemp("views")
    done = command(*SMALL, "--epochs", 2, "--views", 3, "--results-dir", folder)
    assert done.exit_code == 0, done.errors
    return folder, done.output


def test_only_the_finished_network_of_a_run_has_views(run):
    folder, output = run
    assert "correct; mean of 3 views)" in output
    assert json.loads((folder / contract.NETWORK).read_text())["views"] == 3
    assert [Predictor.from_history(epoch, folder).network.views for epoch in (1, 2, None)] == [1, 3, 3]
    assert weights_file.load_network(folder / contract.WEIGHTS).views == 3


def test_log_samples_and_weights_predict_from_the_same_views(run, monkeypatch):
    folder, _ = run
    log = json.loads((folder / contract.TRAINING_LOG).read_text())
    samples = json.loads((folder / contract.TEST_SAMPLES).read_text())["samples"]
    predictor = Predictor.newest(folder)
    pixels = torch.tensor([sample["pixels"] for sample in samples], dtype=torch.uint8).view(-1, 28, 28)
    expected = torch.tensor([sample["probabilities"] for sample in samples], dtype=torch.double)
    torch.testing.assert_close(predictor.probabilities(pixels), expected, atol=1e-5, rtol=0)
    predictor.network.views = 1
    assert (predictor.probabilities(pixels) - expected).abs().max() > 1e-4
    monkeypatch.setattr(datasets, "SYNTHETIC_TEST", log["dataset"]["test"])
    weights = folder / contract.WEIGHTS
    found = json.loads(command("evaluate", weights, "--device", "cpu", "--json").output)
    assert (found["views"], found["correct"]) == (3, log["test"]["correct"])
    assert found["accuracy_one_view"] == pytest.approx(found["accuracy"], abs=0.05)
    assert found["accuracy_one_view"] != found["accuracy"]
    text = command("evaluate", weights, "--device", "cpu").output
    assert f"one view         {100 * found['accuracy_one_view']:6.2f} %   without the mean over 3 views" in text


def test_the_curves_do_not_depend_on_the_views(run, tmp_path):
    assert command(*SMALL, "--epochs", 2, "--views", 1, "--results-dir", tmp_path).exit_code == 0
    logs = [json.loads((folder / contract.TRAINING_LOG).read_text()) for folder in (run[0], tmp_path)]
    for name in ("train_loss", "val_loss", "val_accuracy"):
        assert logs[0]["epochs"][name] == logs[1]["epochs"][name]
    assert logs[0]["test"]["loss"] != logs[1]["test"]["loss"]


def test_a_run_killed_after_its_last_epoch_gets_its_views_when_it_resumes(run, tmp_path):
    folder, expected = tmp_path / "killed", json.loads((run[0] / contract.NETWORK).read_text())
    shutil.copytree(run[0], folder)
    log = json.loads((folder / contract.TRAINING_LOG).read_text())
    (folder / contract.TRAINING_LOG).write_text(json.dumps(log | {"status": "running", "test": None}))
    (folder / contract.NETWORK).write_text(json.dumps(expected | {"views": 1}))
    done = command("--resume", "--results-dir", folder)
    assert done.exit_code == 0, done.errors
    found = json.loads((folder / contract.NETWORK).read_text())
    assert {key: found[key] for key in found if key != "run_id"} == {
        key: expected[key] for key in found if key != "run_id"
    }
