import errno
import os
import signal
import subprocess
import sys

import pytest

from digits.runlog import lock
from tests.support import PROJECT

pytestmark = pytest.mark.process

HOLD = "import sys, time; from digits.runlog.lock import FolderLock; from pathlib import Path\n"
HOLD += "FolderLock(Path(sys.argv[1]), {'name': 'first'}); print('held', flush=True); time.sleep(60)"


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], cwd=PROJECT, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_trainer_is_rejected_and_the_first_is_named(tmp_path, holder):
    with pytest.raises(lock.FolderLocked, match="first"):
        lock.FolderLock(tmp_path, {"name": "second"})
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


def test_probing_does_not_disturb_the_holder_of_the_lock(tmp_path, monkeypatch):
    """A server that probes the lock holds it for an instant: taking it is retried."""
    answers = iter([False, False, True])
    monkeypatch.setattr(lock, "lock_handle", lambda handle, exclusive: next(answers))
    lock.FolderLock(tmp_path, {}).release()


def test_without_file_locks_the_state_is_unknown(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def unsupported(handle, flags):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    held = lock.FolderLock(tmp_path, {"run_id": "r1"})
    assert lock.is_held(tmp_path) is None
    held.release()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff"])
def test_an_empty_lock_file_names_no_owner(tmp_path, content):
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
def test_the_owner_is_named_as_in_the_lock_file(tmp_path, holder, who):
    assert str(lock.FolderLocked(tmp_path, holder)).startswith(f"Another trainer is writing to {tmp_path}{who}. Wait")


def test_an_unreadable_lock_has_an_unknown_state(tmp_path, monkeypatch):
    lock.FolderLock(tmp_path, {}).release()

    def refuse(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", refuse)
    assert lock.is_held(tmp_path) is None
