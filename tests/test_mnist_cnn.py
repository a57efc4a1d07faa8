"""Whole runs of the trainer on few synthetic digits, and on the real MNIST if available."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import torch

import digits.data.mnist
from digits.runlog import contract
from tests.support import PROJECT
from tests.support.training import Trainer, killed, train, trained


@pytest.fixture(scope="module")
def finished(finished_run):
    """One finished run of two epochs: folder, exit code, stdout, stderr."""
    return finished_run, *json.loads((finished_run.parent / "finished.json").read_text())


def content(folder, file):
    return json.loads((folder / file).read_text())


def test_a_run_completes_and_names_its_files(finished):
    folder, code, output, errors = finished
    assert (code, errors) == (0, "")
    lines = output.splitlines()
    epochs = [line for line in lines if line.startswith("Epoch")]
    for number, line in enumerate(epochs, start=1):
        assert re.fullmatch(rf"Epoch {number}/2: loss \d\.\d{{3,4}}, val accuracy \d+\.\d\d %, \d+\.\d s", line)
    assert len(epochs) == 2
    weights = folder / contract.WEIGHTS
    summary = [
        r"Trained in \d+\.\d s",
        r"Test accuracy: \d+\.\d\d % \([\d,]+ of [\d,]+ correct; mean of 5 views\)",
        r"Best validation accuracy: \d+\.\d\d % \(epoch [12]\)",
        r"Most frequent confusion: \d read as \d \((once|[\d,]+ times)\)",
        f"Weights, log and predictions: {re.escape(str(folder))}",
        rf"Charts and mistakes: .*python\S* \S*server\.py --results-dir {re.escape(shlex.quote(str(folder)))}",
        rf"Next, per-digit metrics: .*python\S* \S*mnist_cnn\.py evaluate {re.escape(shlex.quote(str(weights)))}",
    ]
    assert all(map(re.fullmatch, summary, lines[-7:])), lines
    assert "\x1b" not in output  # no bar, no colors in a pipe


def test_a_run_leaves_all_the_files_of_the_contract(finished):
    folder = finished[0]
    log = content(folder, contract.TRAINING_LOG)
    assert sorted(log["files"]) == sorted(set(contract.FILES) - {contract.TRAINING_LOG, contract.LABEL})
    assert all((folder / file).stat().st_size > 50 for file in log["files"])
    assert set(os.listdir(folder)) == {*contract.FILES, contract.RUNS_INDEX, ".lock", ".runs.json.lock"} - {
        contract.LABEL
    }


def test_the_log_names_the_command_and_the_machine(finished):
    log = content(finished[0], contract.TRAINING_LOG)
    assert (log["status"], log["name"]) == ("completed", "größer & <b>schneller</b>")
    assert log["config"]["channels"] == [4, 4, 8, 8]
    assert log["dataset"]["name"] == "synthetic"
    assert log["environment"]["torch"] == torch.__version__
    assert log["environment"]["precision"] in ("float32", "bfloat16")
    assert log["model"]["parameters"] == sum(layer["parameters"] for layer in log["model"]["layers"])
    assert log["progress"]["step"] == log["progress"]["steps"] == 10
    assert log["epochs"]["step"] == [5, 10]
    assert log["batches"]["step"] == list(range(1, 11))


def test_the_test_result_matches_the_saved_predictions(finished):
    log, predictions = (content(finished[0], file) for file in (contract.TRAINING_LOG, contract.PREDICTIONS))
    for part, accuracy in (("test", log["test"]["accuracy"]), ("validation", log["epochs"]["val_accuracy"][-1])):
        saved = predictions[part]
        answers = saved["predictions"] if part == "test" else saved["epochs"][-1]["predictions"]
        hits = sum(label == answer for label, answer in zip(saved["labels"], answers))
        assert accuracy == pytest.approx(hits / len(saved["labels"]), abs=1e-6)


def test_the_samples_match_the_saved_weights(finished):
    from digits.models.weights_file import load_trained

    network, saved_with = load_trained(finished[0] / contract.WEIGHTS)
    samples = content(finished[0], contract.TEST_SAMPLES)
    assert samples["final"]
    assert len(samples["samples"]) == 10
    images = torch.tensor([sample["pixels"] for sample in samples["samples"]], dtype=torch.uint8).view(-1, 28, 28)
    with torch.no_grad():
        expected = (network(digits.data.mnist.normalize(images)) / saved_with["temperature"]).softmax(1)
    saved = torch.tensor([sample["probabilities"] for sample in samples["samples"]])
    torch.testing.assert_close(saved, expected, atol=0.03, rtol=0)  # bfloat16 was used in the run, float32 here


def test_the_exported_network_matches_the_saved_weights(finished):
    from digits.models.export import import_model
    from digits.models.weights_file import load_network

    description = content(finished[0], contract.NETWORK)
    numbers = torch.frombuffer(bytearray((finished[0] / contract.NETWORK_NUMBERS).read_bytes()), dtype=torch.float32)
    images = torch.randn(5, 1, 28, 28)
    with torch.no_grad():
        expected = load_network(finished[0] / contract.WEIGHTS)(images)
        exported = import_model(description["layers"], numbers)
        exported.views = description["views"]
        torch.testing.assert_close(exported(images), expected, atol=1e-4, rtol=1e-4)
    assert description["epoch"] == 2 and description["epochs"] == [1, 2] and description["temperature"] > 0
    log = content(finished[0], contract.TRAINING_LOG)
    assert {contract.NETWORK, contract.NETWORK_NUMBERS, contract.NETWORK_EPOCHS} <= set(log["files"])


def test_the_same_seed_repeats_the_run_and_another_seed_does_not(finished, tmp_path):
    def losses(folder, *options):
        assert train(folder, "--epochs", "1", "--quiet", *options) == (0, "", "")
        return [line.split(",")[2] for line in (folder / contract.BATCHES).read_text().splitlines()]

    first = losses(tmp_path / "first", "--precision", "float32")
    assert losses(tmp_path / "again", "--precision", "float32") == first
    assert losses(tmp_path / "other", "--precision", "float32", "--seed", "2") != first


@pytest.mark.process
def test_it_runs_from_a_path_with_spaces_and_letters_and_from_another_folder(tmp_path):
    project = tmp_path / "mein Ordner ß 数字"
    project.mkdir()
    shutil.copy(PROJECT / "mnist_cnn.py", project)
    shutil.copytree(PROJECT / "digits", project / "digits", ignore=shutil.ignore_patterns("__pycache__"))
    small = ["--dataset", "synthetic", "--train-limit", "128", "--validation", "0", "--samples", "0", "--epochs", "1"]
    command = [sys.executable, project / "mnist_cnn.py", *small, "--channels", "2,2,2,2"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "MNIST_DATA_DIR"}
    done = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert content(project / "results", contract.TRAINING_LOG)["epochs"]["val_loss"] == [None]
    assert os.listdir(elsewhere) == []


def test_a_non_finite_loss_ends_the_run_with_the_last_finite_numbers(tmp_path):
    code, _, errors = train(tmp_path, "--lr", "1e20", "--optimizer", "sgd", "--precision", "float32", "--epochs", "5")
    log = content(tmp_path, contract.TRAINING_LOG)
    assert code == 3
    assert re.fullmatch(r"Error: The loss of step \d+ is NaN or infinite \(lr .*\): try a lower --lr\.\n", errors)
    assert log["status"] == "failed"
    assert errors == f"Error: {log['error']}\n"
    (event,) = log["events"]
    assert (event["kind"], event["step"]) == ("diverged", log["progress"]["step"])
    assert log["batches"]["loss"][0] is not None
    assert log["batches"]["loss"][-1] is None
    assert not (tmp_path / contract.WEIGHTS).exists()


@pytest.mark.parametrize("validation", ["50", "0"])
def test_weights_that_the_last_step_broke_are_neither_saved_nor_tested(tmp_path, validation):
    options = ["--train-limit", "100", "--validation", validation, "--lr", "1e30", "--precision", "float32"]
    code, _, errors = train(tmp_path, "--epochs", "1", *options)
    log = content(tmp_path, contract.TRAINING_LOG)
    assert code == 3, errors
    assert (log["status"], log["test"], [event["kind"] for event in log["events"]]) == ("failed", None, ["diverged"])
    assert not (tmp_path / contract.WEIGHTS).exists()
    from digits.models.weights_file import load

    assert load(tmp_path / contract.CHECKPOINT)["learner"]["steps"] == 0, "that of the beginning"


@pytest.mark.process
def test_a_closed_pipe_does_not_end_the_training(tmp_path):
    with Trainer(tmp_path, "--epochs", "2") as trainer:
        trainer.process.stdout.close()
        trainer.process.stdout = None
        assert trainer.process.wait(timeout=120) == 0
    assert content(tmp_path, contract.TRAINING_LOG)["status"] == "completed"


@pytest.mark.process
def test_characters_outside_the_terminal_encoding_do_not_fail(tmp_path):
    folder = tmp_path / "Łukasz 数字"
    with Trainer(folder, "--epochs", "1", env=os.environ | {"PYTHONIOENCODING": "cp1252"}) as trainer:
        code, output, errors = trainer.finish()
    assert (code, errors) == (0, "")
    assert "ukasz" in output


def test_a_missing_device_is_named_with_a_remedy(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a cuda device here")
    code, _, errors = train(tmp_path, "--device", "cuda")
    assert code == 1
    assert errors == "Error: No cuda device is available: use --device auto or --device cpu.\n"
    assert content(tmp_path, contract.TRAINING_LOG)["status"] == "failed"


@pytest.mark.process
def test_a_second_trainer_is_rejected_and_the_first_is_named(tmp_path):
    with Trainer(tmp_path, "--epochs", "90000", "--name", "the first") as first:
        first.wait_for(lambda log: log.get("progress", {}).get("step"))
        with Trainer(tmp_path, "--name", "the second") as second:
            code, _, errors = second.finish()
        assert code == 1
        assert "'the first'" in errors
        assert f"process {first.process.pid}" in errors
        assert len(errors.splitlines()) == 1
        assert first.process.poll() is None
        assert first.log()["name"] == "the first"


def test_after_kill_9_the_next_run_starts_and_the_first_is_kept(tmp_path):
    killed(2, tmp_path, "--name", "killed")
    trained(tmp_path, "--epochs", "1", "--name", "next")
    runs = content(tmp_path, contract.RUNS_INDEX)["runs"]
    assert [(run["name"], run["status"]) for run in runs] == [("next", "completed"), ("killed", "crashed")]


@pytest.mark.process
def test_a_disk_that_fills_up_in_the_run_is_named_in_one_line_and_earlier_files_stay(tmp_path):
    """A full disk, simulated by a limit on the size of files."""
    resource = pytest.importorskip("resource", reason="this system has no limits on the size of files")
    trained(tmp_path, "--epochs", "1", "--name", "earlier")
    earlier = {file: (tmp_path / file).read_bytes() for file in contract.FILES if (tmp_path / file).exists()}

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    with Trainer(tmp_path, "--epochs", "1", "--name", "next", preexec_fn=limit) as trainer:
        code, _, errors = trainer.finish()
    assert code == 1
    assert re.fullmatch(
        r"Error: Cannot write the results: File too large.*\. Free some space or choose another --results-dir\.\n",
        errors,
    )
    (folder,) = (tmp_path / contract.RUNS).iterdir()
    assert {file: (folder / file).read_bytes() for file in earlier} == earlier
    assert len(earlier) >= len(contract.FILES) - 2  # one epoch has no checkpoint before the last, and nobody named it
    assert content(tmp_path, contract.TRAINING_LOG)["status"] == "failed"
    assert not list(tmp_path.glob("*.tmp"))


def test_a_results_folder_that_cannot_be_created_is_named_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    code, _, errors = train(tmp_path / "file" / "results")
    assert code == 1
    assert re.fullmatch(r"Error: Cannot write the results: .*file/results.*\n", errors)


@pytest.mark.process
def test_the_real_mnist_is_learned_in_one_epoch(mnist_root, tmp_path):
    with Trainer(
        tmp_path, "--epochs", "1", "--data-dir", str(mnist_root), "--dataset", "mnist", small=False
    ) as trainer:
        code, output, errors = trainer.finish(seconds=900)
    assert (code, errors) == (0, "")
    log = content(tmp_path, contract.TRAINING_LOG)
    assert log["dataset"]["name"] == "mnist"
    assert log["test"]["accuracy"] >= 0.98, output
