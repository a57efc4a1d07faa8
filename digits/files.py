"""Files of a results folder: atomic writes, guarded reads.

A write never leaves a partial file, whether it is read meanwhile, the process is killed, or the disk is full. Opening a
name can't block the program or fill the memory, even if it is a pipe, a device, a link to elsewhere or a huge file.
"""

import contextlib
import errno
import json
import math
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")

# Windows refuses to replace a file that is being read: access denied, sharing and lock violations.
_BUSY_ON_WINDOWS = (5, 32, 33)
_REPLACE_TRIES = 12  # waits of 10, 20, 30 ... ms: 0.7 s in all, longer than a virus scanner holds a small file
# No link is followed, and opening a pipe or a device does not block.
_CAREFULLY = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_NOINHERIT", "O_CLOEXEC"))
_NO_FILE = (errno.ELOOP, errno.EISDIR, errno.ENXIO)  # errors from opening a link, a folder or a socket with these flags

JSON_BYTES = 64 << 20  # of predictions.json: 50 epochs of 60,000 images
SMALL_BYTES = 256_000  # of files that hold a few lines of JSON


def finite(value):
    """`value` made valid for strict JSON: NaN and infinities become None, also within lists and dicts."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


def is_number(value) -> bool:
    """Whether `value` is a number in JSON: finite and not a boolean."""
    return type(value) in (int, float) and math.isfinite(value)


def every_second(items: list[_T]) -> list[_T]:
    """Every second item, always including the last."""
    return items[::-1][::2][::-1]


def rounded(value: float | None, digits: int = 6) -> float | None:
    """`value` rounded to `digits` significant digits; None for a missing or non-finite one."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


class UnexpectedFile(OSError):
    """A path that is not read: not a regular file of its folder, or too large for its kind."""

    def __init__(self, path: str | Path, reason: str = "Not a regular file of this folder"):
        super().__init__(errno.EINVAL, reason, os.fspath(path))


@contextlib.contextmanager
def naming(path: Path):
    """Within this block, which works on a temporary file, an OSError names `path`, the final file."""
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        del error.filename2
        raise


