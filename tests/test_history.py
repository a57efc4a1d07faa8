"""The exported network for the page: consistent files, saved epochs, resumed runs."""

import json
import math
import zlib

import pytest
import torch

from digits.models import history
from digits.models.builders import build_model
from digits.models.export import import_model
from digits.models.history import ModelHistory, load_snapshot, snapshots_of


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build_model("cnn4-quick", (4, 4, 8, 8)).eval()


def collected(network, epochs) -> ModelHistory:
    networks = ModelHistory()
    for epoch in epochs:
        networks.add_epoch(epoch, network)
        with torch.no_grad():
            network.linear2.bias += 1
    return networks


@torch.inference_mode()
def test_the_two_files_hold_the_network(network):
    saved = collected(network, [1])
    with torch.no_grad():
        network.linear2.bias -= 1  # as it was when it was collected
    description = json.loads(json.dumps(saved.as_json({"temperature": 1.5})))
    numbers = torch.frombuffer(bytearray(saved.current), dtype=torch.float32)
    assert description["numbers"] == len(numbers) and description["crc32"] == zlib.crc32(saved.current)
    assert description["epoch"] == 1 and description["temperature"] == 1.5
    images = torch.randn(5, 1, 28, 28)
    torch.testing.assert_close(import_model(description["layers"], numbers)(images), network(images))


@torch.inference_mode()
def test_each_saved_epoch_can_be_loaded(network):
    saved = collected(network, [1, 2, 3])
    description = saved.as_json({})
    kept = snapshots_of(description, saved.history)
    image = torch.zeros(1, 1, 28, 28)
    logits = [load_snapshot(description, kept[epoch].numbers)(image) for epoch in (1, 2, 3)]
    torch.testing.assert_close(logits[1] - logits[0], torch.ones(1, 10), atol=1e-2, rtol=0)
    torch.testing.assert_close(logits[2] - logits[0], torch.full((1, 10), 2.0), atol=1e-2, rtol=0)


def test_a_history_that_does_not_match_its_description_is_not_read(network):
    saved = collected(network, [1, 2])
    assert snapshots_of(saved.as_json({}), saved.history[:-1]) == {}
    assert snapshots_of(saved.as_json({}), b"x" + saved.history) == {}


def test_a_kill_between_the_two_files_loses_no_earlier_epoch(network):
    saved = collected(network, [1, 2])
    description, before = saved.as_json({}), saved.history
    saved.add_epoch(3, network)
    assert list(snapshots_of(description, saved.history)) == [1, 2]
    assert b"".join(kept.numbers for kept in snapshots_of(description, saved.history).values()) == before


def test_a_resumed_run_keeps_the_earlier_epochs(network):
    before = collected(network, [1])
    before.add_epoch(2, network, ood_threshold=-5.0)
    after = ModelHistory()
    after.restore(before.as_json({}), before.history, epoch=2)
    after.add_epoch(3, network, ood_threshold=-6.0)
    assert after.as_json({})["epochs"] == [1, 2, 3]
    assert after.as_json({})["ood_thresholds"] == [None, -5.0, -6.0]
    assert after.history[: len(before.history)] == before.history


@pytest.mark.parametrize(
    "damage",
    [{"numbers": value} for value in (None, "5", 0, -1, 2.5, [])]
    + [{"epochs": value} for value in (None, 5, "12", [1, "2"], [1, None], [2, 1], [1, 1])]
    + [{"ood_thresholds": value} for value in (5, [], [None], [None, "x"], [None, math.nan])]
    + [{"epochs_crc32": value} for value in (None, 0, [])],
)
def test_a_damaged_description_of_the_epochs_is_ignored(network, damage):
    saved, fresh = collected(network, [1, 2]), ModelHistory()
    with pytest.raises(ValueError, match=r"damaged|checksum"):
        fresh.restore(saved.as_json({}) | damage, saved.history, epoch=2)
    assert fresh.as_json({})["epochs"] == [] and fresh.history == b""


def test_a_history_without_ood_thresholds_is_read_too(network):
    """Files of older versions had none."""
    saved = collected(network, [1, 2])
    description = saved.as_json({})
    del description["ood_thresholds"]
    assert [kept.ood_threshold for kept in snapshots_of(description, saved.history).values()] == [None, None]


def test_the_number_of_saved_epochs_is_limited(network, monkeypatch):
    many = collected(network, range(1, 101)).as_json({})["epochs"]
    assert len(many) <= history.SNAPSHOTS_KEPT and many[-1] == 100
    size = len(collected(network, [1]).history)
    monkeypatch.setattr(history, "MAX_HISTORY_BYTES", 3 * size)
    saved = collected(network, range(1, 11))
    assert len(saved.history) <= 3 * size and saved.as_json({})["epochs"][-1] == 10


def test_numbers_beyond_half_precision_stay_finite(network):
    with torch.no_grad():
        network.linear2.bias[0] = 1e6
    saved = collected(network, [1])
    assert load_snapshot(saved.as_json({}), saved.history).pop(-1).bias[0] == 65504
