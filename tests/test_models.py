import pytest
import torch
from torch import nn

from digits import models, options
from digits.precision import Precision


def cnn4(**changes):
    return models.build("cnn4", **({"channels": (16, 32, 64, 128)} | changes))


def test_cnn4_has_four_convolutions_and_two_linear_layers():
    kinds = [type(layer) for layer in cnn4()]
    assert kinds.count(nn.Conv2d) == kinds.count(nn.BatchNorm2d) == 4
    assert kinds.count(nn.MaxPool2d) == 3
    assert kinds.count(nn.Linear) == 2
    assert all(layer.kernel_size == (3, 3) for layer in cnn4() if isinstance(layer, nn.Conv2d))


@pytest.mark.parametrize("channels", [(16, 32, 64, 128), (1, 1, 1, 1), (3, 5, 7, 11)])
def test_every_model_turns_images_into_ten_logits(channels):
    logits = cnn4(channels=channels)(torch.zeros(5, 1, 28, 28))
    assert logits.shape == (5, 10)


def test_names_and_channel_counts_are_the_same_on_the_command_line():
    for name in options.MODELS:
        channels = (8,) * options.CHANNELS_OF[name]
        assert models.build(name, channels)(torch.zeros(1, 1, 28, 28)).shape == (1, 10)


def test_a_wrong_name_or_number_of_channels_is_refused():
    with pytest.raises(ValueError, match="no model 'resnet'"):
        models.build("resnet")
    with pytest.raises(ValueError, match="four channel counts, not 3"):
        cnn4(channels=(1, 2, 3))


def test_the_layer_table_agrees_with_torch():
    network = cnn4()
    table = models.describe("cnn4", network)
    assert table["parameters"] == sum(parameter.numel() for parameter in network.parameters()) == 246_266
    assert [row["name"] for row in table["layers"]] == [name for name, _ in network.named_children()]
    outputs = {row["name"]: row["output"] for row in table["layers"]}
    assert outputs["conv1"] == [16, 28, 28]
    assert outputs["pool3"] == [64, 3, 3]
    assert outputs["flatten"] == [1152]
    # of each convolution: outputs times the weights that lead to one of them
    by_hand = 16 * 28 * 28 * 9 + 32 * 14 * 14 * 16 * 9 + 64 * 7 * 7 * 32 * 9 + 128 * 3 * 3 * 64 * 9
    assert table["macs"] == by_hand + 1152 * 128 + 128 * 10


def test_describing_a_network_changes_nothing_in_it():
    network = cnn4(dropout=0.5).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    models.describe("cnn4", network)
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_first_layer_of_one_channel_is_right_in_channels_last(dtype):
    """With one channel both memory orders have the same strides, which some versions of torch got wrong."""
    torch.manual_seed(0)
    layer = nn.Conv2d(1, 16, 3, padding=1, bias=False)
    images = torch.randn(64, 1, 28, 28, requires_grad=True)
    expected = layer(images)
    expected.square().sum().backward()
    gradient, layer.weight.grad = layer.weight.grad.clone(), None

    fast = Precision(torch.device("cpu"), fast=dtype == torch.bfloat16)
    arranged = layer.to(memory_format=torch.channels_last)
    with fast.autocast():
        result = arranged(images.detach().to(memory_format=torch.channels_last)).float()
    result.square().sum().backward()
    tolerance = 0.03 if dtype == torch.bfloat16 else 1e-5  # 8 bits of mantissa or 24
    assert (result - expected).norm() / expected.norm() < tolerance
    assert (layer.weight.grad - gradient).norm() / gradient.norm() < tolerance
