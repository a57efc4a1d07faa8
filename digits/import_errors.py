"""Imports of compiled packages, and a one-line error for each way they fail. Standard library only."""

import sys
import traceback
from contextlib import contextmanager

from digits.errors import UserError, is_out_of_memory
from digits.interrupts import INTERRUPTS

_OURS = {"__main__", "mnist_cnn", "server", "digits"}
_PIP_NAMES = {"PIL": "Pillow"}  # packages that are not named like their module
# Packages that only one command needs, with what it needs besides; pyproject.toml has them as extras.
_OPTIONAL = {
    "onnx": "onnx onnxruntime",
    "onnxruntime": "onnx onnxruntime",
    "safetensors": "safetensors",
    "tensorboard": "tensorboard",
}
_WITHIN_ANY = _OURS | {"contextlib", "importlib", "ctypes"}  # frames that don't show whose import failed


class ImportFailed(UserError):
    """A package can't be imported; the message names it and a remedy."""


@contextmanager
def importing():
    """Within this block, imports of compiled packages and of our modules that need them raise ImportFailed.

    A missing shared library raises OSError, an incompatible version any exception. Signals are deferred, since
    unwinding an import may abort the process.
    """
    with INTERRUPTS.deferred(patience_s=0):
        try:
            yield
        except Exception as error:
            message = failed_import(error)
            if message is None:
                raise
            raise ImportFailed(message) from None


def failed_import(error: Exception) -> str | None:
    """Error message for a failed import; None if the fault is in this project."""
    name = getattr(error, "name", None) or ""
    package = name.partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and name in _OPTIONAL:
        return f"{name} is not installed for {sys.executable}: python -m pip install {_OPTIONAL[name]}"
    if isinstance(error, ModuleNotFoundError) and name == package not in _OURS | sys.stdlib_module_names:
        return (
            f"{_pip_name(name)} is not installed for {sys.executable}: use the Python in .venv (README.md), "
            "or python -m pip install -r requirements.txt"
        )
    package = None if package in _OURS else _package_of(error)
    if package is None:
        return None
    words = str(error).strip().split("\n")[0] or type(error).__name__
    if is_out_of_memory(error):
        return f"There is not enough memory to load {_pip_name(package)} ({words}): free some, or raise its limit."
    return (
        f"{_pip_name(package)} cannot be loaded ({words}): python -m pip install --force-reinstall {_pip_name(package)}"
    )


def _pip_name(package: str) -> str:
    """The name under which pip installs a package that is imported as `package`."""
    return _PIP_NAMES.get(package, package)


def _package_of(error: Exception) -> str | None:
    """The package in whose import `error` was raised."""
    frames = (frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__))
    packages = (name.partition(".")[0] for name in (*frames, getattr(error, "name", None) or ""))
    return next((package for package in packages if package and package not in _WITHIN_ANY), None)
