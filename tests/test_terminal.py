"""Terminal output in pseudo-terminals of any width: one line that is redrawn and finally erased."""

import os
import re
import subprocess
import sys

import pytest

from digits.cli import terminal
from tests.support import PROJECT
from tests.support.training import SMALL

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
ERASE = "\r\x1b[2K"
PROGRAM = """
import sys, time
from digits.cli.terminal import Terminal
terminal = Terminal()
terminal.say("before")
with terminal.progress(sys.argv[1], 64) as advance:
    for step in range(64):
        advance(1)
        if step == 25:
            time.sleep(1.1)  # from then on the time left is shown
terminal.say("after")
"""


def shown(columns, *command, **environment):
    """Exit code of a command, and all that it writes to a terminal of `columns`."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    variables = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"}
    process = subprocess.Popen(command, cwd=PROJECT, stdout=theirs, stderr=theirs, env=variables | environment)
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
    return process.wait(timeout=60), content.decode().replace("\r\n", "\n")


@pytest.mark.process
@pytest.mark.parametrize("title", ["Epoch 10/100", "Drawing synthetic digits"])
@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100])
def test_the_bar_keeps_to_one_line_of_the_terminal_and_is_erased(columns, title):
    code, content = shown(columns, sys.executable, "-c", PROGRAM, title)
    before, rest = content.split("\n", 1)
    *drawn, last = rest.split(ERASE)
    assert (code, before, last) == (0, "before", "after\n")
    assert drawn[0] == "" and len(drawn) > 40
    assert all(len(line) < columns and "\n" not in line for line in drawn)
    assert [int(re.search(r"(\d+) %", line)[1]) for line in drawn[1:]] == [100 * k // 64 for k in range(65)]


TRAIN = [sys.executable, "mnist_cnn.py", *SMALL, "--epochs", "2", "--batch-size", "4"]


@pytest.mark.process
@pytest.mark.parametrize("columns", [40, 100])
def test_the_output_of_a_training_run_fits_the_terminal_and_names_its_phases(tmp_path, columns):
    code, content = shown(columns, *TRAIN, "--results-dir", str(tmp_path))
    assert code == 0, content
    drawn = [text.split("\n")[0] for text in content.split(ERASE)[1:]]
    bars = [text for text in drawn if re.match(r"Epoch [12]/2 .*\d %", text)]
    assert len(bars) > 100 and all(len(text) < columns for text in bars)
    assert any(re.search(r"loss \d+\.\d{3}|loss 0\.\d{4}", text) for text in bars)
    assert columns == 40 or any(re.search(r"accuracy \d+\.\d %", text) for text in bars)
    phases = [text for text in drawn if text.endswith(" ...")]
    assert phases == ["Epoch 1/2 validating ...", "Epoch 2/2 validating ...", "Testing ..."]
    assert "\x1b[36m" in content.split("\n")[-2], "the command to try next is colored"


@pytest.mark.process
@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
def test_there_are_no_colors_where_they_are_not_wanted(tmp_path, environment):
    options = ["--results-dir", str(tmp_path), "--validation", "0"]
    code, content = shown(80, *TRAIN[:-4], "--epochs", "1", *options, **environment)
    assert code == 0, content
    assert "\x1b[" not in content.replace(ERASE, "")
    assert (ERASE in content) == ("TERM" not in environment)


NOTES = [
    "loss 0.1234, accuracy 97.1 %, ETA 12 s (run 2 min 3 s)",
    "loss 0.1234, accuracy 97.1 %, ETA 2 min 3 s",
    "loss 0.1234",
    "",
]


@pytest.mark.parametrize("title", ["Epoch 1/10", "Drawing synthetic digits", "Epoch 100000/1000000"])
@pytest.mark.parametrize("notes", [(), ("ETA 1 min 2 s",), NOTES])
def test_every_line_fits_and_shows_the_percentage(title, notes):
    for columns in range(20, 130):
        for fraction in (0, 0.001, 0.5, 1):
            line = terminal.line(title, fraction, notes, columns)
            assert len(line) < columns
            assert f"{int(100 * fraction)} %" in line


def test_notes_get_shorter_with_the_terminal_and_the_bar_fills_the_rest():
    lines = [terminal.line("Epoch 3/10", 0.52, NOTES, columns) for columns in (106, 70, 62, 32, 17)]
    assert lines == [
        f"Epoch 3/10 [{'#' * 16}{'-' * 15}]  52 % loss 0.1234, accuracy 97.1 %, ETA 12 s (run 2 min 3 s)",
        "Epoch 3/10 [###---]  52 % loss 0.1234, accuracy 97.1 %, ETA 2 min 3 s",
        "Epoch 3/10  52 % loss 0.1234, accuracy 97.1 %, ETA 2 min 3 s",
        "Epoch 3/10  52 % loss 0.1234",
        "Epoch 3/10  52 %",
    ]


@pytest.mark.process
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["./bin/python", "mnist_cnn.py"], "./bin/python server.py --results-dir 'a b'"),
        (["./bin/python", "-u", "../project/mnist_cnn.py"], "./bin/python ../project/server.py --results-dir 'a b'"),
    ],
)
def test_commands_are_named_as_the_user_typed_them(tmp_path, words, expected):
    folder = tmp_path / "project"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "mnist_cnn.py").write_text(
        f"import sys\nsys.path.insert(0, {str(PROJECT)!r})\nfrom digits.paths import invocation\n"
        "print(invocation('server', '--results-dir', 'a b'))\n"
    )
    assert subprocess.run(words, cwd=folder, capture_output=True, text=True).stdout == f"{expected}\n"
