"""Rejection rate of non-digits: `python benchmarks/non_digits.py WEIGHTS [--pictures 1000]`.

Images of every kind in benchmarks/doodles.py go through preprocessing, the input checks and the OOD threshold of the
network, and count as rejected if the answer is `empty` or `not_a_digit`. None was used to train the network or to fit
its threshold: it was trained on the same letters in other forms (digits/data/signs.py), drawn by another pen, and on
other scribbles (digits/data/outliers.py). For comparison: the acceptance rate of the MNIST test
digits, raw and preprocessed, and of digits drawn with the hand and pen of the letters, which a network that has only
learned to tell this pen from MNIST's would reject too.

Writes benchmarks/results/non_digits.json.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import click
import machine
import numpy as np
import torch
from doodles import KINDS, digit
from figures import Quantity, Results
from pictures import mnist_test
from PIL import Image

from digits.evaluation import ood
from digits.inference.images import DecodedImage
from digits.inference.predict import Prediction, Predictor
from digits.inference.preprocess import prepare

BATCH = 250
SEED = 2  # digits/data/outliers.py was developed on images of seed 1
TABLE = "Rejection rate of non-digits and acceptance rate of digits"
QUANTITIES = (
    Quantity("rejected", "rejected", "%", 1, at_least=95),
    Quantity("by_ood_score", "rejected by the OOD score alone", "%", 1),
    Quantity("accepted", "accepted", "%", 2, at_least=99.5),
)


def predictions(predictor: Predictor, pictures: Iterable[Image.Image]) -> Iterator[Prediction]:
    pictures = iter(pictures)
    while batch := list(islice(pictures, BATCH)):
        channels = (np.asarray(picture.convert("RGBA"), np.float32) / 255 for picture in batch)
        yield from predictor.predict([prepare(DecodedImage(each, 1.0)) for each in channels])


def percent(count: int, whole: list) -> float:
    return 100 * count / len(whole)


@click.command()
@click.argument("weights", type=click.Path(path_type=Path))
@click.option("--pictures", default=1000, show_default=True, help="Images of each kind.")
@click.option("--images", default=10_000, show_default=True, help="Test images; fewer for a trial.")
def main(weights: Path, pictures: int, images: int) -> None:
    """Measure WEIGHTS."""
    print(machine.describe())
    predictor = Predictor.open(weights)
    if predictor.about.get("ood_threshold") is None:
        raise click.ClickException(f"{weights} has no OOD threshold: train with validation images (--validation).")
    options = {"model": predictor.about["model"]["name"], "pictures": pictures, "images": images}
    results = Results("non_digits", "Rejection of non-digits", QUANTITIES, options, table=TABLE)
    for kind, draw in KINDS.items():
        measure_rejection(kind, draw, predictor, pictures, results)
    measure_acceptance(predictor, images, results)
    rng = np.random.default_rng(SEED)
    drawn = list(predictions(predictor, (digit(rng) for _ in range(pictures))))
    results.add(1, {"accepted": accepted(drawn)}, of="digits drawn like the letters")
    results.print_rows()


def measure_rejection(kind: str, draw: Callable, predictor: Predictor, count: int, results: Results) -> None:
    rng = np.random.default_rng(SEED)
    answers = list(predictions(predictor, (draw(rng) for _ in range(count))))
    inked = [answer for answer in answers if answer.probabilities]
    values = {
        "rejected": percent(sum(answer.status in ("empty", "not_a_digit") for answer in answers), answers),
        "by_ood_score": percent(beyond_threshold(predictor, inked), inked) if inked else None,
    }
    results.add(1, values, of=kind)
    print(f"{kind}: {values}, {Counter(answer.reason or answer.status for answer in answers)}", flush=True)


def beyond_threshold(predictor: Predictor, answers: list[Prediction]) -> int:
    """The number of answers beyond the OOD threshold, regardless of the input checks."""
    pixels = torch.from_numpy(np.stack([answer.prepared.pixels for answer in answers]))
    return int((ood.energies(predictor.logits(pixels)).double() > predictor.about["ood_threshold"]).sum())


def measure_acceptance(predictor: Predictor, count: int, results: Results) -> None:
    images = mnist_test(count).images
    rate = ood.in_distribution_rate(ood.energies(predictor.logits(images)), predictor.about["ood_threshold"])
    results.add(1, {"accepted": None if rate is None else 100 * rate}, of="MNIST test digits, raw")
    answers = list(predictions(predictor, map(Image.fromarray, images.numpy())))
    results.add(1, {"accepted": accepted(answers)}, of="MNIST test digits, preprocessed")


def accepted(answers: list[Prediction]) -> float:
    return percent(sum(answer.status in ("ok", "uncertain") for answer in answers), answers)


if __name__ == "__main__":
    main()
