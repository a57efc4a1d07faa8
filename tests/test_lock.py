import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from digits.runlog import lock
from tests.support import PROJECT

HOLD = "import sys, time; from digits.runlog.lock import FolderLock; from pathlib import Path\n"
HOLD += "FolderLock(Path(sys.argv[1]), {'name': 'first'}); print('held', flush=True); time.sleep(60)"


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], cwd=PROJECT, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_is_refused_soon_and_told_of_the_first(tmp_path, holder):
    started = time.monotonic()
    with pytest.raises(lock.FolderLocked, match="first"):
        lock.FolderLock(tmp_path, {"name": "second"})
    assert time.monotonic() - started < 10
    assert lock.is_held(tmp_path)
    assert lock.holder_of(tmp_path) == {"name": "first"}


def test_after_kill_9_of_the_holder_nothing_needs_to_be_cleaned_up(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert not lock.is_held(tmp_path)
    lock.FolderLock(tmp_path, {"name": "second"}).release()
    assert lock.holder_of(tmp_path) == {"name": "second"}


def test_a_released_folder_is_free(tmp_path):
    assert not lock.is_held(tmp_path)
    held = lock.FolderLock(tmp_path, {})
    assert lock.is_held(tmp_path)
    held.release()
    assert not lock.is_held(tmp_path)


def test_asking_does_not_disturb_who_takes_the_lock(tmp_path, monkeypatch):
    """A server that asks at that very moment has the lock for an instant: whoever takes it tries again."""
    answers = iter([False, False, True])
    monkeypatch.setattr(lock, "_lock", lambda handle, exclusive: next(answers))
    lock.FolderLock(tmp_path, {}).release()


def test_without_locks_on_the_file_system_nobody_can_tell(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def unsupported(handle, flags):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    held = lock.FolderLock(tmp_path, {"run_id": "r1"})
    assert lock.is_held(tmp_path) is None
    held.release()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff"])
def test_a_lock_file_that_says_nothing_names_nobody(tmp_path, content):
    (tmp_path / lock.LOCK_FILE).write_bytes(content)
    assert lock.holder_of(tmp_path) == {}


@pytest.mark.parametrize(
    ("holder", "who"),
    [
        ({}, ""),
        ({"name": "a run"}, ": 'a run'"),
        ({"name": "a run", "process": {"pid": 12, "host": "here"}}, ": 'a run', process 12 on here"),
        ({"process": {"pid": 12}, "started_at": "T"}, ": process 12 on an unknown host, since T"),
        ({"name": None, "process": "x", "started_at": None}, ""),
        ({"process": [12]}, ""),
    ],
)
def test_of_the_holder_is_told_what_it_says_of_itself(tmp_path, holder, who):
    assert str(lock.FolderLocked(tmp_path, holder)).startswith(f"Another trainer writes to {tmp_path}{who}. Wait")


def test_who_cannot_look_into_the_lock_cannot_tell_whether_it_is_held(tmp_path, monkeypatch):
    lock.FolderLock(tmp_path, {}).release()

    def refuse(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", refuse)
    assert lock.is_held(tmp_path) is None
