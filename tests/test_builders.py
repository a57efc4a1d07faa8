import copy
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import digits.data.mnist
from digits.architectures import ARCHITECTURES
from digits.models import builders
from digits.models.precision import Precision
from digits.training import optimizers

PARAMETERS = {
    "cnn4": 246_266,
    "cnn4-quick": 246_522,
    "cnn4-strided": 66_426,
    "cnn4-valid": 261_746,
    "cnn4-strided-valid": 66_602,
    "cnn4-wide": 422_026,
    "cnn4-flat": 168_042,
    "cnn6": 435_754,
    "cnn2": 3_274_634,
    "lenet5": 61_728,
    "tiny": 3_376,
}
CPU = torch.device("cpu")


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def kinds(network):
    return [type(layer) for layer in network]


def mixing(network):
    """The convolutions that mix channels: all but the depthwise ones."""
    convolutions = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    if any(layer.kernel_size == (1, 1) for layer in convolutions):
        return [layer for number, layer in enumerate(convolutions) if not number or layer.kernel_size == (1, 1)]
    return convolutions


def digits_of(count):
    """Images (count, 28, 28) of strokes, and labels."""
    rng = torch.Generator().manual_seed(count)
    images = torch.zeros(count, 28, 28, dtype=torch.uint8)
    images[:, 6:22, 8:20] = torch.randint(0, 256, (count, 16, 12), generator=rng, dtype=torch.uint8)
    return images, torch.arange(count) % 10


def test_every_architecture_has_a_builder_and_a_source():
    assert set(builders._BUILDERS) == set(ARCHITECTURES)
    for name, architecture in ARCHITECTURES.items():
        assert architecture.name == name
        assert architecture.about and len(architecture.about) <= 78
        assert architecture.source


def test_parameter_counts_match_the_documents():
    assert {name: count(builders.build_model(name)) for name in ARCHITECTURES} == PARAMETERS
    for name, parameters in PARAMETERS.items():
        assert f"{parameters:,} parameters" in builders._BUILDERS[name].__doc__


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_model_turns_images_into_ten_logits_with_any_settings(name, norm):
    for width in (1, 3, 8):
        channels = tuple(width + place for place in range(len(ARCHITECTURES[name].channels)))
        network = builders.build_model(name, channels, dropout=0.2, norm=norm)
        assert network(torch.zeros(5, 1, 28, 28)).shape == (5, 10)
        convolutions = mixing(network)
        assert tuple(layer.out_channels for layer in convolutions) == channels
        assert kinds(network).count(nn.BatchNorm2d) == (len(channels) if norm == "batch" else 0)
        # batch norm adds a bias of its own
        assert all((layer.bias is None) == (norm == "batch") for layer in convolutions)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_dropout_comes_once_before_the_last_layer_or_not_at_all(name):
    with_dropout, without = builders.build_model(name, dropout=0.25), builders.build_model(name, dropout=0.0)
    assert [layer.p for layer in with_dropout if isinstance(layer, nn.Dropout)] == [0.25]
    assert isinstance(with_dropout[-2], nn.Dropout)
    assert nn.Dropout not in kinds(without)
    assert list(with_dropout.state_dict()) == list(without.state_dict())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_without_arguments_a_model_has_its_default_settings(name):
    own = ARCHITECTURES[name]
    network = builders.build_model(name)
    assert tuple(layer.out_channels for layer in mixing(network)) == own.channels
    assert sum(layer.p for layer in network if isinstance(layer, nn.Dropout)) == own.dropout
    assert (nn.BatchNorm2d in kinds(network)) == (own.norm == "batch")
    assert repr(network) == repr(builders.build_model(name, **own.settings))


def test_cnn4_has_four_convolutions_and_two_linear_layers():
    network = builders.build_model("cnn4")
    assert kinds(network).count(nn.Conv2d) == kinds(network).count(nn.BatchNorm2d) == 4
    assert kinds(network).count(nn.MaxPool2d) == 3
    assert kinds(network).count(nn.Linear) == 2
    assert all(layer.kernel_size == (3, 3) for layer in network if isinstance(layer, nn.Conv2d))


