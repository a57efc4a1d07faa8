"""Recipes that the presets are compared with, reimplemented: pytorch/examples, a Keras example, LeNet-5.

    python benchmarks/reference.py [pytorch|keras|lenet5] [--seed 1] [--threads 2] [--epochs 14]

pytorch: mnist/main.py of pytorch/examples, the reference of time_to_99.py. Two convolutions of 3x3 without padding,
dropout, two linear layers: 1,199,882 parameters. Adadelta at 1.0, times 0.7 after each epoch; batches of 64 in the
order of the file, since that program shuffles only on an accelerator; images from torchvision's data set, transforms
and a DataLoader. After each epoch it evaluates the test set in batches of 1,000.

keras: "Simple MNIST convnet" of the Keras documentation (F. Chollet, 2015). Two convolutions of 3x3 without padding,
each pooled, dropout, one linear layer: 34,826 parameters. Adam at 0.001, 15 epochs of shuffled batches of 128.

lenet5: the layers of LeNet-5 (Y. LeCun and others, 1998) as most tutorials train them, with ReLU, max pooling and a
full second convolution: 61,706 parameters. Adam at 0.001, 10 epochs of shuffled batches of 64.

All images are training images; there is no validation set, so here, and only here, the test accuracy decides when to
stop. Prints JSON in one line: `seconds` of the training epochs, without evaluation, until the test accuracy is
--accuracy, `epochs`, the best `accuracy` and the `last` one, `parameters`, and `reached`, false if it never did.
"""

import json
import time
from pathlib import Path

import click
import machine  # noqa: F401  makes digits importable

from digits.config import Config


@click.command()
@click.argument("recipe", type=click.Choice(("pytorch", "keras", "lenet5")), default="pytorch")
@click.option("--seed", default=1, show_default=True)
@click.option("--threads", default=0, help="Threads of torch; 0: its default.")
@click.option("--epochs", default=0, help="Maximum; 0: the recipe's.")
@click.option("--accuracy", default=99.0, show_default=True, help="Test accuracy in % to stop at.")
@click.option("--images", default=60_000, show_default=True, help="Images of each set; fewer for a trial.")
@click.option("--data-dir", type=click.Path(path_type=Path), envvar="MNIST_DATA_DIR", default=Config.data_dir)
def main(recipe: str, seed: int, threads: int, epochs: int, accuracy: float, images: int, data_dir: Path) -> None:
    """Train until the test accuracy is reached."""
    import torch
    from torch.optim.lr_scheduler import StepLR
    from torch.optim.optimizer import Optimizer

    torch.set_num_threads(threads or torch.get_num_threads())
    torch.manual_seed(seed)
    network, batch, usual = {"pytorch": pytorch, "keras": keras, "lenet5": lenet5}[recipe]()
    train, test = loaders(data_dir, images, batch, shuffle=recipe != "pytorch")
    optimizer: Optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    if recipe == "pytorch":
        optimizer = torch.optim.Adadelta(network.parameters(), lr=1.0)
    schedule = StepLR(optimizer, step_size=1, gamma=0.7 if recipe == "pytorch" else 1.0)
    seconds, best, last, done = 0.0, 0.0, 0.0, 0
    while best < accuracy and done < (epochs or usual):
        started = time.perf_counter()
        train_epoch(network, optimizer, train)
        seconds += time.perf_counter() - started
        done += 1
        last = 100 * accuracy_of(network, test)
        best = max(best, last)
        schedule.step()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    facts = {"seconds": seconds, "epochs": done, "accuracy": best, "last": last, "parameters": parameters}
    print(json.dumps(facts | {"reached": best >= accuracy}))


def loaders(data_dir: Path, images: int, batch: int, shuffle: bool):
    """Training and test batches as pytorch/examples has them on a CPU."""
    from torch.utils.data import DataLoader, Subset
    from torchvision import datasets, transforms

    normal = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train = datasets.MNIST(data_dir, train=True, download=True, transform=normal)
    test = datasets.MNIST(data_dir, train=False, transform=normal)
    if images < len(train):
        train, test = Subset(train, range(images)), Subset(test, range(min(images, len(test))))
    return DataLoader(train, batch_size=batch, shuffle=shuffle), DataLoader(test, batch_size=1000)


def pytorch():
    """Network, batch size and number of epochs."""
    from torch import nn

    layers = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)]
    layers += [nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)]
    return nn.Sequential(*layers, nn.LogSoftmax(dim=1)), 64, 14


def keras():
    """Network, batch size and number of epochs."""
    from torch import nn

    layers = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10)]
    return nn.Sequential(*layers, nn.LogSoftmax(dim=1)), 128, 15


def lenet5():
    """Network, batch size and number of epochs."""
    from torch import nn

    layers = [nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU()]
    layers += [nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(84, 10), nn.LogSoftmax(dim=1)), 64, 10


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
