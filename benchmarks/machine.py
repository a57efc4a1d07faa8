"""What every benchmark says of itself: the machine, the versions, the command that repeats it."""

import importlib.metadata
import os
import platform
import shlex
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
from digits import processor


def name() -> str:
    """Such as "AMD EPYC, 2 cores, Linux": what figures have to agree in before they are put together."""
    return f"{processor.name()}, {platform.system()}"


def versions() -> dict[str, str | None]:
    """Found without importing torch: a benchmark that needs none is not to wait for it."""
    try:
        torch = importlib.metadata.version("torch").partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        torch = None
    return {"python": platform.python_version(), "torch": torch}


def command() -> str:
    """The command of this process, without the paths of this machine."""
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
