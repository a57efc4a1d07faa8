"""Files of a results folder: atomic writes, guarded reads.

Written so that a reader, a crash or a full disk never meets half of one. Opened so that nothing under a name (a
pipe, a device, a link that leads elsewhere, a huge file) can block the program or fill the memory.
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
_NO_FILE = (errno.ELOOP, errno.EISDIR, errno.ENXIO)  # what opening a link, a folder or a socket like that fails with

JSON_BYTES = 64 << 20  # of predictions.json: 50 epochs of 60,000 images
SMALL_BYTES = 256_000  # of files that hold a few lines of JSON


def finite(value):
    """`value` as it may stand in strict JSON: NaN and infinities become None, also inside lists and dicts."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


def is_number(value) -> bool:
    """Of JSON: finite, and neither true nor false."""
    return type(value) in (int, float) and math.isfinite(value)


def every_second(items: list[_T]) -> list[_T]:
    """Every second item, always with the last."""
    return items[::-1][::2][::-1]


def rounded(value: float | None, digits: int = 6) -> float | None:
    """`value` rounded to `digits` significant digits; None for a missing or non-finite one."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


class UnexpectedFile(OSError):
    """What lies under the name is not read: it is no regular file of its folder, or larger than any of its kind."""

    def __init__(self, path: str | Path, reason: str = "Not a regular file of this folder"):
        super().__init__(errno.EINVAL, reason, os.fspath(path))


@contextlib.contextmanager
def naming(path: Path):
    """Around work on a temporary file: an OSError names `path`, the final file."""
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        del error.filename2
        raise


# -- writing ----------------------------------------------------------------------------------------------------------


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` at `path` whole: readers see the old file or the new; after an OSError the old one stands."""
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


def link_or_copy(path: Path, other: Path) -> None:
    """Let `other` be, whole at any moment, what `path` is now: no copy where the file system has hard links."""
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
        temporary.unlink(missing_ok=True)  # renaming one name of a file to another of the same file does nothing


def write_json(path: Path, value) -> None:
    """`value` as strict JSON, atomically. Raises ValueError for NaN: pass it through `finite` or `rounded` first."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    # what UTF-8 can't hold (half of a character, from a file name) becomes an escape that JSON knows
    write_atomically(path, text.encode("utf-8", "backslashreplace"))


def replace(source: str | Path, target: Path) -> None:
    """Rename `source` to `target`, in place of what was there, so that it survives a power failure."""
    rename(source, target)
    sync_folder(target.parent)


def rename(source: str | Path, target: Path) -> None:
    """os.replace, retried for a moment where Windows reports that the file is being read."""
    for attempt in range(1, _REPLACE_TRIES + 1):
        try:
            os.replace(source, target)
            return
        except OSError as error:
            if getattr(error, "winerror", None) not in _BUSY_ON_WINDOWS or attempt == _REPLACE_TRIES:
                raise
            time.sleep(0.01 * attempt)


def sync_folder(folder: Path) -> None:
    """Have the names in `folder` on the disk, where the system can do that for folders."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):  # the files are complete without it; some file systems refuse it
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_temporaries(folder: Path, names: Iterable[str]) -> None:
    """Remove what killed writers of these files left in `folder`. Nobody may be writing one of them."""
    ours = re.compile(rf"\.(?:{'|'.join(map(re.escape, names))})\..+\.tmp")
    with contextlib.suppress(OSError):  # they only take up space
        for name in os.listdir(folder):
            if ours.fullmatch(name):
                (folder / name).unlink()


# -- reading ----------------------------------------------------------------------------------------------------------


def open_handle(path: str | Path, flags: int = os.O_RDONLY) -> int:
    """A descriptor of the regular file `path` itself. Raises UnexpectedFile for anything else, and never waits."""
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
    """The regular file `name` (relative) opened for reading. A link is followed within `folder`, not out of it.

    Raises OSError: FileNotFoundError where there is none, UnexpectedFile for anything but a regular file.
    """
    if hasattr(os, "O_NOFOLLOW") and os.path.basename(name) == name:  # the usual case, four times as fast
        with contextlib.suppress(UnexpectedFile):  # a link, or what the rest refuses
            return open(os.path.join(folder, name), "rb", buffering, opener=lambda path, _flags: open_handle(path))
    root, path = os.path.realpath(folder), os.path.realpath(os.path.join(folder, name))
    if not path.startswith(os.path.join(root, "")):
        raise UnexpectedFile(os.path.join(folder, name))
    return open(path, "rb", buffering, opener=lambda path, _flags: open_handle(path))


def named_by_user(path: Path) -> Path:
    """`path`, or where it leads if it is a link: a person who names one means what it leads to, wherever that lies."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def read_file(path: Path, most: int) -> bytes:
    """The content of the file. Raises OSError as `open_within`, and UnexpectedFile for more than `most` bytes."""
    with open_within(path.parent, path.name) as file:
        content = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else None
    if content is None or len(content) > most:
        raise UnexpectedFile(path, f"Larger than {most:,} bytes")
    return content


def load_json(path: Path, most: int = JSON_BYTES):
    """What the JSON file holds, None where there is none. Raises OSError where it can't be read at the moment."""
    try:
        return json.loads(read_file(path, most))
    except (FileNotFoundError, NotADirectoryError, UnexpectedFile, ValueError, RecursionError):
        return None


def read_json(path: Path, most: int = JSON_BYTES):
    """What the JSON file holds, or None where it is missing, unreadable or not JSON."""
    try:
        return load_json(path, most)
    except OSError:
        return None


def read_bytes(path: Path, most: int = JSON_BYTES) -> bytes:
    """b"" where there is no such file, or none that can be read."""
    try:
        return read_file(path, most)
    except OSError:
        return b""
