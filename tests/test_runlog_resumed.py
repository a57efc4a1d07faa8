"""A run log that goes on where it was, as if it had never ended."""

import json

from digits import runlog
from digits.runlog import RunLog


def batches_of(log, epoch, losses):
    for loss in losses:
        log.batch(epoch, loss, 0.5, 0.1, 32)


def test_a_resumed_log_goes_on_from_a_state_and_forgets_what_came_after_it(tmp_path):
    with RunLog(tmp_path, name="first") as log:
        log.plan(2, 3)
        batches_of(log, 1, [3.0, 2.0, 1.0])
        log.epoch(1, train_loss=2.0)
        log.event("noted", "after the first epoch")
        state = json.loads(json.dumps(log.state()))
        batches_of(log, 2, [0.9, 0.8])
        log.event("noted", "to be forgotten")
        log.test(0.1, 0.9, 9, 10)
    first = runlog.read(tmp_path)

    with RunLog(tmp_path, name="second", resume=True) as log:
        shown = runlog.read(tmp_path)  # until it is known from where it goes on
        assert (shown["status"], shown["phase"], shown["batches"]) == ("running", "resuming", first["batches"])
        log.restore(state)
        assert (log.step, log.position) == (3, {"epoch": 1, "batch": 3, "step": 3})
        log.plan(2, 3)
        batches_of(log, 2, [0.7, 0.6, 0.5])
        log.epoch(2, train_loss=0.6)
    resumed = runlog.read(tmp_path)

    with RunLog(tmp_path, name="whole") as log:
        log.plan(2, 3)
        batches_of(log, 1, [3.0, 2.0, 1.0])
        log.epoch(1, train_loss=2.0)
        batches_of(log, 2, [0.7, 0.6, 0.5])
        log.epoch(2, train_loss=0.6)
    whole = runlog.read(tmp_path)

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
    again = runlog.read(tmp_path)
    assert (again["batches"]["loss"], again["progress"]["step"]) == ([5.0], 1)
