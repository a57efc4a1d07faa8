"""Formatting of numbers for people: losses, percentages, rates, durations, sizes; the page's is web/core/format.js.

Both have the same style; counts are grouped by `f"{count:,}"`.
"""

import re

_UNITS = ("bytes", "kB", "MB", "GB", "TB")  # each a thousand times the one before
_MOST_LIKELY = 0.999  # a probability of 100 % would claim certainty


def decimal(value: float) -> str:
    """0.0123: four decimals below 1, fewer above, three significant digits below 0.001, then an exponent."""
    size = abs(value)
    if size >= 1e6 or 0 < size < 1e-5:
        return _exponential(value)
    if 0 < size < 0.001:
        exponent = int(f"{value:.2e}".partition("e")[2])
        return f"{value:.{2 - exponent}f}"
    return f"{value:,.{4 if size < 1 else 3 if size < 10 else 2 if size < 100 else 1}f}"


def rate(value: float) -> str:
    """0.006: a learning rate, at most three significant digits."""
    if 0 < abs(value) < 1e-5:
        return re.sub(r"\.?0*e", "e", _exponential(value))
    return f"{float(f'{value:.2e}'):.7f}".rstrip("0").rstrip(".")


def percent(fraction: float, decimals: int = 2) -> str:
    """98.94 %; fractions below 1 never round up to 100 %."""
    most = 100 - 10**-decimals if fraction < 1 else float("inf")
    return f"{min(100 * fraction, most):.{decimals}f} %"


def probability(value: float) -> str:
    """94.9 %: a probability of the network, never 100 %."""
    return percent(min(value, _MOST_LIKELY), 1)


def duration(seconds: float, tenths: bool = True) -> str:
    """0.4 s, 12 s, 1 min 12 s, 1 h 5 min, 2 d 3 h; without `tenths`, for estimates, whole seconds."""
    if tenths and seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def size(count: float) -> str:
    """458 kB, 12.3 GB: a number of bytes, three significant digits."""
    place = 0
    while count >= 999.5 and place < len(_UNITS) - 1:
        count, place = count / 1000, place + 1
    decimals = 0 if place == 0 or count >= 99.95 else 1 if count >= 9.995 else 2
    return f"{count:.{decimals}f} {_UNITS[place]}"


def _exponential(value: float) -> str:
    """Two decimals and an exponent without zeros: 3.40e-6."""
    digits, exponent = f"{value:.2e}".split("e")
    return f"{digits}e{int(exponent)}"
