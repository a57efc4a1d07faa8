"""Export of a network for programs without PyTorch, such as the page, and import of an exported one.

    layers, numbers = export_model(network)         numbers: float32 (P,)
    network = import_model(layers, numbers)

A layer is a dict: `name`, `type`, the settings of that type, and for `weight` and `bias` the index of the first number;
results/README.md lists them all. Batch norm is folded into the convolution before it; if pooling is
between the two it becomes a layer `scale`, since a negative scale turns the maximum of four pixels into the minimum.
Dropout and flattening are left out.
"""

import copy
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from digits.models.network import Network

Place = Callable[[Tensor], int]  # appends a tensor to the numbers; gives the index of its first number


def export_model(network: nn.Sequential) -> tuple[list[dict], Tensor]:
    """Layers and numbers. Raises TypeError for a layer that cannot be exported."""
    parts: list[Tensor] = []

    def place(numbers: Tensor) -> int:
        parts.append(numbers.detach().float().cpu().flatten())
        return sum(map(len, parts[:-1]))

    layers = [
        {"name": name, **_describe(name, layer, place)}
        for name, layer in _fold_batch_norm(network.named_children())
        if not isinstance(layer, (nn.Flatten, nn.Dropout))
    ]
    return layers, torch.cat(parts)


def _describe(name: str, layer: nn.Module, place: Place) -> dict[str, object]:
    match layer:
        case nn.Conv2d():
            return {
                "type": "conv",
                "in": layer.in_channels,
                "out": layer.out_channels,
                "kernel": layer.kernel_size[0],
                "stride": layer.stride[0],
                "padding": layer.padding[0],
                "groups": layer.groups,
                **_place_parameters(layer, place),
            }
        case nn.BatchNorm2d():
            scale, shift = _scale_and_shift(layer)
            return {"type": "scale", "channels": len(scale), "weight": place(scale), "bias": place(shift)}
        case nn.Linear():
            return {
                "type": "linear",
                "in": layer.in_features,
                "out": layer.out_features,
                **_place_parameters(layer, place),
            }
        case nn.ReLU():
            return {"type": "relu"}
        case nn.MaxPool2d():
            return {"type": "pool", "size": layer.kernel_size}
        case nn.AdaptiveAvgPool2d():
            return {"type": "mean"}
        case nn.ConstantPad2d():
            return {"type": "pad", "size": layer.padding[0], "value": layer.value}
        case _:
            raise TypeError(f"{name}: {type(layer).__name__} can't be exported.")


def import_model(layers: list[dict], numbers: Tensor) -> Network:
    """The network in evaluation mode. Raises KeyError or RuntimeError for an invalid export."""
    network = Network()
    for facts in layers:
        if facts["type"] == "linear" and not any(isinstance(layer, nn.Linear) for layer in network):
            network.append(nn.Flatten())
        network.append(_build(facts, numbers))
    return network.eval()


def _fold_batch_norm(children: Iterable[tuple[str, nn.Module]]) -> list[tuple[str, nn.Module]]:
    """Layers by name, in double precision, batch norm folded into a convolution right before it."""
    layers: list[tuple[str, nn.Module]] = []
    for name, child in children:
        layer = copy.deepcopy(child).cpu().double().eval()
        if layers and isinstance(layer, nn.BatchNorm2d) and isinstance(layers[-1][1], nn.Conv2d):
            layers[-1] = (layers[-1][0], fuse_conv_bn_eval(layers[-1][1], layer))
        else:
            layers.append((name, layer))
    return layers


def _scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Batch norm in evaluation mode: each channel times scale (C,), plus shift (C,)."""
    assert norm.running_var is not None and norm.running_mean is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return scale, norm.bias - norm.running_mean * scale


def _place_parameters(layer: nn.Conv2d | nn.Linear, place: Place) -> dict[str, int | None]:
    return {"weight": place(layer.weight), "bias": None if layer.bias is None else place(layer.bias)}


def _build(facts: dict, numbers: Tensor) -> nn.Module:
    match facts["type"]:
        case "relu":
            return nn.ReLU()
        case "pool":
            return nn.MaxPool2d(facts["size"])
        case "mean":
            return nn.AdaptiveAvgPool2d(1)
        case "pad":
            return nn.ConstantPad2d(facts["size"], facts["value"])
        case "linear":
            return _fill(nn.Linear(facts["in"], facts["out"], facts["bias"] is not None), facts, numbers)
        case "scale":  # a depthwise 1x1 convolution
            channels = facts["channels"]
            return _fill(nn.Conv2d(channels, channels, 1, groups=channels), facts, numbers)
        case "conv":
            layer = nn.Conv2d(
                facts["in"],
                facts["out"],
                facts["kernel"],
                facts["stride"],
                facts["padding"],
                groups=facts["groups"],
                bias=facts["bias"] is not None,
            )
            return _fill(layer, facts, numbers)
        case other:
            raise KeyError(f"Unknown layer type {other!r}.")


@torch.no_grad()
def _fill(layer: nn.Conv2d | nn.Linear, facts: dict, numbers: Tensor) -> nn.Module:
    for name, parameter in layer.named_parameters():
        first = facts[name]
        parameter.copy_(numbers[first : first + parameter.numel()].view_as(parameter))
    return layer