def test_cnn4_begins_with_the_weights_that_these_layers_have_if_made_in_their_order():
    """Runs are reproducible by seed: names and order of random numbers must not change."""
    torch.manual_seed(3)
    by_hand = {}
    for number, (before, width) in enumerate([(1, 16), (16, 32), (32, 64), (64, 128)], start=1):
        by_hand[f"conv{number}"] = nn.Conv2d(before, width, 3, padding=1, bias=False)
        by_hand[f"norm{number}"] = nn.BatchNorm2d(width)
    by_hand |= {"linear1": nn.Linear(1152, 128), "linear2": nn.Linear(128, 10)}
    expected = nn.ModuleDict(by_hand).state_dict()
    torch.manual_seed(3)
    state = builders.build_model("cnn4").state_dict()
    assert list(state) == list(expected)
    assert all(torch.equal(state[name], value) for name, value in expected.items())


def test_cnn4_wide_averages_and_flat_keeps_its_width():
    wide, flat = builders.build_model("cnn4-wide"), builders.build_model("cnn4-flat")
    assert kinds(wide).count(nn.MaxPool2d) == kinds(flat).count(nn.MaxPool2d) == 3
    assert kinds(wide).count(nn.AdaptiveAvgPool2d) == 1
    assert (wide.linear1.in_features, wide.linear1.out_features, wide.linear2.out_features) == (256, 128, 10)
    assert builders.build_model("cnn4-flat", (16, 32, 32, 32))(torch.zeros(1, 1, 28, 28)).shape == (1, 10)
    assert len({flat.conv2.out_channels, flat.conv3.out_channels, flat.conv4.out_channels}) == 1


@pytest.mark.parametrize(
    ("name", "unpadded", "sides"),
    [
        ("cnn4-quick", 0, [14, 7, 3]),
        ("cnn4-valid", 1, [12, 6, 3]),
        ("cnn4-strided-valid", 1, [6, 3]),
        ("cnn6", 2, [12, 6, 3]),
    ],
)
def test_pooling_comes_before_norm_and_without_padding_sizes_halve_evenly(name, unpadded, sides):
    network = builders.build_model(name)
    convolutions = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    without = [layer.padding == (0, 0) for layer in convolutions]
    assert without == [True] * unpadded + [False] * (len(without) - unpadded)
    assert sides_after_pooling(network) == sides
    for layer, following in pairwise(network):
        assert not isinstance(following, nn.MaxPool2d) or isinstance(layer, nn.Conv2d)  # before norm and ReLU


def test_the_first_kernel_of_cnn4_strided_moves_by_two_pixels():
    network = builders.build_model("cnn4-strided")
    assert (network.conv1.stride, network.conv2.stride) == ((2, 2), (1, 1))
    assert sides_after_pooling(network) == [7, 3]
    valid = builders.build_model("cnn4-strided-valid")
    assert (valid.conv1.stride, valid.conv1.kernel_size, valid.conv2.stride) == ((2, 2), (6, 6), (1, 1))


def sides_after_pooling(network) -> list[int]:
    image, sides = torch.zeros(1, 1, 28, 28), []
    for layer in network.eval():
        image = layer(image)
        if isinstance(layer, nn.MaxPool2d):
            sides.append(image.shape[-1])
    return sides


def test_cnn2_goes_from_7x7_pixels_of_64_channels_over_1024_units():
    network = builders.build_model("cnn2")
    assert [layer.kernel_size for layer in network if isinstance(layer, nn.Conv2d)] == [(5, 5)] * 2
    assert (network.linear1.in_features, network.linear1.out_features) == (64 * 7 * 7, 1024)


def test_lenet5_reads_32x32_pixels_and_the_frame_around_the_image_is_paper():
    network = builders.build_model("lenet5")
    paper = digits.data.mnist.normalize(torch.zeros(1, 28, 28, dtype=torch.uint8))
    framed = network.pad(paper)
    assert framed.shape == (1, 1, 32, 32)
    torch.testing.assert_close(framed, torch.full_like(framed, paper[0, 0, 0, 0].item()))
    assert [layer.out_features for layer in network if isinstance(layer, nn.Linear)] == [120, 84, 10]


