import csv
import filecmp
import json
import math
import os
import random
import threading

import pytest

from digits.runlog import contract, lifecycle, training_log
from digits.runlog.lock import FolderLocked
from digits.runlog.run_log import RunLog
from tests.support import golden
from tests.support.contract import saved
from tests.support.http_client import eventually


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "results"


def rows(folder):
    with (folder / contract.BATCHES).open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_golden_run_matches_the_writer(tmp_path):
    golden.write(tmp_path)
    names = sorted(os.listdir(golden.FIXTURE))
    assert sorted(os.listdir(tmp_path)) == names
    _, different, unreadable = filecmp.cmpfiles(tmp_path, golden.FIXTURE, names, shallow=False)
    assert (different, unreadable) == ([], []), "after a deliberate change: python -m tests.support.golden"


def test_a_completed_run_has_everything_that_was_logged(folder):
    with RunLog(folder, name="a run", config={"lr": 0.1}) as log:
        log.set_totals(epochs=2, batches=3)
        for epoch in (1, 2):
            for batch in range(3):
                log.batch(epoch, loss=1 / (1 + batch), accuracy=0.5, lr=0.1, images=10)
            log.epoch(epoch, train_loss=0.5, val_loss=0.6, val_accuracy=0.7)
        log.test(loss=0.1, accuracy=0.9, correct=9, total=10)
    content = saved(folder)
    assert (content["status"], content["phase"], content["error"]) == ("completed", "done", None)
    assert content["progress"] | {"images_per_second": 0} == {
        "epoch": 2, "batch": 3, "step": 6, "epochs": 2, "batches": 3, "steps": 6, "images_per_second": 0, "eta_s": None,
    }  # fmt: skip
    assert content["batches"]["step"] == [1, 2, 3, 4, 5, 6]
    assert content["batches"]["epoch"] == [1, 1, 1, 2, 2, 2]
    assert content["epochs"]["step"] == [3, 6]
    assert content["epochs"]["train_accuracy"] == [None, None]
    assert content["test"]["correct"] == 9
    assert [row["loss"] for row in rows(folder)] == ["1", "0.5", "0.333333333"] * 2


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (KeyboardInterrupt(), "interrupted", None),
        (ValueError("two\nlines"), "failed", "two lines"),
        (ZeroDivisionError(), "failed", "ZeroDivisionError"),
        (SystemExit(1), "failed", "1"),
    ],
)
def test_other_endings_have_their_status(folder, error, status, sentence):
    with pytest.raises(type(error)), RunLog(folder, name="a run") as log:
        log.batch(1, loss=0.5)
        raise error
    assert (saved(folder)["status"], saved(folder)["error"]) == (status, sentence)
    assert saved(folder, contract.RUNS_INDEX)["runs"][0]["status"] == status


def test_a_stopped_run_has_status_stopped(folder):
    with RunLog(folder, name="a run") as log:
        log.stop()
    assert saved(folder)["status"] == "stopped"


def test_non_finite_numbers_become_null_and_empty_cells(folder):
    with RunLog(folder, name="a run", config={"x": math.inf}) as log:
        log.batch(1, loss=0.5, lr=0.1)
        log.batch(1, loss=math.nan, accuracy=math.nan, lr=0.1)
        log.batch(1, loss=math.inf, lr=math.nan)
        log.epoch(1, train_loss=math.nan, val_loss=-math.inf)
        log.test(loss=math.nan, accuracy=0.1, correct=1, total=10)
        log.save_json(contract.PREDICTIONS, {"p": [math.nan]})
    assert saved(folder)["batches"]["loss"] == [0.5, None, None]
    assert saved(folder)["epochs"]["train_loss"] == [None]
    assert saved(folder, contract.PREDICTIONS)["p"] == [None]
    assert [row["loss"] for row in rows(folder)] == ["0.5", "", ""]


def test_the_log_is_written_periodically(folder):
    with RunLog(folder, name="a run") as log:
        log.batch(1, loss=0.5)
        assert eventually(lambda: saved(folder)["batches"]["step"] == [1] and len(rows(folder)) == 1)


