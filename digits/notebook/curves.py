"""The curves of a run as an SVG, for notebooks that are read where no server runs."""

import html
import math
from collections.abc import Iterable, Sequence

from digits.files import is_number
from digits.number_format import decimal, percent
from digits.runlog.training_log import section

WIDTH, HEIGHT = 800, 260  # pixels
_TRAINING, _VALIDATION, _BATCHES = "#2f62c9", "#b4500b", "#9db7ec"  # the page's colors in its light theme
_INK, _SOFT, _LINE = "#1a1f28", "#5b6472", "#d5d9e0"
_LEFT, _TOP, _PANEL_WIDTH, _PANEL_HEIGHT, _GAP = 52, 64, 320, 150, 80

Points = list[tuple[float, float]]


def curves_svg(log: dict) -> str:
    """Loss and accuracy over the epochs: batches, training and validation."""
    epochs, batches = section(log, "epochs"), section(log, "batches")
    x = _epochs_of_steps(epochs, batches)
    panels = []
    for number, (title, name, is_fraction) in enumerate((("Loss", "loss", False), ("Accuracy", "accuracy", True))):
        curves = {
            _BATCHES: _points(x, batches.get(name)),
            _TRAINING: _points(epochs.get("epoch"), epochs.get(f"train_{name}")),
            _VALIDATION: _points(epochs.get("epoch"), epochs.get(f"val_{name}")),
        }
        panels.append(_panel(_LEFT + number * (_PANEL_WIDTH + _GAP), title, curves, is_fraction))
    name, status = (html.escape(str(log.get(key) or "")) for key in ("name", "status"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{_SOFT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<text x="12" y="24" font-size="15" font-weight="600" fill="{_INK}">{name}'
        f'<tspan font-size="12" font-weight="400" fill="{_SOFT}" dx="8">{status}</tspan></text>'
        f"{''.join(panels)}</svg>"
    )


def _panel(left: float, title: str, curves: dict[str, Points], is_fraction: bool) -> str:
    """A chart of the curves by color, with its axes. `is_fraction`: shown as percentages."""
    points = [point for curve in curves.values() for point in curve]
    if not points:
        return f'<text x="{left}" y="{_TOP + 40}">{title}: no values yet</text>'
    x_most = max(x for x, _ in points) or 1
    low, high = _range([y for _, y in points])

    def place(point: tuple[float, float]) -> str:
        across = left + point[0] / x_most * _PANEL_WIDTH
        return f"{across:.1f},{_TOP + (high - point[1]) / (high - low) * _PANEL_HEIGHT:.1f}"

    parts = [f'<text x="{left}" y="{_TOP - 12}" font-weight="600" fill="{_INK}">{title}</text>']
    for value in (low, (low + high) / 2, high):
        down = _TOP + (high - value) / (high - low) * _PANEL_HEIGHT
        text = percent(value, 0) if is_fraction else f"{value:.2g}"
        parts.append(f'<path d="M{left} {down:.1f}h{_PANEL_WIDTH}" stroke="{_LINE}"/>')
        parts.append(f'<text x="{left - 6}" y="{down + 4:.1f}" text-anchor="end">{text}</text>')
    for color, curve in curves.items():
        width = 1 if color == _BATCHES else 2
        parts.append(
            f'<polyline points="{" ".join(map(place, curve))}" fill="none" stroke="{color}" stroke-width="{width}"/>'
        )
        if color != _BATCHES:
            spots = (place(point).split(",") for point in curve)
            parts += [f'<circle cx="{across}" cy="{down}" r="2.5" fill="{color}"/>' for across, down in spots]
    bottom = _TOP + _PANEL_HEIGHT + 18
    parts.append(f'<text x="{left}" y="{bottom}">epoch 0</text>')
    parts.append(f'<text x="{left + _PANEL_WIDTH}" y="{bottom}" text-anchor="end">{x_most:.3g}</text>')
    return "".join(parts) + _legend(left + _PANEL_WIDTH, curves, is_fraction)


def _legend(left: float, curves: dict[str, Points], is_fraction: bool) -> str:
    """Names and latest values of the curves, which end at `left`."""
    names = {_TRAINING: "training", _VALIDATION: "validation"}
    parts: list[str] = []
    for color, curve in curves.items():
        if curve and color in names:
            last = percent(curve[-1][1]) if is_fraction else decimal(curve[-1][1])
            parts.append(f'<tspan fill="{color}" dx="{10 if parts else 0}">{names[color]} {last}</tspan>')
    return f'<text x="{left}" y="{_TOP - 12}" text-anchor="end">{"".join(parts)}</text>'


def _range(values: Sequence[float]) -> tuple[float, float]:
    """The least and greatest value to show."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _epochs_of_steps(epochs: dict, batches: dict) -> list[float]:
    """The place of each bucket of batches on an axis of epochs."""
    steps = [step for step in batches.get("step") or [] if is_number(step)]
    ends = [end for end in epochs.get("step") or [] if is_number(end)]
    per_epoch = ends[0] if ends else max(steps, default=1)
    return [step / per_epoch for step in steps] if per_epoch else []


def _points(across: object, down: object) -> Points:
    """The finite points of a curve."""
    if not isinstance(across, list) or not isinstance(down, list):
        return []
    pairs: Iterable[tuple] = zip(across, down)
    return [(x, y) for x, y in pairs if is_number(x) and is_number(y) and math.isfinite(x)]
