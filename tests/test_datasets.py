import re
from contextlib import contextmanager

import pytest
import torch

from digits.data import datasets, download, mnist


class Bars:
    """A progress factory that records titles and counts."""

    def __init__(self):
        self.seen = {}

    @contextmanager
    def __call__(self, title, total):
        self.seen[title] = [0, total]

        def advance(more):
            self.seen[title][0] += more

        yield advance


@pytest.fixture
def bars():
    return Bars()


@pytest.fixture
def offline(monkeypatch):
    def fail(root, progress):
        raise download.DownloadError("http://mirror/ failed: no route to host")

    monkeypatch.setattr(download, "fetch_mnist", fail)


def load(name, root, bars, validation=2, limit=0):
    return datasets.load(name, root, validation, limit, bars)


def test_the_last_training_images_are_held_out_and_no_image_is_in_two_splits(small_mnist, bars):
    train, test = mnist.read_mnist(small_mnist)
    dataset = load("auto", small_mnist, bars)
    assert (dataset.name, dataset.notice) == ("mnist", None)
    assert torch.equal(dataset.train.images, train.images[:4])
    assert torch.equal(dataset.validation.images, train.images[4:])
    assert torch.equal(dataset.test.images, test.images)


def test_without_validation_all_images_are_trained_on(small_mnist, bars):
    dataset = load("mnist", small_mnist, bars, validation=0)
    assert (len(dataset.train), len(dataset.validation)) == (6, 0)


def test_a_limit_keeps_the_first_images_and_the_same_validation(small_mnist, bars):
    dataset = load("mnist", small_mnist, bars, limit=3)
    assert (len(dataset.train), len(dataset.validation)) == (3, 2)


def test_a_validation_that_leaves_nothing_is_refused(small_mnist, bars):
    with pytest.raises(datasets.DatasetUnavailable, match="--validation 6 leaves none of the 6 training images"):
        load("mnist", small_mnist, bars, validation=6)


def test_auto_without_mnist_warns_and_draws_synthetic_digits(tmp_path, offline, bars):
    dataset = load("auto", tmp_path, bars, validation=100, limit=400)
    assert dataset.name == "synthetic"
    assert "synthetic digits" in dataset.notice
    assert "no route to host" in dataset.notice
    assert dataset.describe()["notice"] == dataset.notice
    assert (len(dataset.train), len(dataset.validation)) == (400, 100)
    assert bars.seen["Drawing synthetic digits"] == [1000, 1000]


def test_mnist_without_files_fails_with_a_remedy(tmp_path, offline, bars):
    with pytest.raises(
        datasets.DatasetUnavailable, match=r"no route to host.*train-images-idx3-ubyte\.gz.*--dataset synthetic"
    ):
        load("mnist", tmp_path, bars)


def test_of_an_incomplete_mnist_the_missing_file_is_named(small_mnist, offline, bars):
    folder = small_mnist / mnist.FOLDER
    (folder / "t10k-labels-idx1-ubyte").unlink()
    sentence = f"MNIST in {folder} is incomplete, and t10k-labels-idx1-ubyte.gz cannot be downloaded ("
    remedy = f"Put t10k-labels-idx1-ubyte.gz into {folder}"
    with pytest.raises(datasets.DatasetUnavailable) as error:
        load("mnist", small_mnist, bars)
    assert str(error.value).startswith(sentence) and remedy in str(error.value)
    notice = load("auto", small_mnist, bars, limit=50).notice
    assert notice.startswith(sentence) and remedy in notice


def test_a_file_that_only_has_a_name_of_mnist_is_named(small_mnist, offline, bars):
    path = small_mnist / mnist.FOLDER / "t10k-labels.idx1-ubyte"
    (small_mnist / mnist.FOLDER / "t10k-labels-idx1-ubyte").unlink()
    path.write_bytes(b"something else")
    with pytest.raises(
        datasets.DatasetUnavailable, match=re.escape(f"{path} is named like a file of MNIST, but its MD5 differs")
    ):
        load("mnist", small_mnist, bars)


def test_files_of_other_names_are_used_with_a_notice_of_the_renames_to_make(small_mnist, offline, bars):
    folder = small_mnist / mnist.FOLDER
    (folder / "t10k-labels-idx1-ubyte").rename(folder / "t10k-labels.idx1-ubyte")
    dataset = load("mnist", small_mnist, bars)
    assert dataset.name == "mnist"
    assert f"Rename {folder / 't10k-labels.idx1-ubyte'} to {folder / 't10k-labels-idx1-ubyte'}." in dataset.notice


def test_a_folder_that_cannot_be_written_does_not_stop_auto(tmp_path, monkeypatch, bars):
    def refuse(root, progress):
        raise PermissionError(13, "Permission denied", str(root))

    monkeypatch.setattr(download, "fetch_mnist", refuse)
    assert "Permission denied" in load("auto", tmp_path, bars, limit=50).notice


@pytest.mark.parametrize("name", ["auto", "mnist"])
def test_a_damaged_file_is_never_silently_replaced(small_mnist, bars, name):
    path = small_mnist / mnist.FOLDER / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(mnist.DamagedDataset, match="train-images"):
        load(name, small_mnist, bars)


def test_synthetic_digits_need_neither_disk_nor_network(tmp_path, monkeypatch, bars):
    monkeypatch.setattr(download, "fetch_mnist", None)
    first, again = (load("synthetic", tmp_path, bars, validation=10, limit=50) for _ in range(2))
    assert first.notice is None
    assert first.describe() == again.describe()
