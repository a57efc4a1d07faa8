"""The recipe of pytorch/examples, mnist/main.py, reimplemented as the reference for time_to_99.py.

    python benchmarks/reference.py [--seed 1] [--threads 2] [--epochs 14]

Two convolutions of 3x3 without padding, dropout, two linear layers: 1,199,882 parameters. Adadelta at 1.0, times 0.7
after each epoch; batches of 64 in the order of the file, since that program shuffles only on an accelerator; images
from torchvision's data set, transforms and a DataLoader. After each epoch it evaluates the test set in batches of
1,000. It has no validation set, so here, and only here, the test accuracy decides when to stop.

Prints JSON in one line: `seconds` of the training epochs, without evaluation, until the test accuracy is --accuracy,
`epochs`, `accuracy`, and `reached`, false if it never did.
"""

import json
import time
from pathlib import Path

import click
import machine  # noqa: F401  makes digits importable

from digits.config import Config


@click.command()
@click.option("--seed", default=1, show_default=True)
@click.option("--threads", default=0, help="Threads of torch; 0: its default.")
@click.option("--epochs", default=14, show_default=True, help="Maximum; 14 is that program's default.")
@click.option("--accuracy", default=99.0, show_default=True, help="Test accuracy in % to stop at.")
@click.option("--images", default=60_000, show_default=True, help="Images of each set; fewer for a trial.")
@click.option("--data-dir", type=click.Path(path_type=Path), envvar="MNIST_DATA_DIR", default=Config.data_dir)
def main(seed: int, threads: int, epochs: int, accuracy: float, images: int, data_dir: Path) -> None:
    """Train until the test accuracy is reached."""
    import torch
    from torch.optim.lr_scheduler import StepLR

    torch.set_num_threads(threads or torch.get_num_threads())
    torch.manual_seed(seed)
    train, test = loaders(data_dir, images)
    network = build()
    optimizer = torch.optim.Adadelta(network.parameters(), lr=1.0)
    schedule = StepLR(optimizer, step_size=1, gamma=0.7)
    seconds, best, done = 0.0, 0.0, 0
    while best < accuracy and done < epochs:
        started = time.perf_counter()
        train_epoch(network, optimizer, train)
        seconds += time.perf_counter() - started
        done += 1
        best = max(best, 100 * accuracy_of(network, test))
        schedule.step()
    print(json.dumps({"seconds": seconds, "epochs": done, "accuracy": best, "reached": best >= accuracy}))


def loaders(data_dir: Path, images: int):
    """Training and test batches as that program has them on a CPU."""
    from torch.utils.data import DataLoader, Subset
    from torchvision import datasets, transforms

    normal = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train = datasets.MNIST(data_dir, train=True, download=True, transform=normal)
    test = datasets.MNIST(data_dir, train=False, transform=normal)
    if images < len(train):
        train, test = Subset(train, range(images)), Subset(test, range(min(images, len(test))))
    return DataLoader(train, batch_size=64), DataLoader(test, batch_size=1000)


def build():
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
        nn.LogSoftmax(dim=1),
    )


def train_epoch(network, optimizer, batches) -> None:
    from torch.nn.functional import nll_loss

    network.train()
    for images, labels in batches:
        optimizer.zero_grad()
        nll_loss(network(images), labels).backward()
        optimizer.step()


def accuracy_of(network, batches) -> float:
    import torch

    network.eval()
    with torch.no_grad():
        correct = sum(int((network(images).argmax(dim=1) == labels).sum()) for images, labels in batches)
    return correct / len(batches.dataset)


if __name__ == "__main__":
    main()
