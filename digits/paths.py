"""Paths of the project and commands that start its programs, in a checkout or an installation."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
INSTALLED = any(_PACKAGE.parent.glob("mnist_cnn-*.dist-info"))
PAGE = _PACKAGE / "page" if INSTALLED else _PACKAGE.parent  # index.html and web/
DEMO = Path("examples", "demo")  # of PAGE: a finished run
# The folder of data/ and results/: the checkout, wherever the programs are called from; if installed, the current one.
PROJECT = Path() if INSTALLED else _PACKAGE.parent
TRAINER = _PACKAGE.parent / "mnist_cnn.py" if INSTALLED else Path("mnist_cnn.py")  # as it is started from PROJECT
PLACE = "in the current folder" if INSTALLED else "beside mnist_cnn.py"


def short_path(path: Path) -> Path:
    """The path relative to the current folder if it is inside it, otherwise unchanged."""
    current = Path.cwd()
    return path.relative_to(current) if path.is_relative_to(current) else path


def invocation(program: str, *arguments: str) -> str:
    """Shell command of "mnist_cnn" or "server", with interpreter and path as the user typed them for this process."""
    started = Path(sys.argv[0])
    interpreter = sys.orig_argv[0] if shutil.which(sys.orig_argv[0]) else sys.executable
    if not INSTALLED:
        folder = started.parent if started.name in ("mnist_cnn.py", "server.py") else PROJECT
        words = [interpreter, str(short_path(folder / f"{program}.py"))]
    else:
        script = "mnist-cnn" if program == "mnist_cnn" else "mnist-cnn-server"
        installed = started.with_name(script + started.suffix)  # both are installed into the same folder
        words = [str(short_path(installed))] if installed.is_file() else [interpreter, "-m", program]
        if shutil.which(script) == str(installed):
            words = [script]
    join = subprocess.list2cmdline if os.name == "nt" else shlex.join
    return join([*words, *arguments])
