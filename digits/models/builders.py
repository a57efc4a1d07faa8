"""Builders of the networks, by name; digits/architectures.py has their settings and sources.

Input: normalized images, float32 (N, 1, 28, 28); output: logits (N, 10). Comments give the shape (N, C, H, W) after the
lines that change it. Convolutions and linear layers keep PyTorch's default initialization (uniform, by fan-in).
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from itertools import pairwise

from torch import nn

from digits.architectures import ARCHITECTURES, Architecture
from digits.data.mnist import CLASSES
from digits.models.network import BACKGROUND, Network

Layers = list[nn.Module]
Builder = Callable[[Architecture], Layers]
_BUILDERS: dict[str, Builder] = {}


def build_model(
    name: str, channels: tuple[int, ...] | None = None, dropout: float | None = None, norm: str | None = None
) -> Network:
    """A new network of an architecture; None: its default. Raises ValueError for an invalid name or setting."""
    if name not in ARCHITECTURES:
        raise ValueError(f"Unknown model {name!r}: choose from {', '.join(ARCHITECTURES)}.")
    return _named(_BUILDERS[name](ARCHITECTURES[name].varied(channels, dropout, norm)))


def _builders(*names: str) -> Callable[[Builder], Builder]:
    """Register a function that builds the layers of these architectures."""

    def register(builder: Builder) -> Builder:
        _BUILDERS.update(dict.fromkeys(names, builder))
        return builder

    return register


@_builders("cnn4", "cnn4-flat")
def _cnn4(plan: Architecture) -> Layers:
    """Four 3x3 convolutions with ReLU, max pooling after three; a hidden layer of 128. cnn4: 246,266 parameters.

    cnn4-flat has nearly constant channels and more dropout: 168,042 parameters.
    """
    layers = _small_kernels(plan, pooled=(1, 2, 3))  # (N, C, 3, 3)
    return [*layers, nn.Flatten(), *_classifier((plan.channels[-1] * 3 * 3, 128), plan.dropout)]


@_builders("cnn4-quick")
def _cnn4_quick(plan: Architecture) -> Layers:
    """Like cnn4, but with a first kernel of 5x5, and pooling before norm and ReLU: 246,522 parameters.

    Norm and ReLU then process a quarter of the pixels, which saves a fifth of a step.
    """
    layers = _pooled_before_norm(plan, pooled=(1, 2, 3), first=5)  # (N, C, 3, 3)
    return [*layers, nn.Flatten(), *_classifier((plan.channels[-1] * 3 * 3, 128), plan.dropout)]


@_builders("cnn4-strided")
def _cnn4_strided(plan: Architecture) -> Layers:
    """Like cnn4-quick, but with stride 2 in the first convolution and no hidden layer: 66,426 parameters.

    At 28x28 pixels pooling costs as much as the convolution; the stride also saves three quarters of the latter.
    """
    layers = _pooled_before_norm(plan, pooled=(2, 3), first=5, stride=2)  # (N, C, 3, 3)
    return [*layers, nn.Flatten(), *_classifier((plan.channels[-1] * 3 * 3,), plan.dropout)]


@_builders("cnn4-valid")
def _cnn4_valid(plan: Architecture) -> Layers:
    """Like cnn4-quick, but without padding of the first kernel, and the last pooling at the end: 261,746 parameters.

    The 24 pixels left halve evenly three times, so no row is lost to pooling.
    """
    layers = _pooled_before_norm(plan, pooled=(1, 2, 4), first=5, unpadded=(1,))  # (N, C, 3, 3)
    return [*layers, nn.Flatten(), *_classifier((plan.channels[-1] * 3 * 3, 128), plan.dropout)]


@_builders("cnn4-strided-valid")
def _cnn4_strided_valid(plan: Architecture) -> Layers:
    """Like cnn4-strided, but with an unpadded first kernel of 6x6, which leaves 12x12 pixels: 66,602 parameters."""
    layers = _pooled_before_norm(plan, pooled=(2, 3), first=6, stride=2, unpadded=(1,))  # (N, C, 3, 3)
    return [*layers, nn.Flatten(), *_classifier((plan.channels[-1] * 3 * 3,), plan.dropout)]


@_builders("cnn4-wide")
def _cnn4_wide(plan: Architecture) -> Layers:
    """Like cnn4, but with global average pooling instead of 3x3 pixels: 422,026 parameters."""
    layers = [*_small_kernels(plan, pooled=(1, 2, 3)), nn.AdaptiveAvgPool2d(1)]  # (N, C, 1, 1)
    return [*layers, nn.Flatten(), *_classifier((plan.channels[-1], 128), plan.dropout)]


@_builders("cnn6")
def _cnn6(plan: Architecture) -> Layers:
    """Six 3x3 convolutions, every second one with pooling before norm; 128 hidden units: 435,754 parameters.

    The first two have no padding: the 24 pixels left halve evenly three times, and take a quarter less work than 28.
    """
    layers = _pooled_before_norm(plan, pooled=(2, 4, 6), unpadded=(1, 2))  # (N, C, 3, 3)
    return [*layers, nn.Flatten(), *_classifier((plan.channels[-1] * 3 * 3, 128), plan.dropout)]


@_builders("cnn2")
def _cnn2(plan: Architecture) -> Layers:
    """Two padded 5x5 convolutions, each with max pooling; a hidden layer of 1,024: 3,274,634 parameters."""
    first, second = plan.channels
    layers = [*_convolution(1, first, 5, plan.norm), nn.MaxPool2d(2)]  # (N, C, 14, 14)
    layers += [*_convolution(first, second, 5, plan.norm), nn.MaxPool2d(2)]  # (N, C, 7, 7)
    return [*layers, nn.Flatten(), *_classifier((second * 7 * 7, 1024), plan.dropout)]


@_builders("lenet5")
def _lenet5(plan: Architecture) -> Layers:
    """Two 5x5 convolutions without padding, 120-84-10: 61,728 parameters.

    LeNet-5 has 32x32 inputs, so the image is padded by 2. Sizes are those of 1998; scaled tanh, trained average
    pooling, sparse second convolution and radial output units are replaced by ReLU, max pooling, full convolution and
    a linear layer, and batch norm is added. Nine epochs of `--preset textbook` gave 99.21 ± 0.05 % test accuracy (3
    seeds).
    """
    first, second = plan.channels
    layers: Layers = [nn.ConstantPad2d(2, BACKGROUND)]  # (N, 1, 32, 32)
    layers += [*_convolution(1, first, 5, plan.norm, padding=0), nn.MaxPool2d(2)]  # (N, C, 14, 14)
    layers += [*_convolution(first, second, 5, plan.norm, padding=0), nn.MaxPool2d(2)]  # (N, C, 5, 5)
    return [*layers, nn.Flatten(), *_classifier((second * 5 * 5, 120, 84), plan.dropout)]


@_builders("tiny")
def _tiny(plan: Architecture) -> Layers:
    """A 3x3 convolution, four depthwise separable ones, global average pooling: 3,376 parameters for 99.4 %.

    A depthwise separable convolution applies a 3x3 kernel to each channel, then mixes channels with a 1x1 kernel, with
    little more than a ninth of the weights. Pooling comes before norm, as in cnn4-quick.
    """
    layers: Layers = []
    for number, (before, width) in enumerate(pairwise((1, *plan.channels)), start=1):
        convolution, *others = _convolution(before, width, 3 if number == 1 else 1, plan.norm)
        depthwise = [nn.Conv2d(before, before, 3, padding=1, groups=before, bias=False)] if number > 1 else []
        layers += [*depthwise, convolution, *([nn.MaxPool2d(2)] if number in (1, 3) else []), *others]
    # (N, C, 7, 7)
    return [*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), *_classifier((plan.channels[-1],), plan.dropout)]


def _small_kernels(plan: Architecture, pooled: tuple[int, ...]) -> Layers:
    """3x3 convolutions of (N, 1, 28, 28), with 2x2 max pooling after the convolutions numbered `pooled`."""
    layers: Layers = []
    for number, (before, width) in enumerate(pairwise((1, *plan.channels)), start=1):
        layers += _convolution(before, width, 3, plan.norm)
        if number in pooled:
            layers.append(nn.MaxPool2d(2))
    return layers


def _pooled_before_norm(
    plan: Architecture, pooled: tuple[int, ...], first: int = 3, stride: int = 1, unpadded: tuple[int, ...] = ()
) -> Layers:
    """Like _small_kernels, but with pooling before norm and ReLU.

    `first` and `stride`: of the first kernel. `unpadded`: the numbers of the convolutions without padding.
    """
    layers: Layers = []
    for number, (before, width) in enumerate(pairwise((1, *plan.channels)), start=1):
        kernel, step = (first, stride) if number == 1 else (3, 1)
        padding = 0 if number in unpadded else kernel // 2
        convolution, *others = _convolution(before, width, kernel, plan.norm, padding, step)
        layers += [convolution, *([nn.MaxPool2d(2)] if number in pooled else []), *others]
    return layers


def _convolution(
    before: int, width: int, kernel: int, norm: str, padding: int | None = None, stride: int = 1
) -> Layers:
    """A convolution with its norm and ReLU; by default it is padded to keep the size."""
    padding = kernel // 2 if padding is None else padding
    if norm == "none":
        return [nn.Conv2d(before, width, kernel, stride, padding), nn.ReLU(inplace=True)]
    # No bias: batch norm adds its own.
    convolution = nn.Conv2d(before, width, kernel, stride, padding, bias=False)
    return [convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]


def _classifier(widths: tuple[int, ...], dropout: float) -> Layers:
    """Linear layers from (N, widths[0]) to logits (N, 10), ReLU between them, dropout before the last."""
    layers: Layers = []
    for before, width in pairwise(widths):
        layers += [nn.Linear(before, width), nn.ReLU(inplace=True)]
    if dropout:
        layers.append(nn.Dropout(dropout))
    return [*layers, nn.Linear(widths[-1], CLASSES)]


_STEMS = {
    nn.Conv2d: "conv",
    nn.BatchNorm2d: "norm",
    nn.ReLU: "relu",
    nn.MaxPool2d: "pool",
    nn.AdaptiveAvgPool2d: "mean",
    nn.Linear: "linear",
    nn.ConstantPad2d: "pad",
}


def _named(layers: Layers) -> Network:
    """Layers named conv1, norm1, relu1, ...; numbered if there are several of a kind."""
    stems = [_STEMS.get(type(layer), type(layer).__name__.lower()) for layer in layers]
    numbers = {stem: iter(range(1, count + 1)) for stem, count in Counter(stems).items() if count > 1}
    names = [f"{stem}{next(numbers[stem])}" if stem in numbers else stem for stem in stems]
    return Network(OrderedDict(zip(names, layers)))
