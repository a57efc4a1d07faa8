"""Outlier images for outlier exposure: glyphs, tangles, signs such as letters, discs, and transformed digits.

    images = Outliers(0.125).sample_for(batch, seed=1, step=0)

A network trained on digits alone classifies a letter as one of them. Trained with outliers, it also rejects outliers of
kinds it has not seen: D. Hendrycks, M. Mazeika and T. Dietterich, "Deep Anomaly Detection with Outlier Exposure", 2019.
Batched tensor operations, as in synthetic.py.
"""

import functools
import math

import torch
from torch import Generator, Tensor

from digits.data import signs
from digits.data.blocks import Blocks
from digits.data.mnist import BOX, Split
from digits.data.rng import STROKES, TURNS, make_generator
from digits.data.synthetic import centered, rasterize

_SHEET = torch.tensor([0.66, 1.0])  # width and height of a glyph before framing
_MAX_STROKES, _MIN_STROKES = 4, 2  # of a glyph
_SAMPLES = 28  # points along a stroke: at most about a pixel apart, otherwise thin strokes are dotted
_TANGLE_SAMPLES = 220  # points along a tangle
_WAVES = 6  # of a tangle
_DISCS = 0.06  # of the drawn images
_RINGS = 5  # of a disc
_CHUNK = 100  # images drawn at once

# Four transforms per digit that make a non-digit of it. Left out are those that may look like a digit, such as a
# mirrored 2 or 5 and an upside-down 6 or 9; a 0 is cut instead, and a 1 crossed with itself.
_LEFT, _RIGHT, _MIRRORED, _UPSIDE_DOWN, _UPPER, _LOWER, _CROSSED = range(7)
_TRANSFORMS = torch.tensor(
    [
        [_UPPER, _LOWER, _UPPER, _LOWER],
        [_CROSSED] * 4,
        [_LEFT, _RIGHT, _LEFT, _RIGHT],
        [_LEFT, _RIGHT, _MIRRORED, _UPSIDE_DOWN],
        [_LEFT, _RIGHT, _MIRRORED, _UPSIDE_DOWN],
        [_LEFT, _RIGHT, _LEFT, _RIGHT],
        [_LEFT, _RIGHT, _MIRRORED, _MIRRORED],
        [_LEFT, _RIGHT, _MIRRORED, _UPSIDE_DOWN],
        [_LEFT, _RIGHT, _LEFT, _RIGHT],
        [_LEFT, _RIGHT, _MIRRORED, _MIRRORED],
    ]
)
_CUT = 12  # rows removed from a 0, which leaves it open


@functools.cache
def _transforms_on(device: torch.device) -> Tensor:
    return _TRANSFORMS.to(device)


