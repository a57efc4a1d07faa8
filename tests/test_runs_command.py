"""`mnist_cnn.py runs`, `compare` and `clean`: tables, JSON, what is deleted, and errors of one line."""

import json
import os
import subprocess
import sys
import time

import pytest

from digits.cli import table
from digits.runlog import contract, lock, runs, training_log
from tests.support import PROJECT, many_runs
from tests.support.training import command

DAY = 24 * 3600


@pytest.fixture
def results(tmp_path):
    """Five settings with three seeds each; the latest run has batch size 64 and seed 3."""
    many_runs.write(tmp_path)
    return tmp_path


def done(*words) -> str:
    code, output, errors = command(*words)
    assert (code, errors) == (0, "")
    return output


def refused(*words, code: int = 1) -> str:
    exit_code, output, errors = command(*words)
    assert (exit_code, output, errors.count("\n")) == (code, "", 1)
    return errors


def change(folder, **fields):
    """Change fields of the log of a run."""
    log = training_log.read(folder) | fields
    (folder / contract.TRAINING_LOG).write_text(json.dumps(log))


# -- runs


def listed(results, *words) -> list[list[str]]:
    """Cells of the table, without its head."""
    lines = done("runs", "--results-dir", results, *words).splitlines()
    return [line.split("  ") for line in lines[1:]]


def test_the_latest_run_is_first_and_columns_are_aligned(results):
    lines = done("runs", "--results-dir", results).splitlines()
    assert lines[0].split() == ["id", "name", "status", "model", "accuracy", "epochs", "time"]
    assert lines[1].split("  ")[:2] == ["20260921-000014-made", "cnn4-quick, batch size 64, seed 3"]
    assert len(lines) == 16
    assert {line[lines[0].index("status") :].split()[0] for line in lines[1:]} == {"completed"}
    assert all(line[: lines[0].index("accuracy") + len("accuracy")].endswith(" %") for line in lines[1:])


def test_accuracies_are_sorted_from_the_best_and_losses_from_the_lowest(results):
    entries = json.loads(done("runs", "--results-dir", results, "--json", "--sort", "accuracy"))
    accuracies = [entry["accuracy"] for entry in entries]
    assert accuracies == [entry["test_accuracy"] for entry in entries]
    assert accuracies == sorted(accuracies, reverse=True)
    entries = json.loads(done("runs", "--results-dir", results, "--json", "--sort", "val-loss"))
    losses = [entry["metrics"]["val_loss"] for entry in entries]
    assert losses == sorted(losses)
    entries = json.loads(done("runs", "--results-dir", results, "--json", "--sort", "lr"))
    rates = [entry["config"]["lr"] for entry in entries]
    assert rates == sorted(rates)
    names = [cells[1] for cells in listed(results, "--sort", "name")]
    assert names == sorted(names)


def test_an_unknown_field_is_refused_with_the_known_ones(results):
    message = refused("runs", "--results-dir", results, "--sort", "beauty")
    assert "sort by started, id, name, status, model, accuracy, epochs, time, " in message
    assert "val_loss" in message


def test_a_run_that_was_not_tested_shows_its_validation_accuracy_and_hidden_ones_are_left_out(results):
    change(results, test=None)
    runs.label(results, "20260921-000013-made", {"hidden": True})
    runs.label(results, "20260921-000012-made", {"pinned": True, "name": "mine"})
    output = done("runs", "--results-dir", results)
    assert " val 9" in output.splitlines()[1]
    assert "20260921-000013-made" not in output
    assert "completed, pinned" in next(line for line in output.splitlines() if "mine" in line)
    assert "completed, hidden" in done("runs", "--results-dir", results, "--all")


def test_the_status_of_a_killed_run_is_crashed(results):
    change(results, status="running", updated_at="2026-09-21T00:00:00Z")
    (results / lock.LOCK_FILE).write_text('{"run_id": "20260921-000014-made"}')  # which no process holds
    assert json.loads(done("runs", "--results-dir", results, "--json"))[0]["status"] == "crashed"


