"""Layer-by-layer summary of a network, for the run log and for the command models."""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from digits.models import builders

_BYTES = 4  # of a float32
_MB = 1024**2  # as torchsummary counts


@dataclass(frozen=True)
class Layer:
    """One row of the layer table: output shape without the batch, multiply-adds for one image."""

    name: str
    type: str
    detail: str  # the size of its kernel, say; empty where the shapes tell all
    output: list[int]
    parameters: int
    macs: int


def describe(name: str, network: nn.Sequential) -> dict:
    """The run log's section `model`. Sizes are for one image, in MB, estimated as torchsummary does.

    `input_mb` is the image; `activations_mb` the outputs of all layers, forward and once more for their gradients;
    `parameters_mb` the parameters; each number taking 4 bytes.
    """
    layers = layer_table(network)
    trainable = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    counts = {"parameters": sum(layer.parameters for layer in layers), "trainable": trainable}
    numbers = {
        "input_mb": builders.SIZE**2,
        "activations_mb": 2 * sum(torch.Size(layer.output).numel() for layer in layers),
        "parameters_mb": counts["parameters"],
    }
    sizes = {key: round(number * _BYTES / _MB, 6) for key, number in numbers.items()}
    return {
        "name": name,
        **counts,
        "macs": sum(layer.macs for layer in layers),
        "input": [1, builders.SIZE, builders.SIZE],
        **sizes,
        "total_mb": round(sum(numbers.values()) * _BYTES / _MB, 6),
        "layers": [asdict(layer) for layer in layers],
    }


def layer_table(network: nn.Sequential) -> list[Layer]:
    """Run one empty image through the network and note what each layer makes of it."""
    rows = []
    was_training = network.training
    network.eval()  # batch statistics stay as they are
    with torch.inference_mode():
        image = torch.zeros(1, 1, builders.SIZE, builders.SIZE, device=next(network.parameters()).device)
        for name, layer in network.named_children():
            image = layer(image)
            parameters = sum(parameter.numel() for parameter in layer.parameters())
            output = list(image.shape[1:])
            rows.append(Layer(name, _kind(layer), _detail(layer), output, parameters, _macs(layer, image)))
    network.train(was_training)
    return rows


def _kind(layer: nn.Module) -> str:
    """As torch calls it: what several processes share is a class of ours."""
    return next(kind.__name__ for kind in type(layer).__mro__ if kind.__module__.startswith("torch."))


def _macs(layer: nn.Module, output: Tensor) -> int:
    """Multiply-adds for one image; normalisation, activation and pooling are left out, as is usual."""
    if isinstance(layer, nn.Conv2d):
        return output[0].numel() * layer.weight[0].numel()
    if isinstance(layer, nn.Linear):
        return layer.weight.numel()
    return 0


def _detail(layer: nn.Module) -> str:
    if isinstance(layer, nn.Conv2d):
        return "x".join(map(str, layer.kernel_size))
    if isinstance(layer, nn.MaxPool2d):
        return f"{layer.kernel_size}x{layer.kernel_size}"
    if isinstance(layer, nn.Dropout):
        return str(layer.p)
    return ""
