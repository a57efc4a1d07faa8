"""Machine, versions and command of a benchmark, and the path of the project."""

import importlib.metadata
import os
import platform
import shlex
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
from digits import cpu_tuning


def name() -> str:
    """The machine, such as "AMD EPYC, 2 cores, Linux": results of different machines are not merged."""
    return f"{cpu_tuning.cpu_name()}, {platform.system()}"


def versions() -> dict[str, str | None]:
    """Versions of Python and torch, without the time of importing torch."""
    try:
        torch = importlib.metadata.version("torch").partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        torch = None
    return {"python": platform.python_version(), "torch": torch}


def command() -> str:
    """The command that repeats the benchmark, without absolute paths of this machine."""
    words = ["FOLDER" if os.path.isabs(word) else word for word in sys.argv[1:]]
    program = Path(sys.argv[0])
    if program.name == "__main__.py" and program.is_relative_to(PROJECT):
        return f"python -m {'.'.join(program.parent.relative_to(PROJECT).parts)} {shlex.join(words)}".strip()
    return f"python benchmarks/{program.name} {shlex.join(words)}".strip()


def describe() -> str:
    """One line: machine, load before the benchmark, versions."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    named = "; ".join(f"{package} {version}" for package, version in versions().items())
    return f"{name()}{load}; {named}"
