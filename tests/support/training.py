"""Runs mnist_cnn.py as a user does: another process, on few synthetic digits, in a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support import PROJECT

SOON = 10  # seconds; two are promised and kept on a free machine, and a test must not fail on a busy one
SMALL = ["--dataset", "synthetic", "--train-limit", "640", "--validation", "100", "--channels", "4,4,8,8"]


class Trainer:
    """A training process; `results` is its folder."""

    def __init__(self, results: Path, *options: str, small: bool = True, last_options: list[str] = (), **popen):
        self.results = results
        command = [sys.executable, str(PROJECT / "mnist_cnn.py"), "--results-dir", str(results), *options]
        self.process = subprocess.Popen(
            [*command, *(SMALL if small else []), *last_options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **({"env": os.environ | {"PYTHONWARNINGS": "error"}} | popen),
        )

    def log(self) -> dict:
        """The training log, {} before there is one."""
        try:
            return json.loads((self.results / "training_log.json").read_text())
        except (OSError, ValueError):
            return {}

    def wait_for(self, condition, seconds: float = 60):
        """Until `condition(log)` holds; fails with what the process said where it does not come to it."""
        give_up = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None  # before the log is read: its last words may be those
            if condition(self.log()):
                return
            if ended or time.monotonic() > give_up:
                self.process.kill()
                raise AssertionError(f"it never came to it: {self.process.communicate()}")
            time.sleep(0.01)

    def interrupt(self, signum=signal.SIGINT) -> float:
        """Send the signal; seconds until the process ended."""
        started = time.monotonic()
        self.process.send_signal(signum)
        self.process.wait(timeout=30)
        return time.monotonic() - started

    def finish(self, seconds: float = 120) -> tuple[int, str, str]:
        """Exit code, output and errors."""
        output, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, output, errors

    def __enter__(self) -> "Trainer":
        return self

    def __exit__(self, *error) -> None:
        self.process.kill()
        self.process.communicate()
