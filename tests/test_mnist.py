import gzip
import re
import struct
import zlib

import pytest
import torch

from digits.data import mnist
from digits.data.mnist import DamagedDataset, Dataset, MissingDataset, Split


def test_files_are_read_into_tensors(small_mnist):
    train, test = mnist.read_mnist(small_mnist)
    assert (train.images.shape, test.images.shape) == ((6, 28, 28), (4, 28, 28))
    raw = (small_mnist / mnist.FOLDER / "train-images-idx3-ubyte").read_bytes()[16:]
    assert bytes(train.images.numpy()) == raw
    assert train.labels.dtype == torch.int64


def test_gzip_files_are_read_like_plain_ones(small_mnist):
    expected, _ = mnist.read_mnist(small_mnist)
    for path in list((small_mnist / mnist.FOLDER).iterdir()):
        (path.parent / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    train, _ = mnist.read_mnist(small_mnist)
    assert torch.equal(train.images, expected.images)
    assert torch.equal(train.labels, expected.labels)


def test_a_missing_file_is_named(small_mnist):
    (small_mnist / mnist.FOLDER / "t10k-labels-idx1-ubyte").unlink()
    assert mnist.missing_files(small_mnist) == ["t10k-labels-idx1-ubyte"]
    with pytest.raises(MissingDataset, match="t10k-labels-idx1-ubyte"):
        mnist.read_mnist(small_mnist)


DAMAGE = {
    "a byte too short": lambda content: content[:-1],
    "a byte too long": lambda content: content + b"x",
    "empty": lambda content: b"",
    "one pixel changed": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "another magic number": lambda content: b"\0\0\x09" + content[3:],
    "another shape": lambda content: content[:7] + bytes([content[7] + 1]) + content[8:],
    "a web page": lambda content: b"<html>captive portal</html>".ljust(len(content)),
}
PACKED_DAMAGE = {
    "cut short": lambda content: gzip.compress(content)[:-9],
    "no gzip at all": lambda content: content,
    "a wrong checksum": lambda content: gzip.compress(content)[:-8] + struct.pack("<II", 1, len(content)),
    "a broken stream": lambda content: gzip.compress(content)[:12] + b"\xff" * 40,
    "a bomb": lambda content: gzip.compress(b"\0" * 50_000_000),
    "a packed web page": lambda content: gzip.compress(b"<html>"),
}


@pytest.mark.parametrize("file", range(4))
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_named_and_not_read(small_mnist, damage, file):
    path = small_mnist / mnist.FOLDER / mnist.MNIST_FILES[file].name
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    with pytest.raises(DamagedDataset, match=path.name):
        mnist.read_mnist(small_mnist)


@pytest.mark.parametrize("damage", PACKED_DAMAGE)
def test_a_damaged_gzip_file_is_named_and_not_read(small_mnist, damage):
    path = small_mnist / mnist.FOLDER / "train-images-idx3-ubyte"
    (path.parent / f"{path.name}.gz").write_bytes(PACKED_DAMAGE[damage](path.read_bytes()))
    path.unlink()
    with pytest.raises(DamagedDataset, match=r"train-images-idx3-ubyte\.gz"):
        mnist.read_mnist(small_mnist)


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_with_the_wrong_gz_suffix_is_reported_with_the_rename_to_make(small_mnist, packed):
    plain = small_mnist / mnist.FOLDER / "train-images-idx3-ubyte"
    content = plain.read_bytes()
    plain.unlink()
    wrong, right = (plain, f"{plain}.gz") if packed else (plain.with_name(f"{plain.name}.gz"), plain)
    wrong.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DamagedDataset, match=re.escape(f"with gzip: rename it to {right}.")):
        mnist.read_mnist(small_mnist)


NAMES = {
    "a dot": "t10k-images.idx3-ubyte",
    "a dot, packed": "t10k-images.idx3-ubyte.gz",
    "a second download": "t10k-images-idx3-ubyte (1).gz",
    "an extension": "t10k-images-idx3-ubyte.bin",
    "underscores": "t10k_images_idx3_ubyte",
    "capitals": "T10K-IMAGES-IDX3-UBYTE",
    "test": "test-images-idx3-ubyte.gz",
    "a folder of its own": "t10k-images-idx3-ubyte/t10k-images-idx3-ubyte",
    "a folder of another name": "t10k-images.idx3-ubyte/t10k-images.idx3-ubyte",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("packed", [True, False])
def test_a_file_of_a_similar_name_is_used_where_its_checksum_fits(small_mnist, name, packed):
    expected = mnist.read_mnist(small_mnist)[1].images
    folder = small_mnist / mnist.FOLDER
    content = (folder / "t10k-images-idx3-ubyte").read_bytes()
    (folder / "t10k-images-idx3-ubyte").unlink()
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(gzip.compress(content) if packed else content)
    assert torch.equal(mnist.read_mnist(small_mnist)[1].images, expected)
    own = (folder / name).with_name("t10k-images-idx3-ubyte" + (".gz" if packed else ""))
    renames = mnist.find_files(small_mnist).renames()
    assert renames == ([] if own == folder / name else [f"{folder / name} to {own}"])


@pytest.mark.parametrize("place", ["MNIST", "MNIST/raw", ".."])
def test_a_folder_that_is_one_level_off_is_found(small_mnist, place):
    assert len(mnist.read_mnist(small_mnist / place)[0]) == 6
    assert mnist.find_files(small_mnist / place).renames() == []


def test_a_file_of_a_similar_name_with_another_content_is_not_used(small_mnist):
    folder = small_mnist / mnist.FOLDER
    path = folder / "t10k-images-idx3-ubyte"
    (folder / "t10k-images.idx3-ubyte").write_bytes(path.read_bytes()[:-1] + b"x")
    path.unlink()
    found = mnist.find_files(small_mnist)
    assert (found.missing, found.unfit) == (["t10k-images-idx3-ubyte"], (folder / "t10k-images.idx3-ubyte",))


def test_an_unreadable_file_is_named(small_mnist, monkeypatch):
    def refuse(self, *rest):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(mnist.Path, "open", refuse)
    with pytest.raises(
        DamagedDataset, match=r"train-images-idx3-ubyte cannot be read .Permission denied.: make it readable"
    ):
        mnist.read_mnist(small_mnist)


def test_splits_of_the_wrong_shape_are_rejected():
    with pytest.raises(AssertionError):
        Split(torch.zeros(2, 32, 32, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64))
    with pytest.raises(AssertionError):
        Split(torch.zeros(2, 28, 28, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64))


def test_the_data_hash_depends_on_every_pixel_and_label():
    def described(pixel=0, label=0):
        images, labels = torch.zeros(3, 28, 28, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64)
        images[0, 5, 5], labels[1] = pixel, label
        split = Split(images, labels)
        return Dataset("mnist", split[:1], split[1:2], split[2:]).describe()

    assert described() == described()
    assert len({described()["sha256"], described(pixel=1)["sha256"], described(label=1)["sha256"]}) == 3
    assert (described()["train"], described()["validation"], described()["test"]) == (1, 1, 1)


def test_the_real_mnist_has_its_known_properties(mnist_root):
    train, test = mnist.read_mnist(mnist_root)
    assert train.labels.bincount().tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert abs(train.images.float().mean().item() / 255 - 0.1307) < 1e-4
    assert zlib.crc32(test.images.numpy()) == zlib.crc32(
        (mnist_root / mnist.FOLDER / "t10k-images-idx3-ubyte").read_bytes()[16:]
    )
