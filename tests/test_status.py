import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

from digits.runlog import contract, lock
from digits.runlog.status import is_alive, liveness, liveness_of_earlier

NOW = 1_790_000_000.0
CASES = json.loads((Path(__file__).parent / "fixtures" / "liveness.json").read_text())  # the page's tests read it, too


def log(**changes):
    heartbeat = contract.timestamp(NOW - changes.pop("silent_for", 0))
    process = {"pid": os.getpid(), "host": platform.node()}
    return {"run_id": "r1", "status": "running", "updated_at": heartbeat, "process": process} | changes


def gone_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("status", ["completed", "stopped", "interrupted", "failed"])
def test_a_finished_run_has_its_own_status(tmp_path, status):
    assert liveness(log(status=status, silent_for=10_000), tmp_path, NOW) == status


def test_a_run_with_a_fresh_heartbeat_is_running(tmp_path):
    assert liveness(log(silent_for=5), tmp_path, NOW) == "running"


def test_a_silent_heartbeat_of_a_living_process_is_stalled(tmp_path):
    assert liveness(log(silent_for=60), tmp_path, NOW) == "stalled"


def test_a_silent_heartbeat_of_a_process_that_is_gone_is_crashed(tmp_path):
    process = {"pid": gone_pid(), "host": platform.node()}
    assert liveness(log(silent_for=60, process=process), tmp_path, NOW) == "crashed"


def test_a_silent_run_on_another_host_is_stalled(tmp_path):
    process = {"pid": gone_pid(), "host": "elsewhere"}
    assert liveness(log(silent_for=60, process=process), tmp_path, NOW) == "stalled"


def test_a_free_lock_shows_a_crash_at_once_whatever_the_heartbeat(tmp_path):
    lock.FolderLock(tmp_path, {"run_id": "r1"}).release()
    assert liveness(log(silent_for=1), tmp_path, NOW) == "crashed"


def test_a_held_lock_shows_life_whatever_the_process_number(tmp_path):
    held = lock.FolderLock(tmp_path, {"run_id": "r1"})
    process = {"pid": gone_pid(), "host": platform.node()}
    assert liveness(log(silent_for=60, process=process), tmp_path, NOW) == "stalled"
    assert liveness(log(process=process), tmp_path, NOW) == "running"
    held.release()


def test_without_locks_the_heartbeat_and_the_process_decide(tmp_path, monkeypatch):
    lock.FolderLock(tmp_path, {"run_id": "r1"}).release()
    monkeypatch.setattr(lock, "is_held", lambda folder: None)
    assert liveness(log(), tmp_path, NOW) == "running"
    assert liveness(log(silent_for=60), tmp_path, NOW) == "stalled"
    process = {"pid": gone_pid(), "host": platform.node()}
    assert liveness(log(silent_for=60, process=process), tmp_path, NOW) == "crashed"


def test_the_lock_of_another_run_says_nothing_about_this_one(tmp_path):
    lock.FolderLock(tmp_path, {"run_id": "another"}).release()
    assert liveness(log(), tmp_path, NOW) == "running"


@pytest.mark.parametrize(
    "changes",
    [{"process": p} for p in (None, 7, [], {}, {"pid": "x"}, {"pid": -1}, {"pid": 2**70, "host": platform.node()})]
    + [{"updated_at": u} for u in (None, 5, "yesterday", [])],
)
def test_a_foreign_log_is_harmless(tmp_path, changes):
    assert liveness(log(silent_for=60) | changes, tmp_path, time.time()) in contract.LIVENESSES


def test_an_unknown_status_counts_as_failed(tmp_path):
    assert liveness(log(status="exploded"), tmp_path, NOW) == "failed"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"])
def test_the_server_judges_each_case_as_the_table_says(tmp_path, case):
    process = {
        "alive": {"pid": os.getpid(), "host": platform.node()},
        "gone": {"pid": gone_pid(), "host": platform.node()},
        "elsewhere": {"pid": gone_pid(), "host": "elsewhere"},
    }[case.get("process", "alive")]
    given = {"status": case.get("status", "running"), "phase": case.get("phase", "training"), "process": process}
    given |= {"run_id": case["run_id"]} if "run_id" in case else {"run_id": "r1"}
    if case["silent_s"] is not None:
        given["updated_at"] = contract.timestamp(NOW - case["silent_s"])
    file = tmp_path / contract.TRAINING_LOG
    file.write_text(json.dumps(given))
    os.utime(file, (NOW - case.get("written_s", 0),) * 2)
    held = lock.FolderLock(tmp_path, {"run_id": "r1"}) if "lock" in case else None
    if case.get("lock") == "free":
        held.release()
    found = liveness(given, tmp_path, NOW)
    if case.get("lock") == "held":
        held.release()
    assert (found, liveness_of_earlier(given)) == (case["server"], case["earlier"])
    assert is_alive(found) == (found in ("running", "paused", "stalled"))
