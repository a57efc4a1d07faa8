"""Outlier images for outlier exposure: glyphs of a few strokes, tangles, and transformed digits.

    images = Outliers(0.15).sample_for(batch, seed=1, step=0)

A network trained on digits alone classifies a letter as one of them. Trained with outliers, it also rejects outliers of
kinds it has not seen: D. Hendrycks, M. Mazeika and T. Dietterich, "Deep Anomaly Detection with Outlier Exposure", 2019.
None of these is a letter on purpose. Batched tensor operations, as in synthetic.py.
"""

import functools
import math

import torch
from torch import Generator, Tensor

from digits.data.blocks import Blocks
from digits.data.mnist import Split
from digits.data.rng import STROKES, TURNS, make_generator
from digits.data.synthetic import rasterize

_SHEET = torch.tensor([0.66, 1.0])  # width and height of a glyph before framing
_MAX_STROKES, _MIN_STROKES = 4, 2  # of a glyph
_SHORT = 0.25  # a stroke of less is replaced
_SPARE = 6  # one glyph in addition for so many
_SAMPLES = 36  # points along a stroke: at most about a pixel apart, otherwise thin strokes are dotted
_TANGLE_SAMPLES = 220  # points along a tangle
_WAVES = 6  # of a tangle
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
        """Images uint8 (n, 28, 28) on the device of `digits`: 1/4 transformed digits, 1/2 glyphs, 1/4 tangles."""
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
    """Images uint8 (count, 28, 28) in random order: two thirds glyphs, one third tangles."""
    tangled = count // 3
    points = [*glyphs(count - tangled, generator).split(_CHUNK), *tangles(tangled, generator).split(_CHUNK)]
    return torch.cat([rasterize(part, generator) for part in points])[torch.randperm(count, generator=generator)]


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
    """Points (count, 144, 2) along two to four strokes, straight or curved; most begin or end on another one.

    A third are two straight strokes with their mirror images: few digits are symmetric, many other signs are. More are
    drawn, and those that are most like a single line, and so like a 1, are left out.
    """
    more = count + count // _SPARE
    mirrored = torch.rand(more, 1, 1, generator=generator) < 1 / 3
    strokes = _strokes(more, mirrored, generator)
    points = torch.stack([*strokes[:2], *_mirrored_or(strokes[2:], strokes[:2], mirrored)], dim=1)  # (n, 4, 36, 2)
    number = _MIN_STROKES + ((_MAX_STROKES - _MIN_STROKES + 1) * torch.rand(more, 1, generator=generator)).long()
    number = torch.where(mirrored[..., 0], _MAX_STROKES, number)
    drawn = torch.arange(_MAX_STROKES) % number  # with fewer strokes some are drawn twice
    x, y = points[torch.arange(more)[:, None], drawn].flatten(1, 2).unbind(2)
    slanted = torch.stack([x + 0.5 * (torch.rand(more, 1, generator=generator) - 0.5) * y, y], dim=2)
    return slanted[_breadth(slanted).argsort(descending=True)[:count]]


def _strokes(count: int, straight: Tensor, generator: Generator) -> list[Tensor]:
    """Points (count, 36, 2) along each of four strokes, between points of a 3x3 lattice and of earlier strokes."""

    def uniform(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator)

    def lattice_points() -> Tensor:
        return (3 * uniform(2)).floor() / 2 * _SHEET + 0.14 * (uniform(2) - 0.5)

    def points_on(stroke: Tensor) -> Tensor:
        along = (2 * uniform() - 0.5).clamp(0, 1)  # half of them at an end
        return stroke[torch.arange(count), ((_SAMPLES - 1) * along).long()] + 0.06 * (uniform(2) - 0.5)

    strokes: list[Tensor] = []
    for _ in range(_MAX_STROKES):
        start, end = lattice_points(), lattice_points()
        if strokes:
            start = torch.where(uniform(1) < 0.6, points_on(strokes[-1]), start)
            end = torch.where(uniform(1) < 0.3, points_on(strokes[0]), end)
            level = torch.stack([end[:, 0], start[:, 1]], dim=1)
            end = torch.where(uniform(1) < 0.25, level, end)
        is_short = (end - start).norm(dim=1, keepdim=True) < _SHORT
        end = torch.where(is_short, _SHEET - end + 0.1, end)
        bend = torch.where(uniform(1) < 0.5, 0.3 + 0.7 * uniform(1), 0.08 * uniform(1))
        side = torch.where(uniform(1) < 0.5, -bend, bend)
        side = torch.where(straight[..., 0], 0.0, side)
        across = side * (end - start).flip(1) * torch.tensor([-1.0, 1.0])
        bow = curves(start, (2 * start + end) / 3 + across, (start + 2 * end) / 3 + across, end)
        turn = start + (1 + 0.4 * uniform(1)) * (end - start)
        hook = curves(start, turn, turn + across, start + uniform(1) * (end - start) + across)
        strokes.append(torch.where((uniform(1, 1) < 0.4) & ~straight, hook, bow))
    return strokes


def _mirrored_or(strokes: list[Tensor], others: list[Tensor], mirrored: Tensor) -> list[Tensor]:
    """The strokes (n, 36, 2), or where `mirrored` (n, 1, 1) the mirror images of the others."""
    return [
        torch.where(mirrored, torch.stack([_SHEET[0] - other[..., 0], other[..., 1]], dim=2), stroke)
        for stroke, other in zip(strokes, others)
    ]


def _breadth(points: Tensor) -> Tensor:
    """How far points (n, P, 2) are from lying on a line, (n,): determinant by squared trace of their covariance."""
    x, y = (points - points.mean(1, keepdim=True)).unbind(2)
    xx, xy, yy = ((one * other).sum(1) for one, other in ((x, x), (x, y), (y, y)))
    return (xx * yy - xy**2) / (xx + yy) ** 2


def curves(*control: Tensor) -> Tensor:
    """Points (..., 36, 2) along cubic Bezier curves with four control points (..., 2)."""
    t = torch.linspace(0, 1, _SAMPLES)[:, None]
    a, b, c, d = (points[..., None, :] for points in control)
    return (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d


def tangles(count: int, generator: Generator) -> Tensor:
    """Points (count, 220, 2) along sums of six harmonics, whose amplitudes fall or rise with the frequency."""
    waves = torch.arange(1.0, 1 + _WAVES)
    size = torch.randn(count, 1, 2, _WAVES, generator=generator)
    size = size * waves ** (2 * torch.rand(count, 1, 1, 1, generator=generator) - 1)
    phase = 2 * math.pi * torch.rand(count, 1, 2, _WAVES, generator=generator)
    time = torch.linspace(0, 0.6, _TANGLE_SAMPLES)[:, None, None]
    return (size * (2 * math.pi * waves * time + phase).sin()).sum(3)
