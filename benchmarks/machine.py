"""What every benchmark says of itself: the machine, and mean, spread and n of its figures."""

import os
import platform
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from digits import processor


def describe() -> str:
    """One line: processor, load before the benchmark, Python, system."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{processor.name()}{load}; Python {platform.python_version()}; {platform.system()}"


def spread(name: str, values: list[float], unit: str, digits: int = 2) -> str:
    """Such as "training time: 71.32 s (standard deviation 0.41, least 70.90, greatest 71.80, n = 5)"."""
    mean, least, greatest = statistics.fmean(values), min(values), max(values)
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    figures = (f"{value:,.{digits}f}" for value in (mean, deviation, least, greatest))
    return "{}: {} {} (standard deviation {}, least {}, greatest {}, n = {})".format(
        name, next(figures), unit, *figures, len(values)
    )
