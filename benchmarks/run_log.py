"""What logging costs: a million made-up batches through the run log.

    python benchmarks/run_log.py [RUNS]

Prints microseconds per batch as the trainer sees them, the processor time of the thread that writes, the size of
training_log.json, and how many bytes were written for batches.csv compared with its final size.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import machine

from digits import contract, csvlog, runlog

BATCHES = 1_000_000
PER_EPOCH = 430
WRITES = 20
METRICS = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")


class CountingCsv(csvlog.CsvLog):
    written = 0

    def write(self, text: str) -> None:
        CountingCsv.written += len(text.encode())
        super().write(text)


def measure() -> dict[str, float]:
    CountingCsv.written = 0
    with tempfile.TemporaryDirectory() as folder:
        with runlog.RunLog(folder, name="a million batches") as log:
            log.plan(BATCHES // PER_EPOCH, PER_EPOCH)
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


if __name__ == "__main__":
    runlog.CsvLog = CountingCsv
    print(machine.describe())
    runs = [measure() for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5)]
    for name, unit, title in (
        ("wall", "us", "a batch, as the trainer sees it"),
        ("mine", "us", "processor time of it"),
        ("writer", "%", "processor time of the writing thread, of one core"),
        ("write", "ms", "writing the full log once, which happens once a second"),
        ("log", "kB", "training_log.json after all these batches and their epochs"),
        ("ratio", "times its size", "bytes written for batches.csv"),
    ):
        print(machine.spread(title, [run[name] for run in runs], unit))
