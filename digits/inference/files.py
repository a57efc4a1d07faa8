"""Pictures in files, folders and standard input, and the reading of each as soon as it is made."""

import glob
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from digits.errors import UserError
from digits.inference import images

if TYPE_CHECKING:
    from digits.inference.predict import Predictor
    from digits.inference.reading import Reading

STANDARD_INPUT = Path("-")
# Other files in a folder are ignored. HEIC is included for its error, which names the remedy.
EXTENSIONS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".heif")
MAX_FILE_BYTES, MAX_FILE_PIXELS = 50_000_000, 80_000_000  # of a local file: enough for any camera
_BATCH, _BATCH_PIXELS = 64, 1 << 21  # pictures in a batch, and pixels of their sum (32 MB), which the last may exceed

Answer = tuple[Path, "Reading | UserError"]


def find_pictures(given: Iterable[Path]) -> list[tuple[Path, UserError | None]]:
    """Each file, with its error if it is already known that it can't be read.

    A folder or glob pattern means its pictures, by extension, sorted by name; without any it counts as one unreadable
    file. Subfolders are ignored.
    """
    found: list[tuple[Path, UserError | None]] = []
    for path in given:
        try:
            pictures = _pictures_of(path)
        except OSError as error:
            pictures, reason = [], f"{path} cannot be read: {error.strerror or error}."
        else:
            reason = _without_pictures(path)
        found += [(picture, None) for picture in pictures] or [(path, UserError(reason))]
    return found


def _without_pictures(path: Path) -> str:
    """Why a folder or pattern has no pictures."""
    if _is_pattern(path) and not glob.glob(str(path), recursive=True):
        return f"No file matches {path}."
    return f"{path} has no pictures, which are files named {', '.join(EXTENSIONS[:-1])} or {EXTENSIONS[-1]}."


def _is_pattern(path: Path) -> bool:
    return glob.has_magic(str(path)) and not os.path.lexists(path)


def _pictures_of(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path / entry.name for entry in os.scandir(path) if _is_picture(path / entry.name))
    if _is_pattern(path):
        return sorted(filter(_is_picture, map(Path, glob.glob(str(path), recursive=True))))
    return [path]


def _is_picture(path: Path) -> bool:
    """Whether this is a file with a picture's extension that is not hidden."""
    return path.suffix.lower() in EXTENSIONS and not path.name.startswith(".") and path.is_file()


def predict_files(
    found: Iterable[tuple[Path, UserError | None]], open_predictor: Callable[[], "Predictor"]
) -> Iterator[Answer]:
    """The reading of each file of `find_pictures`, in order; a UserError for one that can't be read or decoded.

    Small pictures are read together, a batch at a time is in memory. `open_predictor` is called for the first readable
    file, and its errors are raised.
    """
    predictor = None
    for batch in _batches(found):
        pictures = [decoded for _, decoded in batch if not isinstance(decoded, UserError)]
        if pictures:
            predictor = predictor or open_predictor()
        readings = iter(predictor.read_all(pictures) if predictor else ())
        for path, decoded in batch:
            yield path, decoded if isinstance(decoded, UserError) else next(readings)


def _batches(
    found: Iterable[tuple[Path, UserError | None]],
) -> Iterator[list[tuple[Path, "images.DecodedImage | UserError"]]]:
    """The files, decoded, in order. What is not a regular file is alone: nobody knows when a pipe's data arrives."""
    batch: list[tuple[Path, images.DecodedImage | UserError]] = []
    pixels = 0
    for path, error in found:
        is_regular = os.path.isfile(path)
        if batch and not is_regular:
            yield batch
            batch, pixels = [], 0
        decoded = error or _decode(path)
        batch.append((path, decoded))
        pixels += 0 if isinstance(decoded, UserError) else decoded.channels[..., 0].size
        if not is_regular or len(batch) == _BATCH or pixels >= _BATCH_PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _decode(path: Path) -> images.DecodedImage | UserError:
    try:
        return decode_file(path)
    except OSError as error:
        return UserError(f"{_name(path)} cannot be read: {error.strerror or error}.")
    except ValueError as error:
        return UserError(f"{_name(path)}: {error}")


def _name(path: Path) -> str:
    return "standard input" if path == STANDARD_INPUT else str(path)


def decode_file(path: Path) -> images.DecodedImage:
    """Decode a file. Raises OSError if it can't be read, ValueError if it is not an image or too large."""
    content = _read_standard_input() if path == STANDARD_INPUT else _read(path)
    if not content:
        raise ValueError("The file is empty.")
    return images.decode(content, MAX_FILE_BYTES, MAX_FILE_PIXELS)


def _read(path: Path) -> bytes:
    with open(path, "rb", opener=_open_without_waiting) as file:
        return file.read(MAX_FILE_BYTES + 1)  # a device may never end


def _open_without_waiting(path: str, flags: int) -> int:
    """Open without blocking, so that a named pipe without a writer is empty instead of never opening."""
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(handle, True)
    return handle


def _read_standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise ValueError("It is a terminal: redirect a file or a pipe to it.")
    return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
