"""Rejection rate of non-digits: `python benchmarks/non_digits.py WEIGHTS [--pictures 1000]`.

Images of every kind in benchmarks/doodles.py go through preprocessing, the input checks and the OOD threshold of the
network, and count as rejected if the answer is `empty` or `not_a_digit`. None was used to train the network
(digits/data/outliers.py draws others) or to fit its threshold. Beside them: the acceptance rate of the MNIST test
digits, raw and through the same pipeline, and of digits drawn with the hand and pen of the letters: a network that has
only learned to tell this pen from MNIST's would reject them too.

Writes benchmarks/results/non_digits.json.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import click
import machine
import numpy as np
import torch
from doodles import KINDS, digit
from figures import Quantity, Results
from PIL import Image

from digits.data import datasets
from digits.evaluation import ood
from digits.inference.images import DecodedImage
from digits.inference.predict import Prediction, Predictor
from digits.inference.preprocess import prepare

AT_ONCE = 250
SEED = 2  # digits/data/outliers.py was made while looking at pictures of seed 1
TABLE = "What is no digit, and how much of it is refused; beside it the test digits, which are to be accepted"
QUANTITIES = (
    Quantity("refused", "refused", "%", 1, at_least=95),
    Quantity("by_energy", "refused by its energy alone", "%", 1),
    Quantity("accepted", "accepted", "%", 2, at_least=99.5),
)


def answers(reader: Predictor, images: Iterable[Image.Image]) -> Iterator[Prediction]:
    images = iter(images)
    while some := list(islice(images, AT_ONCE)):
        channels = (np.asarray(image.convert("RGBA"), np.float32) / 255 for image in some)
        yield from reader.read([prepare(DecodedImage(each, 1.0)) for each in channels])


def share(count: int, all_of: list) -> float:
    return 100 * count / len(all_of)


@click.command()
@click.argument("weights", type=click.Path(path_type=Path))
@click.option("--pictures", default=1000, show_default=True, help="Of each kind.")
@click.option("--images", default=10_000, show_default=True, help="Of the test set; fewer for a trial.")
def main(weights: Path, pictures: int, images: int) -> None:
    """Measure WEIGHTS."""
    print(machine.describe())
    reader = Predictor.open(weights)
    if reader.about.get("ood_threshold") is None:
        raise click.ClickException(f"{weights} has no energy limit: train with validation images (--validation).")
    about = {"model": reader.about["model"]["name"], "pictures": pictures, "images": images}
    results = Results("non_digits", "What is no digit", QUANTITIES, about, table=TABLE)
    for kind, draw in KINDS.items():
        measure(kind, draw, reader, pictures, results)
    accept(reader, images, results)
    accept_drawn(reader, pictures, results)
    results.tell()


def measure(kind: str, draw, reader: Predictor, pictures: int, results: Results) -> None:
    chance = np.random.default_rng(SEED)
    found = list(answers(reader, (draw(chance) for _ in range(pictures))))
    drawn = [answer for answer in found if answer.probabilities]
    figures = {"refused": share(sum(answer.status in ("empty", "not_a_digit") for answer in found), found)}
    figures["by_energy"] = share(unlike(reader, drawn), drawn) if drawn else None
    results.add(1, figures, of=kind)
    print(f"{kind}: {figures}, {Counter(answer.reason or answer.status for answer in found)}", flush=True)


def unlike(reader: Predictor, drawn: list[Prediction]) -> int:
    """How many are beyond the energy limit, whatever the gates say."""
    pixels = torch.from_numpy(np.stack([answer.prepared.pixels for answer in drawn]))
    return int((ood.energies(reader.logits(pixels)).double() > reader.about["ood_threshold"]).sum())


def accept(reader: Predictor, images: int, results: Results) -> None:
    test = datasets.load_test("mnist", Path(os.environ.get("MNIST_DATA_DIR", "data")), lambda *_: None).test
    found = ood.energies(reader.logits(test.images[:images]))
    part = ood.in_distribution_rate(found, reader.about["ood_threshold"])
    results.add(1, {"accepted": 100 * part}, of="MNIST's test digits as they are")
    through = list(answers(reader, map(Image.fromarray, test.images[:images].numpy())))
    results.add(1, {"accepted": taken(through)}, of="MNIST's test digits through pipeline and gates")


def accept_drawn(reader: Predictor, pictures: int, results: Results) -> None:
    chance = np.random.default_rng(SEED)
    drawn = list(answers(reader, (digit(chance) for _ in range(pictures))))
    results.add(1, {"accepted": taken(drawn)}, of="digits by the hand and pen of the letters")


def taken(found: list[Prediction]) -> float:
    return share(sum(answer.status in ("ok", "uncertain") for answer in found), found)


if __name__ == "__main__":
    main()