def test_a_folder_without_runs_is_no_error(tmp_path):
    assert done("runs", "--results-dir", tmp_path) == f"{tmp_path} contains no runs.\n"
    assert done("runs", "--results-dir", tmp_path, "--json") == "[]\n"


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_lines_fit_the_terminal_and_keep_accuracy_and_time(results, columns, monkeypatch):
    monkeypatch.setattr(table, "fitting_width", lambda: columns - 1)
    monkeypatch.setattr("digits.cli.runs.fitting_width", lambda: columns - 1)
    lines = done("runs", "--results-dir", results).splitlines()
    assert max(map(len, lines)) < columns
    assert {"name", "status", "accuracy", "epochs", "time"} <= {*lines[0].split()}
    assert ("model" in lines[0], "id" in lines[0].split()) == (columns >= 100, columns >= 80)


# -- compare


def test_groups_of_seeds_are_compared_with_the_first(results):
    output = done("compare", "--results-dir", results, "--seeds", "cnn4-quick, lr 0.02", "cnn4-quick, model tiny")
    lines = output.splitlines()
    assert lines[1].split()[:4] == ["A", "cnn4-quick,", "lr", "0.02"]
    assert lines[1].split("  ")[-2].endswith(" %") and " ± " in lines[1]
    assert any((line.split() or [""])[0] == "model" and line.endswith(" tiny") for line in lines)
    assert "B compared with A: " in output and "paired t-test" in output
    found = json.loads(
        done("compare", "--results-dir", results, "--seeds", "20260921-000006", "20260921-000009", "--json")
    )
    assert [len(side["runs"]) for side in found["sides"]] == [3, 3]
    (comparison,) = found["comparisons"]
    assert comparison["kind"] == "paired"
    means = [side["interval"]["mean"] for side in found["sides"]]
    assert comparison["test"]["difference"] == pytest.approx(means[1] - means[0])


def test_single_runs_are_compared_by_their_test_images(results):
    words = ("compare", "--results-dir", results, "20260921-000006", "20260921-000009")
    assert "exact McNemar test" in " ".join(done(*words).split())
    (comparison,) = json.loads(done(*words, "--json"))["comparisons"]
    right = [round(entry * many_runs.IMAGES) for entry in (0.9775, 0.9525)]
    assert comparison["mcnemar"]["only_b"] - comparison["mcnemar"]["only_a"] == right[1] - right[0]
    by_loss = json.loads(done(*words, "--json", "--metric", "val_loss"))["comparisons"][0]
    assert (by_loss["kind"], by_loss["mcnemar"], by_loss["verdict"]) == ("two runs", None, "One run each.")


def test_runs_of_one_group_need_no_second_name(results):
    output = done("compare", "--results-dir", results, "--seeds", "20260921-000006")
    assert "Runs of one setting" in " ".join(output.split())
    ungrouped = json.loads(done("compare", "--results-dir", results, "--seeds", "--ungrouped", "--json", "000006-made"))
    assert [len(side["runs"]) for side in ungrouped["sides"]] == [1, 1, 1]


def test_a_run_elsewhere_is_named_by_its_folder(results, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    many_runs.write(other, [{"lr": 0.5}], [1])
    found = json.loads(done("compare", "--results-dir", results, "20260921-000006", other, "--json"))
    assert found["sides"][1]["settings"]["lr"] == "0.5"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["20260921-000006"], "is one run: name another one, or add --seeds."),
        (["2026", "cnn4"], "15 runs are named '2026': use an id (20260921-000014-made, "),
        (
            ["20260921-000006", "20260921-000009", "--metric", "beauty"],
            "Not all of these runs have beauty: choose from",
        ),
    ],
)
def test_what_cannot_be_compared_is_one_line(results, words, message):
    assert message in refused("compare", "--results-dir", results, *words)


def test_runs_without_results_say_so(tmp_path):
    many_runs.write(tmp_path, [{"lr": 0.1}, {"lr": 0.2}], [1])
    for folder in (tmp_path, tmp_path / "runs" / "20260921-000000-made"):
        change(folder, test=None, epochs={"epoch": [], "step": []})
    output = done("compare", "--results-dir", tmp_path, "000000-made", "000001-made")
    assert "These runs have no result in common yet." in output


# -- clean


def clean(results, *words) -> str:
    return done("clean", "--results-dir", results, *words)


def ids(results) -> list[str]:
    return [entry["run_id"] for entry in runs.index_of(results)["runs"]]


def test_nothing_is_deleted_without_a_request(results):
    (results / "runs" / "20260921-000003-made" / contract.CHECKPOINT).write_bytes(b"x" * 2_000)
    first, *hints = clean(results, "--yes").splitlines()
    assert first == f"Nothing to delete in {results}."
    assert hints[0].startswith("Earlier runs: 14, ") and hints[0].endswith("--keep N or --older-than DAYS")
    assert hints[1:] == ["Checkpoints of completed earlier runs: 1, 2.00 kB, deleted with --checkpoints"]
    assert len(ids(results)) == 15


