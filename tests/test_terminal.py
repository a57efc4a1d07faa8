"""The progress bar in real pseudo-terminals of any width: one line that is redrawn, and nothing left of it."""

import os
import re
import subprocess
import sys

import pytest

from digits.cli import progress_bar
from tests.support import PROJECT

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
ERASE = "\r\x1b[2K"
PROGRAM = """
import sys, time
from digits.cli.terminal import Terminal
terminal = Terminal()
terminal.say("before")
with terminal.progress(sys.argv[1], 64) as done:
    for step in range(64):
        done(1)
        if step == 25:
            time.sleep(1.1)  # from then on the time left is shown
terminal.say("after")
"""


def shown(columns, title):
    """Everything that the program writes to a terminal of so many columns."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, title], cwd=PROJECT, stdout=theirs)
    os.close(theirs)
    content = b""
    while True:
        try:
            more = os.read(ours, 10_000)
        except OSError:  # EIO: the other side is closed
            break
        if not more:
            break
        content += more
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return content.decode().replace("\r\n", "\n")


@pytest.mark.process
@pytest.mark.parametrize("title", ["Epoch 10/100", "Drawing synthetic digits"])
@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100])
def test_the_bar_stays_on_one_line_and_is_erased(columns, title):
    before, rest = shown(columns, title).split("\n", 1)
    *drawn, last = rest.split(ERASE)
    assert (before, last) == ("before", "after\n")
    assert drawn[0] == "" and len(drawn) > 40
    assert all(len(line) < columns and "\n" not in line for line in drawn)
    assert [int(re.search(r"(\d+)%", line)[1]) for line in drawn[1:]] == [100 * k // 64 for k in range(65)]


@pytest.mark.parametrize("title", ["Epoch 1/10", "Drawing synthetic digits", "Epoch 100000/1000000"])
def test_every_line_fits_and_shows_the_percentage(title):
    for columns in range(20, 130):
        for share, left in ((0, None), (0.5, 3.0), (1, None), (0.001, 360_000.0)):
            line = progress_bar.line(title, share, left, columns)
            assert len(line) < columns
            assert f"{int(100 * share)}%" in line


def test_parts_that_do_not_fit_are_dropped_in_a_fixed_order():
    lines = [progress_bar.line("Epoch 1/10", 0.5, 62.0, columns) for columns in (100, 50, 30, 20)]
    assert lines == [
        f"Epoch 1/10  [{'#' * 18}{'-' * 18}]   50%  00:01:02",
        f"Epoch 1/10  [{'#' * 9}{'-' * 10}]   50%  00:01:02",
        "Epoch 1/10   50%  00:01:02",
        "Epoch 1/10   50%",
    ]
