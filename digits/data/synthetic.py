"""Synthetic digits, for machines without MNIST.

    images, labels = draw(60_000, seed=0)

A hand-made skeleton is distorted, drawn with a pen of random width, and framed like MNIST's digits. Batched tensor
operations, no loop over images.
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn.functional import pad

from digits.data.mnist import BOX, SIZE
from digits.data.skeletons import SAMPLES, Library, library

_CHUNK = 1000  # images drawn at once: under 0.1 s and about 30 MB
_BLUR = 0.8  # pixels: with less, lines show their sample points; with much more, corners are rounded


def draw(count: int, seed: int, progress: Callable[[int], None] | None = None) -> tuple[Tensor, Tensor]:
    """Images uint8 (count, 28, 28), white ink on black, and labels uint8 (count,).

    The ten digits are equally frequent (to within one) and in random order; the same count and seed give the same
    bytes. `progress` gets the number of newly drawn images after each chunk.
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
    for distort in (proportions, elastic, affine):
        points = distort(points, generator)
    half_width = (0.82 * _log_normal(0.36, (len(labels), 1, 1), generator)).clamp(0.5, 3.0)  # pixels
    return centered(ink(fit_box(points, half_width), half_width, generator))


def _uniform(low: float, high: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)


def _normal(std: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    return std * torch.randn(shape, generator=generator)


def _log_normal(std: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Log-normal factors around 1: 0.5 is as likely as 2."""
    return _normal(std, shape, generator).exp()


# --- handwriting: points (n, SAMPLES, 2) along the pen's path, x and y, on a sheet of height 1 ------------------------


def write(labels: Tensor, generator: Generator) -> Tensor:
    """Points of a random skeleton of each label."""
    shape = torch.multinomial(library().odds[labels], 1, generator=generator).squeeze(1)  # (n,)
    return trace(library(), shape, 0.17, generator)


def trace(shapes: Library, shape: Tensor, jitter: float, generator: Generator) -> Tensor:
    """Points (n, SAMPLES, 2) of the skeletons `shape` (n,), their control points jittered by up to that much."""
    control = shapes.control[shape]  # (n, K, 2)
    amount = _uniform(0.02, jitter, (len(shape), 1, 1), generator)
    jittered = control + amount * shapes.jitter[shape].unsqueeze(2) * _normal(1, control.shape, generator)
    return shapes.curve[shape] @ jittered


def proportions(points: Tensor, generator: Generator) -> Tensor:
    """Change the height and width of the upper half relative to the lower one."""
    n = len(points)
    x, y = points.split(1, dim=2)
    taper = _normal(0.5, (n, 1, 1), generator)
    sink = _normal(0.45, (n, 1, 1), generator).clamp(-0.9, 0.9)  # below 1: otherwise the sheet folds
    return torch.cat([0.3 + (x - 0.3) * (taper * (y - 0.5)).exp(), y + sink * y * (1 - y)], dim=2)


def elastic(points: Tensor, generator: Generator) -> Tensor:
    """Distort the sheet by a few slow waves, so that neighboring points move together."""
    n, waves = len(points), 4
    direction = _normal(3, (n, 2, waves), generator)  # radians per height of the sheet
    phase = _uniform(0, 2 * math.pi, (n, 1, waves), generator)
    amplitude = _normal(0.04, (n, waves, 2), generator)
    return points + (points @ direction + phase).sin() @ amplitude


def affine(points: Tensor, generator: Generator, strength: float = 1.0) -> Tensor:
    """Width, slant (mostly to the right) and angle."""
    n = len(points)
    width = 1.16**strength * _log_normal(strength * 0.29, (n,), generator)
    slant = strength * (0.15 + _normal(0.28, (n,), generator))
    angle = strength * _normal(0.12, (n,), generator)  # radians
    cos, sin = angle.cos(), angle.sin()
    # First x' = width * x - slant * y (y points down, so low points go left), then the rotation.
    matrix = torch.stack([width * cos, width * sin, -slant * cos - sin, cos - slant * sin], dim=1)
    return points @ matrix.view(n, 2, 2)


# --- rasterization: from here on in pixels ----------------------------------------------------------------------------


def fit_box(points: Tensor, half_width: Tensor) -> Tensor:
    """Fit the ink of the points into the box, keeping the aspect ratio; `half_width` is (n, 1, 1)."""
    low, high = points.amin(1, keepdim=True), points.amax(1, keepdim=True)  # (n, 1, 2)
    scale = (BOX - 2 * half_width) / (high - low).amax(2, keepdim=True)
    return BOX / 2 + (points - (low + high) / 2) * scale


def ink(points: Tensor, half_width: Tensor, generator: Generator) -> Tensor:
    """Boxes uint8 (n, BOX, BOX) with ink where a pixel is at most about `half_width` from the points.

    The distance is a soft minimum over the points, d^2 = -2 s^2 log sum_p w_p exp(-d_p^2 / 2 s^2), where w_p is the
    pen's pressure. The exponential factors into a term for the row and one for the column, so a matrix product draws
    the image without a distance for each pair of pixel and point.
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
    """Weights (n, 1, SAMPLES) around 1 that vary smoothly along the stroke."""
    swell = _uniform(0, 1.2, (n, 1, 1), generator)
    waves = _uniform(2, 9, (n, 1, 1), generator)  # radians from the first to the last point
    phase = _uniform(0, 2 * math.pi, (n, 1, 1), generator)
    return (swell * (waves * torch.linspace(0, 1, SAMPLES) + phase).sin()).exp()


def rasterize(points: Tensor, generator: Generator) -> Tensor:
    """Images uint8 (n, 28, 28) of points (n, P, 2), drawn by a plain pen of random width, framed like MNIST's digits.

    Without the rough edges of `ink`, by which a network that is trained on MNIST could recognize all that is drawn.
    """
    half_width = 0.4 + 1.2 * torch.rand(len(points), 1, 1, generator=generator)
    grid = torch.arange(BOX) + 0.5
    x, y = ((fit_box(points, half_width)[..., None] - grid) ** 2).unbind(2)  # (n, P, BOX)
    distance = (y[..., None] + x[:, :, None]).amin(1).sqrt()  # (n, BOX, BOX) to the nearest point
    return centered(((half_width - distance + 0.5).clamp(0, 1) * 255).round().to(torch.uint8))


def centered(box: Tensor) -> Tensor:
    """Images (n, SIZE, SIZE) with the boxes' center of mass in pixel (14, 14), moved by whole pixels as in MNIST."""
    position = torch.arange(BOX, dtype=torch.float)
    centers = [(mass @ position / mass.sum(1)).round().long() for mass in (box.float().sum(2), box.float().sum(1))]
    # Padded by half an image, pixel i of the box is pixel i + 14: the image centered on it starts at i.
    rows, columns = (start[:, None] + torch.arange(SIZE) for start in centers)  # (n, SIZE)
    padded = pad(box, [SIZE // 2] * 4)
    return padded[torch.arange(len(box))[:, None, None], rows[:, :, None], columns[:, None, :]]
