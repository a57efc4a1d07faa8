import pytest
import torch

from digits.architectures import ARCHITECTURES
from digits.models import builders, summary


def test_the_layer_table_agrees_with_torch():
    network = builders.build_model("cnn4")
    table = summary.describe("cnn4", network)
    assert table["name"] == "cnn4"
    assert table["parameters"] == sum(parameter.numel() for parameter in network.parameters()) == 246_266
    assert [row["name"] for row in table["layers"]] == [name for name, _ in network.named_children()]
    outputs = {row["name"]: row["output"] for row in table["layers"]}
    assert outputs["conv1"] == [16, 28, 28]
    assert outputs["pool3"] == [64, 3, 3]
    assert outputs["flatten"] == [1152]
    # of each convolution: outputs times the weights that lead to one of them
    by_hand = 16 * 28 * 28 * 9 + 32 * 14 * 14 * 16 * 9 + 64 * 7 * 7 * 32 * 9 + 128 * 3 * 3 * 64 * 9
    assert table["macs"] == by_hand + 1152 * 128 + 128 * 10


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_totals_are_the_sums_of_the_layers(name):
    table = summary.describe(name, builders.build_model(name))
    for key in ("parameters", "macs"):
        assert table[key] == sum(row[key] for row in table["layers"])
    assert table["layers"][-1]["output"] == [10]


def torchsummary_sizes(network, shape):
    """Input, forward/backward, parameter and total size in MB as torchsummary 1.5.1 computes them, with its hooks."""
    outputs = []
    hooks = [
        layer.register_forward_hook(lambda layer, given, result: outputs.append(result.numel())) for layer in network
    ]
    network.eval()(torch.rand(1, *shape))
    for hook in hooks:
        hook.remove()
    given = abs(torch.Size(shape).numel() * 4.0 / (1024**2))
    activations = abs(2.0 * sum(outputs) * 4.0 / (1024**2))
    parameters = abs(sum(parameter.numel() for parameter in network.parameters()) * 4.0 / (1024**2))
    return given, activations, parameters, given + activations + parameters


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_sizes_equal_those_of_torchsummary(name):
    network = builders.build_model(name)
    table = summary.describe(name, network)
    sizes = [table[key] for key in ("input_mb", "activations_mb", "parameters_mb", "total_mb")]
    assert sizes == pytest.approx(torchsummary_sizes(network, table["input"]), abs=1e-6)


def test_frozen_parameters_are_not_counted_as_trainable():
    network = builders.build_model("lenet5")
    assert summary.describe("lenet5", network)["trainable"] == 61_728
    network.linear1.requires_grad_(False)
    table = summary.describe("lenet5", network)
    assert (table["parameters"], table["trainable"]) == (61_728, 61_728 - 400 * 120 - 120)


def test_the_detail_column_complements_the_shapes():
    rows = summary.describe("cnn2", builders.build_model("cnn2"))["layers"]
    details = {row["name"]: row["detail"] for row in rows}
    assert details == dict.fromkeys(details, "") | {
        "conv1": "5x5",
        "conv2": "5x5",
        "pool1": "2x2",
        "pool2": "2x2",
        "dropout": "0.4",
    }


def test_describing_a_network_does_not_change_it():
    network = builders.build_model("cnn4", dropout=0.5).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    random = torch.get_rng_state()
    summary.describe("cnn4", network)
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
