"""Numbers of random digits: lines in random sizes, places, gaps and colors.

picture, text = draw(images, labels, count, rng)          a Pillow image, and the number in it
"""

import numpy as np
from PIL import Image

_SIZES = (0.75, 1.5)  # of the line's base size: digits differ by up to 1:2
_GAPS = (0.05, 0.6)  # of the width of the digit on the left, or of half its height if that is more
_WAVER = 0.15  # of the base size: digits are off the line by up to that, upwards or downwards
_CONTRAST = 60  # levels between ink and paper, on average over red, green and blue


def draw(images: np.ndarray, labels: list[int], count: int, rng: np.random.Generator) -> tuple[Image.Image, str]:
    """`count` of the images uint8 (N, 28, 28)."""
    chosen = rng.integers(0, len(labels), count)
    base = rng.uniform(18, 70)
    digits = [_scaled(images[at], base * rng.uniform(*_SIZES) / 20) for at in chosen]
    tallest = max(len(digit) for digit in digits)
    margin = int(base * rng.uniform(0.3, 1.2))
    gaps = [max(1, round(rng.uniform(*_GAPS) * max(digit.shape[1], digit.shape[0] / 2))) for digit in digits]
    lefts = margin + np.cumsum([0, *(digit.shape[1] + gap for digit, gap in zip(digits, gaps))])
    below = int(rng.uniform(0, 2 * base))
    ink = np.zeros((2 * margin + int(1.4 * tallest) + below, lefts[-1] + margin))
    bottom = margin + tallest + rng.uniform(0, below + 1)
    for digit, left in zip(digits, lefts):
        top = int(np.clip(bottom - len(digit) + rng.uniform(-_WAVER, _WAVER) * base, 2, len(ink) - len(digit) - 2))
        part = ink[top : top + len(digit), left : left + digit.shape[1]]
        np.maximum(part, digit, out=part)
    return _colored(ink, rng), "".join(str(labels[at]) for at in chosen)


def _scaled(image: np.ndarray, factor: float) -> np.ndarray:
    """The digit in its bounding box, at `factor` times the pixels, 0 to 1."""
    rows, columns = np.nonzero(image.max(1))[0], np.nonzero(image.max(0))[0]
    digit = Image.fromarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    size = [max(1, round(side * factor)) for side in digit.size]
    return np.asarray(digit.resize((size[0], size[1]), Image.Resampling.BICUBIC)) / 255


def _colored(ink: np.ndarray, rng: np.random.Generator) -> Image.Image:
    while True:
        pen, paper = rng.integers(0, 256, (2, 3))
        if np.abs(pen - paper).mean() > _CONTRAST:
            break
    return Image.fromarray(np.rint(paper + ink[..., None] * (pen - paper)).astype(np.uint8))
