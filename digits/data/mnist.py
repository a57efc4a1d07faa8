"""MNIST: its original files, verified by checksum, as tensors in memory; and its constants.

The files lie where torchvision.datasets.MNIST(root) puts them: root/MNIST/raw/train-images-idx3-ubyte and so on, plain
or .gz. Files of similar names, there or in folders nearby, are used if their checksums match.

Format: a big-endian magic number (0x0800 + number of dimensions), one 32-bit length per dimension, then the bytes (Y.
LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits").
"""

import gzip
import hashlib
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from digits.errors import UserError

SIZE = 28  # pixels on a side
BOX = 20  # pixels on the longer side of a digit, which is centered in SIZE by its mass
CLASSES = 10
FOLDER = Path("MNIST", "raw")
MEAN, STD = 0.1307, 0.3081  # of all pixels of the 60,000 training images, scaled to 0..1


def normalize(images: Tensor) -> Tensor:
    """Float32 (N, 1, 28, 28) of mean 0 and variance 1 over MNIST, of (N, 28, 28) of 0 to 255."""
    return images.unsqueeze(1).float().sub_(255 * MEAN).div_(255 * STD)


@dataclass(frozen=True)
class IdxFile:
    """A file of the data set; `md5` is that of the decompressed file."""

    name: str
    shape: tuple[int, ...]
    md5: str

    @property
    def header(self) -> bytes:
        return struct.pack(f">{1 + len(self.shape)}I", 0x0800 + len(self.shape), *self.shape)


MNIST_FILES = (
    IdxFile("train-images-idx3-ubyte", (60_000, 28, 28), "6bbc9ace898e44ae57da46a324031adb"),
    IdxFile("train-labels-idx1-ubyte", (60_000,), "a25bea736e30d166cdddb491f175f624"),
    IdxFile("t10k-images-idx3-ubyte", (10_000, 28, 28), "2646ac647ad5339dbf082846283269ea"),
    IdxFile("t10k-labels-idx1-ubyte", (10_000,), "27ae3e4e09519cfbb04c329615203637"),
)


class MissingDataset(UserError):
    """At least one of the four files is missing."""


class DamagedDataset(UserError):
    """A file is damaged or unreadable; the message names it and the remedy."""


@dataclass(frozen=True)
class Split:
    """Images uint8 (N, 28, 28), white ink on black; labels int64 (N,)."""

    images: Tensor
    labels: Tensor

    def __post_init__(self):
        assert self.images.dtype == torch.uint8 and self.images.shape[1:] == (28, 28), self.images.shape
        assert self.labels.dtype == torch.int64 and self.labels.shape == self.images.shape[:1], self.labels.shape

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, part: slice | Tensor) -> "Split":
        return Split(self.images[part], self.labels[part])

    def to(self, device: torch.device) -> "Split":
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Dataset:
    """Three splits that share no image, and a notice for the user if the images are not the expected ones."""

    name: str
    train: Split
    validation: Split
    test: Split
    notice: str | None = None

    def describe(self) -> dict:
        """The run log's section `dataset`; sha256 covers images and labels of train, validation and test, in turn."""
        digest = hashlib.sha256()
        splits = (self.train, self.validation, self.test)
        for split in splits:
            digest.update(split.images.numpy().data)
            digest.update(split.labels.to(torch.uint8).numpy().data)
        sizes = dict(zip(("train", "validation", "test"), map(len, splits)))
        return {"name": self.name, **sizes, "sha256": digest.hexdigest(), "notice": self.notice}


@dataclass(frozen=True)
class Found:
    """Paths of the MNIST files by name, and files of similar names with a different content."""

    files: dict[str, Path]
    unfit: tuple[Path, ...]

    @property
    def missing(self) -> list[str]:
        return [file.name for file in MNIST_FILES if file.name not in self.files]

    @property
    def folder(self) -> Path | None:
        """The folder of the files that exist."""
        return next((path.parent for path in self.files.values()), None)

    def renames(self) -> list[str]:
        """Renames, "a to b", after which other programs find the files."""
        names = ((path, name + (".gz" if _is_gzip(path) else "")) for name, path in self.files.items())
        return [f"{path} to {path.with_name(name)}" for path, name in names if path.name != name]


