import io
import zipfile

import pytest
import torch

from digits.config import Config
from digits.errors import UserError
from digits.files import UnexpectedFile
from digits.models import builders, weights_file
from digits.models.precision import Precision
from digits.training import optimizers, trainer
from digits.training.schedule import Schedule
from digits.training.trainer import Trainer, build_trainer

CONFIG = Config.from_options(model="cnn4", channels=(4, 4, 8, 8), dropout=0.1)


@pytest.fixture
def trained():
    torch.manual_seed(0)
    network = builders.build_model(CONFIG.model, CONFIG.channels, CONFIG.dropout)
    fast = Precision(torch.device("cpu"), bfloat16=True, channels_last=True)
    network = fast.to_memory_format(network)
    return Trainer(network, optimizers.make("adamw", network, 0.01), Schedule(0.01, 2, 0.5, 10), fast)


def step(trained):
    images = torch.randint(0, 256, (16, 28, 28), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    return trained.step(trainer.Split(images, torch.arange(16) % 10))


def test_a_network_loaded_from_its_file_gives_the_same_logits(trained, tmp_path):
    step(trained)
    path = tmp_path / "mnist_cnn.pth"
    path.write_bytes(weights_file.weights_file(trained.network, CONFIG, run_id="r", epoch=1))
    images = torch.rand(5, 1, 28, 28)
    trained.network.eval()
    torch.testing.assert_close(weights_file.load_network(path)(images), trained.network(images))


def test_files_load_without_running_any_code(trained):
    step(trained)
    files = [
        weights_file.weights_file(trained.network, CONFIG, run_id="r"),
        weights_file.serialize({"learner": trained.state_dict(), "config": CONFIG.as_json()}),
    ]
    weights, state = (torch.load(io.BytesIO(file), weights_only=True) for file in files)
    model = {"name": "cnn4", "channels": [4, 4, 8, 8], "dropout": 0.1, "norm": "batch", "views": 1}
    assert weights["model"] == model
    assert weights["input"] == {"shape": [1, 28, 28], "mean": 0.1307, "std": 0.3081}
    assert state["learner"]["steps"] == 1


def test_compressed_weights_are_restored(trained, tmp_path):
    content = {"a": torch.arange(6).view(2, 3), "b": [1, 2.5, None, {"c": "text"}], "empty": torch.zeros(0)}
    path = tmp_path / "some.pth"
    path.write_bytes(weights_file.serialize(content))
    loaded = weights_file.load(path)
    assert torch.equal(loaded.pop("a"), content["a"])
    assert torch.equal(loaded.pop("empty"), content["empty"])
    assert loaded == {"format": weights_file.FORMAT, "b": content["b"]}


def test_the_checksum_does_not_depend_on_memory_layout():
    images = torch.rand(2, 3, 4, 4)
    assert weights_file.digest({"x": images}) == weights_file.digest(
        {"x": images.to(memory_format=torch.channels_last)}
    )
    different = [
        {"x": images + 1e-7},
        {"x": images.double()},
        {"x": images.view(2, 3, 16)},
        {"y": images},
        {"x": [images]},
        {"x": images, "y": 1},
    ]
    sums = {weights_file.digest(content) for content in [{"x": images}, *different]}
    assert len(sums) == 1 + len(different)


def test_any_flipped_bit_is_found(trained, tmp_path):
    """torch.load itself misses most of them: it verifies no checksum."""
    path = tmp_path / "some.pth"
    whole = weights_file.serialize({"learner": trained.state_dict()})
    path.write_bytes(whole)
    expected = weights_file.digest(weights_file.load(path))
    found = unnoticed_by_torch = 0
    for place in range(37, len(whole), len(whole) // 60):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        try:
            torch.load(path, weights_only=True)
            unnoticed_by_torch += 1
        except Exception:
            pass
        try:
            assert weights_file.digest(weights_file.load(path)) == expected  # a bit of the padding between parts
        except weights_file.DamagedFile:
            found += 1
    assert found > 30 and unnoticed_by_torch > 30


def test_files_of_the_first_format_are_still_read(trained, tmp_path):
    content = torch.load(io.BytesIO(weights_file.weights_file(trained.network, CONFIG)), weights_only=True)
    del content["sha256"], content["model"]["norm"]
    path = tmp_path / "old.pth"
    torch.save(content | {"format": 1}, path)
    images = torch.rand(5, 1, 28, 28)
    trained.network.eval()
    torch.testing.assert_close(weights_file.load_network(path)(images), trained.network(images))


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 torn"])
def test_a_foreign_file_is_rejected_with_its_name(tmp_path, content):
    path = tmp_path / "other.pth"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"other\.pth is not a weights file"):
        weights_file.load_network(path)


def test_weights_of_another_program_are_rejected(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"state_dict": {}}, path)
    with pytest.raises(ValueError, match="is not a weights file"):
        weights_file.load_network(path)


def test_a_file_above_the_stated_size_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "huge.pth"
    with open(path, "wb") as file:
        file.truncate(8 << 30)  # takes no room on the disk, and would take 8 GB of memory
    with pytest.raises(UserError, match=r"Larger than 513,048,576 bytes"):
        weights_file.open_trained(path)
    with pytest.raises(UnexpectedFile, match=r"Larger than [0-9,]+ bytes"):
        weights_file.load(path)


def test_a_file_that_unpacks_to_more_than_the_limit_is_rejected(tmp_path):
    """torch writes uncompressed archives; its reader accepts compressed ones."""
    whole = io.BytesIO(weights_file.serialize({"state_dict": {"weight": torch.zeros(500_000)}}))
    with (
        zipfile.ZipFile(whole) as source,
        zipfile.ZipFile(tmp_path / "packed.pth", "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for part in source.infolist():
            target.writestr(part.filename, source.read(part))
    size = (tmp_path / "packed.pth").stat().st_size
    assert size < 100_000
    with pytest.raises(weights_file.DamagedFile, match="more than 100,000 bytes"):
        weights_file.load(tmp_path / "packed.pth", max_bytes=100_000)


def test_a_network_above_the_size_limit_is_not_trained():
    config = Config.from_options(model="cnn4", channels=(4096, 4096, 4096, 4096))
    with pytest.raises(UserError, match="use fewer --channels"):
        build_trainer(config, images=100, device=torch.device("cpu"))


@pytest.mark.parametrize("temperature", ["x", 0.0, -1.0, float("nan")])
def test_weights_with_an_invalid_temperature_are_rejected(trained, tmp_path, temperature):
    path = tmp_path / "weights.pth"
    path.write_bytes(weights_file.weights_file(trained.network, CONFIG, temperature=temperature))
    with pytest.raises(ValueError, match="is not a weights file"):
        weights_file.load_network(path)