def test_the_heartbeat_moves_while_nothing_happens(folder, monkeypatch):
    monkeypatch.setattr(contract, "WRITE_EVERY_S", 0.02)
    monkeypatch.setattr(contract, "HEARTBEAT_S", 0.05)
    with RunLog(folder, name="a run"):
        first = saved(folder)["updated_at"]
        assert eventually(lambda: saved(folder)["updated_at"] > first)


def test_a_second_writer_is_rejected_and_changes_nothing(folder):
    with RunLog(folder, name="the first") as log:
        log.batch(1, loss=0.5)
        with pytest.raises(FolderLocked, match=r"'the first', process \d+"), RunLog(folder, name="the second"):
            pass
    assert saved(folder)["name"] == "the first"


def test_a_read_only_folder_is_named_and_keeps_its_files(folder, monkeypatch):
    with RunLog(folder, name="the first") as log:
        log.batch(1, loss=0.5)
    before = (folder / contract.TRAINING_LOG).read_bytes()

    def refuse(path, *rest):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError, match="results"), RunLog(folder, name="the second"):
        pass
    assert (folder / contract.TRAINING_LOG).read_bytes() == before


def test_a_disk_that_fills_up_ends_the_run_and_leaves_the_last_whole_files(folder, monkeypatch):
    full = False

    def fsync(handle, real=os.fsync):
        if full:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space"), RunLog(folder, name="a run") as log:
        log.batch(1, loss=0.5)
        log.phase("training")
        full = True
        log.batch(1, loss=0.25)
        log.phase("validating")
    assert saved(folder)["batches"]["loss"] == [0.5]


def test_a_failed_write_in_the_background_is_raised_at_the_next_batch(folder, monkeypatch):
    monkeypatch.setattr(contract, "WRITE_EVERY_S", 0.01)
    with pytest.raises(OSError, match="full"), RunLog(folder, name="a run") as log:

        def fail(path, value):
            raise OSError(28, "full")

        monkeypatch.setattr(lifecycle, "write_json", fail)
        eventually(lambda: log.batch(1, loss=0.5))


def test_a_long_run_stays_small_and_keeps_its_last_epoch(folder):
    with RunLog(folder, name="long") as log:
        for step in range(30_000):
            log.batch(1, loss=1 / (1 + step), accuracy=step / 30_000, lr=0.001234567, images=128)
        for number in range(250):
            log.event("resumed", f"event {number} " + "x" * 2000)
    assert len(saved(folder)["events"]) == contract.MAX_EVENTS
    assert saved(folder)["events"][-1]["text"].startswith("event 249")
    assert max(len(event["text"]) for event in saved(folder)["events"]) <= contract.MAX_EVENT_LENGTH
    assert len(rows(folder)) == 30_000


def test_events_that_are_needed_to_repeat_the_run_are_dropped_last(folder):
    with RunLog(folder, name="steered") as log:
        log.event("lr changed", "lr 0.01 became 0.001", request="a", value=0.001)
        for number in range(2 * contract.MAX_EVENTS):
            log.event("refused", "it is not paused", request=str(number))
    events = saved(folder)["events"]
    assert len(events) == contract.MAX_EVENTS
    assert events[0]["value"] == 0.001 and events[1]["request"] == str(contract.MAX_EVENTS + 1)


def test_the_longest_log_with_the_longest_texts_stays_under_256_kb(folder):
    """Every list full, every number long, every character four bytes."""
    rng = random.Random(1)
    many = {"position": {"epoch": 0, "batch": 0, "step": 998_000_000}}  # a run of a billion batches
    with RunLog(folder, name="\N{GRINNING FACE}" * 2000, config={"lr": 0.008}) as log, log.withheld():
        log.restore(log.state() | many)
        for epoch in range(1, 2 * contract.EPOCHS_KEPT):
            log.batch(epoch, *(rng.random() * 1e-5 for _ in range(3)), images=128)
            tiny = {name: rng.random() * 1e-5 for name in ("lr", "train_loss", "val_loss")}
            log.epoch(epoch, 1234.5678, train_accuracy=rng.random(), val_accuracy=rng.random(), **tiny)
        for _ in range(300):
            log.event("\N{GRINNING FACE}" * 20, "\N{GRINNING FACE}" * 2000)
    assert (folder / contract.TRAINING_LOG).stat().st_size < 256_000


