"""Writing files so that a reader, a crash or a full disk never meets half of one."""

import json
import math
import os
import shutil
import tempfile
import time
from pathlib import Path

# Windows refuses to replace a file that somebody reads at that moment: access denied, sharing and lock violations.
_BUSY_ON_WINDOWS = (5, 32, 33)
_REPLACE_TRIES = 12  # waits of 10, 20, 30 ... ms: 0.7 s in all, longer than a virus scanner holds a small file


def finite(value):
    """`value` as it may stand in strict JSON: NaN and infinities become None, also inside lists and dicts."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


def rounded(value: float | None, digits: int = 6) -> float | None:
    """`value` to so many significant digits (a curve needs no more), None for what is missing or not finite."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` at `path` whole: readers see the old file or the new; after an OSError the old one stands."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if os.name == "posix":
            os.chmod(temporary, 0o644)  # mkstemp's 0600 would hide the file from a server that runs as somebody else
        replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def keep_as(path: Path, other: Path) -> None:
    """Let `other` be, whole at any moment, what `path` is now: no copy where the file system has hard links."""
    temporary = other.with_name(f".{other.name}.link.tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(path, temporary)
    except OSError:
        shutil.copyfile(path, temporary)
    replace(temporary, other)
    temporary.unlink(missing_ok=True)  # renaming one name of a file to another of the same file does nothing


def write_json(path: Path, value) -> None:
    """`value` as strict JSON, atomically. Raises ValueError for NaN: pass it through `finite` or `rounded` first."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    # what UTF-8 can't hold (half of a character, from a file name) becomes an escape that JSON knows
    write_atomically(path, text.encode("utf-8", "backslashreplace"))


def read_json(path: Path):
    """What the JSON file holds, or None where it is missing, unreadable or not JSON."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def read_bytes(path: Path) -> bytes:
    """b"" where there is no such file."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def remove_temporaries(path: Path) -> None:
    """Remove what killed writers of `path` left behind. Nobody may be writing it."""
    for temporary in path.parent.glob(f".{path.name}.*.tmp"):
        temporary.unlink(missing_ok=True)


def replace(source: str | Path, target: Path) -> None:
    """os.replace, tried again for a moment where Windows says that somebody reads the file just now."""
    for attempt in range(1, _REPLACE_TRIES + 1):
        try:
            return os.replace(source, target)
        except OSError as error:
            if getattr(error, "winerror", None) not in _BUSY_ON_WINDOWS or attempt == _REPLACE_TRIES:
                raise
            time.sleep(0.01 * attempt)
