"""MNIST from its original files, checked byte for byte, as tensors in memory.

The files lie as torchvision.datasets.MNIST(root) leaves them: root/MNIST/raw/train-images-idx3-ubyte and so on, plain
or .gz. Format: a big-endian magic number (0x0800 + number of dimensions), one 32-bit length per dimension, then the
bytes (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits").
"""

import gzip
import hashlib
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from digits.errors import UserError

FOLDER = Path("MNIST", "raw")
MEAN, STD = 0.1307, 0.3081  # of all pixels of the 60,000 training images, scaled to 0..1


@dataclass(frozen=True)
class IdxFile:
    name: str
    shape: tuple[int, ...]
    md5: str  # of the unpacked file

    @property
    def header(self) -> bytes:
        return struct.pack(f">{1 + len(self.shape)}I", 0x0800 + len(self.shape), *self.shape)


MNIST_FILES = (
    IdxFile("train-images-idx3-ubyte", (60_000, 28, 28), "6bbc9ace898e44ae57da46a324031adb"),
    IdxFile("train-labels-idx1-ubyte", (60_000,), "a25bea736e30d166cdddb491f175f624"),
    IdxFile("t10k-images-idx3-ubyte", (10_000, 28, 28), "2646ac647ad5339dbf082846283269ea"),
    IdxFile("t10k-labels-idx1-ubyte", (10_000,), "27ae3e4e09519cfbb04c329615203637"),
)


class Missing(UserError):
    """Not all four files are there."""


class Damaged(UserError):
    """A file is there and is not what it should be; the message names it."""


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
    """A name, three splits that share no image, and a notice where the data are not what one would expect."""

    name: str
    train: Split
    validation: Split
    test: Split
    notice: str | None = None

    def describe(self) -> dict:
        """The run log's section `dataset`; sha256 is over images and labels of train, validation and test in turn."""
        digest = hashlib.sha256()
        splits = (self.train, self.validation, self.test)
        for split in splits:
            digest.update(split.images.numpy())
            digest.update(split.labels.to(torch.uint8).numpy())
        sizes = dict(zip(("train", "validation", "test"), map(len, splits)))
        return {"name": self.name, **sizes, "sha256": digest.hexdigest(), "notice": self.notice}


def missing_files(root: Path) -> list[str]:
    """Names of the MNIST files that are neither there plain nor as .gz."""
    folder = root / FOLDER
    return [f.name for f in MNIST_FILES if not any((folder / n).is_file() for n in (f.name, f.name + ".gz"))]


def read_mnist(root: Path) -> tuple[Split, Split]:
    """All 60,000 training and 10,000 test images. Raises Missing or Damaged."""
    missing = missing_files(root)
    if missing:
        raise Missing(f"{root / FOLDER} has no {missing[0]}")
    train_images, train_labels, test_images, test_labels = (read_idx(root / FOLDER, file) for file in MNIST_FILES)
    return Split(train_images, train_labels.long()), Split(test_images, test_labels.long())


def read_idx(folder: Path, file: IdxFile) -> Tensor:
    """One file, checked, as uint8 of its shape; plain rather than .gz where there are both. Raises Damaged."""
    path = folder / file.name
    if not path.is_file():
        path = folder / f"{file.name}.gz"
    expected = len(file.header) + torch.Size(file.shape).numel()
    content = _read(path, expected + 1)
    if len(content) != expected:
        found = f"{len(content):,}" if len(content) < expected else "more"
        raise _damaged(path, f"{found} bytes instead of {expected:,}")
    if not content.startswith(file.header):
        raise _damaged(path, f"it does not begin as an IDX file of shape {file.shape} does")
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != file.md5:
        raise _damaged(path, f"its MD5 is not {file.md5}")
    return torch.frombuffer(content, dtype=torch.uint8, offset=len(file.header)).view(file.shape)


def _read(path: Path, limit: int) -> bytearray:
    """At most `limit` unpacked bytes, so that no .gz fills the memory; a bytearray, because torch warns of bytes."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return bytearray(file.read(limit))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(path, str(error)) from None
    except OSError as error:
        raise Damaged(f"{path} cannot be read ({error.strerror}): make it readable.") from None


def _damaged(path: Path, reason: str) -> Damaged:
    return Damaged(f"{path} is damaged ({reason}): delete it and start again.")
