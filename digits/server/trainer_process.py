"""The trainer's process: mnist_cnn.py, started so that it outlives the server, one per results folder.

Trainers exclude each other by the folder's lock. Until a new trainer holds it, a lock inherited from the server does.
"""

import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from digits.files import open_within
from digits.paths import PROJECT, TRAINER
from digits.runlog import contract, lock, training_log
from digits.runlog.status import is_alive, liveness

if TYPE_CHECKING:
    import subprocess

START_LOCK = ".start.lock"
_TIMEOUT_S, _POLL_S = 0.5, 0.05  # a trainer that has logged its end needs some milliseconds to exit
_LINES, _LINE_LENGTH = 20, 400  # of the log's tail
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class AlreadyRunning(Exception):
    """A trainer runs or starts in this folder."""


class NotStarted(Exception):
    """The system could not start the process; the message is the reason."""


class TrainerProcess:
    """Starts trainers that write to `results`, one at a time, and keeps the last process."""

    def __init__(self, results: Path):
        self.results = results
        self._starting = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, arguments: list[str]) -> int:
        """Start mnist_cnn.py with `arguments`; returns its process id.

        Raises AlreadyRunning, NotStarted, and OSError if the folder can't be written.
        """
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            with self._starting:
                if not self.is_training() and (child := self._start(arguments)):
                    return child.pid
            if time.monotonic() > deadline:
                raise AlreadyRunning
            time.sleep(_POLL_S)

    def is_training(self) -> bool:
        """Whether a trainer holds the folder, or one that this object started is about to."""
        if self._child is not None and self._child.poll() is None:
            return True
        held = lock.is_held(self.results)
        if held is None:  # this file system has no locks
            return is_alive(liveness(training_log.read(self.results) or {}, self.results))
        return held

    @property
    def pid(self) -> int | None:
        """Process id of the last trainer that this object started."""
        return self._child.pid if self._child else None

    def exit_code(self) -> int | None:
        """Exit code of that trainer, as in shells: 137 after kill -9. None while it runs."""
        code = self._child.poll() if self._child is not None else None
        return 128 - code if code is not None and code < 0 else code

    def _start(self, arguments: list[str]) -> "subprocess.Popen[bytes] | None":
        """None if another server has started one. The kernel keeps the lock as long as the trainer runs."""
        self.results.mkdir(parents=True, exist_ok=True)
        held = lock.try_lock(self.results / START_LOCK)
        if held is None:
            return None
        try:
            with _new_file(self.results / contract.TRAINER_LOG) as output:
                child = self._child = _start_process(arguments, output, held)
        finally:
            os.close(held)
        threading.Thread(target=child.wait, daemon=True).start()  # or it would remain as a zombie
        return child


def _start_process(arguments: list[str], output: IO[bytes], held: int) -> "subprocess.Popen[bytes]":
    import subprocess  # takes 4 ms of the startup

    try:
        return subprocess.Popen(
            [sys.executable, str(TRAINER), *arguments],
            cwd=PROJECT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},  # or buffered output of a killed process would be lost
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **_detach_kwargs(held),
        )
    except OSError as error:
        raise NotStarted(error.strerror or type(error).__name__) from None


def _detach_kwargs(held: int) -> dict[str, Any]:
    """Arguments that detach the child: Ctrl-C in the server's terminal does not reach it."""
    if sys.platform != "win32":
        return {"start_new_session": True, "pass_fds": (held,)}
    import subprocess

    return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}


def log_tail(folder: Path, pid: int | None = None) -> list[str]:
    """The last lines of output of a started trainer, process `pid` if known; none if `is_stale`."""
    try:
        file = open_within(folder, contract.TRAINER_LOG)
    except OSError:
        return []
    with file:
        status = os.fstat(file.fileno())
        if _is_stale(folder, status, pid):
            return []
        file.seek(max(0, status.st_size - _LINES * _LINE_LENGTH))
        text = file.read(_LINES * _LINE_LENGTH).decode(errors="replace")
    lines = (_plain_text(line) for line in text.splitlines())
    return [line for line in lines if line][-_LINES:]


def is_stale(folder: Path, pid: int | None = None) -> bool:
    """Whether a run was started, resumed or deleted by another program since the last output of a started trainer."""
    try:
        return _is_stale(folder, os.stat(folder / contract.TRAINER_LOG), pid)
    except OSError:
        return False


def _is_stale(folder: Path, status: os.stat_result, pid: int | None) -> bool:
    holder = lock.holder_of(folder)
    process = holder.get("process")
    if pid is not None and isinstance(process, dict) and process.get("pid") == pid:  # it has no output yet
        return False
    return status.st_mtime < (contract.seconds_of(holder.get("started_at")) or 0)


def _plain_text(line: str) -> str:
    """Without colors and control characters."""
    plain = _ESCAPES.sub("", line.replace("\t", " "))
    return "".join(filter(str.isprintable, plain)).strip()[:_LINE_LENGTH]


def _new_file(path: Path) -> IO[bytes]:
    """Create a new file instead of opening an existing one: a link there would truncate its target."""
    path.unlink(missing_ok=True)
    return open(path, "xb")
