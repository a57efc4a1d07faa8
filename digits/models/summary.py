"""Layer-by-layer summary of a network, for the run log and for the command models."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from digits.architectures import ARCHITECTURES, Architecture
from digits.data.mnist import SIZE
from digits.models import builders
from digits.number_format import size
from digits.paths import invocation

_BYTES = 4  # of a float32
_MB = 1024**2  # as torchsummary counts
_WIDTH = 80  # columns of the terminal
_SIZES = {
    "input_mb": "input",
    "activations_mb": "forward/backward pass",
    "parameters_mb": "parameters",
    "total_mb": "total",
}


@dataclass(frozen=True)
class Layer:
    """One row of the layer table: output shape without the batch, multiply-adds for one image."""

    name: str
    type: str
    detail: str  # such as the kernel size; may be empty
    output: list[int]
    parameters: int
    macs: int


def describe(name: str, network: nn.Sequential) -> dict:
    """The run log's section `model`. Sizes are for one image, in MB, estimated as torchsummary does.

    `input_mb`: the image. `activations_mb`: the outputs of all layers and their gradients. `parameters_mb`: the
    parameters. All are float32.
    """
    layers = layer_table(network)
    trainable = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    counts = {"parameters": sum(layer.parameters for layer in layers), "trainable": trainable}
    numbers = {
        "input_mb": SIZE**2,
        "activations_mb": 2 * sum(torch.Size(layer.output).numel() for layer in layers),
        "parameters_mb": counts["parameters"],
    }
    sizes = {key: round(number * _BYTES / _MB, 6) for key, number in numbers.items()}
    return {
        "name": name,
        **counts,
        "macs": sum(layer.macs for layer in layers),
        "input": [1, SIZE, SIZE],
        **sizes,
        "total_mb": round(sum(numbers.values()) * _BYTES / _MB, 6),
        "layers": [asdict(layer) for layer in layers],
    }


def layer_table(network: nn.Sequential) -> list[Layer]:
    """One row per layer, from a forward pass of an empty image."""
    rows = []
    was_training = network.training
    network.eval()  # leaves batch statistics unchanged
    with torch.inference_mode():
        image = torch.zeros(1, 1, SIZE, SIZE, device=next(network.parameters()).device)
        for name, layer in network.named_children():
            image = layer(image)
            parameters = sum(parameter.numel() for parameter in layer.parameters())
            output = list(image.shape[1:])
            rows.append(Layer(name, _kind(layer), _detail(layer), output, parameters, _macs(layer, image)))
    network.train(was_training)
    return rows


def _kind(layer: nn.Module) -> str:
    """The name of the layer's class in torch; a layer synchronized over processes is a subclass of it."""
    return next(kind.__name__ for kind in type(layer).__mro__ if kind.__module__.startswith("torch."))


def _macs(layer: nn.Module, output: Tensor) -> int:
    """Multiply-adds for one image; normalization, activation and pooling are not counted, as is usual."""
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


# --- the text of the command models --------------------------------------------------------------------------------


def overview() -> str:
    """A table of all architectures with their default settings."""
    rows = [("model", "input", "channels", "parameters", "multiply-adds")]
    for name, architecture in ARCHITECTURES.items():
        facts = describe(name, builders.build_model(name))
        rows.append((name, _joined(facts["input"]), _joined(architecture.channels, "-"), *_counts(facts)))
    heading, *lines = _aligned(rows)
    blocks = (f"{line}\n  {architecture.about}" for line, architecture in zip(lines, ARCHITECTURES.values()))
    return "\n".join([heading, *blocks, "", f"Layer by layer: {invocation('mnist_cnn')} models NAME"])


def report(architecture: Architecture) -> str:
    """One architecture: settings, layers as torchsummary prints them, memory, source."""
    network = builders.build_model(architecture.name, **architecture.settings)
    facts = describe(architecture.name, network)
    channels = _joined(architecture.channels, "-")
    settings = f"channels {channels}, dropout {architecture.dropout:g}, norm {architecture.norm}"
    rows = [("layer", "type", "output", "parameters", "multiply-adds")]
    for layer in facts["layers"]:
        kind = f"{layer['type']} {layer['detail']}".rstrip()
        rows.append((layer["name"], kind, _joined(layer["output"]), *_counts(layer)))
    rows.append(("total", "", "", *_counts(facts)))
    rows.append(("trainable", "", "", f"{facts['trainable']:,}", ""))
    heading, *layers, total, trainable = _aligned(rows)
    rule = "-" * max(map(len, (heading, *layers, total)))
    sizes = [f"  {words:<21} {size(_MB * facts[key]):>9}" for key, words in _SIZES.items()]
    return "\n".join(
        [
            f"{architecture.name}: {architecture.about}",
            f"  {settings}",
            "",
            *(heading, rule, *layers, rule, total, trainable),
            "",
            "Memory for one image in float32:",
            *sizes,
            "",
            textwrap.fill(f"Source: {architecture.source}.", _WIDTH, subsequent_indent="  "),
        ]
    )


def _counts(facts: dict) -> tuple[str, str]:
    parameters, macs = (f"{facts[key]:,}" if facts[key] else "-" for key in ("parameters", "macs"))
    return parameters, macs


def _joined(sizes: Iterable[int], separator: str = "x") -> str:
    return separator.join(map(str, sizes))


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as lines: the last two columns, numbers, are right-aligned, the others left-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    last = len(widths) - 2
    lines = []
    for row in rows:
        cells = [cell.rjust(w) if place >= last else cell.ljust(w) for place, (cell, w) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    return lines
