"""The networks, by name, and what is in them layer by layer.

Images enter as (N, 1, 28, 28) floats, normalised; logits (N, 10) leave.
"""

from collections import OrderedDict
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

SIZE = 28  # pixels on a side
CLASSES = 10
_HIDDEN = 128  # units between the two fully connected layers


def build(name: str, channels: tuple[int, ...] = (), dropout: float = 0.0) -> nn.Sequential:
    """The network called `name` (options.MODELS) with that many channels in its convolutions, freshly initialised.

    Raises ValueError for a name nobody knows, or for the wrong number of channels.
    """
    if name not in _BUILDERS:
        raise ValueError(f"There is no model {name!r}: choose from {', '.join(_BUILDERS)}.")
    return _BUILDERS[name](channels, dropout)


def cnn4(channels: tuple[int, ...], dropout: float) -> nn.Sequential:
    """Four 3x3 convolutions, each with batch norm and ReLU, max pooling after the first three; two linear layers.

    The shape of textbooks since VGG (Simonyan and Zisserman, 2014): 3x3 kernels, and twice the channels where a
    quarter of the pixels is left. With 16, 32, 64, 128 channels: 246,266 parameters.
    """
    if len(channels) != 4:
        raise ValueError(f"cnn4 has four convolutions: give four channel counts, not {len(channels)}.")
    layers = OrderedDict()
    before = 1
    for number, width in enumerate(channels, start=1):
        # no bias: batch norm adds one of its own
        layers[f"conv{number}"] = nn.Conv2d(before, width, kernel_size=3, padding=1, bias=False)
        layers[f"norm{number}"] = nn.BatchNorm2d(width)
        layers[f"relu{number}"] = nn.ReLU(inplace=True)
        if number < 4:
            layers[f"pool{number}"] = nn.MaxPool2d(2)
        before = width
    side = SIZE // 2 // 2 // 2
    layers["flatten"] = nn.Flatten()
    layers["linear1"] = nn.Linear(before * side * side, _HIDDEN)
    layers["relu5"] = nn.ReLU(inplace=True)
    if dropout:
        layers["dropout"] = nn.Dropout(dropout)
    layers["linear2"] = nn.Linear(_HIDDEN, CLASSES)
    return nn.Sequential(layers)


_BUILDERS = {"cnn4": cnn4}


@dataclass(frozen=True)
class Layer:
    """One row of the layer table: output shape without the batch, multiply-adds for one image."""

    name: str
    type: str
    output: list[int]
    parameters: int
    macs: int


def describe(name: str, network: nn.Sequential) -> dict:
    """The run log's section `model`."""
    layers = layer_table(network)
    parameters, macs = sum(layer.parameters for layer in layers), sum(layer.macs for layer in layers)
    rows = [asdict(layer) for layer in layers]
    return {"name": name, "parameters": parameters, "macs": macs, "input": [1, SIZE, SIZE], "layers": rows}


def layer_table(network: nn.Sequential) -> list[Layer]:
    """Run one empty image through the network and note what each layer makes of it."""
    rows = []
    was_training = network.training
    network.eval()  # batch statistics stay as they are
    with torch.inference_mode():
        image = torch.zeros(1, 1, SIZE, SIZE, device=next(network.parameters()).device)
        for name, layer in network.named_children():
            image = layer(image)
            parameters = sum(parameter.numel() for parameter in layer.parameters())
            rows.append(Layer(name, type(layer).__name__, list(image.shape[1:]), parameters, _macs(layer, image)))
    network.train(was_training)
    return rows


def _macs(layer: nn.Module, output: Tensor) -> int:
    """Multiply-adds for one image; normalisation, activation and pooling are left out, as is usual."""
    if isinstance(layer, nn.Conv2d):
        return output[0].numel() * layer.weight[0].numel()
    if isinstance(layer, nn.Linear):
        return layer.weight.numel()
    return 0
