"""Accuracy on digits in image files: `python benchmarks/pictures.py WEIGHTS [--images 10000]`.

MNIST test images are scaled, moved, colored, compressed and slanted, preprocessed (digits/inference/preprocess.py), and
classified. The target for each is at most 0.3 points below the accuracy on the unchanged images. If scikit-learn is
installed, its 1,797 digits of 8x8 pixels by other writers are classified too.

Writes benchmarks/results/pictures.json.
"""

import io
import os
from collections.abc import Callable
from pathlib import Path

import click
import machine
import numpy as np
from figures import Quantity, Results
from PIL import Image

from digits.data import datasets
from digits.inference.predict import Predictor
from digits.inference.preprocess import prepare

AT_ONCE = 500
TABLE = "Digits as pictures"
QUANTITIES = (
    Quantity("accuracy", "read rightly", "%", 2),
    Quantity("loss", "points less than as they are", "points", 2, at_most=0.3),
)


def at_size(image: np.ndarray, factor: float) -> Image.Image:
    side = round(28 * factor)
    return Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)


def on_sheet(image: np.ndarray, chance) -> Image.Image:
    """Somewhere on a sheet of 100x80."""
    sheet = Image.new("L", (100, 80), 0)
    sheet.paste(Image.fromarray(image), (int(chance.integers(0, 73)), int(chance.integers(0, 53))))
    return sheet


def coloured(image: np.ndarray, chance) -> Image.Image:
    """Any ink on any paper, as long as they differ."""
    while True:
        ink, paper = chance.integers(0, 256, (2, 3))
        if np.abs(ink - paper).mean() > 60:
            break
    share = image[..., None] / 255
    return Image.fromarray(np.rint(share * ink + (1 - share) * paper).astype(np.uint8))


def as_jpeg(image: np.ndarray) -> Image.Image:
    content = io.BytesIO()
    at_size(image, 4).save(content, "JPEG", quality=60)
    return Image.open(content)


def turned(image: np.ndarray, chance) -> Image.Image:
    return at_size(image, 4).rotate(chance.uniform(-10, 10), Image.Resampling.BICUBIC)


WAYS: dict[str, Callable] = {
    "through the pipeline": lambda image, _: Image.fromarray(image),
    "somewhere on a sheet": on_sheet,
    "a quarter of the size": lambda image, _: at_size(image, 0.25),
    "half the size": lambda image, _: at_size(image, 0.5),
    "eight times the size": lambda image, _: at_size(image, 8),
    "dark on light": lambda image, _: Image.fromarray(255 - image),
    "coloured": coloured,
    "JPEG of quality 60": lambda image, _: as_jpeg(image),
    "turned by up to 10 degrees": turned,
}


def read(reader: Predictor, images: list[Image.Image]) -> list[int | None]:
    prepared = []
    for image in images:
        content = io.BytesIO()
        image.save(content, "PNG")
        prepared.append(prepare(images.decode(content.getvalue())))
    return [answer.label for answer in reader.read(prepared)]


def accuracy(reader: Predictor, images, labels, way: Callable) -> float:
    chance = np.random.default_rng(0)
    right = 0
    for first in range(0, len(images), AT_ONCE):
        rows = slice(first, first + AT_ONCE)
        said = read(reader, [way(image, chance) for image in images[rows]])
        right += sum(one == label for one, label in zip(said, labels[rows]))
    return 100 * right / len(images)


@click.command()
@click.argument("weights", type=click.Path(path_type=Path))
@click.option("--images", default=10_000, show_default=True, help="Of the test set; fewer for a trial.")
def main(weights: Path, images: int) -> None:
    """Measure WEIGHTS."""
    print(machine.describe())
    reader = Predictor.open(weights)
    test = datasets.load_test("mnist", Path(os.environ.get("MNIST_DATA_DIR", "data")), lambda *_: None).test
    pixels, labels = test.images[:images].numpy(), test.labels[:images].tolist()
    about = {"model": reader.about["model"]["name"], "images": len(labels)}
    results = Results("pictures", TABLE, QUANTITIES, about, table=TABLE)
    plain = reader.probabilities(test.images[:images]).argmax(1).tolist()
    clean = 100 * sum(one == label for one, label in zip(plain, labels)) / len(labels)
    results.add(1, {"accuracy": clean}, of="as they are")
    for name, way in WAYS.items():
        found = accuracy(reader, pixels, labels, way)
        results.add(1, {"accuracy": found, "loss": clean - found}, of=name)
        print(f"{name}: {found:.2f} %, {clean - found:+.2f} points less", flush=True)
    others(reader, results)
    results.tell()


def others(reader: Predictor, results: Results) -> None:
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        return results.remark("scikit-learn was not installed: its digits were not read.")
    images, labels = load_digits(return_X_y=True)
    images = (images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    found = accuracy(reader, images, labels.tolist(), lambda image, _: Image.fromarray(image))
    results.add(1, {"accuracy": found}, of="scikit-learn's 1,797 digits of 8x8 pixels")
    print(f"scikit-learn's digits: {found:.2f} %", flush=True)
    return None


if __name__ == "__main__":
    main()
