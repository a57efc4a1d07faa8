"""Runs of mnist_cnn.py in separate processes, one per seed, with accuracy, time and peak memory.

MNIST is read from MNIST_DATA_DIR or data/.
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
    Quantity("train_loss", "final train loss", "", 4),
    Quantity("train_seconds", "training time", "s", 1),
    Quantity("seconds", "total time", "s", 1),
    Quantity("memory", "peak memory", "MB", 0),
    Quantity("parameters", "parameters", "", 0),
)


class Seeds(click.ParamType):
    """Seeds as a range: "5" is 1 to 5, "3-5" is 3 to 5."""

    name = "n or n-n"

    def convert(self, value, param, ctx):
        if isinstance(value, range):
            return value
        words = re.fullmatch(r"(?:(\d+)-)?(\d+)", value, re.ASCII)
        seeds = range(int(words[1] or 1), int(words[2]) + 1) if words else ()
        return seeds or self.fail(
            f"{value!r} is not a number of seeds, such as 5, or a range, such as 3-5.", param, ctx
        )


@dataclass(frozen=True)
class Plan:
    """The options common to all runs."""

    seeds: range
    threads: int
    parallel: int
    more: tuple[str, ...]  # further options of mnist_cnn.py
    add: bool

    @property
    def options(self) -> dict:
        """What results depend on; not the number of parallel runs, which give no times."""
        return {"threads": self.threads, "more": shlex.join(self.more)}

    def one_at_a_time(self) -> None:
        if self.parallel > 1:
            raise click.UsageError("--parallel: this benchmark measures times, so runs are sequential.")

    def of_train(self, *options: str) -> list[str]:
        """Options for mnist_cnn.py, where the last of equal options counts."""
        threads = ["--threads", str(self.threads)] if self.threads else []
        return [*options, *threads, *self.more]


def planned(seeds: int):
    """Decorate a click command with the common options, passed as its argument `plan`."""
    options = (
        click.option("--seeds", type=Seeds(), default=str(seeds), show_default=True, help="Number, or range."),
        click.option("--threads", type=click.IntRange(0), default=0, help="Threads of each run; 0: torch's default."),
        click.option(
            "--parallel",
            type=click.IntRange(1),
            default=1,
            help="Parallel runs; with more than one, times are not recorded.",
        ),
        click.option("--options", default="", help='Further options for mnist_cnn.py, quoted: "--epochs 1".'),
        click.option(
            "--add", is_flag=True, help="Keep the seeds measured before with the same options on this machine."
        ),
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
    """All settings of a preset, defaults included: results of different settings are not merged."""
    config = Config.from_options(preset=preset, **PRESETS[preset].options).as_json()
    config["channels"] = list(config["channels"])  # as in JSON
    return {name: config[name] for name in sorted({*names_of("identifies")} - {"seed"})}


@contextlib.contextmanager
def stopped_quietly():
    """On Ctrl-C exits with a message; results so far are on the disk."""
    try:
        yield
    except KeyboardInterrupt:
        print("Stopped. Results so far are saved; --add continues.", file=sys.stderr)
        raise SystemExit(130) from None


def measure_all(
    cases: Iterable[tuple[str, list[str]]],
    plan: Plan,
    results: Results,
    more: Callable[[dict, int], dict[str, float]] | None = None,
) -> None:
    """Add to `results` a run of each case (name in the table, options) with each seed that is missing.

    `more` gets the figures and the seed of a run and returns further figures.

    All cases run with one seed before the next seed, so an interrupted benchmark has about as many runs of each.
    """
    todo = [(of, options, seed) for seed in plan.seeds for of, options in cases if not results.has(seed, of)]

    def run(options: list[str], seed: int) -> dict[str, float | None]:
        figures = measure(options, seed)
        return figures | more(figures, seed) if more else figures

    with ThreadPoolExecutor(plan.parallel) as pool:
        runs = {pool.submit(run, options, seed): (of, seed) for of, options, seed in todo}
        try:
            for done in as_completed(runs):
                (of, seed), figures = runs[done], done.result()
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
    """The results of one run; None for what it did not measure."""
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
    """A successful process."""

    seconds: float  # including the start of Python and the import of torch
    memory: float  # peak, in MB
    output: str


def reference(recipe: str = "pytorch", **options: object) -> dict:
    """What reference.py prints about a recipe with these options."""
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    program = [str(PROJECT / "benchmarks" / "reference.py"), recipe, *words]
    return json.loads(timed(program).output.splitlines()[-1])


_running: dict[int, subprocess.Popen] = {}
_ending = threading.Event()


def timed(program: list[str]) -> Timed:
    """Run a Python program. Raises SystemExit with its last line on standard error if it fails."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, *program], stdout=output, stderr=errors)
        _running[process.pid] = process
        if _ending.is_set():
            process.kill()
        try:
            _, status, usage = os.wait4(process.pid, 0)  # unlike subprocess it returns the peak memory
        finally:
            _running.pop(process.pid, None)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if status:
            lines = errors.read().strip().splitlines() or [f"exit code {process.returncode} without a message"]
            raise SystemExit(f"A run failed: python {shlex.join(program)}\n{lines[-1]}")
        return Timed(seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6, output.read())


def _end_all() -> None:
    _ending.set()
    for process in list(_running.values()):
        with contextlib.suppress(ProcessLookupError):
            process.kill()
