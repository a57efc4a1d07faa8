"""Download of MNIST with torchvision's class, mirrors and checksums.

Files are downloaded into a temporary folder beside the target and moved when complete. Only this module imports
torchvision, which takes 1.3 s.
"""

import contextlib
import functools
import importlib.metadata
import re
import shutil
import socket
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from digits.data.mnist import FOLDER, find_files, missing_files
from digits.errors import UserError
from digits.files import replace
from digits.interrupts import INTERRUPTS

STALLED_AFTER_S = 15.0  # without a new byte: try the next mirror
THREAD = "MNIST download"
_POLL_S = 0.1
_LEFTOVER_AFTER_S = 3600.0
_PREFIX = ".download-"


class DownloadError(UserError):
    """Nothing was downloaded; the message gives the reason and, if known, the remedy."""


def fetch_mnist(root: Path, progress: Callable[[int], None], stalled_after: float = STALLED_AFTER_S) -> None:
    """Download the missing MNIST files to the folder of the others, or below `root`.

    `progress` gets the increment in bytes several times a second.
    Raises DownloadError when all mirrors fail, OSError when files can't be written.
    """
    mnist = torchvision_mnist()
    target = find_files(root).folder or root / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(target)
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(2 * stalled_after)  # torchvision sets none, and abandoned threads must end
    try:
        _fetch_from_any(mnist, target, root, progress, stalled_after)
    finally:
        socket.setdefaulttimeout(timeout)


def _remove_leftovers(target: Path) -> None:
    """Delete folders of killed downloads, but not of one that may be running."""
    for folder in target.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _LEFTOVER_AFTER_S:
                shutil.rmtree(folder)


def _fetch_from_any(mnist, target: Path, root: Path, progress: Callable[[int], None], stalled_after: float) -> None:
    """Try the mirrors in turn. Raises DownloadError with the reasons of all."""
    reasons = []
    for mirror in mnist.mirrors:
        with tempfile.TemporaryDirectory(dir=target, prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
            reason = _fetch_from(mnist, mirror, missing_files(root), Path(folder), progress, stalled_after)
            if reason is None:
                for file in missing_files(root):
                    replace(Path(folder) / FOLDER / file, target / file)
                return
            reasons.append(reason)
    raise DownloadError("; ".join(dict.fromkeys(reasons)))


def _fetch_from(
    mnist, mirror: str, files: list[str], folder: Path, progress: Callable[[int], None], stalled_after: float
) -> str | None:
    """Download `files` from one mirror; None, or the reason of the failure.

    A mirror can keep a connection open forever, so a thread downloads and this one watches. An abandoned thread ends
    with the timeout of its socket; it writes into a folder that is deleted.
    """
    errors: list[Exception] = []
    thread = threading.Thread(target=_download, args=(mnist, mirror, files, folder, errors), name=THREAD, daemon=True)
    thread.start()
    loaded, loaded_at = 0, time.monotonic()
    while thread.is_alive():
        thread.join(_POLL_S)
        size = sum(file.stat().st_size for file in folder.rglob("*.gz"))
        if size > loaded:
            progress(size - loaded)
            loaded, loaded_at = size, time.monotonic()
        elif time.monotonic() - loaded_at > stalled_after:
            progress(-loaded)
            return f"{urlsplit(mirror).netloc}: sent nothing for {stalled_after:.0f} s"
    return _reason(mirror, errors[0]) if errors else None


def _download(mnist, mirror: str, files: list[str], folder: Path, errors: list[Exception]) -> None:
    resources = [entry for entry in mnist.resources if entry[0].removesuffix(".gz") in files]
    try:
        # A subclass with the same name, which is part of its path; without __init__, which would read the images, too.
        download: Any = object.__new__(type("MNIST", (mnist,), {"mirrors": [mirror], "resources": resources}))
        download.root = str(folder)
        download.download()
    except Exception as error:  # of any kind: the next mirror may work
        errors.append(error)


def _reason(mirror: str, error: Exception) -> str:
    """The mirror's name and the error, without the wrapping of urllib."""
    lines = traceback.format_exception_only(error)[-1].strip().splitlines()
    plain = re.sub(r"<urlopen error (?:\[Errno -?\d+\] )?(.*)>", r"\1", lines[-1])
    return f"{urlsplit(mirror).netloc}: {plain}"


def torchvision_mnist():
    """The MNIST class of torchvision, without its progress bar. Raises DownloadError if it can't be imported."""
    try:
        with INTERRUPTS.deferred(patience_s=0):  # an exception within an import may abort the process
            from torchvision.datasets import MNIST, utils
    except (ImportError, RuntimeError, OSError, AttributeError) as error:  # incompatible versions raise any of these
        raise DownloadError(explain_import(error)) from None
    utils.tqdm = functools.partial(utils.tqdm, disable=True)
    return MNIST


def explain_import(error: Exception) -> str:
    """Error message with the incompatible versions and the remedy."""
    remedy = "python -m pip install --upgrade --force-reinstall torch torchvision"
    try:
        versions = f"torchvision {importlib.metadata.version('torchvision')}"
    except importlib.metadata.PackageNotFoundError:
        return f"torchvision is not installed: {remedy.replace(' --force-reinstall', '')}"
    versions += f" is incompatible with torch {importlib.metadata.version('torch')}"
    return f"{versions} ({str(error).splitlines()[0]}): {remedy}"
