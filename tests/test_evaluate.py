"""`mnist_cnn.py evaluate`: on the weights of a small finished run, and on invalid files."""

import json
import re
import subprocess
import sys

import pytest
import torch
from click.testing import CliRunner

import mnist_cnn
from digits.data import datasets
from digits.runlog import contract
from tests.support import PROJECT

IMAGES = 400  # drawn for each evaluation in this process


@pytest.fixture
def trained(finished_run):
    """The folder of a finished run."""
    return finished_run


@pytest.fixture(autouse=True)
def few_images(monkeypatch):
    monkeypatch.setattr(datasets, "SYNTHETIC_TEST", IMAGES)


def evaluate(*arguments, **environment):
    runner = CliRunner(env={"MNIST_DATA_DIR": None, **environment})
    return runner.invoke(mnist_cnn.cli, ["evaluate", *map(str, arguments)])


def as_json(*arguments):
    result = evaluate(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no strict JSON"))


@pytest.mark.process
def test_another_process_prints_a_report_within_80_columns(trained):
    program = [sys.executable, PROJECT / "mnist_cnn.py", "evaluate", contract.WEIGHTS]
    done = subprocess.run(program, cwd=trained, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert re.fullmatch(r"mnist_cnn\.pth: cnn4-valid with [\d,]+ parameters", lines[0])
    assert re.fullmatch(r"run \S+, trained on synthetic", lines[1])
    assert lines[2].startswith("test set of synthetic: 10,000 images, evaluated on ")
    assert any(re.fullmatch(r"loss +(0\.\d{4}|\d\.\d{3})", line) for line in lines)
    assert any(re.match(r"accuracy +\d+\.\d\d %   95 % interval [\d.]+ % to [\d.]+ %", line) for line in lines)
    assert any(re.match(r"calibration error +\d+\.\d\d %   15 bins; mean confidence", line) for line in lines)
    assert any(re.match(r"  calibrated +\d+\.\d\d %   temperature \d\.\d\d", line) for line in lines)
    assert any(re.fullmatch(r"accepted as digits +\d+\.\d\d %   OOD score at most -?\d+\.\d\d", line) for line in lines)
    assert [line[:5].strip() for line in lines if re.match(r" +\d  +[\d,]+  ", line)] == list("0123456789")


def test_json_agrees_with_the_log_of_the_run(trained, monkeypatch):
    log = json.loads((trained / contract.TRAINING_LOG).read_text())
    monkeypatch.setattr(datasets, "SYNTHETIC_TEST", log["dataset"]["test"])
    found = as_json(trained / contract.WEIGHTS)
    assert (found["run_id"], found["trained_on"], found["dataset"]) == (log["run_id"], "synthetic", "synthetic")
    assert (found["model"], found["parameters"]) == (log["model"]["name"], log["model"]["parameters"])
    assert found["images"] == log["test"]["total"]
    if log["environment"]["device"] == found["device"] == "cpu":
        assert found["correct"] == log["test"]["correct"]
        for figure in ("loss", "temperature", "calibration_error", "ece_calibrated", "accepted"):
            assert found[figure] == pytest.approx(log["test"][figure], rel=1e-4, abs=1e-6)


def test_all_parts_of_the_json_agree_with_each_other(trained):
    found = as_json(trained / contract.WEIGHTS)
    confusion = torch.tensor(found["confusion"])
    assert confusion.sum() == found["images"] == IMAGES
    assert confusion.trace() == found["correct"] == round(found["accuracy"] * IMAGES)
    assert found["accuracy_95"][0] < found["accuracy"] < found["accuracy_95"][1]
    assert [row["digit"] for row in found["digits"]] == list(range(10))
    assert [row["images"] for row in found["digits"]] == confusion.sum(1).tolist()
    assert 0 <= found["calibration_error"] <= 1
    assert set(found["mean"]) == {"precision", "recall", "f1"}


def test_report_and_json_say_the_same(trained):
    found, text = as_json(trained / contract.WEIGHTS), evaluate(trained / contract.WEIGHTS).output
    for value in (found["accuracy"], found["calibration_error"], found["mean_confidence"], found["mean"]["f1"]):
        assert f"{100 * value:.2f} %" in text
    assert f"{found['images'] - found['correct']} misclassified" in text


def test_another_data_set_can_be_evaluated(trained, small_mnist):
    found = as_json(trained / contract.WEIGHTS, "--dataset", "mnist", "--data-dir", small_mnist)
    assert (found["trained_on"], found["dataset"], found["images"]) == ("synthetic", "mnist", 4)
    assert None in [row["recall"] for row in found["digits"]]  # not every digit is among four
    assert evaluate(trained / contract.WEIGHTS, "--dataset", "mnist", "--data-dir", small_mnist).exit_code == 0


def test_weights_trained_on_mnist_are_evaluated_on_mnist_only(trained, tmp_path, monkeypatch):
    from digits.data import download
    from digits.models import weights_file

    content = weights_file.load(trained / contract.WEIGHTS)
    (tmp_path / "mnist.pth").write_bytes(weights_file.serialize(content | {"dataset": "mnist"}))

    def no_network(*arguments):
        raise download.DownloadError("no network")

    monkeypatch.setattr(download, "fetch_mnist", no_network)
    result = evaluate(tmp_path / "mnist.pth", "--data-dir", tmp_path)
    assert result.exit_code == 1
    assert re.fullmatch(
        r"Error: MNIST is not in .*\(no network\)\. Put .* or choose --dataset synthetic\.\n",
        result.output,
    )


def test_the_default_weights_are_beside_the_program():
    (parameter,) = (p for p in mnist_cnn.cli.commands["evaluate"].params if p.name == "weights")
    assert parameter.default == PROJECT / "results" / "mnist_cnn.pth"


def refused(path, *arguments):
    """The error message, which is one line."""
    result = evaluate(path, *arguments)
    (line,) = result.output.splitlines()
    assert result.exit_code == 1
    assert line.startswith(f"Error: {path}")
    assert re.search(r": train a network with .*mnist_cnn\.py, or name another file\.$", line)
    return line


def test_missing_weights_are_named_with_a_remedy(tmp_path):
    assert "does not exist" in refused(tmp_path / "nothing.pth")
    assert "cannot be read (Is a directory)" in refused(tmp_path)


def test_where_the_last_run_left_no_weights_an_earlier_run_is_named(tmp_path):
    for name in ("20260101-000000-aaaa", "20260102-000000-bbbb"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "mnist_cnn.pth").touch()
    result = evaluate(tmp_path / "mnist_cnn.pth")
    newest = tmp_path / "runs" / "20260102-000000-bbbb" / "mnist_cnn.pth"
    assert result.output.endswith(f"does not exist: name the file of an earlier run, such as {newest}.\n")


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 torn", b"\x80\x02}q\x00."])
def test_a_foreign_file_is_rejected_in_one_line(tmp_path, content):
    path = tmp_path / "other.pth"
    path.write_bytes(content)
    assert "is not a weights file of this project" in refused(path)


def test_unsuitable_weights_are_rejected_in_one_line(trained, tmp_path):
    assert "is not a weights file of this project" in refused(trained / contract.CHECKPOINT)
    torch.save({"fc.weight": torch.zeros(3, 3)}, tmp_path / "foreign.pth")
    assert "is not a weights file of this project" in refused(tmp_path / "foreign.pth")


def test_a_damaged_file_is_refused_in_one_line(trained, tmp_path):
    content = bytearray((trained / contract.WEIGHTS).read_bytes())
    place = len(content) // 2
    content[place : place + 8] = bytes(byte ^ 0xFF for byte in content[place : place + 8])
    (tmp_path / "damaged.pth").write_bytes(content)
    assert "is not a weights file of this project" in refused(tmp_path / "damaged.pth")
    (tmp_path / "cut.pth").write_bytes(content[:place])
    assert "is not a weights file of this project" in refused(tmp_path / "cut.pth")


def test_weights_that_are_not_finite_are_refused(trained, tmp_path):
    from digits.models import weights_file

    content = weights_file.load(trained / contract.WEIGHTS)
    next(reversed(content["state_dict"].values())).fill_(float("nan"))
    (tmp_path / "nan.pth").write_bytes(weights_file.serialize(content))
    assert "contains NaN or infinite weights" in refused(tmp_path / "nan.pth", "--json")


def test_wrong_options_are_refused_before_anything_is_read(tmp_path):
    for wrong in (["--dataset", "cifar"], ["--device", "tpu"], ["--epochs", "3"], ["a.pth", "b.pth"]):
        assert evaluate(*wrong).exit_code == 2


def test_weights_trained_on_synthetic_digits_are_evaluated_on_the_real_mnist(trained, mnist_root):
    found = as_json(trained / contract.WEIGHTS, "--dataset", "mnist", "--data-dir", mnist_root)
    assert (found["dataset"], found["images"]) == ("mnist", 10_000)
    assert [row["images"] for row in found["digits"]] == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