class Outliers:
    """Outliers for every step of a run, `ratio` of them per digit; seed, step and their number determine which."""

    def __init__(self, ratio: float):
        self.ratio = ratio
        self._drawn = Blocks(draw, STROKES)

    def sample_for(self, digits: Split, seed: int, step: int) -> Tensor:
        """Images uint8 (n, 28, 28) on the device of `digits`: a quarter of them transformed digits."""
        count = round(self.ratio * len(digits))
        if not count:
            return digits.images[:0]
        generator = make_generator(seed, step, TURNS)
        picked = torch.randint(len(digits), (count // 4,), generator=generator)
        choices = torch.randint(4, (count // 4,), generator=generator)
        drawn = self._drawn.of_step(count - count // 4, seed, step)
        device = digits.images.device
        is_async = device.type == "cuda"
        picked, choices, drawn = (part.to(device, non_blocking=is_async) for part in (picked, choices, drawn))
        return torch.cat([transformed(digits.images[picked], digits.labels[picked], choices), drawn])


def draw(count: int, generator: Generator) -> Tensor:
    """Images uint8 (count, 28, 28) in random order: discs, and as many glyphs, tangles and signs."""
    round_ones = round(_DISCS * count)
    third = (count - round_ones) // 3
    lines = [glyphs(count - round_ones - 2 * third, generator), tangles(third, generator), signs.draw(third, generator)]
    drawn = [rasterize(part, generator) for points in lines for part in points.split(_CHUNK)]
    return torch.cat([*drawn, discs(round_ones, generator)])[torch.randperm(count, generator=generator)]


def transformed(images: Tensor, labels: Tensor, choices: Tensor) -> Tensor:
    """Images (n, 28, 28) of the digits `labels` (n,), each after the transform `choices` (n,) of its four."""
    upper, lower = images.clone(), images.clone()
    upper[:, -_CUT:], lower[:, :_CUT] = 0, 0
    left, right = images.rot90(1, (1, 2)), images.rot90(-1, (1, 2))
    every = [left, right, images.flip(2), images.flip(1, 2), upper, lower, torch.maximum(images, left)]
    return torch.stack(every)[
        _transforms_on(labels.device)[labels, choices], torch.arange(len(images), device=images.device)
    ]


def glyphs(count: int, generator: Generator) -> Tensor:
    """Points (count, 112, 2) along two to four strokes, straight or curved, between points of a 3x3 lattice.

    A third are two straight strokes with their mirror images: few digits are symmetric, many other signs are.
    """

    def uniform(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator)

    def lattice_points() -> Tensor:
        return (3 * uniform(_MAX_STROKES, 2)).floor() / 2 * _SHEET

    def jittered(points: Tensor) -> Tensor:
        return points + 0.14 * (uniform(_MAX_STROKES, 2) - 0.5)

    start, end = lattice_points(), lattice_points()
    start = torch.where(
        uniform(_MAX_STROKES, 1) < 0.5, end.roll(1, 1), start
    )  # half start near the end of another stroke
    end = torch.where((start == end).all(2, keepdim=True), _SHEET - end + 0.1, end)  # no stroke ends where it starts
    bend = torch.where(
        uniform(_MAX_STROKES, 1) < 0.4, 0.4 + 0.6 * uniform(_MAX_STROKES, 1), 0.08 * uniform(_MAX_STROKES, 1)
    )
    side = torch.where(uniform(_MAX_STROKES, 1) < 0.5, -bend, bend)
    mirrored = uniform(1, 1) < 1 / 3
    start, end = (torch.where(mirrored, _with_mirror_images(points), points) for points in (start, end))
    side = torch.where(mirrored, 0.0, side)
    across = (end - start).flip(2) * torch.tensor([-1.0, 1.0])
    points = curves(jittered(start), (start + end) / 2 + side * across, jittered(end))  # (count, 4, 28, 2)
    strokes = _MIN_STROKES + ((_MAX_STROKES - _MIN_STROKES + 1) * uniform(1)).long()  # (count, 1)
    strokes = torch.where(mirrored[..., 0], _MAX_STROKES, strokes)
    drawn = torch.arange(_MAX_STROKES) % strokes  # with fewer strokes some are drawn twice
    x, y = points[torch.arange(count)[:, None], drawn].flatten(1, 2).unbind(2)
    return torch.stack([x + 0.5 * (uniform(1) - 0.5) * y, y], dim=2)  # slant


def _with_mirror_images(places: Tensor) -> Tensor:
    """(n, 4, 2): the first two strokes and their mirror images."""
    kept = places[:, : _MAX_STROKES // 2]
    return torch.cat([kept, torch.stack([_SHEET[0] - kept[..., 0], kept[..., 1]], dim=2)], dim=1)


def curves(start: Tensor, through: Tensor, end: Tensor) -> Tensor:
    """Points (..., 28, 2) along quadratic Bezier curves with control points (..., 2)."""
    t = torch.linspace(0, 1, _SAMPLES)[:, None]
    start, through, end = (points[..., None, :] for points in (start, through, end))
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * through + t**2 * end


def discs(count: int, generator: Generator) -> Tensor:
    """Images uint8 (count, 28, 28) of round spots, targets and the like, whose gray level depends on the radius.

    Unlike that of a 0, their center is inked.
    """
    level = torch.rand(count, _RINGS, generator=generator)
    level[:, 0] = 0.3 + 0.7 * level[:, 0]
    level[:, -1] = 0.7 + 0.3 * level[:, -1]
    x, y = torch.meshgrid(*[(torch.arange(BOX) + 0.5) / (BOX / 2) - 1] * 2, indexing="xy")
    narrow = 1 + 0.3 * torch.rand(count, 1, 1, generator=generator)
    radius = ((narrow * x) ** 2 + y**2).sqrt()  # (count, BOX, BOX), 1 at the edge
    place = (radius * (_RINGS - 1)).clamp(max=_RINGS - 1 - 1e-4)
    inner = place.long()
    levels = [level.gather(1, ring.flatten(1)).view_as(place) for ring in (inner, inner + 1)]
    gray = levels[0] + (place - inner) * (levels[1] - levels[0])
    return centered((gray * (radius <= 1) * 255).round().to(torch.uint8))


def tangles(count: int, generator: Generator) -> Tensor:
    """Points (count, 220, 2) along sums of six harmonics, whose amplitudes fall or rise with the frequency."""
    waves = torch.arange(1.0, 1 + _WAVES)
    size = torch.randn(count, 1, 2, _WAVES, generator=generator)
    size = size * waves ** (2 * torch.rand(count, 1, 1, 1, generator=generator) - 1)
    phase = 2 * math.pi * torch.rand(count, 1, 2, _WAVES, generator=generator)
    time = torch.linspace(0, 0.6, _TANGLE_SAMPLES)[:, None, None]
    return (size * (2 * math.pi * waves * time + phase).sin()).sum(3)
