"""Lock of a results folder, for one writer: a kernel lock, which is released however its holder ends.

The lock is on the file `.lock`, which names the holder in JSON. A PID file would remain after `kill -9`, and would name
an unrelated process once the number is reused.
"""

import contextlib
import errno
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from digits.errors import UserError
from digits.files import SMALL_BYTES, UnexpectedFile, naming, open_handle, read_json

LOCK_FILE = ".lock"
_TIMEOUT_S = 0.3  # a trainer retries this long: a server in `is_held` has the lock for some microseconds
WAIT_S = 2.0  # longer than listing 20 runs takes on a slow disk
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}  # some network file systems: proceed without a lock
_WINDOWS_BYTE = 1 << 20  # Windows locks are mandatory: a byte past the text leaves the text readable


class FolderLocked(UserError):
    """Another process writes to this folder; `holder` is its entry in `.lock`, {} if that can't be read."""

    def __init__(self, folder: Path, holder: dict):
        who = _describe(holder)
        super().__init__(
            f"Another trainer is writing to {folder}{f': {who}' if who else ''}. "
            "Wait for it, stop it, or choose another results folder."
        )
        self.holder = holder


class FolderLock:
    """The lock of a folder, held from creation until `release` or the end of the process.

    Raises FolderLocked while another process holds it, OSError for a folder that can't be written.
    """

    def __init__(self, folder: Path, holder: dict):
        self._handle = open_handle(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT)
        try:
            if not _lock_within(self._handle, _TIMEOUT_S):
                raise FolderLocked(folder, holder_of(folder))
            with naming(folder / LOCK_FILE):
                os.ftruncate(self._handle, 0)
                os.lseek(self._handle, 0, os.SEEK_SET)
                os.write(self._handle, json.dumps(holder).encode())
        except BaseException:
            os.close(self._handle)
            raise

    def release(self) -> None:
        os.close(self._handle)


def holder_of(folder: Path) -> dict:
    """What the current or last holder wrote about itself; {} if nothing can be read."""
    holder = read_json(folder / LOCK_FILE, SMALL_BYTES)
    return holder if isinstance(holder, dict) else {}


def _describe(holder: dict) -> str:
    """The holder's name, process and start, as far as known: "'a run', process 12 on host, since ..."."""
    process = holder.get("process")
    known = [repr(holder["name"])] if holder.get("name") else []
    if isinstance(process, dict) and process.get("pid"):
        known.append(f"process {process['pid']} on {process.get('host') or 'an unknown host'}")
    if holder.get("started_at"):
        known.append(f"since {holder['started_at']}")
    return ", ".join(known)


def is_held(folder: Path) -> bool | None:
    """Whether a live process holds the folder now; None if the file system has no locks, or on other errors."""
    try:
        handle = open_handle(folder / LOCK_FILE)
    except (FileNotFoundError, NotADirectoryError, UnexpectedFile):
        return False
    except OSError:  # too many open files, no permission: it may well be held
        return None
    try:
        free = lock_handle(handle, exclusive=False)
        return None if free is None else not free
    finally:
        os.close(handle)


def try_lock(path: Path) -> int | None:
    """A descriptor of the locked file `path`, created if missing; None if another process has the lock.

    Child processes may inherit it: the kernel releases the lock once all of them have closed it.
    """
    handle = open_handle(path, os.O_RDWR | os.O_CREAT)
    if lock_handle(handle, exclusive=True) is False:
        os.close(handle)
        return None
    return handle


@contextlib.contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Hold the lock on the file `path`, created if missing, for some milliseconds of work.

    Others wait. After WAIT_S, or if the file can't be opened (another user's, too many open files), they proceed
    without it: a rare lost update is better than no update.
    """
    try:
        handle = open_handle(path, os.O_RDWR | os.O_CREAT)
    except OSError:
        yield
        return
    try:
        _lock_within(handle, WAIT_S)
        yield
    finally:
        os.close(handle)


def _lock_within(handle: int, seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while lock_handle(handle, exclusive=True) is False:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


def lock_handle(handle: int, exclusive: bool) -> bool | None:
    """Try to lock a file once, without waiting; None if the file system has no locks.

    On POSIX, locks that are not exclusive admit each other.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, _WINDOWS_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in _UNSUPPORTED else False
    return True
