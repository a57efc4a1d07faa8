"""Synthetic digits, for machines without MNIST.

    images, labels = draw(60_000, seed=0)

For each image one of the hand-made skeletons is bent as a writer would bend it, inked with a pen of some width, and
framed as MNIST frames its digits. All of it is batched tensor arithmetic; nothing is done per image in Python.
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from digits.data.skeletons import SAMPLES, library

SIZE = 28  # pixels on a side
BOX = 20  # MNIST's digits fill a box of 20x20 pixels (Y. LeCun, C. Cortes, C. Burges, "The MNIST database")
_CHUNK = 1000  # images drawn at once: under 0.1 s and about 30 MB
_BLUR = 0.8  # pixels; less than the distance of two samples and a line would bead, much more and corners would melt


def draw(count: int, seed: int, progress: Callable[[int], None] | None = None) -> tuple[Tensor, Tensor]:
    """Images uint8 (count, 28, 28), white ink on black, and their labels uint8 (count,).

    The ten digits are equally frequent (to within one) and in random order. The same count and seed give the same
    bytes. `progress` gets the number of newly drawn images after each chunk; what it raises ends the work.
    """
    generator = Generator().manual_seed(seed)
    labels = (torch.arange(count) % 10)[torch.randperm(count, generator=generator)]
    images = torch.empty(count, SIZE, SIZE, dtype=torch.uint8)
    for start in range(0, count, _CHUNK):
        chunk = slice(start, start + _CHUNK)
        images[chunk] = _draw_chunk(labels[chunk], generator)
        if progress:
            progress(len(labels[chunk]))
    return images, labels.to(torch.uint8)


def _draw_chunk(labels: Tensor, generator: Generator) -> Tensor:
    """Images uint8 (n, 28, 28) of the digits `labels` (n,)."""
    points = write(labels, generator)
    for bend in (proportions, elastic, affine):
        points = bend(points, generator)
    half_width = (0.82 * _truncated_normal(0.36, (len(labels), 1, 1), generator)).clamp(0.5, 3.0)  # pixels
    return centered(ink(fit_box(points, half_width), half_width, generator))


def _uniform(low: float, high: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)


def _normal(std: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    return std * torch.randn(shape, generator=generator)


def _truncated_normal(std: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Factors around 1: half as large is as likely as twice as large."""
    return _normal(std, shape, generator).exp()


# --- the writer: points (n, SAMPLES, 2) along the pen's path, x and y, on a sheet of height 1 -------------------------


def write(labels: Tensor, generator: Generator) -> Tensor:
    """One of each digit's shapes, by a careful or a careless hand: every control point strays on its own."""
    shapes = library()
    shape = torch.multinomial(shapes.odds[labels], 1, generator=generator).squeeze(1)  # (n,)
    control = shapes.control[shape]  # (n, K, 2)
    carelessness = _uniform(0.02, 0.17, (len(labels), 1, 1), generator)
    strayed = control + carelessness * shapes.play[shape].unsqueeze(2) * _normal(1, control.shape, generator)
    return shapes.curve[shape] @ strayed


def proportions(points: Tensor, generator: Generator) -> Tensor:
    """Make the upper half larger or smaller than the lower one, and wider or narrower."""
    n = len(points)
    x, y = points.split(1, dim=2)
    taper = _normal(0.5, (n, 1, 1), generator)
    sink = _normal(0.45, (n, 1, 1), generator).clamp(-0.9, 0.9)  # below 1, or the sheet would fold
    return torch.cat([0.3 + (x - 0.3) * (taper * (y - 0.5)).exp(), y + sink * y * (1 - y)], dim=2)


def elastic(points: Tensor, generator: Generator) -> Tensor:
    """Bend the sheet by a few slow waves: neighbouring points move together."""
    n, waves = len(points), 4
    direction = _normal(3, (n, 2, waves), generator)  # radians per height of the sheet
    phase = _uniform(0, 2 * math.pi, (n, 1, waves), generator)
    amplitude = _normal(0.04, (n, waves, 2), generator)
    return points + (points @ direction + phase).sin() @ amplitude


