"""Resumed run logs."""

import json
from contextlib import suppress

import pytest

from digits.runlog import contract, training_log
from digits.runlog.run_log import RunLog


def batches_of(log, epoch, losses):
    for loss in losses:
        log.batch(epoch, loss, 0.5, 0.1, 32)


def test_a_resumed_log_continues_from_a_state_and_drops_later_rows(tmp_path):
    with RunLog(tmp_path, name="first") as log:
        log.set_totals(2, 3)
        batches_of(log, 1, [3.0, 2.0, 1.0])
        log.epoch(1, train_loss=2.0)
        log.event("noted", "after the first epoch")
        state = json.loads(json.dumps(log.state()))
        batches_of(log, 2, [0.9, 0.8])
        log.event("noted", "to be forgotten")
        log.test(0.1, 0.9, 9, 10)
    first = training_log.read(tmp_path)

    with RunLog(tmp_path, name="second", resume=True) as log:
        shown = training_log.read(tmp_path)  # until it is restored
        assert (shown["status"], shown["phase"], shown["batches"]) == ("running", "resuming", first["batches"])
        log.restore(state)
        assert (log.step, log.position) == (3, {"epoch": 1, "batch": 3, "step": 3})
        log.set_totals(2, 3)
        batches_of(log, 2, [0.7, 0.6, 0.5])
        log.epoch(2, train_loss=0.6)
    resumed = training_log.read(tmp_path)

    with RunLog(tmp_path, name="whole") as log:
        log.set_totals(2, 3)
        batches_of(log, 1, [3.0, 2.0, 1.0])
        log.epoch(1, train_loss=2.0)
        batches_of(log, 2, [0.7, 0.6, 0.5])
        log.epoch(2, train_loss=0.6)
    whole = training_log.read(tmp_path)

    for field in ("step", "epoch", "loss", "loss_min", "loss_max", "accuracy", "lr"):
        assert resumed["batches"][field] == whole["batches"][field]
    assert resumed["epochs"] == whole["epochs"]
    assert resumed["test"] is None
    assert [event["text"] for event in resumed["events"]] == ["after the first epoch"]
    assert (resumed["run_id"], resumed["started_at"]) == (first["run_id"], first["started_at"])
    assert resumed["name"] == "second"
    assert (tmp_path / "runs" / first["run_id"] / "batches.csv").read_text().count("\n") == 7


def test_a_resumed_log_may_begin_again(tmp_path):
    with RunLog(tmp_path, name="first") as log:
        batches_of(log, 1, [3.0, 2.0])
    with RunLog(tmp_path, name="first", resume=True) as log:
        log.restore(None)
        batches_of(log, 1, [5.0])
    again = training_log.read(tmp_path)
    assert (again["batches"]["loss"], again["progress"]["step"]) == ([5.0], 1)


def entry(folder) -> dict:
    return json.loads((folder / contract.RUNS_INDEX).read_text())["runs"][0]


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError("broken")])
def test_a_log_that_ends_before_restoring_stays_unchanged(tmp_path, error):
    with RunLog(tmp_path, name="first", config={"epochs": 3}) as log:
        batches_of(log, 1, [3.0, 2.0])
        log.test(0.1, 0.9, 9, 10)
    file = tmp_path / contract.TRAINING_LOG
    before, listed = file.read_bytes(), entry(tmp_path)
    with suppress(KeyboardInterrupt, ValueError), RunLog(tmp_path, name="x", config={"epochs": 9}, resume=True) as log:
        log.describe(environment={"threads": 3})
        log.announce(contract.TEST_SAMPLES)
        log.phase("preparing")
        if error:
            raise error
    assert file.read_bytes() == before
    assert entry(tmp_path) == listed | {"updated_at": json.loads(before)["updated_at"]}


def test_withheld_changes_become_visible_together(tmp_path):
    with RunLog(tmp_path, name="first") as log:
        with log.withheld():
            log.batch(1, 0.5)
            log.event("noted", "something")
            log.state()
            assert training_log.read(tmp_path)["events"] == []
            assert (tmp_path / contract.BATCHES).read_text().count("\n") == 2, "rows are on the disk all the same"
        log.phase("training")
        assert [event["text"] for event in training_log.read(tmp_path)["events"]] == ["something"]
