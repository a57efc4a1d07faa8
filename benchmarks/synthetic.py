"""How fast synthetic digits are drawn, and how well a network that has seen nothing else reads real handwriting.

    python benchmarks/synthetic.py                              with MNIST in data/, or in the folder MNIST_DATA_DIR
    python benchmarks/synthetic.py --data-dir FOLDER --seeds 3  MNIST lies in FOLDER/MNIST/raw, as torchvision leaves it

Without MNIST only the drawing is measured. Every run has a seed of its own, for the drawing and for the network. The
MNIST test set is read once by each finished network and decides nothing. Some minutes on two cores.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from digits.processor import spin_briefly

spin_briefly()  # before torch is imported

import click
import machine
import torch

from digits import data, models, optimizers, precision, synthetic, training
from digits.data import Split
from digits.options import LR_OF, Config

CPU = torch.device("cpu")


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path), envvar="MNIST_DATA_DIR", default=Config.data_dir)
@click.option("--images", default=60_000, show_default=True, help="Synthetic digits to draw and to train on.")
@click.option("--epochs", default=3, show_default=True, help="Passes over them.")
@click.option("--seeds", default=5, show_default=True, help="Runs.")
@click.option("--threads", default=0, help="Threads of torch; 0: as many as it takes.")
def main(data_dir: Path, images: int, epochs: int, seeds: int, threads: int) -> None:
    """Print mean, spread and n, with machine and versions."""
    torch.set_num_threads(threads or torch.get_num_threads())
    print(f"{machine.describe()}; torch {torch.__version__}, {torch.get_num_threads()} threads")
    seconds = [draw(images, seed)[1] for seed in range(seeds)]
    print(machine.spread(f"drawing {images:,} images", seconds, "s"))
    print(f"most memory of the process until here: {most_memory()}")
    if data.missing_files(data_dir):
        print(f"{data_dir} holds no MNIST: nothing to read.")
        return
    test = data.read_mnist(data_dir)[1]
    accuracies = []
    for seed in range(seeds):
        accuracies.append(100 * accuracy(draw(images, seed)[0], test, epochs, seed))
        print(f"  seed {seed}: {accuracies[-1]:.2f} %", flush=True)
    print(machine.spread(f"MNIST test images read after {epochs} epochs", accuracies, "%"))


def draw(images: int, seed: int) -> tuple[Split, float]:
    """Synthetic digits, and the seconds they took."""
    start = time.perf_counter()
    drawn, labels = synthetic.draw(images, seed)
    return Split(drawn, labels.long()), time.perf_counter() - start


def accuracy(train: Split, test: Split, epochs: int, seed: int) -> float:
    """Of the project's default network and options, trained on `train` alone, on `test`."""
    torch.manual_seed(seed)
    network = models.build(Config.model, Config.channels, Config.dropout)
    numbers = precision.choose(Config.precision, network, CPU)
    network = numbers.arranged(network)
    optimizer = optimizers.make("adamw", network, Config.weight_decay)
    orders = [training.batches(len(train), Config.batch_size, seed, epoch) for epoch in range(1, epochs + 1)]
    schedule = training.one_cycle(LR_OF["adamw"], sum(map(len, orders)))
    learner = training.Learner(network, optimizer, schedule, numbers)
    network.train()
    for indices in (indices for order in orders for indices in order):
        learner.step(train[indices])
    return learner.evaluate(test).accuracy


def most_memory() -> str:
    """Of this process so far, with torch in it."""
    try:
        import resource  # Windows has none
    except ImportError:
        return "not told here"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"{peak / (1e6 if sys.platform == 'darwin' else 1e3):,.0f} MB"


if __name__ == "__main__":
    main()