def test_lenet5_without_batch_norm_has_the_61_706_parameters_of_textbooks():
    assert count(builders.build_model("lenet5", norm="none")) == 61_706


def test_layers_are_numbered_where_there_are_several_of_a_kind():
    names = [name for name, _ in builders.build_model("lenet5", dropout=0.5).named_children()]
    assert names[:5] == ["pad", "conv1", "norm1", "relu1", "pool1"]
    assert names[-6:] == ["linear1", "relu3", "linear2", "relu4", "dropout", "linear3"]


def test_a_wrong_name_norm_or_number_of_channels_is_rejected():
    with pytest.raises(ValueError, match="Unknown model 'resnet': choose from cnn4, "):
        builders.build_model("resnet")
    with pytest.raises(ValueError, match="cnn4 has 4 convolutions, and 1,2,3 names 3"):
        builders.build_model("cnn4", channels=(1, 2, 3))
    with pytest.raises(ValueError, match="lenet5 has 2 convolutions, and nothing names 0"):
        builders.build_model("lenet5", channels=())
    with pytest.raises(ValueError, match="Unknown norm 'group': choose from batch, none"):
        builders.build_model("cnn4", norm="group")


def gradient(network, precision, images, labels):
    """Gradients of the loss by all parameters in training mode, as vectors."""
    network = precision.to_memory_format(copy.deepcopy(network)).train()
    with precision.autocast():
        logits = network(precision.to_memory_format(digits.data.mnist.normalize(images)))
    F.cross_entropy(logits.float(), labels).backward()
    return [parameter.grad.float().flatten() for parameter in network.parameters()]


@pytest.mark.parametrize("images", [1, 3, 8])
@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_gradients_in_channels_last_and_bfloat16_agree_with_plain_ones(name, norm, images):
    torch.manual_seed(1)
    network = builders.build_model(name, dropout=0.0, norm=norm)
    plain = gradient(network, Precision(CPU), *digits_of(images))
    for bfloat16 in (False, True):
        other = gradient(network, Precision(CPU, bfloat16, channels_last=True), *digits_of(images))
        similar, longer = (0.9999, 0.001) if not bfloat16 else (0.95, 0.1) if images > 1 else (0.8, 0.2)
        # all parameters together, and those of the first layer, whose single channel has led kernels astray
        for expected, seen in ((torch.cat(plain), torch.cat(other)), (plain[0], other[0])):
            assert F.cosine_similarity(expected, seen, dim=0) > similar
            assert seen.norm() / expected.norm() == pytest.approx(1, abs=longer)


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_model_can_overfit_a_few_digits(name):
    torch.manual_seed(1)
    network = builders.build_model(name, dropout=0.0).train()
    adam = optimizers.make("adam", network, 0.0)
    images, labels = digits_of(5)
    for _ in range(60):
        loss = F.cross_entropy(network(digits.data.mnist.normalize(images)), labels)
        adam.zero_grad()
        loss.backward()
        adam.step(0.003)
    assert loss < 0.5  # a guess costs 2.3


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_first_layer_with_one_channel_is_correct_in_channels_last(dtype):
    """With one channel both memory formats have the same strides, which some versions of torch handled incorrectly."""
    torch.manual_seed(0)
    layer = nn.Conv2d(1, 16, 3, padding=1, bias=False)
    images = torch.randn(64, 1, 28, 28, requires_grad=True)
    expected = layer(images)
    expected.square().sum().backward()
    gradient, layer.weight.grad = layer.weight.grad.clone(), None

    fast = Precision(CPU, dtype == torch.bfloat16, dtype == torch.bfloat16)
    arranged = layer.to(memory_format=torch.channels_last)
    with fast.autocast():
        result = arranged(images.detach().to(memory_format=torch.channels_last)).float()
    result.square().sum().backward()
    tolerance = 0.03 if dtype == torch.bfloat16 else 1e-5  # 8 bits of mantissa or 24
    assert (result - expected).norm() / expected.norm() < tolerance
    assert (layer.weight.grad - gradient).norm() / gradient.norm() < tolerance