def test_thousands_of_epochs_are_downsampled_and_the_last_is_kept(folder):
    with RunLog(folder, name="long") as log, log.withheld():
        for epoch in range(1, 5001):
            log.epoch(epoch, train_loss=1 / epoch)
    kept = saved(folder)["epochs"]
    assert kept["epoch"][-1] == 5000
    assert len(kept["epoch"]) == len(kept["train_loss"]) <= contract.EPOCHS_KEPT
    assert kept["epoch"] == sorted(set(kept["epoch"]))


def test_events_have_their_step(folder):
    with RunLog(folder, name="a run") as log:
        log.batch(1, loss=0.5)
        log.event("lr changed", "from 0.1 to 0.01")
        log.batch(1, loss=0.5)
    event = saved(folder)["events"][0]
    assert (event["step"], event["kind"], event["text"]) == (1, "lr changed", "from 0.1 to 0.01")


def test_only_announced_files_are_listed(folder):
    with RunLog(folder, name="a run") as log:
        log.save_json(contract.TEST_SAMPLES, {"samples": []})
        log.save(contract.WEIGHTS, b"weights")
        log.save(contract.WEIGHTS, b"better weights")
    assert saved(folder)["files"] == [contract.BATCHES, contract.TEST_SAMPLES, contract.WEIGHTS]
    assert saved(folder, contract.TEST_SAMPLES)["run_id"] == saved(folder)["run_id"]


def test_fields_outside_the_contract_are_rejected(folder):
    with RunLog(folder, name="a run") as log:
        with pytest.raises(ValueError, match="section"):
            log.describe(wishes={})
        with pytest.raises(ValueError, match="Unknown metric beauty"):
            log.epoch(1, beauty=1.0)


def test_own_metrics_of_an_epoch_get_columns_of_the_same_length(folder):
    with RunLog(folder, name="a run") as log:
        log.epoch(1, val_loss=0.5)
        log.epoch(2, val_loss=0.4, val_f1=0.9)
        log.epoch(3, val_loss=0.3)
    assert saved(folder)["epochs"]["val_f1"] == [None, 0.9, None]


def test_threads_may_log_at_the_same_time(folder):
    with RunLog(folder, name="a run") as log:
        threads = [threading.Thread(target=lambda: [log.batch(1, loss=0.5) for _ in range(500)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [int(row["step"]) for row in rows(folder)] == list(range(1, 2001))


def test_kill_9_leaves_at_most_one_incomplete_line(folder):
    """For readers: complete lines parse, the last may be truncated."""
    with RunLog(folder, name="a run") as log:
        for _ in range(10):
            log.batch(1, loss=0.5)
    content = (folder / contract.BATCHES).read_bytes()
    whole = content[:-4].decode().rsplit("\n", 1)[0].splitlines()
    assert [line.count(",") for line in whole] == [len(contract.BATCH_FIELDS) - 1] * 10


def test_the_summary_has_progress_and_latest_metrics(folder):
    golden.write(folder)
    short = training_log.summary(training_log.read(folder))
    assert short["progress"]["step"] == golden.EPOCHS * golden.BATCHES
    assert short["last"]["val_accuracy"] == pytest.approx(1 - 0.1 / 3, abs=1e-5)
    assert len(json.dumps(short)) < 1000


@pytest.mark.parametrize("log", [{}, {"batches": 5, "epochs": []}, {"batches": {"loss": 3}, "epochs": {"epoch": []}}])
def test_the_summary_of_a_foreign_log_is_safe(log):
    assert training_log.summary(log)["last"] == {}


def test_the_index_has_the_model_as_soon_as_it_is_known(tmp_path):
    with RunLog(tmp_path, name="live") as log:
        assert json.loads((tmp_path / contract.RUNS_INDEX).read_text())["runs"][0]["model"] is None
        log.describe(model={"name": "cnn4", "parameters": 246_266})
        listed = json.loads((tmp_path / contract.RUNS_INDEX).read_text())["runs"][0]
        assert (listed["model"], listed["parameters"], listed["status"]) == ("cnn4", 246_266, "running")
