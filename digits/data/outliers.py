"""Outlier images for outlier exposure: glyphs of a few strokes, tangles, and transformed digits.

    images = Outliers(0.0625).sample_for(batch, seed=1, step=0)

A network that is only ever shown digits takes a letter for one of them. Shown some outliers, it refuses others that it
has not seen: D. Hendrycks, M. Mazeika and T. Dietterich, "Deep Anomaly Detection with Outlier Exposure", 2019. None of
these here is a letter on purpose. All of it is batched, as in synthetic.py.
"""

import functools
import math

import torch
from torch import Generator, Tensor

from digits.data.mnist import Split
from digits.data.rng import STROKES, TURNS, make_generator
from digits.data.synthetic import BOX, centered, fit_box

_SHEET = torch.tensor([0.66, 1.0])  # width and height of a glyph, before it is framed
_STROKES, _FEWEST = 4, 2  # of a glyph
_SAMPLES = 28  # points along a stroke: about a pixel apart at most, or thin ones would be dotted
_TANGLED = 220  # points along a tangle
_WAVES = 6
_AT_ONCE = 100  # strokes drawn together, about

# Four ways to make what is no digit of one: turned by a quarter, mirrored, upside down. Left out is what may be read as
# a digit, such as a mirrored 2 or 5 and an upside-down 6 or 9; a 0 is cut instead, and a 1 crossed with itself.
_LEFT, _RIGHT, _MIRRORED, _UPSIDE_DOWN, _UPPER, _LOWER, _CROSSED = range(7)
_WAYS = torch.tensor(
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
_CUT = 12  # rows of a 0: what is left is open


@functools.cache
def _transforms(device: torch.device) -> Tensor:
    return _WAYS.to(device)


class Outliers:
    """`share` as many as there are digits, for every step of a run: which, follows from seed, step and their number."""

    def __init__(self, share: float):
        self.share = share
        self._drawn: tuple[tuple | None, Tensor | None] = (None, None)

    def sample_for(self, digits: Split, seed: int, step: int) -> Tensor:
        """uint8 (n, 28, 28) on the device of `digits`. A quarter are digits turned, half glyphs, the others tangles."""
        count = round(self.share * len(digits))
        if not count:
            return digits.images[:0]
        chance = make_generator(seed, step, TURNS)
        picked = torch.randint(len(digits), (count // 4,), generator=chance)
        ways = torch.randint(4, (count // 4,), generator=chance)
        device = digits.images.device
        late = device.type == "cuda"  # which fetches them in its own time; nobody waits
        moved = [
            part.to(device, non_blocking=late) for part in (picked, ways, self._strokes(count - count // 4, seed, step))
        ]
        picked, ways, strokes = moved
        return torch.cat([rotated(digits.images[picked], digits.labels[picked], ways), strokes])

    def _strokes(self, count: int, seed: int, step: int) -> Tensor:
        """Those of one step, out of a block for several: drawn one by one they would take three times as long."""
        steps = max(1, _AT_ONCE // max(1, count))
        block = (count, seed, step // steps)
        if self._drawn[0] != block:
            self._drawn = block, draw(steps * count, make_generator(seed, step // steps, STROKES))
        first = step % steps * count
        return self._drawn[1][first : first + count]


def draw(count: int, chance: Generator) -> Tensor:
    """uint8 (count, 28, 28), in random order: two thirds are glyphs, the others tangles."""
    tangled = count // 3
    points = [*glyphs(count - tangled, chance).split(_AT_ONCE), *tangles(tangled, chance).split(_AT_ONCE)]
    return torch.cat([_draw_strokes(part, chance) for part in points])[torch.randperm(count, generator=chance)]


def rotated(images: Tensor, labels: Tensor, ways: Tensor) -> Tensor:
    """Images (n, 28, 28) of the digits `labels` (n,), each in one of its four `ways` (n,) of being none."""
    upper, lower = images.clone(), images.clone()
    upper[:, -_CUT:], lower[:, :_CUT] = 0, 0
    left, right = images.rot90(1, (1, 2)), images.rot90(-1, (1, 2))
    every = [left, right, images.flip(2), images.flip(1, 2), upper, lower, torch.maximum(images, left)]
    return torch.stack(every)[_transforms(labels.device)[labels, ways], torch.arange(len(images), device=images.device)]


def glyphs(count: int, chance: Generator) -> Tensor:
    """Points (count, 112, 2) along two to four strokes, straight or bent, between places of a lattice of 3 x 3.

    A third are two straight strokes with their mirror images: symmetric as few digits are, and many other signs.
    """

    def uniform(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=chance)

    def places() -> Tensor:
        return (3 * uniform(_STROKES, 2)).floor() / 2 * _SHEET

    def astray(place: Tensor) -> Tensor:
        return place + 0.14 * (uniform(_STROKES, 2) - 0.5)

    start, end = places(), places()
    start = torch.where(uniform(_STROKES, 1) < 0.5, end.roll(1, 1), start)  # half begin about where another ends
    end = torch.where((start == end).all(2, keepdim=True), _SHEET - end + 0.1, end)  # none ends where it began
    bend = torch.where(uniform(_STROKES, 1) < 0.4, 0.4 + 0.6 * uniform(_STROKES, 1), 0.08 * uniform(_STROKES, 1))
    side = torch.where(uniform(_STROKES, 1) < 0.5, -bend, bend)
    mirrored = uniform(1, 1) < 1 / 3
    start, end = (torch.where(mirrored, _with_mirror_images(place), place) for place in (start, end))
    side = torch.where(mirrored, 0.0, side)
    across = (end - start).flip(2) * torch.tensor([-1.0, 1.0])
    points = curves(astray(start), (start + end) / 2 + side * across, astray(end))  # (count, 4, 28, 2)
    strokes = _FEWEST + ((_STROKES - _FEWEST + 1) * uniform(1)).long()  # (count, 1)
    strokes = torch.where(mirrored[..., 0], _STROKES, strokes)
    drawn = torch.arange(_STROKES) % strokes  # who has fewer draws some of them twice
    x, y = points[torch.arange(count)[:, None], drawn].flatten(1, 2).unbind(2)
    return torch.stack([x + 0.5 * (uniform(1) - 0.5) * y, y], dim=2)  # slanted


def _with_mirror_images(places: Tensor) -> Tensor:
    """(n, 4, 2): of the first two strokes, in place of the others."""
    kept = places[:, : _STROKES // 2]
    return torch.cat([kept, torch.stack([_SHEET[0] - kept[..., 0], kept[..., 1]], dim=2)], dim=1)


def curves(start: Tensor, through: Tensor, end: Tensor) -> Tensor:
    """Points (..., 28, 2) along the quadratic Bezier curves with these control points (..., 2)."""
    t = torch.linspace(0, 1, _SAMPLES)[:, None]
    start, through, end = (place[..., None, :] for place in (start, through, end))
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * through + t**2 * end


def tangles(count: int, chance: Generator) -> Tensor:
    """Points (count, 220, 2) along waves laid over each other, the quick ones smaller or larger than the slow ones."""
    waves = torch.arange(1.0, 1 + _WAVES)
    size = torch.randn(count, 1, 2, _WAVES, generator=chance)
    size = size * waves ** (2 * torch.rand(count, 1, 1, 1, generator=chance) - 1)
    phase = 2 * math.pi * torch.rand(count, 1, 2, _WAVES, generator=chance)
    time = torch.linspace(0, 0.6, _TANGLED)[:, None, None]
    return (size * (2 * math.pi * waves * time + phase).sin()).sum(3)


def _draw_strokes(points: Tensor, chance: Generator) -> Tensor:
    """Images uint8 (n, 28, 28) of points (n, P, 2), by a pen of any width, framed as MNIST frames its digits.

    A plain pen, without the rough edges of synthetic.py: by these a network would know what is drawn, whatever it is.
    """
    half_width = 0.4 + 1.2 * torch.rand(len(points), 1, 1, generator=chance)
    grid = torch.arange(BOX) + 0.5
    x, y = ((fit_box(points, half_width)[..., None] - grid) ** 2).unbind(2)  # (n, P, BOX)
    distance = (y[..., None] + x[:, :, None]).amin(1).sqrt()  # (n, BOX, BOX) to the nearest point
    return centered(((half_width - distance + 0.5).clamp(0, 1) * 255).round().to(torch.uint8))
