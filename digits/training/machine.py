"""Description of the machine and its settings for the run log: enough to explain differences."""

import importlib.metadata
import os
import platform
import subprocess

import torch

import digits.models.precision
from digits import processor
from digits.config import Config
from digits.project import INSTALLED, PROJECT


def prepare(config: Config, threads: int | None = None) -> torch.device:
    """Set threads and algorithms as the options say, before anything is computed; gives the device.

    `threads` is what an earlier process had: results repeat bit for bit only with as many.
    """
    device = digits.models.precision.choose_device(config.device)
    if threads or config.threads:
        torch.set_num_threads(config.threads or threads)
    if config.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS repeats only with such a workspace
        torch.use_deterministic_algorithms(True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # that only helps to find bugs
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.set_float32_matmul_precision("high")  # TF32 where float32 is asked for: 10 bits of fraction are enough
        torch.backends.cudnn.benchmark = not config.deterministic  # the shapes stay the same: trying pays
    return device


def describe(config: Config, device: torch.device, processes: int = 1) -> dict:
    """The run log's section `environment`."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": _version("torchvision"),
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else processor.name(),
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
    """The project's commit, with -dirty where files differ from it; None outside a checkout."""
    if INSTALLED:  # perhaps within a repository of the user's
        return None
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty", "--abbrev=12", "--match="]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=2, check=True).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None
