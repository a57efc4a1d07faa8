"""How long the default run takes, how much memory, and how well it reads the test set.

    python benchmarks/training.py [RUNS] [OPTIONS OF mnist_cnn.py ...]

Every run is a process of its own with another seed, measured from outside: its whole time, torch's import included, and
the most memory it held. MNIST is taken from MNIST_DATA_DIR or data/.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine

PROJECT = Path(__file__).resolve().parent.parent


def measure(seed: int, options: list[str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, PROJECT / "mnist_cnn.py", "--dataset", "mnist", "--seed", str(seed), "--quiet"]
        started = time.perf_counter()
        process = subprocess.Popen([*command, "--results-dir", folder, *options])
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        if status:
            raise SystemExit("The run failed.")
        log = json.loads(Path(folder, "training_log.json").read_text())
    print(f"seed {seed}: {seconds:.1f} s, {log['test']['accuracy']:.2%}, {log['environment']['precision']}", flush=True)
    return {
        "seconds": seconds,
        "epochs": sum(log["epochs"]["seconds"]),
        "memory": usage.ru_maxrss / 1024,  # Linux counts in KiB
        "accuracy": 100 * log["test"]["accuracy"],
        "validation": 100 * log["epochs"]["val_accuracy"][-1],
    }


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(machine.describe())
    runs = [measure(seed, sys.argv[2:]) for seed in range(1, count + 1)]
    for name, unit, title in (
        ("seconds", "s", "whole process"),
        ("epochs", "s", "epochs, validation included"),
        ("memory", "MiB", "most memory held"),
        ("accuracy", "%", "test accuracy"),
        ("validation", "%", "validation accuracy"),
    ):
        print(machine.spread(title, [run[name] for run in runs], unit))
