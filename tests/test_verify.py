import csv
import json
import shutil

import pytest

from tests.support.training import command, trained

RUN = ["--epochs", "2", "--threads", "1", "--dropout", "0.2", "--rotation", "5", "--ema", "0.9"]
RUN += ["--hard-examples", "0.5", "--augmentation-cooldown", "0.5"]
RUN += ["--precision", "bfloat16"]  # otherwise a short measurement chooses, perhaps not the same in every run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    results = tmp_path_factory.mktemp("finished")
    trained(results, *RUN)
    return results


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def verify(results, *options):
    return command("verify", results, *options)


def test_a_run_repeats_and_nothing_is_written(run):
    before = {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()}
    assert verify(run) == (0, "The first 10 steps repeat bit for bit.\n", "")
    assert {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()} == before


def test_deterministic_algorithms_do_not_change_a_run_on_cpu(finished, tmp_path):
    """On a CPU --deterministic has no effect; the test shows that every layer has a deterministic implementation."""
    trained(tmp_path, *RUN, "--deterministic")
    assert json.loads((tmp_path / "training_log.json").read_text())["environment"]["deterministic"] is True
    assert losses(tmp_path) == losses(finished)


def losses(run):
    with open(run / "batches.csv") as file:
        return [row["loss"] for row in csv.DictReader(file)]


def changed(run, row):
    """Change the last of nine digits of the loss in that row of batches.csv."""
    lines = (run / "batches.csv").read_text().splitlines()
    cells = lines[row].split(",")
    cells[2] = cells[2][:-1] + str((int(cells[2][-1]) + 1) % 10)
    lines[row] = ",".join(cells)
    (run / "batches.csv").write_text("\n".join(lines) + "\n")


def test_the_first_step_that_differs_is_named(run):
    changed(run, 9)
    changed(run, 7)
    code, _, errors = verify(run)
    assert code == 1 and len(errors.splitlines()) == 1
    assert "Step 7 is the first that differs" in errors
    assert "nothing in the log explains it" in errors
    assert verify(run, "--steps", "6")[0] == 0


def test_changed_circumstances_are_named_as_the_reason(run):
    log = json.loads((run / "training_log.json").read_text())
    log["environment"] |= {"torch": "1.0", "device_name": "an abacus"}
    log["dataset"]["sha256"] = "0" * 64
    log["config"]["seed"] = 2
    (run / "training_log.json").write_text(json.dumps(log))
    code, _, errors = verify(run)
    assert code == 1
    assert "Step 1 is the first that differs" in errors
    for reason in ("instead of 1.0", "instead of an abacus", "content of the synthetic images differs"):
        assert reason in errors


@pytest.mark.parametrize("damage", ["no log", "no batches", "torn", "foreign", "events"])
def test_a_run_that_cannot_be_compared_is_reported_in_one_line(run, damage):
    if damage == "no log":
        (run / "training_log.json").unlink()
    elif damage == "no batches":
        (run / "batches.csv").unlink()
    elif damage == "torn":
        (run / "batches.csv").write_text("step,epoch,loss,accuracy,lr,images_per_second\n7,1,0.5,,,\n")
    elif damage == "events":
        log = json.loads((run / "training_log.json").read_text())
        log["events"] = [{"kind": "lr changed", "step": 1000, "value": 0.1}]
        (run / "training_log.json").write_text(json.dumps(log))
    else:
        (run / "training_log.json").write_text('{"run_id": "other", "config": {"lr": 1}}')
    code, output, errors = verify(run)
    assert (code, output) == (1, "") and len(errors.splitlines()) == 1 and "Traceback" not in errors
