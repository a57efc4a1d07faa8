"""The data set of a run: MNIST if available, else synthetic digits; its splits."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from digits.data import download, mnist, synthetic
from digits.data.mnist import Dataset, Split
from digits.errors import UserError

SYNTHETIC_TRAIN, SYNTHETIC_TEST = 60_000, 10_000  # as many as MNIST has
_TRAIN_SEED, _TEST_SEED = 1, 2  # the same drawings in every run, so that runs can be compared
_DOWNLOAD_BYTES = 11_594_722  # of the four .gz files

# Called with a title and a total; the context manager gives a function that takes how many more are done.
ProgressFactory = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


class DatasetUnavailable(UserError):
    """The wanted images can't be had; the message names the remedy."""


def load(name: str, root: Path, validation: int, limit: int, progress: ProgressFactory) -> Dataset:
    """The data set `name` ("auto", "mnist" or "synthetic"): the last `validation` training images are held out.

    `limit` keeps the first so many training images, 0 keeps all. Raises Unavailable, or data.Damaged for a file that is
    there but broken: nobody wants to train on something else without being told.
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
    notice = f"{trouble} In its place stand synthetic digits, drawn by the program: the accuracy is that on drawings."
    return _synthetic(validation, limit, progress, f"{notice} For MNIST: {remedy}.")


def _renames(found: mnist.Found) -> str | None:
    """A notice of files that are used though their names are not the usual ones."""
    renames = found.renames()
    return f"MNIST was recognized by its checksums. Rename {', '.join(renames)}." if renames else None


def _trouble(found: mnist.Found, root: Path, reason: str) -> tuple[str, str]:
    """Why MNIST can't be had, and what to do: a part of it may be there, or files that only have its names."""
    missing = ", ".join(f"{name}.gz" for name in found.missing)
    if found.files:
        trouble = f"MNIST in {found.folder} is incomplete, {missing} cannot be downloaded ({reason})."
    else:
        trouble = f"MNIST is neither in {root} nor can it be downloaded ({reason})."
    trouble += "".join(f" {path} has a name of MNIST's, but another content: its MD5 differs." for path in found.unfit)
    return trouble, f"Put {missing} into {found.folder or root / mnist.FOLDER}"


def load_test(name: str, root: Path, progress: ProgressFactory) -> Dataset:
    """For those who only read the test set: whole, but with few training images where these would have to be drawn."""
    return load(name, root, validation=0, limit=SYNTHETIC_TEST, progress=progress)


def _synthetic(validation: int, limit: int, progress: ProgressFactory, notice: str | None) -> Dataset:
    train = min(limit + validation, SYNTHETIC_TRAIN) if limit else SYNTHETIC_TRAIN
    test = SYNTHETIC_TEST if train >= SYNTHETIC_TEST else train
    splits = []
    with progress("Drawing synthetic digits", train + test) as done:
        for size, seed in ((train, _TRAIN_SEED), (test, _TEST_SEED)):
            images, labels = synthetic.draw(size, seed, done)
            splits.append(Split(images, labels.long()))
    return _split("synthetic", *splits, validation, limit, notice)


def _split(name: str, train: Split, test: Split, validation: int, limit: int, notice: str | None = None) -> Dataset:
    kept = len(train) - validation
    if kept < 1:
        raise DatasetUnavailable(f"--validation {validation:,} leaves none of the {len(train):,} images to train on.")
    return Dataset(name, train[: min(kept, limit or kept)], train[kept:], test, notice)