# -- writing ----------------------------------------------------------------------------------------------------------


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`: readers see the old file or the new one; after an OSError the old one remains."""
    with naming(path):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if os.name == "posix":
                os.chmod(temporary, 0o644)  # mkstemp's 0600 would hide the file from a server that runs as another user
            replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):  # the first error is the one to report
                os.unlink(temporary)
            raise


def append_whole(handle: int, size: int, content: bytes) -> int:
    """Append `content` to a file of `size` bytes; returns its new size. After an OSError the file is as before."""
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[os.write(handle, rest) :]
    except OSError:
        os.ftruncate(handle, size)
        os.lseek(handle, size, os.SEEK_SET)
        raise
    return size + len(content)


def link_or_copy(path: Path, other: Path) -> None:
    """Atomically replace `other` by a hard link to `path`, or by a copy if the file system has no hard links."""
    temporary = other.with_name(f".{other.name}.link.tmp")
    with naming(other):
        temporary.unlink(missing_ok=True)
        try:
            os.link(path, temporary)
        except OSError:
            with open_within(path.parent, path.name) as source, open(temporary, "xb") as copy:
                shutil.copyfileobj(source, copy)
                copy.flush()
                os.fsync(copy.fileno())
        replace(temporary, other)
        temporary.unlink(missing_ok=True)  # rename() does nothing if both names are the same file already


def write_json(path: Path, value) -> None:
    """Write `value` as strict JSON, atomically. Raises ValueError for NaN: use `finite` or `rounded` first."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    # A lone surrogate, which a file name may contain, becomes a JSON escape.
    write_atomically(path, text.encode("utf-8", "backslashreplace"))


def replace(source: str | Path, target: Path) -> None:
    """Rename `source` to `target`, replacing it, so that the result survives a power failure."""
    rename(source, target)
    sync_folder(target.parent)


def rename(source: str | Path, target: Path) -> None:
    """os.replace, retried for a moment if Windows reports that the file is being read."""
    for attempt in range(1, _REPLACE_TRIES + 1):
        try:
            os.replace(source, target)
            return
        except OSError as error:
            if getattr(error, "winerror", None) not in _BUSY_ON_WINDOWS or attempt == _REPLACE_TRIES:
                raise
            time.sleep(0.01 * attempt)


def sync_folder(folder: Path) -> None:
    """Flush the entries of `folder` to disk, on systems that can do that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):  # the files are complete without it; some file systems refuse it
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def temporaries(folder: Path, names: Iterable[str]) -> list[Path]:
    """Temporary files in `folder` of writers of `names`. Raises OSError if the folder can't be read."""
    ours = re.compile(rf"\.(?:{'|'.join(map(re.escape, names))})\..+\.tmp")
    return [folder / name for name in os.listdir(folder) if ours.fullmatch(name)]


def remove_temporaries(folder: Path, names: Iterable[str]) -> None:
    """Remove temporary files that killed writers of `names` left in `folder`. No writer of these may be active."""
    with contextlib.suppress(OSError):  # they only take up space
        for path in temporaries(folder, names):
            path.unlink()


# -- reading ----------------------------------------------------------------------------------------------------------


def open_handle(path: str | Path, flags: int = os.O_RDONLY) -> int:
    """A descriptor of the regular file `path`. Raises UnexpectedFile for anything else, also a link; never blocks."""
    try:
        handle = os.open(path, flags | _CAREFULLY, 0o644)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise UnexpectedFile(path) from None
        raise
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise UnexpectedFile(path, *([os.strerror(errno.EISDIR)] if stat.S_ISDIR(mode) else []))
    return handle


def open_within(folder: str | Path, name: str, buffering: int = -1):
    """Open the regular file `name` (relative) for reading. Links are followed within `folder`, but not out of it.

    Raises OSError: FileNotFoundError if it does not exist, UnexpectedFile for anything but a regular file.
    """
    if hasattr(os, "O_NOFOLLOW") and os.path.basename(name) == name:  # the usual case, four times as fast
        with contextlib.suppress(UnexpectedFile):  # a link, or what the rest refuses
            return open(os.path.join(folder, name), "rb", buffering, opener=lambda path, _flags: open_handle(path))
    root, path = os.path.realpath(folder), os.path.realpath(os.path.join(folder, name))
    if not path.startswith(os.path.join(root, "")):
        raise UnexpectedFile(os.path.join(folder, name))
    return open(path, "rb", buffering, opener=lambda path, _flags: open_handle(path))


def named_by_user(path: Path) -> Path:
    """`path`, or its target if it is a link: a link that the user names may lead out of its folder."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def read_file(path: Path, most: int) -> bytes:
    """The content of a file. Raises OSError like `open_within`, and UnexpectedFile for more than `most` bytes."""
    with open_within(path.parent, path.name) as file:
        content = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else None
    if content is None or len(content) > most:
        raise UnexpectedFile(path, f"Larger than {most:,} bytes")
    return content


def load_json(path: Path, most: int = JSON_BYTES):
    """The content of a JSON file; None if it is missing or invalid. Raises OSError if it can't be read now."""
    try:
        return json.loads(read_file(path, most))
    except (FileNotFoundError, NotADirectoryError, UnexpectedFile, ValueError, RecursionError):
        return None


def read_json(path: Path, most: int = JSON_BYTES):
    """The content of a JSON file; None if it is missing, unreadable or invalid."""
    try:
        return load_json(path, most)
    except OSError:
        return None


def read_bytes(path: Path, most: int = JSON_BYTES) -> bytes:
    """The content of a file; empty if it is missing or unreadable."""
    try:
        return read_file(path, most)
    except OSError:
        return b""
