"""`mnist_cnn.py export`: files that other programs read, their check, and what goes wrong."""

import json
import sys

import numpy as np
import onnxruntime
import pytest
import safetensors
import torch

from digits.data import datasets, download
from digits.data.mnist import normalize
from digits.models import builders, onnx_file, weights_file
from digits.runlog import contract, training_log
from tests.support.training import command

IMAGES = 400  # of the test set


@pytest.fixture(autouse=True)
def few_images(monkeypatch):
    monkeypatch.setattr(datasets, "SYNTHETIC_TEST", IMAGES)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "digits.bin"


def export(run, format, file, *more):
    return command("export", run, "--format", format, "-o", file, *more)


def test_an_onnx_file_is_checked_on_the_test_set_and_describes_itself(finished_run, file):
    code, output, errors = export(finished_run, "onnx", file)
    assert (code, errors) == (0, "")
    assert f"{IMAGES} test images of synthetic" in output
    assert "largest difference of a logit from PyTorch " in output
    assert "as with PyTorch" in output
    log = training_log.read(finished_run)
    _, content = weights_file.load_trained(finished_run / contract.WEIGHTS)
    session = onnxruntime.InferenceSession(file.read_bytes(), providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["run_id"] == log["run_id"]
    assert json.loads(metadata["labels"]) == [*"0123456789"]
    assert [json.loads(metadata[name]) for name in ("mean", "std")] == [0.1307, 0.3081]
    assert json.loads(metadata["temperature"]) == content["temperature"]
    assert f"accuracy {100 * json.loads(metadata['accuracy']):.2f} %" in output


@torch.inference_mode()
def test_a_safetensors_file_loads_with_the_builders_and_as_weights(finished_run, file):
    file = file.with_suffix(".safetensors")
    assert export(finished_run, "safetensors", file).exit_code == 0
    with safetensors.safe_open(file, "pt") as opened:
        metadata = opened.metadata()
        state = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  # it has no __iter__
    model = json.loads(metadata["model"])
    network = builders.build_model(model["name"], tuple(model["channels"]), model["dropout"], model["norm"])
    network.load_state_dict(state)
    network.views = model["views"]
    images = normalize(torch.arange(3 * 784).remainder(256).to(torch.uint8).view(3, 28, 28))
    expected = weights_file.load_network(finished_run / contract.WEIGHTS)(images)
    np.testing.assert_allclose(network.eval()(images).numpy(), expected.numpy(), atol=1e-6)
    both = (file, finished_run / contract.WEIGHTS)
    results = [json.loads(command("evaluate", weights, "--json").output) for weights in both]
    same = ("run_id", "epoch", "correct", "temperature", "ood_threshold")
    assert [results[0][name] for name in same] == [results[1][name] for name in same]


def test_without_mnist_the_check_uses_synthetic_digits_and_says_so(finished_run, file, tmp_path, monkeypatch):
    def fail(root, progress):
        raise download.DownloadError("no route to host")

    monkeypatch.setattr(download, "fetch_mnist", fail)
    code, output, errors = export(finished_run, "onnx", file, "--dataset", "mnist", "--data-dir", tmp_path / "none")
    assert (code, f"{IMAGES} test images of synthetic" in output) == (0, True)
    assert "Using synthetic digits instead" in errors


def test_a_file_with_other_logits_is_not_written(finished_run, file, monkeypatch):
    true_model = onnx_file.onnx_model

    def wrong(network, *others):
        with torch.no_grad():
            network[-1].bias[3] += 0.001
        return true_model(network, *others)

    monkeypatch.setattr(onnx_file, "onnx_model", wrong)
    code, output, errors = export(finished_run, "onnx", file)
    assert (code, output, file.exists()) == (1, "", False)
    assert "differ from PyTorch's by up to 1.0e-03" in errors


@pytest.mark.parametrize(
    ("format", "package", "remedy"),
    [
        ("onnx", "onnx", "pip install onnx onnxruntime"),
        ("onnx", "onnxruntime", "pip install onnx onnxruntime"),
        ("safetensors", "safetensors", "pip install safetensors"),
    ],
)
def test_a_missing_package_is_one_line_with_the_command_that_installs_it(
    finished_run, file, monkeypatch, format, package, remedy
):
    monkeypatch.setitem(sys.modules, package, None)
    code, output, errors = export(finished_run, format, file)
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert errors.startswith(f"Error: {package} is not installed for ")
    assert errors.endswith(f"{remedy}\n")


def test_a_run_is_found_by_its_id_and_an_unknown_one_is_refused(finished_run, file):
    run_id = training_log.read(finished_run)["run_id"]
    options = ("--results-dir", finished_run)
    assert export(run_id, "safetensors", file, *options).exit_code == 0
    code, _, errors = export("nothing", "safetensors", file, *options)
    assert (code, errors.count("\n")) == (1, 1)
    assert f"No run is named 'nothing': choose one of größer & <b>schneller</b> ({run_id})." in errors


def test_damaged_or_missing_weights_are_one_line(tmp_path, file):
    (tmp_path / "bad.safetensors").write_bytes(b"\xff" * 40)
    for name, reason in (("bad.safetensors", "is not a weights file"), ("missing.pth", "does not exist")):
        code, _, errors = export(tmp_path / name, "onnx", file)
        assert (code, errors.count("\n"), reason in errors) == (1, 1, True), errors


def test_weights_that_are_not_finite_are_refused(finished_run, file):
    network, content = weights_file.load_trained(finished_run / contract.WEIGHTS)
    content["state_dict"] = {name: values * float("nan") for name, values in network.state_dict().items()}
    file.with_suffix(".pth").write_bytes(weights_file.serialize(content))
    code, _, errors = export(file.with_suffix(".pth"), "onnx", file)
    assert (code, errors.count("\n"), "contains NaN or infinite weights" in errors) == (1, 1, True), errors
    assert not file.exists()


def test_the_weights_themselves_are_not_overwritten(finished_run):
    weights = finished_run / contract.WEIGHTS
    before = weights.read_bytes()
    code, _, errors = export(weights, "safetensors", weights)
    assert (code, "It is the file to export" in errors) == (1, True)
    assert weights.read_bytes() == before


def test_a_folder_that_does_not_exist_is_one_line(finished_run, tmp_path):
    code, _, errors = export(finished_run, "safetensors", tmp_path / "none" / "x.safetensors")
    assert (code, errors.count("\n"), "No such file or directory" in errors) == (1, 1, True)
