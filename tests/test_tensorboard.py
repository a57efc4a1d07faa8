"""TensorBoard's event files of a run, read by TensorBoard's own reader."""

import errno
import os
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from digits.errors import UserError
from digits.runlog import contract, training_log
from digits.runlog.run_log import RunLog
from digits.runlog.tensorboard_events import EventLog, export
from tests.support import golden
from tests.support.training import command, killed, train, trained

ALL = {"scalars": 0, "tensors": 0}  # values kept of each series; 0: all


def read(folder: Path) -> EventAccumulator:
    reader = EventAccumulator(str(folder), ALL)
    reader.Reload()
    return reader


def points(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values of each series, in the order of the files; values with the digits that a log has."""
    reader = read(folder)
    series = {tag: reader.Scalars(tag) for tag in reader.Tags()["scalars"]}
    return {tag: [(one.step, float(f"{one.value:.6g}")) for one in scalars] for tag, scalars in series.items()}


def logged(log: dict) -> dict[str, list[tuple[int, float]]]:
    """The same from a log, straight from the file contract."""
    series: dict[str, list] = {}
    for name in ("batches", "epochs"):
        for column, values in log[name].items():
            rows = [
                (step, float(f"{value:.6g}")) for step, value in zip(log[name]["step"], values) if value is not None
            ]
            if column != "step" and rows:
                series[f"{name}/{column}"] = rows
    last = log["batches"]["step"][-1]
    known = {name: value for name, value in (log["test"] or {}).items() if value is not None}
    return series | {f"test/{name}": [(last, float(f"{value:.6g}"))] for name, value in known.items()}


def test_the_reader_gets_the_numbers_of_an_exported_log(tmp_path):
    log = training_log.read(golden.FIXTURE)
    folder, values = export(log, tmp_path / "events")
    assert points(folder) == logged(log)
    assert values == sum(map(len, logged(log).values()))


def test_wall_times_are_the_start_plus_the_time_trained(tmp_path):
    log = training_log.read(golden.FIXTURE)
    reader = read(export(log, tmp_path / "events")[0])
    start = contract.seconds_of(log["started_at"])
    times = [one.wall_time - start for one in reader.Scalars("batches/seconds")]
    assert times == pytest.approx(log["batches"]["seconds"], abs=1e-3)
    at_epochs = [one.wall_time for one in reader.Scalars("epochs/train_loss")]
    assert at_epochs == sorted(at_epochs)
    assert start < at_epochs[0] < at_epochs[-1] <= reader.Scalars("batches/loss")[-1].wall_time


def test_the_settings_are_a_table(tmp_path):
    log = training_log.read(golden.FIXTURE)
    log["config"] |= {"results_dir": "/home/somebody"}
    reader = read(export(log, tmp_path / "events")[0])
    (table,) = reader.Tensors("settings")
    text = table.tensor_proto.string_val[0].decode()
    assert f"| run_id | {log['run_id']} |" in text
    assert f"| lr | {log['config']['lr']} |" in text
    assert "results_dir" not in text


def test_a_run_writes_the_same_while_it_is_trained(tmp_path):
    results, events = tmp_path / "results", tmp_path / "events"
    trained(results, "--epochs", "2", "--tensorboard", events)
    log = training_log.read(results)
    assert points(events) == logged(log)
    export(log, tmp_path / "exported")
    assert points(tmp_path / "exported") == points(events)
    assert log["config"]["tensorboard"] == str(events)


def test_a_resumed_run_continues_without_duplicates(tmp_path):
    results, events = tmp_path / "results", tmp_path / "events"
    killed(8, results, "--epochs", "2", "--tensorboard", events)  # after the checkpoint of epoch 1, which has 5 batches
    assert [step for step, _ in points(events)["batches/loss"]] == [*range(1, 9)]
    trained(results, "--resume")
    assert len(list(events.iterdir())) == 2
    assert points(events) == logged(training_log.read(results))
    assert len(read(events).Tensors("settings")) == 1


def test_a_run_resumed_with_a_new_folder_has_all_of_its_curves(tmp_path):
    results, events = tmp_path / "results", tmp_path / "events"
    killed(8, results, "--epochs", "2")
    trained(results, "--resume", "--tensorboard", events)
    assert points(events) == logged(training_log.read(results))


def test_another_run_gets_a_folder_of_its_own(tmp_path):
    results, events = tmp_path / "results", tmp_path / "events"
    for seed in ("1", "2"):
        trained(results, "--epochs", "1", "--seed", seed, "--tensorboard", events)
    latest = training_log.read(results)
    assert points(events / latest["run_id"]) == logged(latest)
    (earlier,) = (results / "runs").iterdir()
    assert points(events) == logged(training_log.read(earlier))


def record(results: Path, events: EventLog, batches: int) -> dict:
    """A run with a loss that falls by 1 with each batch; returns its log."""
    with RunLog(results, name="made up", mirror=events.write) as log:
        log.set_totals(1, batches)
        for step in range(1, batches + 1):
            log.batch(1, loss=float(-step), lr=0.1)
            if step % 700 == 0:
                log.phase("training")  # the log is written
        log.epoch(1, train_loss=0.5)
    return training_log.read(results)


def test_a_long_run_has_each_step_once_and_ends_like_its_log(tmp_path):
    events = EventLog(tmp_path / "events", pytest.fail)
    log = record(tmp_path / "results", events, 2501)
    assert len(log["batches"]["step"]) < 1000  # groups of four
    lowest = points(tmp_path / "events")["batches/loss_min"]
    assert [step for step, _ in lowest] == sorted({step for step, _ in lowest})
    assert all(value == -step for step, value in lowest)
    assert lowest[-1] == (2501, -2501.0)
    assert points(tmp_path / "events")["epochs/train_loss"] == [(2501, 0.5)]


def test_a_full_disk_is_reported_once_and_nothing_is_lost_when_there_is_room_again(tmp_path, monkeypatch):
    warnings: list[str] = []
    write, refused = os.write, []

    def full(handle, content):
        if b"tfevents" in os.readlink(f"/proc/self/fd/{handle}").encode() and len(refused) < 4:
            refused.append(write(handle, bytes(content[:10])))  # some bytes, as before the disk is full
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, content)

    monkeypatch.setattr(os, "write", full)
    log = record(tmp_path / "results", EventLog(tmp_path / "events", warnings.append), 3000)
    assert len(refused) == 4
    assert warnings == [f"TensorBoard's files can't be written now (No space left on device: {tmp_path / 'events'})."]
    assert log["status"] == "completed"
    steps = [step for step, _ in points(tmp_path / "events")["batches/loss"]]
    assert (steps[-1], steps) == (3000, sorted({*steps}))
    assert points(tmp_path / "events")["epochs/train_loss"] == [(3000, 0.5)]


def test_a_foreign_log_with_odd_columns_is_exported_as_far_as_possible(tmp_path):
    log = {
        "run_id": "foreign",
        "started_at": "yesterday",
        "batches": {"step": [2, 1], "loss": [1.0, 2.0]},
        "epochs": {"epoch": [1, 2], "step": [10, 20], "val_loss": [None, 0.5], "note": ["a", True], "short": [1]},
        "test": {"accuracy": 0.5, "loss": None},
    }
    export(log, tmp_path)
    assert points(tmp_path) == {
        "epochs/epoch": [(10, 1.0), (20, 2.0)],
        "epochs/val_loss": [(20, 0.5)],
        "epochs/short": [(10, 1.0)],
        "test/accuracy": [(20, 0.5)],
    }


def test_a_run_is_not_exported_twice_into_a_folder(tmp_path):
    log = training_log.read(golden.FIXTURE)
    export(log, tmp_path)
    with pytest.raises(UserError, match="contains this run already"):
        export(log, tmp_path)


def test_a_folder_that_cannot_be_created_ends_the_run_before_it_starts(tmp_path):
    (tmp_path / "file").write_text("")
    code, output, errors = train(tmp_path / "results", "--tensorboard", tmp_path / "file" / "events")
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert "choose another --tensorboard" in errors
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "words", [("--tensorboard", "events"), ("log", "export", golden.FIXTURE, "--format", "tensorboard")]
)
def test_without_the_package_one_line_names_the_command_that_installs_it(words, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    code, output, errors = command(*words)
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert errors.endswith("pip install tensorboard\n")
