"""Startup time of a run: from the command to the first batch, with MNIST on the disk.

    python benchmarks/start.py [RUNS]

Each run is a process that ends as soon as it logs its first batch. Writes benchmarks/results/start.json.
"""

import subprocess
import sys
import tempfile
import time

import click
import machine
from figures import Quantity, Results

_UP_TO_THE_FIRST_BATCH = """
import os, runpy, sys
sys.argv = ["mnist_cnn.py", *sys.argv[1:]]
sys.path.insert(0, ".")
from digits.runlog import RunLog
RunLog.batch = lambda *values, **named: os._exit(0)
runpy.run_path("mnist_cnn.py", run_name="__main__")
"""
QUANTITIES = (
    Quantity("seconds", "command to first batch", "s", 2, at_most=3.0),
    Quantity("torch", "import of torch alone", "s"),
)


def seconds(*command: str) -> float:
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *command], cwd=machine.PROJECT, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit("The run failed.")
    return time.perf_counter() - started


@click.command()
@click.argument("runs", type=click.IntRange(1), default=9)
def main(runs: int) -> None:
    """Measure RUNS times (9)."""
    print(machine.describe())
    results = Results("start", "Start of the default run", QUANTITIES)
    for number in range(1, runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            first_batch = seconds("-c", _UP_TO_THE_FIRST_BATCH, "--dataset", "mnist", "--results-dir", folder)
        results.add(number, {"seconds": first_batch, "torch": seconds("-c", "import torch")})
    results.print_rows()


if __name__ == "__main__":
    main()
