"""Accuracy on digits in image files: `python benchmarks/pictures.py WEIGHTS [--images 10000]`.

MNIST test images are scaled, moved, colored, compressed and rotated, preprocessed (digits/inference/preprocess.py), and
classified. The target for each is at most 0.3 points below the accuracy on the unchanged images. They are also redrawn
with other pens (pens.py), and digits are drawn in forms that are rare in MNIST (doodles.py), such as a 1 with a foot;
of these at least 95 % must be correct and accepted. Lines of 2 to 8 test images (house_numbers.py) must be read exactly
in at least 97 % of all cases, and at most 0.1 % of the single test images may be read as several digits. Of photos with
shadows, a table or ruled lines (photos.py), at least 80 % must be correct and accepted. If
scikit-learn is installed, its 1,797 digits of 8x8 pixels by other writers are classified too.

Writes benchmarks/results/pictures.json.
"""

import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import house_numbers
import machine
import numpy as np
from doodles import FORMS, form
from figures import Quantity, Results
from pens import PENS, redraw, skeleton
from photos import CONDITIONS, PEN, photo
from PIL import Image

from digits.data import datasets
from digits.data.mnist import Split
from digits.inference import images
from digits.inference.predict import Prediction, Predictor
from digits.inference.preprocess import prepare
from digits.inference.reading import Reading

BATCH = 500
SEED, FORM_PICTURES = 1, 200
TABLE = "Digits in image files"
QUANTITIES = (
    Quantity("accuracy", "accuracy", "%", 2),
    Quantity("loss", "loss of accuracy", "points", 2, at_most=0.3),
    Quantity("read", "correct and not rejected", "%", 1, at_least=95),
    Quantity("photo", "photos correct and not rejected", "%", 1, at_least=80),
    Quantity("misread", "misclassified and not rejected", "%", 1, at_most=2),
    Quantity("exact", "numbers read exactly", "%", 1, at_least=97),
    Quantity("split", "read as several digits", "%", 2, at_most=0.1),
)


def scaled(image: np.ndarray, factor: float) -> Image.Image:
    side = round(28 * factor)
    return Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)


