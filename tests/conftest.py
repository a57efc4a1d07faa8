"""Fixtures of several test modules, and the real MNIST if this machine has it."""

import fcntl
import hashlib
import math
import os
import random
import shutil
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from digits import cpu_tuning
from digits.runlog.run_log import RunLog
from tests.support.contract import RUN_LOG_FILES, violations

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))  # last: its server.py is not to hide the project's
cpu_tuning.prepare_for_torch()  # before any test imports torch
# Two or three workers share two cores: if each ran several threads, they would cost ten times the processor time.
os.environ.setdefault("OMP_NUM_THREADS", "1")
pytest_plugins = [
    "tests.support.example_project",
    "tests.support.http_servers",
    "tests.support.pages",
    "tests.support.pad",
    "tests.support.training",
]


def pytest_collection_modifyitems(items):
    """Tests in the browser are marked by the fixture that starts it."""
    for item in items:
        if "browser" in item.fixturenames:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory):
    """shared_folder(name, make) is a folder that `make` fills once, whichever of the test workers asks first."""

    def folder_of(name: str, make: Callable[[Path], None]) -> Path:
        base = tmp_path_factory.getbasetemp()
        folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "shared" / name
        folder.parent.mkdir(exist_ok=True)
        with open(folder.with_suffix(".lock"), "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.seek(0, os.SEEK_END)
            if not lock.tell():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                lock.write("made")
        return folder

    return folder_of


@pytest.fixture(autouse=True)
def runs_are_valid(monkeypatch):
    """Every run that a test logs in this process leaves a valid log, unless the test planted a damaged one."""
    enter, leave = RunLog.__enter__, RunLog.__exit__
    checked = set()

    def enter_checked(log):
        if not violations(log.folder):
            checked.add(log)
        return enter(log)

    def leave_checked(log, *error):
        leave(log, *error)
        if log in checked:
            assert violations(log.folder, RUN_LOG_FILES) == {}  # tests of RunLog write made-up other files

    monkeypatch.setattr(RunLog, "__enter__", enter_checked)
    monkeypatch.setattr(RunLog, "__exit__", leave_checked)


@pytest.fixture(scope="session")
def mnist_root():
    """The folder named by MNIST_DATA_DIR, if MNIST lies there; otherwise the test is skipped."""
    root = Path(os.environ.get("MNIST_DATA_DIR") or "data")
    if not (root / "MNIST" / "raw" / "train-images-idx3-ubyte").is_file():
        pytest.skip("MNIST is not available: set MNIST_DATA_DIR to a folder that contains MNIST/raw")
    return root


def idx_file(shape: tuple[int, ...]) -> bytes:
    """An IDX file of that shape, of pseudo-random digits."""
    header = struct.pack(f">{1 + len(shape)}I", 0x0800 + len(shape), *shape)
    return header + bytes(random.Random(sum(shape)).choices(range(10), k=math.prod(shape)))


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """The root of a data set of 6 and 4 images in MNIST's layout, which the reader takes for MNIST."""
    from digits.data import mnist  # torch comes with it: not for every test

    shapes = {"train-images": (6, 28, 28), "train-labels": (6,), "t10k-images": (4, 28, 28), "t10k-labels": (4,)}
    folder = tmp_path / mnist.FOLDER
    folder.mkdir(parents=True)
    files = []
    for name, shape in shapes.items():
        content = idx_file(shape)
        file = mnist.IdxFile(f"{name}-idx{len(shape)}-ubyte", shape, hashlib.md5(content).hexdigest())
        (folder / file.name).write_bytes(content)
        files.append(file)
    monkeypatch.setattr(mnist, "MNIST_FILES", tuple(files))
    return tmp_path
