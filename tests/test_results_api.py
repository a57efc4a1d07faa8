"""/training_status: summary of the log, and liveness of the run."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from digits.files import write_json
from digits.runlog import contract
from digits.runlog.contract import timestamp
from digits.runlog.run_log import RunLog
from tests.support import PROJECT
from tests.support.http_client import ask


def status_of(server) -> dict:
    return ask(server, "/training_status").json()


def write_log(folder: Path, **fields) -> None:
    folder.mkdir(exist_ok=True)
    log = {"run_id": "x", "status": "running", "updated_at": timestamp()} | fields
    (folder / contract.TRAINING_LOG).write_text(json.dumps(log))


def test_the_status_is_null_before_the_first_run(live):
    status = status_of(live)
    assert status["run_id"] is status["status"] is status["liveness"] is None


def test_a_live_run_is_running_then_completed(live):
    with RunLog(live.results, name="a run") as log:
        log.set_totals(epochs=2, batches=10)
        log.batch(1, loss=0.25, accuracy=0.5)
        log.epoch(1, val_loss=0.125)
        status = status_of(live)
        assert (status["status"], status["liveness"]) == ("running", "running")
        assert (status["progress"]["step"], status["progress"]["steps"]) == (1, 20)
        assert (status["last"]["loss"], status["last"]["val_loss"]) == (0.25, 0.125)
    assert status_of(live)["liveness"] == "completed"


def test_the_status_is_small_and_revalidates(live):
    with RunLog(live.results, name="a run") as log:
        for step in range(500):
            log.batch(1, loss=1 / (step + 1), accuracy=0.5, lr=0.1, images=64)
        log.epoch(1, train_loss=0.1, train_accuracy=0.9, val_loss=0.1, val_accuracy=0.9, lr=0.1, seconds=1.0)
    answer = ask(live, "/training_status")
    assert len(answer.body) < 1000
    again = ask(live, "/training_status", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


def test_the_status_has_the_etags_of_the_files_that_a_page_follows(live):
    files = (contract.TRAINING_LOG, contract.RUNS_INDEX)
    assert status_of(live)["etags"] == dict.fromkeys(files)
    write_log(live.results)
    write_json(live.results / contract.RUNS_INDEX, {"schema": 1, "runs": []})
    served = {file: ask(live, f"/results/{file}").headers["etag"] for file in files}
    before = status_of(live)["etags"]
    assert before == served
    write_log(live.results, phase="as long")
    assert status_of(live)["etags"] != before


def test_a_log_without_a_heartbeat_is_as_old_as_its_file(live):
    write_log(live.results, updated_at=None)
    log = live.results / contract.TRAINING_LOG
    assert status_of(live)["liveness"] == "running"
    assert status_of(live)["updated_at"] == timestamp(log.stat().st_mtime)
    os.utime(log, (time.time() - 60,) * 2)
    assert status_of(live)["liveness"] == "stalled"


@pytest.mark.process
def test_a_killed_trainer_has_crashed(live):
    code = "import os, sys; from digits.runlog import RunLog; RunLog(sys.argv[1], name='x').__enter__(); os._exit(9)"
    subprocess.run([sys.executable, "-c", code, str(live.results)], cwd=PROJECT, check=False)
    status = status_of(live)
    assert (status["status"], status["liveness"]) == ("running", "crashed")


@pytest.mark.process
@pytest.mark.skipif(os.name != "posix", reason="nobody can tell there")
def test_a_silent_trainer_is_stalled_while_its_process_lives_and_crashed_once_it_is_gone(live):
    here = {"pid": os.getpid(), "host": os.uname().nodename}
    write_log(live.results, updated_at=timestamp(time.time() - 60), process=here)
    assert status_of(live)["liveness"] == "stalled"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    write_log(live.results, updated_at=timestamp(time.time() - 60), process=here | {"pid": gone.pid})
    assert status_of(live)["liveness"] == "crashed"


@pytest.mark.parametrize("status", ["stopped", "interrupted", "failed"])
def test_an_ended_run_has_its_own_status(live, status):
    write_log(live.results, status=status)
    assert status_of(live)["liveness"] == status


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[1]",
        b"7",
        b'{"progress": NaN}',
        b'{"batches": 1, "epochs": []}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_foreign_log_is_harmless(live, content):
    live.results.mkdir()
    (live.results / contract.TRAINING_LOG).write_bytes(content)
    answer = ask(live, "/training_status")
    assert answer.status == 200
    assert answer.json()["run_id"] is None
    assert b"NaN" not in answer.body


def test_the_results_folder_may_be_deleted_and_recreated_while_served(live):
    with RunLog(live.results, name="first"):
        pass
    shutil.rmtree(live.results)
    assert status_of(live)["run_id"] is None
    with RunLog(live.results, name="second"):
        assert status_of(live)["name"] == "second"
