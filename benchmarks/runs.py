"""Runs of mnist_cnn.py as processes of their own, measured from outside, one for each seed.

What is reported is not what anything was chosen by: the test accuracy of a run is read from its log when it is over.
MNIST is taken from MNIST_DATA_DIR or data/.
"""

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import click
from figures import Quantity, Results
from machine import PROJECT

from digits.config import Config, names_of
from digits.presets import PRESETS

TIMES = ("train_seconds", "seconds")
QUANTITIES = (
    Quantity("test_accuracy", "test accuracy", "%"),
    Quantity("val_accuracy", "validation accuracy", "%"),
    Quantity("train_loss", "train loss of the last epoch", "", 4),
    Quantity("train_seconds", "its epochs", "s", 1),
    Quantity("seconds", "whole process", "s", 1),
    Quantity("memory", "most memory", "MB", 0),
    Quantity("parameters", "parameters", "", 0),
)


class Seeds(click.ParamType):
    """Seeds: "5" for 1 to 5, "3-5" for 3 to 5."""

    name = "n or n-n"

    def convert(self, value, param, ctx):
        if isinstance(value, range):
            return value
        words = re.fullmatch(r"(?:(\d+)-)?(\d+)", value, re.ASCII)
        seeds = range(int(words[1] or 1), int(words[2]) + 1) if words else ()
        return seeds or self.fail(
            f"{value!r} is neither a number of seeds, such as 5, nor first and last, such as 3-5.", param, ctx
        )


@dataclass(frozen=True)
class Plan:
    """What the command line says of all runs."""

    seeds: range
    threads: int
    parallel: int
    more: tuple[str, ...]  # options for mnist_cnn.py
    add: bool

    @property
    def options(self) -> dict:
        """What figures depend on; how many runs stand side by side is left out, for then no times are kept."""
        return {"threads": self.threads, "more": shlex.join(self.more)}

    def one_at_a_time(self) -> None:
        if self.parallel > 1:
            raise click.UsageError("--parallel: this measures times, so one run after the other.")

    def of_train(self, *options: str) -> list[str]:
        """For mnist_cnn.py; what is named last goes before the rest."""
        threads = ["--threads", str(self.threads)] if self.threads else []
        return [*options, *threads, *self.more]


def planned(seeds: int):
    """Decorate a click command with the options of runs; it gets them as its argument `plan`."""
    options = (
        click.option("--seeds", type=Seeds(), default=str(seeds), show_default=True, help="How many, or from-to."),
        click.option("--threads", type=click.IntRange(0), default=0, help="Threads of each run; 0: as torch chooses."),
        click.option(
            "--parallel",
            type=click.IntRange(1),
            default=1,
            help="Runs at the same time; with more than one, times are not kept.",
        ),
        click.option("--options", default="", help='More options for mnist_cnn.py, as one word: "--epochs 1".'),
        click.option("--add", is_flag=True, help="Keep the seeds measured before, with the same options, here."),
    )

    def decorate(command: Callable):
        def with_plan(seeds, threads, parallel, options, add, **others):
            with stopped_quietly():
                command(plan=Plan(seeds, threads, parallel, tuple(shlex.split(options)), add), **others)

        with_plan.__doc__, with_plan.__name__ = command.__doc__, command.__name__
        for option in reversed(options):
            with_plan = option(with_plan)
        return with_plan

    return decorate


def settings_of(preset: str) -> dict:
    """All that a preset and the defaults set: with other settings, figures are of another thing."""
    config = Config.from_options(preset=preset, **PRESETS[preset].options).as_json()
    config["channels"] = list(config["channels"])  # as it is read back from a file
    return {name: config[name] for name in sorted({*names_of("identifies")} - {"seed"})}


@contextlib.contextmanager
def stopped_quietly():
    """Ctrl-C ends a benchmark, not what it measured so far."""
    try:
        yield
    except KeyboardInterrupt:
        print("Stopped. What was measured is kept; --add goes on with it.", file=sys.stderr)
        raise SystemExit(130) from None


def measure_all(things: Iterable[tuple[str, list[str]]], plan: Plan, results: Results) -> None:
    """A run of each thing (its name in the table, options) with each seed that `results` has not, into `results`.

    Seeds go first: when it is stopped half way, all things have been measured about as often.
    """
    todo = [(of, options, seed) for seed in plan.seeds for of, options in things if not results.has(seed, of)]
    with ThreadPoolExecutor(plan.parallel) as pool:
        runs = {pool.submit(measure, options, seed): (of, seed) for of, options, seed in todo}
        try:
            for run in as_completed(runs):
                (of, seed), figures = runs[run], run.result()
                if plan.parallel > 1:
                    figures = {key: value for key, value in figures.items() if key not in TIMES}
                results.add(seed, figures, of)
                print(f"{of}, seed {seed}: {one_line(figures)}", flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _end_all()
            raise


def one_line(figures: dict[str, float | None]) -> str:
    units = ((quantity, figures.get(quantity.key)) for quantity in QUANTITIES[:5])
    return ", ".join(f"{q.what} {value:.{q.digits}f} {q.unit}".strip() for q, value in units if value is not None)


def measure(options: list[str], seed: int) -> dict[str, float | None]:
    """The figures of one run; None for what it did not measure."""
    with tempfile.TemporaryDirectory() as folder:
        program = [str(PROJECT / "mnist_cnn.py"), "--seed", str(seed), "--dataset", "mnist", "--quiet"]
        process = timed([*program, "--results-dir", folder, *options])
        log = json.loads(Path(folder, "training_log.json").read_text())
    epochs = log["epochs"]
    validation = epochs["val_accuracy"][-1]
    return {
        "test_accuracy": 100 * log["test"]["accuracy"],
        "val_accuracy": None if validation is None else 100 * validation,
        "train_loss": epochs["train_loss"][-1],
        "train_seconds": sum(epochs["seconds"]),
        "seconds": process.seconds,
        "memory": process.memory,
        "parameters": log["model"]["parameters"],
    }


@dataclass(frozen=True)
class Timed:
    """A process that ended well."""

    seconds: float  # from its start to its end: Python's start and torch's import are in it
    memory: float  # most that it held, in MB
    output: str


_running: dict[int, subprocess.Popen] = {}
_ending = threading.Event()


def timed(program: list[str]) -> Timed:
    """Run a Python program to its end. What it says in its error stream is passed on where it fails."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, *program], stdout=output, stderr=errors)
        _running[process.pid] = process
        if _ending.is_set():
            process.kill()
        try:
            _, status, usage = os.wait4(process.pid, 0)  # unlike subprocess it says how much memory was held
        finally:
            _running.pop(process.pid, None)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if status:
            said = errors.read().strip().splitlines() or [f"it ended with {process.returncode} and said nothing"]
            raise SystemExit(f"A run failed: python {shlex.join(program)}\n{said[-1]}")
        return Timed(seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6, output.read())


def _end_all() -> None:
    _ending.set()
    for process in list(_running.values()):
        with contextlib.suppress(ProcessLookupError):
            process.kill()
