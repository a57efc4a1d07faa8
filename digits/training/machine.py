"""Machine settings of a run, and their description in the log, which helps to explain differing results."""

import importlib.metadata
import os
import platform
import subprocess

import torch
from torch.utils import deterministic

from digits import cpu_tuning
from digits.config import Config
from digits.models import precision
from digits.paths import INSTALLED, PROJECT


def prepare(config: Config, threads: int | None = None) -> torch.device:
    """Set threads and algorithms before anything is computed, and return the device.

    `threads` is the number that an earlier process used, for runs whose options set none: results repeat bit for bit
    only with the same number.
    """
    device = precision.choose_device(config.device)
    if count := config.threads or threads:
        torch.set_num_threads(count)
    if config.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # required by cuBLAS
        torch.use_deterministic_algorithms(True)
        deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a debugging aid
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.set_float32_matmul_precision("high")  # TF32 for float32: 10 bits of mantissa are enough
        torch.backends.cudnn.benchmark = not config.deterministic  # shapes stay the same: the search pays off
    return device


def describe(config: Config, device: torch.device, processes: int = 1) -> dict:
    """The run log's section `environment`."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": _version("torchvision"),
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_tuning.cpu_name(),
        "threads": torch.get_num_threads(),
        "processes": processes,
        "deterministic": config.deterministic,
        "commit": _commit(),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The project's commit, with -dirty if files differ from it; None outside a checkout."""
    if INSTALLED:  # a repository around it would be the user's
        return None
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty", "--abbrev=12", "--match="]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=2, check=True).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None
