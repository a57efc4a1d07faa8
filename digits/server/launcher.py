"""Launcher: starts mnist_cnn.py for the page, as a process that outlives the server.

One trainer a folder, whoever starts it: trainers keep that among themselves by the folder's lock. This module holds the
moments before a new trainer has that lock, for which the child inherits another one that this module takes.
"""

import os
import re
import sys
import threading
import time
from pathlib import Path

from digits import processor
from digits.files import open_within
from digits.project import PROJECT, TRAINER
from digits.runlog import lock, schema, training_log
from digits.runlog.status import is_alive, liveness

START_LOCK = ".start.lock"
_PATIENCE_S, _LOOK_S = 0.5, 0.05  # a trainer that has told its end still needs some milliseconds to be gone
_LINES, _LETTERS = 20, 400  # of the last words
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class AlreadyRunning(Exception):
    """Somebody trains there already, or is about to."""


class NotStarted(Exception):
    """The system has no process for the trainer; says why in some words."""


class Launcher:
    """Starts trainers that write to `results`, one at a time, and remembers the last."""

    def __init__(self, results: Path):
        self.results = results
        self._turn = threading.Lock()
        self._child = None

    def start(self, arguments: list[str]) -> int:
        """Run mnist_cnn.py with `arguments`; its process id. Raises Training, NotStarted, and OSError where the folder
        can't be written."""
        give_up = time.monotonic() + _PATIENCE_S
        while True:
            with self._turn:
                if not self.is_training() and self._begin(arguments):
                    return self._child.pid
            if time.monotonic() > give_up:
                raise AlreadyRunning
            time.sleep(_LOOK_S)

    def is_training(self) -> bool:
        """Whether a trainer has the folder, or one that was started here is on its way there."""
        if self._child is not None and self._child.poll() is None:
            return True
        held = lock.is_held(self.results)
        if held is None:  # there are no locks on this disk
            return is_alive(liveness(training_log.read(self.results) or {}, self.results))
        return held

    @property
    def pid(self) -> int | None:
        """Of the last trainer that was started here."""
        return self._child and self._child.pid

    def exit_code(self) -> int | None:
        """Of that trainer, as shells count: 137 after kill -9. None while it lives."""
        code = self._child.poll() if self._child is not None else None
        return 128 - code if code is not None and code < 0 else code

    def _begin(self, arguments: list[str]) -> bool:
        """False where another server has begun one. The kernel keeps the lock as long as the trainer lives."""
        self.results.mkdir(parents=True, exist_ok=True)
        held = lock.try_lock(self.results / START_LOCK)
        if held is None:
            return False
        try:
            with _new_file(self.results / schema.TRAINER_LOG) as output:
                processor.use_all_cores()  # the child has those of the thread that starts it
                self._child = _process(arguments, output, held)
        finally:
            os.close(held)
        threading.Thread(target=self._child.wait, daemon=True).start()  # or it would stay as a zombie
        return True


def _process(arguments: list[str], output, held: int):
    import subprocess  # 4 ms that a server without this need not wait for

    try:
        return subprocess.Popen(
            [sys.executable, str(TRAINER), *arguments],
            cwd=PROJECT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},  # what a killed process had not written would be lost
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **_detach_kwargs(held),
        )
    except OSError as error:
        raise NotStarted(error.strerror or type(error).__name__) from None


def _detach_kwargs(held: int) -> dict:
    """How the child is made one of its own, which Ctrl-C in the server's terminal does not reach."""
    if os.name == "posix":
        return {"start_new_session": True, "pass_fds": (held,)}
    import subprocess

    return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}


def log_tail(folder: Path, pid: int | None = None) -> list[str]:
    """The last lines that a started trainer, process `pid` if that is known, printed; none if `is_overtaken`."""
    try:
        file = open_within(folder, schema.TRAINER_LOG)
    except OSError:
        return []
    with file:
        status = os.fstat(file.fileno())
        if _is_stale(folder, status, pid):
            return []
        file.seek(max(0, status.st_size - _LINES * _LETTERS))
        text = file.read(_LINES * _LETTERS).decode(errors="replace")
    lines = (_plain_text(line) for line in text.splitlines())
    return [line for line in lines if line][-_LINES:]


def is_stale(folder: Path, pid: int | None = None) -> bool:
    """Whether somebody else has begun, continued or deleted a run there after all that a started trainer printed."""
    try:
        return _is_stale(folder, os.stat(folder / schema.TRAINER_LOG), pid)
    except OSError:
        return False


def _is_stale(folder: Path, status: os.stat_result, pid: int | None) -> bool:
    holder = lock.holder_of(folder)
    process = holder.get("process")
    if pid is not None and isinstance(process, dict) and process.get("pid") == pid:  # it has not printed anything yet
        return False
    return status.st_mtime < (schema.seconds_of(holder.get("started_at")) or 0)


def _plain_text(line: str) -> str:
    """Without colours and control characters."""
    plain = _ESCAPES.sub("", line.replace("\t", " "))
    return "".join(filter(str.isprintable, plain)).strip()[:_LETTERS]


def _new_file(path: Path):
    """Never the old one: a link in its place would have another file emptied."""
    path.unlink(missing_ok=True)
    return open(path, "xb")
