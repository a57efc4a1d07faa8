"""What every benchmark says of itself: the machine, and mean, spread and n of its figures."""

import os
import platform
import statistics


def describe() -> str:
    """One line: processor, cores, load before the benchmark, Python."""
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
            name = next(models, name)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{name}, {os.cpu_count()} cores{load}; Python {platform.python_version()}; {platform.system()}"


def spread(name: str, values: list[float], unit: str, digits: int = 2) -> str:
    """Such as "training time: 71.32 s (standard deviation 0.41, least 70.90, greatest 71.80, n = 5)"."""
    mean, least, greatest = statistics.fmean(values), min(values), max(values)
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    figures = (f"{value:,.{digits}f}" for value in (mean, deviation, least, greatest))
    return "{}: {} {} (standard deviation {}, least {}, greatest {}, n = {})".format(
        name, next(figures), unit, *figures, len(values)
    )
