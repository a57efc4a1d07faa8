"""`mnist_cnn.py log export`: the curves of a run as CSV, and how a run is named."""

import csv
import io
import json
import shutil

import pytest

from digits.runlog import contract, training_log
from tests.support import golden
from tests.support.training import command


def export(*words):
    return command("log", "export", "--format", "csv", *words)


def rows(text: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_per_epoch_has_the_numbers_of_the_log():
    epochs = training_log.read(golden.FIXTURE)["epochs"]
    code, output, errors = export(golden.FIXTURE)
    assert (code, errors) == (0, "")
    read = rows(output)
    assert list(read[0]) == list(epochs)
    for name, column in epochs.items():
        assert [None if row[name] == "" else json.loads(row[name]) for row in read] == column


def test_a_row_per_batch_is_the_file_of_batches(tmp_path):
    output = tmp_path / "batches.csv"
    done = export(golden.FIXTURE, "--batches", "-o", output)
    assert output.read_bytes() == (golden.FIXTURE / contract.BATCHES).read_bytes()
    assert done.output == f"{output}: {len(rows(output.read_text())):,} batches\n"


def test_without_that_file_batches_are_the_groups_of_the_log(tmp_path):
    shutil.copy(golden.FIXTURE / contract.TRAINING_LOG, tmp_path)
    read = rows(export(tmp_path, "--batches").output)
    assert [int(row["step"]) for row in read] == training_log.read(tmp_path)["batches"]["step"]


def test_a_folder_without_a_log_and_a_wrong_combination_are_one_line(tmp_path):
    code, _, errors = export("--results-dir", tmp_path)
    assert (code, errors.count("\n"), "contains no training log" in errors) == (1, 1, True)
    code, _, errors = command("log", "export", golden.FIXTURE, "--format", "tensorboard", "--batches")
    assert (code, errors.count("\n")) == (2, 1)


def test_without_a_command_its_commands_are_shown():
    code, output, errors = command("log")
    assert (code, errors) == (0, "")
    assert "export  Export the log of RUN" in output


@pytest.fixture
def results(tmp_path):
    """A latest run and two earlier ones, of which two have the same name."""
    log = training_log.read(golden.FIXTURE)
    for run_id, name, folder in (
        ("20261120-100000-aaaaaa", "wide", "runs/20261120-100000-aaaaaa"),
        ("20261121-100000-bbbbbb", "wide", "runs/20261121-100000-bbbbbb"),
        ("20261122-100000-cccccc", "Narrow net", ""),
    ):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / contract.TRAINING_LOG).write_text(json.dumps(log | {"run_id": run_id, "name": name}))
    return tmp_path


@pytest.mark.parametrize("word", ["20261122-100000-cccccc", "20261122", "cccccc", "Narrow net", "narrow"])
def test_a_run_is_named_by_id_or_name_or_their_beginning(results, word):
    output = results / "out.csv"
    assert export(word, "--results-dir", results, "-o", output).exit_code == 0
    assert output.exists()


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("wide", "2 runs are named 'wide': use an id (20261121-100000-bbbbbb, 20261120-100000-aaaaaa)."),
        ("2026112", "3 runs are named '2026112'"),
        ("deep", "No run is named 'deep': choose one of Narrow net (20261122-100000-cccccc), wide ("),
    ],
)
def test_a_name_of_none_or_several_runs_is_refused(results, word, reason):
    code, output, errors = export(word, "--results-dir", results)
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert reason in errors
