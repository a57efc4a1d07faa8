"""Speed of drawing synthetic digits, and MNIST accuracy of networks trained on them alone.

    python benchmarks/synthetic.py [--seeds 5] [--images 60000] [--epochs 3] [--threads 2]

mnist_cnn.py trains on synthetic digits, one process per seed, and its command evaluate tests the network on MNIST, from
MNIST_DATA_DIR or data/; without MNIST only drawing is measured. A few minutes on two cores.

Writes benchmarks/results/synthetic.json after every run.
"""

import json
import tempfile
import time
from pathlib import Path

import machine

from digits import cpu_tuning

cpu_tuning.prepare_for_torch()  # before torch is imported

import click
from figures import Quantity, Results
from machine import PROJECT
from runs import planned, timed

from digits.config import Config
from digits.data import mnist, synthetic
from digits.runlog import contract


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path), envvar="MNIST_DATA_DIR", default=Config.data_dir)
@click.option("--images", default=60_000, show_default=True, help="Synthetic digits to draw and to train on.")
@click.option("--epochs", default=3, show_default=True, help="Passes over them.")
@planned(seeds=5)
def main(data_dir: Path, images: int, epochs: int, plan) -> None:
    """Measure drawing and training."""
    print(machine.describe())
    quantities = (
        Quantity("drawing", f"drawing {images:,} images", "s"),
        Quantity("accuracy", f"MNIST test accuracy after {epochs} epochs on synthetic digits", "%"),
    )
    plan.one_at_a_time()
    results = Results("synthetic", "Synthetic digits", quantities, plan.options | {"images": images, "epochs": epochs})
    for seed in plan.seeds:
        if not results.has(seed):
            figures = {"drawing": draw(images, seed)}
            if not mnist.missing_files(data_dir):
                train = ["--epochs", str(epochs), "--train-limit", str(images), "--seed", str(seed)]
                figures["accuracy"] = 100 * accuracy(plan.of_train(*train), data_dir)
            results.add(seed, figures)
            print(f"seed {seed} done", flush=True)
    results.print_rows()


def draw(images: int, seed: int) -> float:
    """Seconds for drawing `images` digits."""
    start = time.perf_counter()
    synthetic.draw(images, seed)
    return time.perf_counter() - start


def accuracy(options: list[str], data_dir: Path) -> float:
    """MNIST test accuracy of a network trained on synthetic digits alone."""
    program = str(PROJECT / "mnist_cnn.py")
    with tempfile.TemporaryDirectory() as folder:
        train = ["--dataset", "synthetic", "--validation", "0", "--quiet", "--results-dir", folder]
        timed([program, *train, *options])
        read = ["--dataset", "mnist", "--data-dir", str(data_dir), "--json"]
        return json.loads(timed([program, "evaluate", str(Path(folder, contract.WEIGHTS)), *read]).output)["accuracy"]


if __name__ == "__main__":
    main()
