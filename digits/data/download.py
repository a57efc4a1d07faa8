"""Download of MNIST with torchvision's own class (its mirrors, its checksums); only whole files ever arrive.

Everything is loaded into a folder beside the target and moved when it is complete. torchvision is imported here and
nowhere else: its import costs 1.3 s.
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
from urllib.parse import urlsplit

from digits.data.mnist import FOLDER, find_files, missing_files
from digits.errors import UserError
from digits.files import replace
from digits.interrupts import INTERRUPTS

STALLED_AFTER_S = 15.0  # no new byte on the disk for so long: on to the next mirror
THREAD = "MNIST download"
_LOOK_EVERY_S = 0.1
_LEFT_BEHIND_AFTER_S = 3600.0
_PREFIX = ".download-"


class DownloadError(UserError):
    """Nothing was fetched; the message says why, and what to do where that is known."""


def fetch_mnist(root: Path, progress: Callable[[int], None], stalled_after: float = STALLED_AFTER_S) -> None:
    """Put the missing MNIST files beside the others, or under `root` where there is none.

    `progress` gets how many more bytes are loaded, several times a second.
    Raises DownloadError when no mirror gave them, OSError when they can't be written.
    """
    mnist = _torchvision_mnist()
    target = find_files(root).folder or root / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(target)
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(2 * stalled_after)  # torchvision sets none, and a thread that is given up must end
    try:
        _fetch_from_any(mnist, target, root, progress, stalled_after)
    finally:
        socket.setdefaulttimeout(timeout)


def _remove_leftovers(target: Path) -> None:
    """What killed downloads left behind, but not what another trainer may be loading this very hour."""
    for folder in target.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _LEFT_BEHIND_AFTER_S:
                shutil.rmtree(folder)


def _fetch_from_any(mnist, target: Path, root: Path, progress, stalled_after: float) -> None:
    """Ask one mirror after the other. Raises DownloadError with the reasons of all."""
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


def _fetch_from(mnist, mirror: str, files: list[str], folder: Path, progress, stalled_after: float) -> str | None:
    """Load `files` from one mirror; None when they are there, otherwise why not.

    A thread loads and this one watches, since a mirror can keep a connection open for ever. A thread that is given up
    ends with its socket's time-out, and what it still writes goes into a folder that is gone.
    """
    resources = [entry for entry in mnist.resources if entry[0].removesuffix(".gz") in files]
    source = type("MNIST", (mnist,), {"mirrors": [mirror], "resources": resources})  # the name is part of its path
    errors = []

    def load():
        try:
            download = source.__new__(source)  # without __init__, which would read the images too
            download.root = str(folder)
            download.download()
        except Exception as error:  # whatever it is, another mirror may do better
            errors.append(error)

    thread = threading.Thread(target=load, name=THREAD, daemon=True)
    thread.start()
    loaded, moved_at = 0, time.monotonic()
    while thread.is_alive():
        thread.join(_LOOK_EVERY_S)
        now_loaded = sum(file.stat().st_size for file in folder.rglob("*.gz"))
        if now_loaded > loaded:
            progress(now_loaded - loaded)
            loaded, moved_at = now_loaded, time.monotonic()
        elif time.monotonic() - moved_at > stalled_after:
            progress(-loaded)
            return f"{urlsplit(mirror).netloc}: sent nothing for {stalled_after:.0f} s"
    return _reason(mirror, errors[0]) if errors else None


def _reason(mirror: str, error: Exception) -> str:
    """The mirror's name and what it did, without the wrapping of urllib."""
    lines = traceback.format_exception_only(error)[-1].strip().splitlines()
    plain = re.sub(r"<urlopen error (?:\[Errno -?\d+\] )?(.*)>", r"\1", lines[-1])
    return f"{urlsplit(mirror).netloc}: {plain}"


def _torchvision_mnist():
    """The MNIST class of torchvision, made silent. Raises DownloadError with the remedy where it can't be imported."""
    try:
        with INTERRUPTS.importing():
            from torchvision.datasets import MNIST, utils
    except (ImportError, RuntimeError, OSError, AttributeError) as error:  # a mismatch shows itself in all these ways
        raise DownloadError(_explain_import(error)) from None
    utils.tqdm = functools.partial(utils.tqdm, disable=True)
    return MNIST


def _explain_import(error: Exception) -> str:
    remedy = "python -m pip install --upgrade --force-reinstall torch torchvision"
    try:
        versions = f"torchvision {importlib.metadata.version('torchvision')}"
    except importlib.metadata.PackageNotFoundError:
        return f"torchvision is not installed: {remedy.replace(' --force-reinstall', '')}"
    versions += f" does not fit torch {importlib.metadata.version('torch')}"
    return f"{versions} ({str(error).splitlines()[0]}): {remedy}"