def on_sheet(image: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """The digit at a random position on a sheet of 100x80 pixels."""
    sheet = Image.new("L", (100, 80), 0)
    sheet.paste(Image.fromarray(image), (int(rng.integers(0, 73)), int(rng.integers(0, 53))))
    return sheet


def colored(image: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """The digit in random, different colors of ink and background."""
    while True:
        ink, background = rng.integers(0, 256, (2, 3))
        if np.abs(ink - background).mean() > 60:
            break
    amount = image[..., None] / 255
    return Image.fromarray(np.rint(amount * ink + (1 - amount) * background).astype(np.uint8))


def as_jpeg(image: np.ndarray) -> Image.Image:
    content = io.BytesIO()
    scaled(image, 4).save(content, "JPEG", quality=60)
    return Image.open(content)


def rotated(image: np.ndarray, rng: np.random.Generator) -> Image.Image:
    return scaled(image, 4).rotate(rng.uniform(-10, 10), Image.Resampling.BICUBIC)


Transform = Callable[[np.ndarray, np.random.Generator], Image.Image]
TRANSFORMS: dict[str, Transform] = {
    "preprocessed": lambda image, _: Image.fromarray(image),
    "random position on a sheet": on_sheet,
    "scaled to 25 %": lambda image, _: scaled(image, 0.25),
    "scaled to 50 %": lambda image, _: scaled(image, 0.5),
    "scaled to 800 %": lambda image, _: scaled(image, 8),
    "inverted": lambda image, _: Image.fromarray(255 - image),
    "colored": colored,
    "JPEG of quality 60": lambda image, _: as_jpeg(image),
    "rotated by up to 10 degrees": rotated,
}


def mnist_test(count: int) -> Split:
    """The first `count` MNIST test images, from MNIST_DATA_DIR or data/."""
    return datasets.load_test("mnist", Path(os.environ.get("MNIST_DATA_DIR", "data")), lambda *_: None).test[:count]


def decoded(picture: Image.Image) -> images.DecodedImage:
    """The image after a round trip through a PNG file."""
    content = io.BytesIO()
    picture.save(content, "PNG")
    return images.decode(content.getvalue())


def predictions(predictor: Predictor, pictures: list[Image.Image]) -> list[Prediction]:
    """Predictions for images of one digit, after a round trip through PNG files."""
    return predictor.predict([prepare(decoded(picture)) for picture in pictures])


def accuracy(predictor: Predictor, pixels: np.ndarray, labels: list[int], transform: Transform) -> float:
    """Accuracy in percent on images uint8 (N, H, W)."""
    rng = np.random.default_rng(0)
    correct = 0
    for first in range(0, len(pixels), BATCH):
        rows = slice(first, first + BATCH)
        predicted = predictions(predictor, [transform(image, rng) for image in pixels[rows]])
        correct += sum(one.label == label for one, label in zip(predicted, labels[rows]))
    return 100 * correct / len(pixels)


def read_and_misread(answers: Sequence[Prediction | Reading], labels: list[int]) -> dict[str, float]:
    """Percentages of images classified correctly and misclassified; the others are rejected."""
    accepted = [(one.label, label) for one, label in zip(answers, labels) if one.status in ("ok", "uncertain")]
    correct = sum(label == expected for label, expected in accepted)
    return {"read": 100 * correct / len(answers), "misread": 100 * (len(accepted) - correct) / len(answers)}


@click.command()
@click.argument("weights", type=click.Path(path_type=Path))
@click.option("--images", "count", default=10_000, show_default=True, help="Test images; fewer for a trial.")
@click.option("--drawn", default=500, show_default=True, help="Test images to redraw with each pen.")
def main(weights: Path, count: int, drawn: int) -> None:
    """Measure WEIGHTS."""
    print(machine.describe())
    predictor = Predictor.open(weights)
    test = mnist_test(count)
    pixels, labels = test.images.numpy(), test.labels.tolist()
    options = {"model": predictor.about["model"]["name"], "images": len(labels), "drawn": drawn}
    results = Results("pictures", TABLE, QUANTITIES, options, table=TABLE)
    predicted = predictor.probabilities(test.images).argmax(1)
    unchanged = 100 * int((predicted == test.labels).sum()) / len(labels)
    results.add(1, {"accuracy": unchanged}, of="unchanged")
    for name, transform in TRANSFORMS.items():
        found = accuracy(predictor, pixels, labels, transform)
        results.add(1, {"accuracy": found, "loss": unchanged - found}, of=name)
        print(f"{name}: {found:.2f} %", flush=True)
    measure_other_writers(predictor, results)
    measure_pens(predictor, pixels[:drawn], labels[:drawn], results)
    measure_photos(predictor, pixels[:drawn], labels[:drawn], results)
    measure_forms(predictor, results)
    measure_numbers(predictor, pixels, labels, drawn, results)
    results.print_rows()


def measure_pens(predictor: Predictor, pixels: np.ndarray, labels: list[int], results: Results) -> None:
    lines = [skeleton(image) for image in pixels]
    for name, pen in PENS.items():
        rng = np.random.default_rng(SEED)
        found = read_and_misread(predictions(predictor, [redraw(one, pen, rng) for one in lines]), labels)
        results.add(1, found, of=name)
        print(f"{name}: {found}", flush=True)


def measure_photos(predictor: Predictor, pixels: np.ndarray, labels: list[int], results: Results) -> None:
    lines = [skeleton(image) for image in pixels]
    for condition in CONDITIONS:
        rng = np.random.default_rng(SEED)
        pictures = [photo(redraw(one, PEN, rng), condition, rng) for one in lines]
        found = read_and_misread([predictor.read(decoded(picture)) for picture in pictures], labels)
        results.add(1, {"photo": found["read"], "misread": found["misread"]}, of=condition)


def measure_forms(predictor: Predictor, results: Results) -> None:
    for name, (digit, _) in FORMS.items():
        rng = np.random.default_rng(SEED)
        pictures = [form(rng, name) for _ in range(FORM_PICTURES)]
        answers = predictions(predictor, pictures)
        results.add(1, read_and_misread(answers, [digit] * FORM_PICTURES), of=name)


def measure_numbers(predictor: Predictor, pixels: np.ndarray, labels: list[int], drawn: int, results: Results) -> None:
    rng = np.random.default_rng(SEED)
    numbers = [house_numbers.draw(pixels, labels, int(rng.integers(2, 9)), rng) for _ in range(drawn)]
    exact = sum(predictor.read(decoded(picture)).text == text for picture, text in numbers)
    results.add(1, {"exact": 100 * exact / drawn}, of="lines of 2 to 8 digits")
    several = sum(len(predictor.read(decoded(Image.fromarray(image))).digits) > 1 for image in pixels)
    results.add(1, {"split": 100 * several / len(pixels)}, of="single digits")


def measure_other_writers(predictor: Predictor, results: Results) -> None:
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        results.remark("scikit-learn was not installed: its digits were not classified.")
        return
    pixels, labels = load_digits(return_X_y=True)
    pixels = (pixels.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    found = accuracy(predictor, pixels, labels.tolist(), lambda image, _: Image.fromarray(image))
    results.add(1, {"accuracy": found}, of="scikit-learn's 1,797 digits of 8x8 pixels")


if __name__ == "__main__":
    main()