def find_files(root: Path) -> Found:
    """Find MNIST: files at the expected paths unchecked, so that damage is reported later; others by checksum."""
    files: dict[str, Path] = {}
    unfit: list[Path] = []
    for file in MNIST_FILES:
        expected = [path for name in (file.name, f"{file.name}.gz") if (path := root / FOLDER / name).is_file()]
        candidates = expected or _similar(root, file)
        for path in candidates:
            if file.name not in files and (expected or _fits(path, file)):
                files[file.name] = path
            elif not expected:
                unfit.append(path)
    return Found(files, tuple(unfit))


def missing_files(root: Path) -> list[str]:
    """Names of the MNIST files that are missing, both plain and as .gz."""
    return find_files(root).missing


def read_mnist(root: Path) -> tuple[Split, Split]:
    """All 60,000 training and 10,000 test images. Raises MissingDataset or DamagedDataset."""
    found = find_files(root)
    if found.missing:
        raise MissingDataset(f"{root / FOLDER} has no {found.missing[0]}")
    for file in MNIST_FILES:
        if found.files[file.name].parent == root / FOLDER:
            _check_compression(found.files[file.name], file)
    train_images, train_labels, test_images, test_labels = (
        read_idx(found.files[file.name], file) for file in MNIST_FILES
    )
    return Split(train_images, train_labels.long()), Split(test_images, test_labels.long())


def read_idx(path: Path, file: IdxFile) -> Tensor:
    """The verified content of `file` at `path`, as uint8 of its shape. Raises DamagedDataset."""
    expected = len(file.header) + torch.Size(file.shape).numel()
    content = _read(path, expected + 1)
    if len(content) != expected:
        found = f"{len(content):,}" if len(content) < expected else "more"
        raise _damaged(path, f"{found} bytes instead of {expected:,}")
    if not content.startswith(file.header):
        raise _damaged(path, f"it is not an IDX file of shape {file.shape}")
    if not _has_md5(content, file):
        raise _damaged(path, f"its MD5 is not {file.md5}")
    return torch.frombuffer(content, dtype=torch.uint8, offset=len(file.header)).view(file.shape)


def _check_compression(path: Path, file: IdxFile) -> None:
    """Raises DamagedDataset for a file whose suffix and compression differ, which torchvision cannot read."""
    packed = _is_gzip(path)
    right = path.with_name(file.name + (".gz" if packed else ""))
    if path != right and path.name.removesuffix(".gz") == file.name:
        remedy = f"rename it to {right}" if _fits(path, file) else "delete it and start again"
        raise DamagedDataset(f"{path} is {'' if packed else 'not '}compressed with gzip: {remedy}.")


def _similar(root: Path, file: IdxFile) -> list[Path]:
    """Files as other sources name them, in the usual folder, one level off, or in a folder for each file."""
    folders = (root / FOLDER, root, root / "raw", root / FOLDER.parent, *sorted(root.glob(f"[!.]*/{FOLDER}")))
    beginning = _letters(file.name)[: len("trainimages")]
    found = []
    for path in (path for folder in folders for pattern in ("*", "*ubyte*/*") for path in sorted(folder.glob(pattern))):
        if _letters(path.name).startswith(beginning) and path.is_file() and path not in found:
            found.append(path)
    return found


def _letters(name: str) -> str:
    """A normalized name, since sources differ in case, dots, hyphens and whether the test set is t10k or test."""
    return re.sub("[^a-z0-9]", "", name.lower()).replace("test", "t10k")


def _fits(path: Path, file: IdxFile) -> bool:
    try:
        return _has_md5(_read(path, len(file.header) + torch.Size(file.shape).numel() + 1), file)
    except DamagedDataset:
        return False


def _has_md5(content: bytearray, file: IdxFile) -> bool:
    return hashlib.md5(content, usedforsecurity=False).hexdigest() == file.md5


def _is_gzip(path: Path) -> bool:
    """Whether it is compressed with gzip, by its first bytes: browsers decompress some downloads and keep the name."""
    try:
        with path.open("rb") as file:
            return file.read(2) == b"\x1f\x8b"
    except OSError as error:
        raise _unreadable(path, error) from None


def _read(path: Path, limit: int) -> bytearray:
    """At most `limit` decompressed bytes, so that no .gz fills the memory; torch would warn about immutable bytes."""
    try:
        with gzip.open(path) if _is_gzip(path) else path.open("rb") as file:
            return bytearray(file.read(limit))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(path, str(error)) from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> DamagedDataset:
    return DamagedDataset(f"{path} cannot be read ({error.strerror}): make it readable.")


def _damaged(path: Path, reason: str) -> DamagedDataset:
    return DamagedDataset(f"{path} is damaged ({reason}): delete it and start again.")
