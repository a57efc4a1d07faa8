"""Tables and sparklines of text, fitted to the width of the terminal."""

import sys
import textwrap
from collections.abc import Collection, Sequence
from itertools import pairwise

from digits.cli.terminal import columns
from digits.files import is_number

_GAP = 2  # spaces between columns
_NARROWEST = 8  # characters of a shortened cell
_WIDEST_TEXT = 100  # columns; longer lines are hard to read
_LEVELS, _ASCII_LEVELS = "▁▂▃▄▅▆▇█", "_.:-=+*#"


def fitting_width() -> int | None:
    """Columns that a line may have; None if standard output is no terminal: whatever reads it has no width."""
    return columns() - 1 if sys.stdout.isatty() else None


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], flexible: str, width: int | None, right: Collection[str] = ()
) -> list[str]:
    """Lines of aligned columns, those in `right` at the right; beyond `width` the column `flexible` is shortened."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    if width is not None:
        excess, place = sum(widths) + _GAP * (len(widths) - 1) - width, list(head).index(flexible)
        widths[place] = max(min(widths[place], _NARROWEST), widths[place] - max(0, excess))
    return [
        (" " * _GAP)
        .join(
            f"{shortened(cell, wide):{'>' if name in right else '<'}{wide}}"
            for cell, wide, name in zip(line, widths, head)
        )
        .rstrip()
        for line in lines
    ]


def shortened(text: str, width: int) -> str:
    """`text` in at most `width` characters."""
    return text if len(text) <= width else f"{text[: max(0, width - 3)]}..."[:width]


def wrapped(text: str) -> str:
    """A paragraph in lines that fit the terminal."""
    return textwrap.fill(text, min(columns() - 1, _WIDEST_TEXT), break_long_words=False, break_on_hyphens=False)


def sparkline(values: Sequence[float | None], width: int) -> str:
    """A character for each value or, if there are more than `width`, for the mean of several; a space without any.

    ASCII characters if standard output has no others.
    """
    means = [_mean(part) for part in _parts(values, width)]
    known = [mean for mean in means if mean is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    levels = _LEVELS if _can_print(_LEVELS) else _ASCII_LEVELS
    top = len(levels) - 1
    scale = top / (high - low) if high > low else 0.0
    return "".join(" " if mean is None else levels[round((mean - low) * scale)] for mean in means)


def _parts(values: Sequence[float | None], width: int) -> list[Sequence[float | None]]:
    """`values` in at most `width` parts of nearly equal length."""
    count = min(width, len(values))
    edges = [place * len(values) // count for place in range(count + 1)] if count > 0 else []
    return [values[first:last] for first, last in pairwise(edges)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None and is_number(value)]
    return sum(known) / len(known) if known else None


def _can_print(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
