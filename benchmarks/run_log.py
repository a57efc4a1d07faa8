"""Cost of logging: a million synthetic batches through the run log.

    python benchmarks/run_log.py [RUNS]

Measures the time per batch in the trainer, the CPU time of the writer thread, the size of training_log.json, and the
bytes written to batches.csv relative to its final size. Writes
benchmarks/results/run_log.json after every run.
"""

import os
import tempfile
import time
from pathlib import Path

import click
import machine
from figures import Quantity, Results

from digits.runlog import batches, contract, lifecycle
from digits.runlog.run_log import RunLog

BATCHES = 1_000_000
PER_EPOCH = 430
WRITES = 20
QUANTITIES = (
    Quantity("wall", "wall time per batch", "µs"),
    Quantity("mine", "CPU time per batch", "µs"),
    Quantity("writer", "CPU time of the writer thread, of one core", "%"),
    Quantity("write", "one write of the full log, once a second", "ms", 1),
    Quantity("log", "training_log.json after a million batches and 2,325 epochs", "kB", 0),
    Quantity("ratio", "bytes written to batches.csv, relative to its size", "times"),
)
METRICS = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")


class CountingCsv(batches.BatchCsv):
    """Counts the bytes written."""

    written = 0

    def write(self, text: str) -> None:
        CountingCsv.written += len(text.encode())
        super().write(text)


def measure() -> dict[str, float]:
    CountingCsv.written = 0
    with tempfile.TemporaryDirectory() as folder:
        with RunLog(folder, name="a million batches") as log:
            log.set_totals(BATCHES // PER_EPOCH, PER_EPOCH)
            everything, mine, started = time.process_time(), time.thread_time(), time.perf_counter()
            for step in range(BATCHES):
                log.batch(1 + step // PER_EPOCH, 1 / (1 + step * 1e-4), 0.123456, 0.00123456, 128)
            seconds = time.perf_counter() - started
            mine = time.thread_time() - mine
            writer = time.process_time() - everything - mine
            for epoch in range(BATCHES // PER_EPOCH):
                log.epoch(1 + epoch, 5.12345, 0.00123456, **dict.fromkeys(METRICS, 0.123456))
            started_writing = time.perf_counter()
            for _ in range(WRITES):
                log.phase("training")
            write = (time.perf_counter() - started_writing) / WRITES
        log_size = os.path.getsize(Path(folder, contract.TRAINING_LOG))
        csv_size = os.path.getsize(Path(folder, contract.BATCHES))
    return {
        "wall": seconds / BATCHES * 1e6,
        "mine": mine / BATCHES * 1e6,
        "writer": writer / seconds * 100,
        "write": write * 1000,
        "log": log_size / 1000,
        "ratio": CountingCsv.written / csv_size,
    }


@click.command()
@click.argument("runs", type=click.IntRange(1), default=5)
def main(runs: int) -> None:
    """Measure RUNS times (5)."""
    lifecycle.BatchCsv = CountingCsv
    print(machine.describe())
    results = Results("run_log", "Logging a million batches", QUANTITIES)
    for run in range(1, 1 + runs):
        results.add(run, measure())
    results.print_rows()


if __name__ == "__main__":
    main()
