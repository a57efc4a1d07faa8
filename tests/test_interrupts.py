"""Ctrl-C, SIGTERM and SIGHUP at every stage: a clean exit with complete log and checkpoint."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import torch

from digits.runlog import contract
from tests.support import PROJECT
from tests.support.training import Trainer

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(os.name != "posix", reason="signals of other processes are a POSIX thing"),
]


def step(log):
    return log.get("progress", {}).get("step", 0)


def hang_up(action):
    """Set SIGHUP in a child as in a terminal (SIG_DFL) or under nohup (SIG_IGN)."""
    return lambda: signal.signal(signal.SIGHUP, action)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_in_training_saves_checkpoint_and_log(tmp_path, signum, code):
    with Trainer(tmp_path, "--epochs", "90000", preexec_fn=hang_up(signal.SIG_DFL)) as trainer:
        trainer.wait_for(lambda log: step(log) > 7)
        trainer.interrupt(signum)
        exit_code, _, errors = trainer.finish()
    assert exit_code == code
    assert "Traceback" not in errors
    log = trainer.log()
    assert (log["status"], log["error"]) == ("interrupted", None)
    state = torch.load(tmp_path / contract.CHECKPOINT, weights_only=True)
    assert state["learner"]["steps"] == state["progress"]["step"] == log["progress"]["step"]
    rows = (tmp_path / contract.BATCHES).read_text().splitlines()
    assert len(rows) == 1 + log["progress"]["step"]


def test_under_nohup_a_closed_terminal_does_not_stop_the_training(tmp_path):
    with Trainer(tmp_path, "--epochs", "90000", preexec_fn=hang_up(signal.SIG_IGN)) as trainer:
        trainer.wait_for(lambda log: step(log) > 3)
        trainer.process.send_signal(signal.SIGHUP)
        before = step(trainer.log())
        trainer.wait_for(lambda log: step(log) > before + 20)
        trainer.interrupt(signal.SIGTERM)
        code, _, _ = trainer.finish()
    assert code == 143


@pytest.mark.parametrize("delay", [0.02, 0.15, 0.4, 0.8, 1.2, 1.6, 2.0, 2.5])
def test_during_startup_a_signal_ends_the_program_without_a_traceback(tmp_path, delay):
    """At various delays, from the first import to the first batches."""
    with Trainer(tmp_path, "--epochs", "90000") as trainer:
        trainer.wait_for(lambda log: log)  # before its first line Python itself is interrupted, in its own way
        time.sleep(delay)
        trainer.interrupt()
        exit_code, _, errors = trainer.finish()
    assert exit_code == 130
    assert "Traceback" not in errors and "Interrupted." in errors
    assert trainer.log()["status"] == "interrupted"


def test_a_checkpoint_that_cannot_be_written_changes_neither_status_nor_exit_code(tmp_path):
    words = "--dataset synthetic --train-limit 20000 --channels 4,4,8,8 --batch-size 1 --checkpoint-every 86400"
    with Trainer(tmp_path, *words.split(), small=False) as trainer:  # an epoch takes long: no checkpoint is due
        trainer.wait_for(lambda log: step(log) > 3)
        trainer.process.send_signal(signal.SIGSTOP)
        (tmp_path / contract.CHECKPOINT).unlink()
        (tmp_path / contract.CHECKPOINT).mkdir()  # a file can't take its place
        trainer.process.send_signal(signal.SIGINT)
        trainer.process.send_signal(signal.SIGCONT)
        code, output, errors = trainer.finish()
    assert (code, errors) == (130, "Interrupted.\n")
    assert "could not be saved" in output
    assert trainer.log()["status"] == "interrupted"


def test_a_signal_ends_a_download(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        code = (
            "import runpy, sys, torchvision\n"
            f"torchvision.datasets.MNIST.mirrors = ['http://127.0.0.1:{silent.getsockname()[1]}/']\n"
            "sys.argv[0] = 'mnist_cnn.py'\n"
            "runpy.run_path('mnist_cnn.py', run_name='__main__')\n"
        )
        options = ["--dataset", "mnist", "--data-dir", tmp_path / "data", "--results-dir", tmp_path / "results"]
        process = subprocess.Popen(
            [sys.executable, "-c", code, *options], cwd=PROJECT, stderr=subprocess.PIPE, text=True
        )
        silent.settimeout(60)
        connection, _ = silent.accept()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        connection.close()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not list((tmp_path / "data").rglob("*.gz"))
    assert '"interrupted"' in (tmp_path / "results" / contract.TRAINING_LOG).read_text()


RAISING = """
import sys, time
from digits.interrupts import Interrupted, Interrupts
interrupts = Interrupts()
interrupts.install()
printed = []
def ready():
    if not printed:
        printed.append("ready")
        print("ready", flush=True)
