"""Data set of a run: MNIST if available, else synthetic digits; and its splits."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from digits.data import download, mnist, synthetic
from digits.data.mnist import Dataset, Split
from digits.errors import UserError

SYNTHETIC_TRAIN, SYNTHETIC_TEST = 60_000, 10_000  # images, as in MNIST
_TRAIN_SEED, _TEST_SEED = 1, 2  # fixed, so that runs are comparable
_DOWNLOAD_BYTES = 11_594_722  # of the four .gz files

# Takes a title and a total; the context manager gives a function that takes an increment.
ProgressFactory = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


class DatasetUnavailable(UserError):
    """The data set cannot be loaded; the message names the remedy."""


def load(name: str, root: Path, validation: int, limit: int, progress: ProgressFactory) -> Dataset:
    """The data set `name` ("auto", "mnist" or "synthetic"), its last `validation` training images held out.

    `limit`: the number of training images, 0 for all. Raises DatasetUnavailable; DamagedDataset for a damaged file of
    MNIST, which "auto" does not replace with synthetic digits.
    """
    if name == "synthetic":
        return _synthetic(validation, limit, progress, notice=None)
    try:
        if mnist.missing_files(root):
            with progress("Downloading MNIST", _DOWNLOAD_BYTES) as done:
                download.fetch_mnist(root, done)
        train, test = mnist.read_mnist(root)
        return _split("mnist", train, test, validation, limit, _renames(mnist.find_files(root)))
    except (download.DownloadError, mnist.MissingDataset, OSError) as error:
        found, reason = mnist.find_files(root), " ".join(str(error).split())
    trouble, remedy = _trouble(found, root, reason)
    if name == "mnist":
        raise DatasetUnavailable(f"{trouble} {remedy}, or choose --dataset synthetic.")
    notice = f"{trouble} Using synthetic digits instead: all accuracies refer to them. For MNIST: {remedy}."
    return _synthetic(validation, limit, progress, notice)


def _renames(found: mnist.Found) -> str | None:
    """A notice of files that were found by their checksums, not by their names."""
    renames = found.renames()
    return f"MNIST was recognized by its checksums. Rename {', '.join(renames)}." if renames else None


def _trouble(found: mnist.Found, root: Path, reason: str) -> tuple[str, str]:
    """The reason why MNIST cannot be loaded, and the remedy."""
    missing = ", ".join(f"{name}.gz" for name in found.missing)
    if found.files:
        trouble = f"MNIST in {found.folder} is incomplete, and {missing} cannot be downloaded ({reason})."
    else:
        trouble = f"MNIST is not in {root} and cannot be downloaded ({reason})."
    trouble += "".join(f" {path} is named like a file of MNIST, but its MD5 differs." for path in found.unfit)
    return trouble, f"Put {missing} into {found.folder or root / mnist.FOLDER}"


def load_test(name: str, root: Path, progress: ProgressFactory) -> Dataset:
    """Like `load`, for evaluation: the whole test set, and fewer training images if they have to be drawn."""
    return load(name, root, validation=0, limit=SYNTHETIC_TEST, progress=progress)


def _synthetic(validation: int, limit: int, progress: ProgressFactory, notice: str | None) -> Dataset:
    train = min(limit + validation, SYNTHETIC_TRAIN) if limit else SYNTHETIC_TRAIN
    test = SYNTHETIC_TEST if train >= SYNTHETIC_TEST else train
    with progress("Drawing synthetic digits", train + test) as done:
        drawn = [synthetic.draw(count, seed, done) for count, seed in ((train, _TRAIN_SEED), (test, _TEST_SEED))]
    train_split, test_split = (Split(images, labels.long()) for images, labels in drawn)
    return _split("synthetic", train_split, test_split, validation, limit, notice)


def _split(name: str, train: Split, test: Split, validation: int, limit: int, notice: str | None = None) -> Dataset:
    kept = len(train) - validation
    if kept < 1:
        raise DatasetUnavailable(f"--validation {validation:,} leaves none of the {len(train):,} training images.")
    return Dataset(name, train[: min(kept, limit or kept)], train[kept:], test, notice)
