"""Standard output and error that are full, closed or without a reader: exit codes and messages."""

import json
import os
import subprocess
import sys

import pytest
from PIL import Image

from digits.runlog import contract
from tests.support import PROJECT
from tests.support.training import SMALL, Trainer

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(os.name == "nt", reason="the redirections are those of a POSIX shell"),
]

FULL = "Cannot write to standard output: No space left on device.\n"
CLOSED = "Cannot write to standard output: Bad file descriptor.\n"
# Redirections: exit code and standard error (None: not captured) of a command with output.
RESULT = {
    ">/dev/full": (1, FULL),
    ">&-": (1, CLOSED),
    "| true": (141, ""),
    "2>&-": (0, ""),
    "2>/dev/full": (0, ""),
    ">/dev/full 2>/dev/full": (1, ""),
    ">&- 2>&-": (1, ""),
    "<&- >&-": (1, CLOSED),
}
QUICK = ("--help", "models --help", "presets")
SLOW = ("models", "predict --json", "evaluate --json")  # they import torch: not with every redirection
ANSWERS = [(command, redirection) for command in QUICK for redirection in RESULT]
ANSWERS += [(command, redirection) for command in SLOW for redirection in (">/dev/full", ">&-", "| true")]
WRONG = ("--no-such-option", "no-such-command", "models --no-such-option", "--epochs 0", "control pause")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run, whose weights evaluate and predict read."""
    folder = tmp_path_factory.mktemp("finished")
    with Trainer(folder, "--epochs", "1") as trainer:
        assert trainer.finish()[0] == 0
    return folder


def shell(program, words, redirection):
    """Exit code, standard output and standard error of the program."""
    script = 'set -o pipefail; "$0" "$@" ' + redirection
    command = ["bash", "-c", script, sys.executable, str(PROJECT / program), *map(str, words)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def words_of(command, folder):
    words = command.split()
    if words[0] == "predict":
        Image.new("L", (28, 28), 255).save(folder / "seven.png")
        words += ["--weights", folder / contract.WEIGHTS, folder / "seven.png"]
    if words[0] == "evaluate" and "--json" in words:
        words += [folder / contract.WEIGHTS, "--dataset", "synthetic"]
    return words


@pytest.mark.parametrize(("command", "redirection"), ANSWERS)
def test_output_that_cannot_be_written_is_a_one_line_error(finished, command, redirection):
    code, _, errors = shell("mnist_cnn.py", words_of(command, finished), redirection)
    expected, sentence = RESULT[redirection]
    assert (code, errors) == (expected, f"Error: {sentence}" if sentence else "")


@pytest.mark.parametrize("redirection", ["", "2>&-", "2>/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full", "| true"])
@pytest.mark.parametrize("command", WRONG)
def test_an_error_keeps_its_exit_code_and_never_goes_to_standard_output(tmp_path, command, redirection):
    words = command.split() + (["--results-dir", tmp_path] if command == "control pause" else [])
    code, output, errors = shell("mnist_cnn.py", words, redirection)
    assert (code, output) == (1 if command == "control pause" else 2, "")
    assert len(errors.splitlines()) == ("2>" not in redirection)


@pytest.mark.parametrize("redirection", RESULT)
def test_server_help_that_cannot_be_written_is_a_one_line_error(redirection):
    code, _, errors = shell("server.py", ["--help"], redirection)
    assert (code, errors) == RESULT[redirection]


@pytest.mark.parametrize("redirection", ["", "2>&-", "2>/dev/full", ">&- 2>&-"])
@pytest.mark.parametrize(("option", "expected"), [("--port=x", 2), ("--host=no-such.invalid", 1)])
def test_an_error_of_the_server_keeps_its_exit_code(option, expected, redirection):
    code, output, errors = shell("server.py", [option], redirection)
    assert (code, output) == (expected, "")
    assert len(errors.splitlines()) == ("2>" not in redirection)


@pytest.mark.parametrize(
    ("redirection", "expected", "sentence"),
    [
        (">/dev/full", 1, f"Error: {FULL}"),
        (">/dev/full 2>/dev/full", 1, ""),
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        (">&- 2>&-", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
        ("| true", 0, ""),
    ],
)
def test_a_training_is_completed_whatever_becomes_of_its_output(tmp_path, redirection, expected, sentence):
    """Lost output is an error at the end; a missing reader is not."""
    code, _, errors = shell("mnist_cnn.py", ["--epochs", "1", "--results-dir", tmp_path, *SMALL], redirection)
    assert (code, errors) == (expected, sentence)
    assert json.loads((tmp_path / contract.TRAINING_LOG).read_text())["status"] == "completed"
    assert (tmp_path / contract.WEIGHTS).stat().st_size > 1000


def test_with_closed_descriptors_nothing_is_printed_into_a_file_of_the_run(tmp_path):
    """The first opened files would get descriptors 1 and 2, to which libraries print."""
    program = (
        "import os, sys\n"
        "from digits import stdio\n"
        "stdio.prepare()\n"
        f"file = open({str(tmp_path / 'file')!r}, 'w')\n"
        "assert file.fileno() > 2\n"
        "for number in (1, 2):\n"
        "    try: os.write(number, b'a warning')\n"
        "    except OSError: pass\n"
    )
    done = subprocess.run(["bash", "-c", '"$0" -c "$1" <&- >&- 2>&-', sys.executable, program], cwd=PROJECT)
    assert done.returncode == 0
    assert (tmp_path / "file").read_text() == ""


def test_a_bug_keeps_its_traceback_and_exit_code_1(tmp_path):
    program = "from digits import stdio\nstdio.run(lambda: 1 / 0)"
    for redirection, lines in (("", ["ZeroDivisionError: division by zero"]), ("2>/dev/full", []), ("2>&-", [])):
        command = ["bash", "-c", f'"$0" -c "$1" {redirection}', sys.executable, program]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr.splitlines()[-1:]) == (1, "", lines)


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("answer", [b"n\n", b"\x04"], ids=["no", "end of input"])
def test_a_question_answered_with_no_ends_with_one_line(tmp_path, answer):
    log = {"schema": contract.SCHEMA, "run_id": "a-run", "config": {"lr": 0.01}, "batches": {"lr": [0.01]}}
    (tmp_path / contract.TRAINING_LOG).write_text(json.dumps(log))
    terminal, child = os.openpty()
    os.write(terminal, answer)
    command = [sys.executable, PROJECT / "mnist_cnn.py", "control", "lr", "5", "--results-dir", tmp_path]
    ended = subprocess.run(command, stdin=child, capture_output=True, text=True, check=False)
    os.close(child)
    os.close(terminal)
    assert (ended.returncode, ended.stdout) == (1, "")
    question, last = ended.stderr.rstrip().rsplit("]: ", 1)
    assert question.endswith("training may diverge. Set it anyway? [y/N") and last.strip() == "Aborted."