def write():
    print("final write", flush=True)
try:
    with interrupts.interruptible(), interrupts.final_write(write):
        {body}
except Interrupted as interrupted:
    print("unwound", flush=True)
    {after}
    sys.exit(interrupted.exit_code)
"""
SLEEP = ["ready()", "time.sleep(60)"]
BLOCKED = ["while True:", "    try:", "        ready()", "        time.sleep(60)", "    except BaseException: pass"]


def run(lines, *signals, after="pass", program=RAISING):
    """Exit code and output of a small program that receives the signals once it is ready, and then a line."""
    program = program.format(body="\n        ".join(lines), after=after)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, **pipes)
    assert process.stdout.readline() == "ready\n"
    for signum in signals:
        process.send_signal(signum)
    output, _ = process.communicate("\n", timeout=60)
    return process.returncode, output.split("\n")[:-1]


def test_a_signal_unwinds_the_stack():
    assert run(SLEEP, signal.SIGINT) == (130, ["unwound"])


def test_a_deferred_block_is_finished_first():
    lines = ["with interrupts.deferred():", "    ready()", "    sys.stdin.readline()", "    print('whole', flush=True)"]
    assert run(lines, signal.SIGTERM) == (143, ["whole", "unwound"])


def test_a_second_signal_exits_immediately():
    lines = ["with interrupts.deferred():", *(f"    {line}" for line in SLEEP)]
    assert run(lines, signal.SIGINT, signal.SIGTERM) == (143, [])


def test_a_blocked_call_is_abandoned_after_the_final_write():
    assert run(BLOCKED, signal.SIGINT) == (130, ["final write"])


def test_a_cleanup_that_takes_too_long_is_abandoned():
    assert run(SLEEP, signal.SIGINT, after="time.sleep(60)") == (130, ["unwound"])


@pytest.mark.parametrize(("has_left", "output"), [(False, ["write of the block"]), (True, [])])
def test_the_final_write_belongs_to_its_block(has_left, output):
    """The log gets its final write only while it is open."""
    lines = ["with interrupts.final_write(lambda: print('write of the block', flush=True)):"]
    lines += ["    pass", *BLOCKED] if has_left else [f"    {line}" for line in BLOCKED]
    program = RAISING.replace(", interrupts.final_write(write)", "")
    assert run(lines, signal.SIGINT, program=program) == (130, output)


def test_a_failing_final_write_leaves_no_traceback():
    program = RAISING.replace('print("final write", flush=True)', 'raise OSError(28, "No space left on device")')
    code, lines = run(BLOCKED, signal.SIGINT, program=f"import sys\nsys.stderr = sys.stdout\n{program}")
    assert (code, [line for line in lines if line]) == (130, ["Interrupted."])


def test_without_anything_to_save_it_exits_immediately():
    program = "import time\nfrom digits.interrupts import Interrupts\nInterrupts().install()\n"
    program += "print('ready', flush=True)\ntime.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE)
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143


def test_importing_installs_no_signal_handlers():
    before = signal.getsignal(signal.SIGTERM)
    import mnist_cnn  # noqa: F401

    assert signal.getsignal(signal.SIGTERM) is before