def test_runs_beyond_the_newest_are_listed_then_deleted_but_for_pinned_ones(results):
    runs.label(results, "20260921-000001-made", {"pinned": True})
    output = clean(results, "--keep", "11")
    assert [line.split("(")[1].split(")")[0] for line in output.splitlines()[1:-1]] == [
        "20260921-000002-made",
        "20260921-000000-made",
    ]
    assert output.splitlines()[-1].endswith("Nothing was deleted: repeat the command with --yes to delete this.")
    assert len(ids(results)) == 15
    assert clean(results, "--keep", "11", "--yes").splitlines()[-1].startswith("Deleted ")
    assert len(ids(results)) == 13
    assert "20260921-000001-made" in ids(results)
    listed = json.loads((results / contract.RUNS_INDEX).read_text())["runs"]
    assert [entry["run_id"] for entry in listed] == ids(results)
    assert not (results / "runs" / "20260921-000000-made").exists()


def test_age_counts_from_the_end_of_a_run_and_both_criteria_must_hold(results):
    for run_id, days in (("20260921-000000-made", 9.5), ("20260921-000013-made", 40)):
        change(results / "runs" / run_id, updated_at=contract.timestamp(time.time() - days * DAY))
    for place in set(range(1, 13)):
        change(results / "runs" / f"20260921-{place:06d}-made", updated_at=contract.timestamp())
    assert "20260921-000000-made" not in clean(results, "--older-than", "10")
    assert "20260921-000000-made" in clean(results, "--older-than", "9")
    assert clean(results, "--older-than", "10", "--keep", "1") == f"Nothing to delete in {results}.\n"
    clean(results, "--older-than", "10", "--yes")
    assert "20260921-000013-made" not in ids(results)
    assert len(ids(results)) == 14


def test_checkpoints_are_those_of_completed_earlier_runs(results):
    folders = [results, *(results / "runs" / f"20260921-{place:06d}-made" for place in (3, 4, 5))]
    for folder in folders:
        (folder / contract.CHECKPOINT).write_bytes(b"x" * 2_000)
    change(folders[1], status="interrupted")
    runs.label(results, folders[2].name, {"pinned": True})
    output = clean(results, "--checkpoints", "--yes")
    assert output.splitlines()[-1] == "Deleted 2.00 kB."
    assert [(folder / contract.CHECKPOINT).exists() for folder in folders] == [True, True, True, False]
    assert len(ids(results)) == 15


def test_temporary_files_of_killed_programs_go_those_in_use_stay(results):
    old, new, foreign = (results / name for name in (".network.bin.x1.tmp", ".network.bin.x2.tmp", ".notes.tmp"))
    for path in (old, new, foreign):
        path.write_bytes(b"x" * 10)
    os.utime(old, (time.time() - 3600,) * 2)
    os.utime(foreign, (time.time() - 3600,) * 2)
    held = lock.FolderLock(results, {})
    try:
        assert clean(results).startswith(f"Nothing to delete in {results}.\n")
    finally:
        held.release()
    assert ".network.bin.x1.tmp" in clean(results)
    clean(results, "--yes")
    assert [path.exists() for path in (old, new, foreign)] == [False, True, True]


def test_the_latest_run_stays_whatever_is_asked(results):
    clean(results, "--keep", "0", "--older-than", "0", "--checkpoints", "--yes")
    assert ids(results) == ["20260921-000014-made"]
    assert (results / contract.PREDICTIONS).is_file()


# -- all of them


@pytest.mark.process
@pytest.mark.parametrize(
    "words",
    [
        ["runs"],
        ["compare", "20260921-000006", "20260921-000009"],
        ["clean", "--keep", "3"],
        ["watch"],
        ["log", "export", "--format", "csv"],
    ],
    ids=" ".join,
)
def test_torch_is_not_imported(results, words):
    program = (
        "import sys, mnist_cnn\n"
        "mnist_cnn.cli.main(sys.argv[1:], standalone_mode=False)\n"
        "print({'torch', 'numpy', 'PIL'} & {*sys.modules}, file=sys.stderr)"
    )
    words = [sys.executable, "-c", program, *words, "--results-dir", str(results)]
    finished = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert (finished.returncode, finished.stderr) == (0, "set()\n")