def affine(points: Tensor, generator: Generator) -> Tensor:
    """Width, slant (mostly to the right) and angle."""
    n = len(points)
    width = 1.16 * _truncated_normal(0.29, (n,), generator)
    slant = 0.15 + _normal(0.28, (n,), generator)
    angle = _normal(0.12, (n,), generator)  # radians
    cos, sin = angle.cos(), angle.sin()
    # First x' = width * x - slant * y (y points down, so low points go left), then the rotation.
    matrix = torch.stack([width * cos, width * sin, -slant * cos - sin, cos - slant * sin], dim=1)
    return points @ matrix.view(n, 2, 2)


# --- the pen and the scanner: from here on in pixels ------------------------------------------------------------------


def fit_box(points: Tensor, half_width: Tensor) -> Tensor:
    """Scale and shift points so that their ink fills the box, keeping its proportions. `half_width` is (n, 1, 1)."""
    low, high = points.amin(1, keepdim=True), points.amax(1, keepdim=True)  # (n, 1, 2)
    scale = (BOX - 2 * half_width) / (high - low).amax(2, keepdim=True)
    return BOX / 2 + (points - (low + high) / 2) * scale


def ink(points: Tensor, half_width: Tensor, generator: Generator) -> Tensor:
    """Boxes uint8 (n, BOX, BOX) with ink where a pixel is at most about `half_width` from the points.

    The distance is a soft minimum over the points, d^2 = -2 s^2 log sum_p w_p exp(-d_p^2 / 2 s^2), where w_p is the
    pressure of the pen. The exponential splits into one factor for the row and one for the column of a pixel, so that
    a matrix product draws the whole image, without a distance for each pixel and point.
    """
    grid = torch.arange(BOX)[:, None] + 0.5
    rows, columns = (
        (-((points[:, None, :, axis] - grid) ** 2) / (2 * _BLUR**2)).exp() for axis in (1, 0)
    )  # (n, BOX, SAMPLES)
    density = (rows * pressure(len(points), generator)) @ columns.transpose(1, 2)  # (n, BOX, BOX)
    distance = (-2 * _BLUR**2 * density.clamp(min=1e-30).log()).clamp(min=0).sqrt()
    distance = distance + _normal(0.2, distance.shape, generator)  # rough paper
    softness = _uniform(0.8, 1.4, (len(points), 1, 1), generator)  # pixels over which an edge fades
    shade = ((half_width - distance) / softness + 0.5).clamp(0, 1)
    shade = shade * (1 - _uniform(0, 0.75, (len(points), 1, 1), generator) ** 3)  # mostly white, a few faint
    return (shade * 255).round().to(torch.uint8)


def pressure(n: int, generator: Generator) -> Tensor:
    """Weights (n, 1, SAMPLES) around 1 that swell and fade along the stroke."""
    swell = _uniform(0, 1.2, (n, 1, 1), generator)
    waves = _uniform(2, 9, (n, 1, 1), generator)  # radians from the first to the last point
    phase = _uniform(0, 2 * math.pi, (n, 1, 1), generator)
    return (swell * (waves * torch.linspace(0, 1, SAMPLES) + phase).sin()).exp()


def centered(box: Tensor) -> Tensor:
    """Images (n, SIZE, SIZE) with the boxes' centre of mass in pixel (14, 14), shifted by whole pixels as in MNIST."""
    place = torch.arange(BOX, dtype=torch.float)
    middle = [(mass @ place / mass.sum(1)).round().long() for mass in (box.float().sum(2), box.float().sum(1))]
    # Padded by half an image, the box's pixel i is pixel i + 14: the image that has it in its middle begins at i.
    rows, columns = (start[:, None] + torch.arange(SIZE) for start in middle)  # (n, SIZE)
    padded = F.pad(box, [SIZE // 2] * 4)
    return padded[torch.arange(len(box))[:, None, None], rows[:, :, None], columns[:, None, :]]
