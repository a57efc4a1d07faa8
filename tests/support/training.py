"""Training runs on a few synthetic digits: in this process, or in a separate one if signals and locks matter."""

import contextlib
import functools
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from digits.runlog import training_log
from digits.runlog.run_log import RunLog
from tests.support import PROJECT
from tests.support.contract import violations

# On the CPU, which repeats bit for bit; on an accelerator a request is also obeyed up to 32 steps late.
SMALL = ["--dataset", "synthetic", "--train-limit", "640", "--validation", "100", "--channels", "4,4,8,8"]
SMALL += ["--batch-size", "128"]  # 5 batches in an epoch
SMALL += ["--device", "cpu"]


class Finished(NamedTuple):
    """Exit code and output of a command of mnist_cnn.py."""

    exit_code: int
    output: str
    errors: str


def command(*words: object) -> Finished:
    """`python mnist_cnn.py WORDS` in this process."""
    import mnist_cnn  # not at the top: tests of the page need no torch

    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors), torch_settings_restored():
        try:
            exit_code = mnist_cnn.cli.main([*map(str, words)], standalone_mode=False) or 0
        except click.ClickException as error:
            error.show(sys.stderr)
            exit_code = error.exit_code
        except SystemExit as end:
            exit_code = end.code or 0
    return Finished(exit_code, output.getvalue(), errors.getvalue())


@contextlib.contextmanager
def torch_settings_restored() -> Iterator[None]:
    """Restore the settings that a run makes in its process, threads and algorithms, for the next tests."""
    import torch

    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)


def train(results: Path, *options: object, small: bool = True) -> Finished:
    """A whole run in this process. Of an option that is given twice, the last value counts."""
    was_valid = not violations(results)
    finished = command("--results-dir", results, *(SMALL if small and "--resume" not in options else ()), *options)
    assert not (was_valid and violations(results)), violations(results)
    return finished


@pytest.fixture(scope="session")
def finished_run(shared_folder) -> Path:
    """The folder of a finished run of two epochs, trained in a separate process, for tests that only read it.

    finished.json next to it has exit code, output and errors.
    """

    def make(folder: Path) -> None:
        options = ("--epochs", "2", "--name", "größer & <b>schneller</b>", "--precision", "float32", "--threads", "1")
        with Trainer(folder / "a finished run äöü", *options) as trainer:
            (folder / "finished.json").write_text(json.dumps(trainer.finish()))

    return shared_folder("finished", make) / "a finished run äöü"


def trained(results: Path, *options: object, small: bool = True) -> str:
    """The output of a run that must succeed."""
    code, output, errors = train(results, *options, small=small)
    assert code == 0, (output, errors)
    return output + errors


@contextlib.contextmanager
def after(method: Callable, act: Callable[[RunLog], None]) -> Iterator[None]:
    """Call `act` with the run log after each call of a method of RunLog, during a run."""

    @functools.wraps(method)
    def called(log: RunLog, *args, **kwargs):
        result = method(log, *args, **kwargs)
        act(log)
        return result

    setattr(RunLog, method.__name__, called)
    try:
        yield
    finally:
        setattr(RunLog, method.__name__, method)


@contextlib.contextmanager
def at_steps(acts: dict[int, Callable[[RunLog], None]]) -> Iterator[None]:
    """Call an action once each of these steps is logged."""

    def act(log: RunLog) -> None:
        if log.step in acts:
            acts[log.step](log)

    with after(RunLog.batch, act):
        yield


class Killed(BaseException):
    """Ends a run in this process as SIGKILL would: without any cleanup."""


def kill(log: RunLog) -> None:
    """Copy the folder as SIGKILL would leave it now, and end the run."""
    log.describe()  # it writes the log
    shutil.copytree(log.folder, _remains(log.folder))
    raise Killed


def killed(step: int, results: Path, *options: object) -> None:
    """Train until that step is logged; then `results` is as SIGKILL would leave it."""
    with at_steps({step: kill}):
        _train_until_killed(results, *options)


def killed_when(phase: str, results: Path, *options: object) -> None:
    """Train until the run begins that phase; then `results` is as SIGKILL would leave it."""

    def act(log: RunLog) -> None:
        if training_log.read(log.folder)["phase"] == phase:
            kill(log)

    with after(RunLog.phase, act):
        _train_until_killed(results, *options)


def _train_until_killed(results: Path, *options: object) -> None:
    with contextlib.suppress(Killed):
        train(results, *options)
    shutil.rmtree(results)
    _remains(results).rename(results)
    assert violations(results) == {}


def _remains(results: Path) -> Path:
    return results.with_name(f"{results.name}-killed")


class Trainer:
    """A training process, started as users do; `results` is its folder."""

    def __init__(self, results: Path, *options: str, small: bool = True, last_options: list[str] = (), **popen):
        self.results = results
        self._was_valid = not violations(results)
        command = [sys.executable, str(PROJECT / "mnist_cnn.py"), "--results-dir", str(results)]
        self.process = subprocess.Popen(
            [*command, *(SMALL if small else []), *options, *last_options],
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
        """Wait until `condition(log)` holds; fails with the output of the process if it never does."""
        give_up = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None  # before the log is read: its last words may be those
            if condition(self.log()):
                return
            if ended or time.monotonic() > give_up:
                self.process.kill()
                raise AssertionError(f"it never came to it: {self.process.communicate()}")
            time.sleep(0.01)

    def interrupt(self, signum=signal.SIGINT) -> None:
        """Send the signal and wait for the end of the process."""
        self.process.send_signal(signum)
        self.process.wait(timeout=60)
        self._check()

    def finish(self, seconds: float = 120) -> tuple[int, str, str]:
        """Exit code, output and errors."""
        output, errors = self.process.communicate(timeout=seconds)
        self._check()
        return self.process.returncode, output, errors

    def _check(self) -> None:
        assert not (self._was_valid and violations(self.results)), violations(self.results)

    def __enter__(self) -> "Trainer":
        return self

    def __exit__(self, *error) -> None:
        self.process.kill()
        self.process.communicate()
