"""What a run ran on, for its log: enough to explain a difference between two runs."""

import importlib.metadata
import platform
import subprocess

import torch

from digits import processor
from digits.errors import UserError
from digits.options import PROJECT


def choose_device(wanted: str) -> torch.device:
    """`wanted` is auto, cpu, cuda or mps. Raises UserError for one that is not here."""
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, available in here.items() if available))
    if not here[wanted]:
        raise UserError(f"torch finds no {wanted} device here: use --device auto or --device cpu.")
    return torch.device(wanted)


def describe(device: torch.device) -> dict:
    """The run log's section `environment`."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": _version("torchvision"),
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else processor.name(),
        "threads": torch.get_num_threads(),
        "commit": _commit(),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The project's commit, with -dirty where files differ from it; None outside a checkout."""
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty", "--abbrev=12", "--match="]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=2, check=True).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None
