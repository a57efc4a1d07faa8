"""Output of the command models: all architectures, or one layer by layer, at most 80 columns wide.

At most 80 columns wide.
"""

import textwrap
from collections.abc import Iterable, Sequence

from digits.architectures import ARCHITECTURES, Architecture
from digits.models import builders, summary
from digits.project import invocation

_WIDTH = 80
_SIZES = {
    "input_mb": "input",
    "activations_mb": "forward/backward pass",
    "parameters_mb": "parameters",
    "total_mb": "total",
}


def overview() -> str:
    """Every architecture as it is by default: what goes in, how large it is, and in a few words what it is."""
    rows = [("model", "input", "channels", "parameters", "multiply-adds")]
    for name, architecture in ARCHITECTURES.items():
        facts = summary.describe(name, builders.build_model(name))
        rows.append((name, _joined(facts["input"]), _joined(architecture.channels, "-"), *_counts(facts)))
    heading, *lines = _aligned(rows)
    blocks = (f"{line}\n  {architecture.about}" for line, architecture in zip(lines, ARCHITECTURES.values()))
    return "\n".join([heading, *blocks, "", f"Layer by layer: {invocation('mnist_cnn')} models NAME"])


def report(architecture: Architecture) -> str:
    """One architecture: its settings, its layers as torchsummary prints them, its size in memory, its source."""
    network = builders.build_model(architecture.name, **architecture.settings)
    facts = summary.describe(architecture.name, network)
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
    sizes = [f"  {words:<21} {facts[key]:7.3f} MB" for key, words in _SIZES.items()]
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
    return tuple(f"{facts[key]:,}" if facts[key] else "-" for key in ("parameters", "macs"))


def _joined(sizes: Iterable[int], by: str = "x") -> str:
    return by.join(map(str, sizes))


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The rows as lines: words to the left, the figures of the last two columns to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    last = len(widths) - 2
    lines = []
    for row in rows:
        cells = [cell.rjust(w) if place >= last else cell.ljust(w) for place, (cell, w) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    return lines
