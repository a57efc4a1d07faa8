"""The lock of a results folder: one writer, held in the kernel, which releases it however the holder ends.

The lock is on the file `.lock`, which says in JSON who holds it. A PID file would need a clean-up after `kill -9`, and
would name a stranger once the number is used again.
"""

import contextlib
import errno
import json
import os
import time
from pathlib import Path

from digits.errors import UserError
from digits.files import SMALL_BYTES, UnexpectedFile, naming, open_handle, read_json

LOCK_FILE = ".lock"
_PATIENCE_S = 0.3  # a server that asks `is_held` has the lock for some microseconds: a trainer tries again that long
_BRIEFLY_S = 2.0  # longer than 20 runs take to be listed on a slow disk
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}  # some network folders: go on without
_WINDOWS_BYTE = 1 << 20  # Windows locks are mandatory: a byte past the text leaves the text readable


class FolderLocked(UserError):
    """Somebody else writes to this folder; `holder` is what it says of itself, {} where that cannot be read."""

    def __init__(self, folder: Path, holder: dict):
        who = described(holder)
        super().__init__(
            f"Another trainer writes to {folder}{f': {who}' if who else ''}. "
            "Wait for it, stop it, or choose another --results-dir."
        )
        self.holder = holder


class FolderLock:
    """Held from creation until `release` or the end of the process.

    Raises Busy while somebody else holds it, OSError for a folder that can't be written.
    """

    def __init__(self, folder: Path, holder: dict):
        self._handle = open_handle(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT)
        try:
            if not _locked_within(self._handle, _PATIENCE_S):
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
    """What the present or the last holder wrote of itself; {} where there is nothing to read."""
    holder = read_json(folder / LOCK_FILE, SMALL_BYTES)
    return holder if isinstance(holder, dict) else {}


def described(holder: dict) -> str:
    """The holder's name, process and start, as far as it tells them: "'a run', process 12 on host, since ..."."""
    process = holder.get("process") if isinstance(holder.get("process"), dict) else {}
    known = [
        repr(holder["name"]) if holder.get("name") else "",
        f"process {process['pid']} on {process.get('host') or 'an unknown host'}" if process.get("pid") else "",
        f"since {holder['started_at']}" if holder.get("started_at") else "",
    ]
    return ", ".join(filter(None, known))


def is_held(folder: Path) -> bool | None:
    """Whether a living process holds the folder now; None where locks are unknown and nobody can tell."""
    try:
        handle = open_handle(folder / LOCK_FILE)
    except (FileNotFoundError, NotADirectoryError, UnexpectedFile):
        return False
    except OSError:  # too many open files, no permission: it may well be held
        return None
    try:
        free = _lock(handle, exclusive=False)
        return None if free is None else not free
    finally:
        os.close(handle)


def try_lock(path: Path) -> int | None:
    """The file `path`, made where there is none, open and locked; None while somebody else has it.

    A child process may inherit the open file. The kernel drops the lock once all who have it have closed it or ended.
    """
    handle = open_handle(path, os.O_RDWR | os.O_CREAT)
    if _lock(handle, exclusive=True) is False:
        os.close(handle)
        return None
    return handle


@contextlib.contextmanager
def lock_file(path: Path):
    """Hold the lock on the file `path`, made where there is none, for some moments of work.

    Whoever meets it waits. After _BRIEFLY_S it goes on without, and so it does where the file can't be opened (another
    user's, too many open files): what is guarded is then rather muddled once than never done.
    """
    try:
        handle = open_handle(path, os.O_RDWR | os.O_CREAT)
    except OSError:
        handle = None
    try:
        if handle is not None:
            _locked_within(handle, _BRIEFLY_S)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _locked_within(handle: int, seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while _lock(handle, exclusive=True) is False:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


def _lock(handle: int, exclusive: bool) -> bool | None:
    """Try once, without waiting; None where the file system has no locks.

    Two that only ask (not exclusive) don't stand in each other's way on POSIX.
    """
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(handle, _WINDOWS_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in _UNSUPPORTED else False
    return True
