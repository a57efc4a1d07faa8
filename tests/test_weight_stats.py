import math

import pytest
import torch

from digits.models import builders, weight_stats
from digits.models.history import ROWS_KEPT
from digits.models.weight_stats import WeightHistograms, histogram


@pytest.fixture
def network():
    torch.manual_seed(0)
    return builders.build_model("cnn4", (4, 4, 8, 8))


def test_every_weight_of_every_layer_is_counted(network):
    collected = WeightHistograms()
    collected.add_epoch(1, network)
    (epoch,) = collected.as_json()["epochs"]
    named = dict(network.named_modules())
    assert [layer["name"] for layer in epoch["layers"]] == ["conv1", "conv2", "conv3", "conv4", "linear1", "linear2"]
    for layer in epoch["layers"]:
        weight = named[layer["name"]].weight
        assert sum(layer["counts"]) == weight.numel()
        assert len(layer["counts"]) == weight_stats.BARS
        assert (layer["low"], layer["high"]) == pytest.approx((weight.min().item(), weight.max().item()), rel=1e-4)
        assert layer["std"] == pytest.approx(weight.std(correction=0).item(), rel=1e-4)


def test_a_histogram_equals_a_recount():
    values = torch.tensor([0.0, 0.1, 0.1, 0.99, 1.0])
    counts = histogram("x", values)["counts"]
    recount = [0] * weight_stats.BARS
    for value in values.tolist():
        recount[min(weight_stats.BARS - 1, math.floor(value * weight_stats.BARS))] += 1
    assert counts == recount


@pytest.mark.parametrize("values", [[0.5, 0.5], [math.nan, math.inf], [math.nan, 1.0, 2.0]])
def test_constant_or_non_finite_weights_break_nothing(values):
    found = histogram("x", torch.tensor(values))
    assert sum(found["counts"]) == sum(map(math.isfinite, values))
    assert all(math.isfinite(found[key]) for key in ("low", "high", "std"))


def test_the_filters_are_those_of_the_first_convolution(network):
    collected = WeightHistograms()
    collected.add_epoch(1, network)
    filters = collected.as_json()["filters"]
    kernels = torch.tensor(filters["values"]).view(filters["count"], filters["rows"], filters["columns"])
    assert filters["name"] == "conv1"
    torch.testing.assert_close(kernels, network.conv1.weight[:, 0].detach(), rtol=1e-3, atol=1e-4)


def test_small_filters_are_kept_for_each_epoch_and_damaged_ones_dropped(network):
    collected = WeightHistograms()
    for epoch in (1, 2):
        collected.add_epoch(epoch, network)
        network.conv1.weight.data.mul_(2)
    first, second = (row["filters"] for row in collected.as_json()["epochs"])
    assert second == pytest.approx([2 * value for value in first], rel=2e-3, abs=2e-4)
    assert collected.as_json()["filters"]["values"] == second
    saved = collected.as_json()
    saved["epochs"][0]["filters"] = ["x"]
    other = WeightHistograms()
    other.restore(saved, 2)
    assert ["filters" in row for row in other.as_json()["epochs"]] == [False, True]
    wide = WeightHistograms()
    wide.add_epoch(1, builders.build_model("cnn4", (100, 4, 8, 8)))
    assert "filters" not in wide.as_json()["epochs"][0]


def test_of_many_epochs_some_are_saved_and_a_resumed_run_continues(network):
    collected = WeightHistograms()
    for epoch in range(1, 121):
        collected.add_epoch(epoch, network)
    kept = [row["epoch"] for row in collected.as_json()["epochs"]]
    assert len(kept) <= ROWS_KEPT and kept[-1] == 120
    other = WeightHistograms()
    other.restore(collected.as_json(), 100)
    assert [row["epoch"] for row in other.as_json()["epochs"]] == [epoch for epoch in kept if epoch <= 100]


@pytest.mark.parametrize(
    "rows",
    [None, 5, [3], [{}], [{"epoch": 1}], [{"epoch": 1, "layers": 5}]]
    + [
        [{"epoch": 1, "layers": [{"name": "x", "low": 0, "high": 1, "std": std, "counts": counts}]}]
        for std, counts in [
            ("0", [0] * weight_stats.BARS),
            (0, [0]),
            (0, None),
            (math.nan, [0] * weight_stats.BARS),
        ]
    ],
)
def test_damaged_histograms_are_ignored(rows):
    collected = WeightHistograms()
    with pytest.raises(ValueError, match="damaged"):
        collected.restore({"epochs": rows}, 3)
    assert collected.as_json()["epochs"] == []
