"""Trainers started by the server: one per folder, no orphans, no zombies, independent of the server."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from digits.runlog import contract, lock, runs, training_log
from digits.runlog.run_log import RunLog
from digits.runlog.status import liveness
from digits.server.trainer_process import AlreadyRunning, TrainerProcess, is_stale, log_tail
from tests.support import PROJECT
from tests.support.http_client import ask, eventually
from tests.support.training import SMALL

pytestmark = pytest.mark.process

LONG = [*SMALL, "--epochs", "90000", "--batch-size", "16"]
AT_ONCE = 50
STOPS = int(os.environ.get("STOPS", "3"))  # 100 of 100 were asked for: STOPS=100 takes ten minutes


def running(process: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def exists(process: int) -> bool:
    return os.path.exists(f"/proc/{process}")


def log_of(folder: Path) -> dict:
    return training_log.read(folder) or {}


def is_training(folder: Path) -> bool:
    log = log_of(folder)
    return lock.is_held(folder) and (log.get("status"), log.get("phase")) == ("running", "training")


@pytest.fixture
def launched(tmp_path):
    """launched(arguments) starts a trainer in a folder and kills it after the test."""
    trainer, started = TrainerProcess(tmp_path / "results"), []

    def start(*arguments: str) -> int:
        started.append(trainer.start([*arguments, "--results-dir", str(trainer.results)]))
        return started[-1]

    start.trainer, start.folder = trainer, trainer.results
    yield start
    for process in filter(exists, started):
        os.kill(process, signal.SIGKILL)
    assert eventually(lambda: not any(map(exists, started)))


def test_one_of_many_concurrent_starts_on_two_servers_succeeds(launched):
    other = TrainerProcess(launched.folder)
    words = [*LONG, "--results-dir", str(launched.folder)]
    outcomes, gate = [], threading.Barrier(AT_ONCE)

    def start(trainer: TrainerProcess) -> None:
        gate.wait()
        try:
            outcomes.append(trainer.start(words))
        except AlreadyRunning:
            outcomes.append(None)

    threads = [threading.Thread(target=start, args=((launched.trainer, other)[turn % 2],)) for turn in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    begun = [process for process in outcomes if process]
    try:
        assert (len(begun), len(outcomes)) == (1, AT_ONCE)
        for trainer in (launched.trainer, other):  # also before the trainer has its own lock
            with pytest.raises(AlreadyRunning):
                trainer.start(words)
    finally:
        for process in begun:
            os.kill(process, signal.SIGKILL)
    assert eventually(lambda: not exists(begun[0])), "a zombie is left"


def test_a_trainer_started_in_a_terminal_counts_too(launched, tmp_path):
    launched.folder.mkdir()
    held = lock.FolderLock(launched.folder, {"run_id": "by hand"})
    with pytest.raises(AlreadyRunning):
        launched()
    assert not (launched.folder / contract.TRAINER_LOG).exists()
    held.release()


def test_it_runs_in_its_own_session_on_all_cores_and_its_output_is_saved(launched):
    processor_before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    process = launched(*SMALL, "--epochs", "1")
    assert os.getsid(process) == process
    if processor_before:
        assert os.sched_getaffinity(process) == processor_before
    assert eventually(lambda: launched.trainer.exit_code() is not None, 90)
    assert launched.trainer.exit_code() == 0 and not exists(process)
    words = log_tail(launched.folder)
    assert words[0].startswith("cnn4-valid with") and any(word.startswith("Test accuracy") for word in words)
    assert log_of(launched.folder)["command"].startswith("python mnist_cnn.py --dataset synthetic")


# Immediate failures of a trainer, and its output.
FAILURES = {
    "--channels x": (2, "not a list of whole numbers"),
    "--resume": (1, "contains no run"),
    "--no-such-option": (2, "no-such-option"),
}


@pytest.mark.parametrize("words", FAILURES)
def test_a_trainer_that_fails_immediately_is_reported_with_exit_code_and_output(launched, words):
    code, reason = FAILURES[words]
    launched(*words.split())
    assert eventually(lambda: launched.trainer.exit_code() is not None)
    assert launched.trainer.exit_code() == code
    assert any(reason in line for line in log_tail(launched.folder))
    launched("--help")  # another one can be started


def test_a_stopped_trainer_leaves_no_process_behind(launched):
    from digits.runlog.control_actions import send as wish

    for _ in range(STOPS):
        process = launched(*LONG)
        assert eventually(lambda: is_training(launched.folder))
        group = os.getpgid(process)
        wish(launched.folder, "stop")
        assert eventually(lambda gone=process: not exists(gone))
        with pytest.raises(ProcessLookupError):
            os.killpg(group, 0)
        assert eventually(lambda: launched.trainer.exit_code() == 0)
        assert log_of(launched.folder)["status"] == "stopped"
        assert launched.trainer.is_training() is False


def test_a_killed_trainer_has_crashed_with_its_output_and_another_can_start(launched):
    process = launched(*LONG)
    assert eventually(lambda: log_of(launched.folder).get("epochs", {}).get("epoch"))
    os.kill(process, signal.SIGKILL)
    assert eventually(lambda: not exists(process))
    log = log_of(launched.folder)
    assert liveness(log, launched.folder) == "crashed"
    assert eventually(lambda: launched.trainer.exit_code() == 137)
    assert any(word.startswith("Epoch 1/90000") for word in log_tail(launched.folder))
    again = launched(*LONG)
    assert eventually(lambda: log_of(launched.folder).get("run_id") != log["run_id"])
    assert running(again)


# Output of a trainer, and the part that is shown.
WORDS = {
    b"": [],
    b"one\ntwo\n": ["one", "two"],
    b"one\r\ntwo\rthree": ["one", "two", "three"],
    b"\n\n  \nx\n": ["x"],
    b"\x1b[33m\x1b[1mWarning: yellow\x1b[0m\n": ["Warning: yellow"],
    b"\x1b]0;title\x07bell\x00\x08\x7f\n": ["]0;titlebell"],
    b"a\tb\n": ["a b"],
    "größer, 数字\n".encode(): ["größer, 数字"],
    b"\xff\xfe broken\n": ["\ufffd\ufffd broken"],
    "left\u202eright\u2028next\n".encode(): ["leftright", "next"],
    b"<b>not bold</b>\n": ["<b>not bold</b>"],
    b"".join(b"line %d\n" % number for number in range(100)): [f"line {number}" for number in range(80, 100)],
}


@pytest.mark.parametrize("content", WORDS, ids=range(len(WORDS)))
def test_the_log_tail_is_a_few_plain_lines(tmp_path, content):
    (tmp_path / contract.TRAINER_LOG).write_bytes(content)
    assert log_tail(tmp_path) == WORDS[content]


def test_the_log_tail_stays_short_whatever_was_printed(tmp_path):
    (tmp_path / contract.TRAINER_LOG).write_bytes(b"x" * 10_000_000 + b"\n" + b"y" * 5000 + b"\nend")
    words = log_tail(tmp_path)
    assert words[-1] == "end" and len(words) <= 20 and max(map(len, words)) <= 400


@pytest.mark.parametrize("resume", [False, True])
def test_output_of_an_earlier_trainer_is_not_shown_for_a_run_started_in_a_terminal(tmp_path, resume):
    with RunLog(tmp_path, name="started") as log:
        log.batch(1, loss=0.5)
        (tmp_path / contract.TRAINER_LOG).write_text("earlier\n")
        now = time.time()
        os.utime(tmp_path / contract.TRAINER_LOG, (now + 5, now + 5))
        assert (log_tail(tmp_path), is_stale(tmp_path)) == (["earlier"], False)
    os.utime(tmp_path / contract.TRAINER_LOG, (now - 5, now - 5))
    with RunLog(tmp_path, name="by hand", resume=resume):
        assert (log_tail(tmp_path), is_stale(tmp_path)) == ([], True)
        me = os.getpid()  # had this process been started by the server, it would have printed nothing yet
        assert (log_tail(tmp_path, me), is_stale(tmp_path, me)) == (["earlier"], False)


def test_output_of_a_trainer_whose_run_was_deleted_is_not_shown(tmp_path):
    with RunLog(tmp_path, name="deleted") as log:
        log.batch(1, loss=0.5)
    (tmp_path / contract.TRAINER_LOG).write_text("earlier\n")
    os.utime(tmp_path / contract.TRAINER_LOG, (time.time() - 5,) * 2)
    runs.delete(tmp_path, log.run_id)
    assert (log_tail(tmp_path), is_stale(tmp_path)) == ([], True)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_in_place_of_trainer_log_is_neither_read_nor_truncated(launched, tmp_path):
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text("not ours")
    launched.folder.mkdir()
    (launched.folder / contract.TRAINER_LOG).symlink_to(elsewhere)
    assert log_tail(launched.folder) == []
    launched("--help")
    assert elsewhere.read_text() == "not ours"
    assert not (launched.folder / contract.TRAINER_LOG).is_symlink()


def refuse(*_, **__):
    raise OSError(22, "Invalid argument")


def test_a_process_that_cannot_be_started_is_not_reported_as_a_folder_error(live, monkeypatch):
    pytest.importorskip("click")
    monkeypatch.setattr(subprocess, "Popen", refuse)
    answer = ask(live, "/runs", method="POST", body=b'{"options": {}}', token=live.token)
    assert (answer.status, answer.json()["error"]) == (503, "The trainer could not be started: Invalid argument.")
    assert ask(live, "/control").json()["running"] is False


class Serving:
    """A server.py process on the folder `results`; yields its address and token."""

    def __init__(self, results: Path):
        command = [sys.executable, str(PROJECT / "server.py"), "--port", "0", "--no-browser", "--results-dir", results]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        url, _, token = next(w for w in self.process.stdout.readline().split() if "http://" in w).partition("#token=")
        self.token, self.server_address = token, ("127.0.0.1", int(url.rstrip("/").rpartition(":")[2]))

    def get(self, path: str) -> dict:
        return ask(self, path, token=self.token).json()

    def post(self, path: str, **wish):
        return ask(self, path, method="POST", body=json.dumps(wish).encode(), token=self.token)

    def __enter__(self) -> "Serving":
        return self

    def __exit__(self, *error) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_trainer_outlives_its_server_and_the_next_server_sees_and_stops_it(tmp_path):
    options = {"dataset": "synthetic", "train_limit": 640, "validation": 100, "channels": [4, 4, 8, 8], "epochs": 90000}
    with Serving(tmp_path) as first:
        answer = first.post("/runs", options=options | {"batch_size": 16})
        assert answer.status == 201
        process = answer.json()["pid"]
        assert eventually(lambda: is_training(tmp_path))
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with Serving(tmp_path) as second:
        assert second.get("/training_status")["liveness"] == "running"
        assert second.get("/control")["running"] is True
        steps = log_of(tmp_path)["progress"]["step"]
        assert eventually(lambda: log_of(tmp_path)["progress"]["step"] > steps + 5)
        assert second.post("/runs", options=options).status == 409
        assert second.post("/control", action="stop").status == 202
        assert eventually(lambda: not running(process))
        state = second.get("/control")
        assert (state["running"], state["resumable"], state["exit_code"]) == (False, True, None)
        assert any(word.startswith("Stopped after") for word in state["last_words"])
    assert second.token not in json.dumps(state) and second.token != first.token
