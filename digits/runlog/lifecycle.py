"""Lifecycle of a run log: lock, archiving of the previous run, open files, writer thread, end."""

import functools
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, cast

from digits.files import finite, write_atomically, write_json
from digits.runlog import archive, contract, runs, training_log
from digits.runlog.batches import BatchCsv
from digits.runlog.lock import FolderLock
from digits.runlog.training_log import TrainingLog
from digits.runlog.writer import LogWriter

_BEFORE, _INSIDE, _AFTER = "is not entered yet", "is open", "has ended"

_Method = TypeVar("_Method", bound=Callable[..., Any])


def only_inside(method: _Method) -> _Method:
    """Decorator: `method` raises RuntimeError outside the `with` block of its log."""

    @functools.wraps(method)
    def checked(self: "Lifecycle", *args: Any, **kwargs: Any) -> Any:
        if self._stage != _INSIDE:
            raise RuntimeError(f"{method.__name__}() needs its `with` block: this run log {self._stage}.")
        return method(self, *args, **kwargs)

    return cast(_Method, checked)


class Lifecycle:
    """A run log's files, from the lock of the folder to the last state of the run."""

    _csv: BatchCsv  # from __enter__ on

    def __init__(
        self,
        folder: str | Path,
        *,
        name: str,
        config: dict | None = None,
        command: str | None = None,
        keep: int = 20,
        resume: bool = False,
        mirror: Callable[[dict], None] | None = None,
    ):
        self.folder = Path(folder)
        self._keep, self._resume, self._mirror = keep, resume, mirror
        self._log = TrainingLog(name, config or {}, shlex.join(["python", *sys.argv]) if command is None else command)
        self._withheld = False
        self._guard = threading.RLock()  # of the log and of batches.csv
        self._stage = _BEFORE
        self._ending = "completed"
        self._latest: dict | None = None  # the log of the last write, even if that failed
        self._writer = LogWriter(self._write)
        self._opened = ExitStack()

    @property
    def run_id(self) -> str:
        return self._log.content["run_id"]

    def __enter__(self):
        if self._stage != _BEFORE:
            raise RuntimeError("This run log has been entered before: create another one.")
        with ExitStack() as opened:
            self.folder.mkdir(parents=True, exist_ok=True)
            holder = {key: self._log.content[key] for key in ("run_id", "name", "started_at", "process")}
            opened.callback(FolderLock(self.folder, holder).release)
            archive.check_free_space(self.folder)
            archive.clean_up(self.folder)
            if self._resume:
                self._log.resume(finite(training_log.load(self.folder) or {}))
            else:
                archive.archive_run(self.folder, self._keep)
            (self.folder / contract.CONTROL).unlink(missing_ok=True)  # commands to an earlier run
            self._csv = BatchCsv(self.folder / contract.BATCHES, contract.BATCH_FIELDS, self._resume)
            opened.callback(self._csv.close)
            self._log.announce(contract.BATCHES)
            self._write()
            self._update_index()
            self._writer.start()
            opened.callback(self._writer.close)
            self._opened = opened.pop_all()
        self._stage = _INSIDE
        return self

    @only_inside
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.end(self._ending)
            elif isinstance(error, KeyboardInterrupt):
                self.end("interrupted")
            else:
                self.end("failed", _one_line(error))
        except OSError:
            if error is None:  # otherwise the first error is the one to report
                raise
        finally:
            self._stage = _AFTER
            self._opened.close()

    @only_inside
    def stop(self) -> None:
        """End the run as stopped instead of completed when its `with` block ends without an error."""
        self._ending = "stopped"

    @only_inside
    def end(self, status: str, error: str | None = None) -> None:
        """Write the final state. The end of the `with` block calls it, too; a second call has no effect."""
        with self._guard:
            if not self._log.is_running:
                return
            self._withheld = False
            self._log.end(status, error)
        self._writer.clear_error()
        try:
            # The log first: readers trust it, and a full disk may have room for it only. Another process that is
            # updating the list from the previous log releases the list's lock before this update.
            self._writer.flush()
        finally:
            self._update_index()

    @only_inside
    @contextmanager
    def withheld(self) -> Iterator[None]:
        """Publish what is logged in this block only after it, all at once."""
        self._withheld = True
        try:
            yield
        finally:
            self._withheld = False
            self._writer.mark_dirty()

    @only_inside
    def save_json(self, file: str, value: dict) -> None:
        """Write one of the contract's JSON files, beginning with schema and run_id, and announce it."""
        write_json(self.folder / file, {"schema": contract.SCHEMA, "run_id": self.run_id} | finite(value))
        self.announce(file)

    @only_inside
    def save(self, file: str, content: bytes) -> None:
        """Write one of the contract's other files, and announce it."""
        write_atomically(self.folder / file, content)
        self.announce(file)

    @only_inside
    def save_shared(self, file: str, content: bytes) -> None:
        """Like `save`, for a file that rarely changes between runs: an unchanged one becomes a hard link."""
        if not archive.hardlink_if_unchanged(self.folder, file, content):
            write_atomically(self.folder / file, content)
        self.announce(file)

    @only_inside
    def announce(self, file: str) -> None:
        """List `file` in the log, so that readers ask for no file that doesn't exist."""
        with self._guard:
            self._log.announce(file)
        self._writer.mark_dirty()

    def _write(self) -> None:
        with self._guard:
            build, withheld = self._log.snapshot(), self._withheld
            rows = self._csv.drain()
        try:
            if not withheld:
                self._latest = build()
                write_json(self.folder / contract.TRAINING_LOG, self._latest)
                if self._mirror and self._log.is_restored:
                    self._mirror(self._latest)
        finally:
            self._csv.write(rows)

    def _update_index(self) -> None:
        """Update the run's entry in runs.json from its latest log, even if that could not be written."""
        with runs.index_lock(self.folder):
            runs.write_index(self.folder, self._latest)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[: contract.MAX_TEXT_LENGTH]
