"""`mnist_cnn.py watch`: a line per epoch in a pipe, a few redrawn lines in a terminal, and its end."""

import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from digits.cli import table, watch
from digits.runlog import contract, training_log
from digits.runlog.lock import LOCK_FILE
from digits.runlog.run_log import RunLog
from tests.support import PROJECT, golden
from tests.support.training import command


class View:
    """Collects the states that it is to show."""

    def __init__(self):
        self.states = []

    def show(self, log, status, results):
        self.states.append((log["run_id"], status, log["progress"]["step"]))


def train(log, epoch):
    for _ in range(4):
        log.batch(epoch, loss=1 / log.step if log.step else 2.0, accuracy=0.5, lr=0.1, images=32)
    log.epoch(epoch, train_loss=0.5 / epoch, val_loss=0.6, val_accuracy=0.9 + epoch / 100, seconds=2.0)


def test_it_follows_a_run_until_it_ends(tmp_path):
    view = View()
    with RunLog(tmp_path, name="mine", keep=5) as log:
        log.set_totals(2, 4)
        steps = iter((1, 2))

        def wait():
            epoch = next(steps, None)
            train(log, epoch) if epoch else log.end("completed")

        assert watch.follow(tmp_path, view, wait) == "completed"
    assert [(status, step) for _, status, step in view.states] == [
        ("running", 0),
        ("running", 4),
        ("running", 8),
        ("completed", 8),
    ]


def test_it_ends_with_the_run_that_it_began_with(tmp_path):
    view = View()
    with RunLog(tmp_path, name="first", keep=5) as first:
        first.set_totals(1, 4)
        train(first, 1)

        def next_run():
            first.end("stopped")
            first._opened.close()
            with RunLog(tmp_path, name="second", keep=5):
                pass

        assert watch.follow(tmp_path, view, next_run) == "stopped"
    assert {run_id for run_id, _, _ in view.states} == {first.run_id}


def test_in_a_pipe_each_epoch_is_a_line(tmp_path):
    with RunLog(tmp_path, name="mine") as log:
        log.set_totals(2, 4)
        train(log, 1)
        train(log, 2)
        log.test(0.1, 0.985, 985, 1000)
    code, output, errors = command("watch", "--results-dir", tmp_path)
    assert (code, errors) == (0, "")
    first, *epochs, last = output.splitlines()
    assert first == "mine: completed"
    assert epochs == [
        "Epoch 1/2: loss 0.5000, val accuracy 91.00 %, 2.0 s",
        "Epoch 2/2: loss 0.2500, val accuracy 92.00 %, 2.0 s",
    ]
    assert last.startswith("completed: test accuracy 98.50 %, trained for ")


@pytest.mark.parametrize(
    ("status", "code", "line"),
    [
        ("stopped", 0, "stopped, trained for 2.6 s"),
        ("interrupted", 1, "interrupted, trained for 2.6 s"),
        ("failed", 1, "failed: no space, trained for 2.6 s"),
        ("running", 1, "crashed: no heartbeat since "),
    ],
)
def test_the_exit_code_tells_how_the_run_ended(tmp_path, status, code, line):
    log = training_log.read(golden.FIXTURE) | {"status": status, "error": "no space" if status == "failed" else None}
    (tmp_path / contract.TRAINING_LOG).write_text(json.dumps(log))
    (tmp_path / LOCK_FILE).write_text(json.dumps({"run_id": log["run_id"]}))  # which no process holds
    finished = command("watch", "--results-dir", tmp_path)
    assert (finished.exit_code, finished.errors) == (code, "")
    assert finished.output.splitlines()[-1].startswith(line)


def test_a_folder_without_a_run_is_one_line(tmp_path):
    code, output, errors = command("watch", "--results-dir", tmp_path)
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert f"{tmp_path} contains no run: start one with " in errors


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_lines_fit_the_terminal_and_show_curves_and_numbers(width):
    log = training_log.read(golden.FIXTURE) | {"status": "running"}
    log["progress"] |= {"images_per_second": 12345.0, "eta_s": 72.0}
    lines = watch.picture(log, "running", golden.FIXTURE, width - 1)
    assert max(map(len, lines)) < width
    text = "\n".join(lines)
    assert "golden run, 3 epochs: running" in text
    assert "val acc" in text and "66.67 %" not in text and "96.67 %" in text
    assert "12,345 images/s   1 min 12 s left" in text


def test_a_log_with_odd_values_is_shown():
    odd = {
        "name": None,
        "epochs": {"epoch": ["one"], "val_accuracy": [None]},
        "batches": {"loss": "none"},
        "progress": 3,
    }
    assert watch.picture(odd, "running", golden.FIXTURE, 79) == ["run: running", "epoch ?   step ?", "running"]


def test_sparklines_have_the_shape_of_their_values(monkeypatch):
    assert table.sparkline([0, 1, 2, 3, 4, 5, 6, 7], 20) == "▁▂▃▄▅▆▇█"
    assert table.sparkline([0, 0, 7, 7, None, None], 3) == "▁█ "
    assert table.sparkline([5, 5], 9) == "▁▁"
    assert table.sparkline([None, "x", float("nan")], 9) == table.sparkline([], 9) == ""
    assert len(table.sparkline(range(1000), 37)) == 37
    monkeypatch.setattr(table, "_can_print", lambda text: False)
    assert table.sparkline([0, 7], 9) == "_#"


@pytest.mark.process
def test_a_terminal_shows_the_latest_state_and_ctrl_c_ends_it_with_130(tmp_path):
    with RunLog(tmp_path, name="mine") as log:
        log.set_totals(2, 4)
        train(log, 1)
        shell, terminal = pty.openpty()
        words = [sys.executable, str(PROJECT / "mnist_cnn.py"), "watch", "--results-dir", str(tmp_path)]
        environment = os.environ | {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
        process = subprocess.Popen(words, stdout=terminal, stderr=subprocess.PIPE, env=environment)
        os.close(terminal)
        seen = read_until(shell, "91.00 %")
        train(log, 2)
        seen += read_until(shell, "92.00 %")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr.read() == b"Interrupted.\n"
        process.stderr.close()
        os.close(shell)
        assert log.step == 8  # the run itself goes on
    assert seen.count("\x1b[5A") >= 1
    assert "mine: running" in seen


def read_until(handle: int, text: str) -> str:
    """What a terminal receives, up to and including that text."""
    give_up, seen = time.monotonic() + 60, ""
    while text not in seen:
        assert time.monotonic() < give_up, seen
        seen += os.read(handle, 10_000).decode(errors="replace")
    return seen
