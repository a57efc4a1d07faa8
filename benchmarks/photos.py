"""Photos of digits on paper: under uneven light, with cast shadows, on a table, on ruled and squared paper."""

import numpy as np
from pens import Pen
from PIL import Image, ImageFilter

PEN = Pen(0.025, sides=(400, 600, 800), noise=3, contrast=(110, 200))
CONDITIONS = (
    "light from one side",
    "a cast shadow, sharp edge",
    "a cast shadow, soft edge",
    "paper on a table",
    "ruled paper",
    "squared paper",
)
_RULED_INK = np.array([150, 180, 225])  # light blue
_SOFTNESS = {"a cast shadow, sharp edge": 0.004, "a cast shadow, soft edge": 0.05, "paper on a table": 0.003}


def photo(page: Image.Image, condition: str, rng: np.random.Generator) -> Image.Image:
    """A gray picture of a written digit as a color photo under one of CONDITIONS."""
    colors = np.repeat(np.asarray(page, float)[..., None], 3, axis=2)  # (H, W, 3)
    side = len(colors)
    if condition.endswith(" paper"):
        lines = _lines(side, condition == "squared paper", rng)[..., None]
        colors = np.minimum(colors, 255 - lines * (255 - _RULED_INK))
    else:
        colors = colors * _light(side, condition, rng)[..., None]
    image = Image.fromarray(np.rint(colors.clip(0, 255)).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(side / 600))


def _light(side: int, condition: str, rng: np.random.Generator) -> np.ndarray:
    """The fraction of light, (side, side), in each pixel: less on one side of a line at any angle."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    distance = np.cos(angle) * x + np.sin(angle) * y
    if condition == "light from one side":
        return 0.82 - 0.25 * distance
    is_table = condition == "paper on a table"
    offset, depth = (rng.uniform(0.42, 0.55), 0.75) if is_table else (rng.uniform(-0.3, 0.3), rng.uniform(0.25, 0.5))
    return 1 - depth / (1 + np.exp(-(distance - offset) / _SOFTNESS[condition]))


def _lines(side: int, squared: bool, rng: np.random.Generator) -> np.ndarray:
    """1 on the lines of a sheet (side, side), else 0."""
    gap = int(side * (rng.uniform(0.1, 0.16) if squared else rng.uniform(0.18, 0.3)))
    first, width = int(rng.integers(gap)), max(1, side // 300)
    lines = np.zeros((side, side))
    for start in range(first, side, gap):
        lines[start : start + width] = 1
        if squared:
            lines[:, start : start + width] = 1
    return lines
