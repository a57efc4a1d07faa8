"""Export of a network for programs without PyTorch, such as the page: a list of layers, and one row of numbers.

    layers, numbers = take_apart(network)         numbers: float32 (P,)
    network = put_together(layers, numbers)

A layer is a dict: its `name` in the network, its `type`, what that needs to know, and for `weight` and `bias` the place
of their first number in the row; results/README.md lists them all. Batch norm has become part of the convolution before
it, or, where pooling stands between, a scale of its own: a channel may have been turned over, and the greatest of four
is the least then. Dropout, which does nothing after training, is left out; flattening is in the row's nature.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval


def export_model(network: nn.Sequential) -> tuple[list[dict], Tensor]:
    """Layers and numbers. Raises TypeError for a layer that has no type here."""
    layers, parts = [], []

    def place(numbers: Tensor) -> int:
        parts.append(numbers.detach().float().cpu().flatten())
        return sum(map(len, parts[:-1]))

    for name, layer in _folded(network):
        match layer:
            case nn.Conv2d():
                facts = {
                    "type": "conv",
                    "in": layer.in_channels,
                    "out": layer.out_channels,
                    "kernel": layer.kernel_size[0],
                    "stride": layer.stride[0],
                    "padding": layer.padding[0],
                    "groups": layer.groups,
                    **_placed(layer, place),
                }
            case nn.BatchNorm2d():
                scale, shift = _affine(layer)
                facts = {"type": "scale", "channels": len(scale), "weight": place(scale), "bias": place(shift)}
            case nn.Linear():
                facts = {"type": "linear", "in": layer.in_features, "out": layer.out_features, **_placed(layer, place)}
            case nn.ReLU():
                facts = {"type": "relu"}
            case nn.MaxPool2d():
                facts = {"type": "pool", "size": layer.kernel_size}
            case nn.AdaptiveAvgPool2d():
                facts = {"type": "mean"}
            case nn.ConstantPad2d():
                facts = {"type": "pad", "size": layer.padding[0], "value": layer.value}
            case nn.Flatten() | nn.Dropout():
                continue
            case _:
                raise TypeError(f"{name}: {type(layer).__name__} can't be taken apart.")
        layers.append({"name": name, **facts})
    return layers, torch.cat(parts)


def import_model(layers: list[dict], numbers: Tensor) -> nn.Sequential:
    """The network again, to be asked, not to be trained. Raises KeyError, RuntimeError for what was not taken apart."""
    network = nn.Sequential()
    for facts in layers:
        if facts["type"] == "linear" and not any(isinstance(layer, nn.Linear) for layer in network):
            network.append(nn.Flatten())
        network.append(_built(facts, numbers))
    return network.eval()


def _folded(network: nn.Sequential) -> list[tuple[str, nn.Module]]:
    """Its layers by name, in double precision, with batch norm in the convolutions that it follows at once."""
    layers: list[tuple[str, nn.Module]] = []
    for name, layer in network.named_children():
        before = layers[-1] if layers else (None, None)
        if isinstance(layer, nn.BatchNorm2d) and isinstance(before[1], nn.Conv2d):
            layers[-1] = (before[0], fuse_conv_bn_eval(before[1], _frozen(layer)))
        else:
            layers.append((name, _frozen(layer)))
    return layers


def _frozen(layer: nn.Module) -> nn.Module:
    """A copy in double precision, without the dependence on the batch that training has."""
    return copy.deepcopy(layer).cpu().double().eval()


def _affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """What batch norm does after training: each channel times scale (C,), plus shift (C,)."""
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return scale, norm.bias - norm.running_mean * scale


def _placed(layer: nn.Conv2d | nn.Linear, place) -> dict[str, int | None]:
    return {"weight": place(layer.weight), "bias": None if layer.bias is None else place(layer.bias)}


def _built(facts: dict, numbers: Tensor) -> nn.Module:
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
            return _filled(nn.Linear(facts["in"], facts["out"], facts["bias"] is not None), facts, numbers)
        case "scale":  # a convolution of one pixel, channel by channel
            channels = facts["channels"]
            return _filled(nn.Conv2d(channels, channels, 1, groups=channels), facts, numbers)
        case "conv":
            sizes = (facts[key] for key in ("in", "out", "kernel", "stride", "padding"))
            layer = nn.Conv2d(*sizes, groups=facts["groups"], bias=facts["bias"] is not None)
            return _filled(layer, facts, numbers)
        case other:
            raise KeyError(f"There is no layer of type {other!r}.")


@torch.no_grad()
def _filled(layer: nn.Conv2d | nn.Linear, facts: dict, numbers: Tensor) -> nn.Module:
    for name, parameter in layer.named_parameters():
        first = facts[name]
        parameter.copy_(numbers[first : first + parameter.numel()].view_as(parameter))
    return layer
