"""Special files under names of the contract: nothing blocks or reads endlessly."""

import os
import re
import subprocess
import sys

import pytest
import torch

from digits.training import artifacts
from tests.support import PROJECT
from tests.support.special_files import ACTIONS, KINDS, NAMES, WITH_TORCH
from tests.support.training import trained

pytestmark = [pytest.mark.process, pytest.mark.skipif(os.name == "nt", reason="pipes and devices of POSIX")]


def outcomes(action, kind, folder):
    """The output of special_files.py for each name."""
    program = [sys.executable, "-m", "tests.support.special_files", action.__name__, kind, folder]
    try:
        done = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True, timeout=500)
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"it hangs after: {(late.stdout or b'').decode()}")
    assert done.returncode == 0 and "Traceback" not in done.stderr, f"{done.stdout}\n{done.stderr[-3000:]}"
    return [line for line in done.stdout.splitlines() if line.endswith(("is refused", "is no obstacle"))]


def test_the_table_has_every_name_of_the_contract():
    table = (PROJECT / "results" / "README.md").read_text().split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", table, re.M)
    assert set(NAMES) == {name for cell in cells for name in re.findall("`([^`]+)`", cell)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
def test_neither_a_pipe_nor_a_device_blocks_trainer_or_server(action, kind, tmp_path):
    assert len(outcomes(action, kind, tmp_path)) == len(NAMES)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The files of a short run, and an image."""
    folder = tmp_path_factory.mktemp("run")
    trained(folder, "--epochs", "1", "--quiet")
    (folder / "seven.png").write_bytes(artifacts.mosaic(torch.zeros(1, 28, 28, dtype=torch.uint8)))
    return folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("action", WITH_TORCH, ids=lambda action: action.__name__)
def test_neither_a_pipe_nor_a_device_blocks_loading_weights(action, kind, tmp_path, run):
    (tmp_path / "trained").symlink_to(run)
    assert len(outcomes(action, kind, tmp_path)) == len(WITH_TORCH[action])
