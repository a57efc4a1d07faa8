"""What is no digit, for a network to learn to refuse it: glyphs made of a few strokes, tangles, digits turned about.

    images = draw(32, digits, generator)

A network that is only ever shown digits takes a letter for one of them. Shown some outliers, it refuses others that it
has not seen: D. Hendrycks, M. Mazeika and T. Dietterich, "Deep Anomaly Detection with Outlier Exposure", 2019. None of
these here is a letter on purpose. All of it is batched, as in synthetic.py.
"""

import math

import torch
from torch import Generator, Tensor

from digits.data import Split
from digits.synthetic import BOX, centred, fit_box

_STROKES, _FEWEST = 4, 2  # of a glyph
_SAMPLES = 28  # points along a stroke: less than a pixel apart, or thin ones would be dotted
_TANGLED = 220  # points along a tangle
_WAVES = 6

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


def draw(count: int, digits: Split, generator: Generator) -> Tensor:
    """uint8 (count, 28, 28) on the device of `digits`: a quarter are such, turned; half are glyphs, the rest tangles.

    All chance comes from `generator`, on the CPU; how much of it depends on nothing but the numbers of images.
    """
    turned_about = count // 4
    picked = torch.randint(len(digits), (turned_about,), generator=generator)
    ways = torch.randint(4, (turned_about,), generator=generator)
    glyphs_drawn = count // 2
    drawn = [glyphs(glyphs_drawn, generator), tangles(count - turned_about - glyphs_drawn, generator)]
    device = digits.images.device
    late = device.type == "cuda"  # which fetches them in its own time; nobody waits
    picked, ways = (numbers.to(device, non_blocking=late) for numbers in (picked, ways))
    drawn = torch.cat([_penned(points, generator) for points in drawn]).to(device, non_blocking=late)
    return torch.cat([turned(digits.images[picked], digits.labels[picked], ways), drawn])


def turned(images: Tensor, labels: Tensor, ways: Tensor) -> Tensor:
    """Images (n, 28, 28) of the digits `labels` (n,), each in one of its four `ways` (n,) of being none."""
    cut = images.clone(), images.clone()
    cut[0][:, -_CUT:], cut[1][:, :_CUT] = 0, 0
    left, right = images.rot90(1, (1, 2)), images.rot90(-1, (1, 2))
    every = [left, right, images.flip(2), images.flip(1, 2), *cut, torch.maximum(images, left)]
    return torch.stack(every)[_WAYS.to(labels.device)[labels, ways], torch.arange(len(images), device=images.device)]


def glyphs(count: int, generator: Generator) -> Tensor:
    """Points (count, 112, 2) along two to four strokes, straight or bent, between places of a lattice of 3 x 3."""

    def chance(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator)

    def lattice() -> Tensor:
        return (3 * chance(_STROKES, 2)).floor() / 2 * torch.tensor([0.66, 1.0])

    start, end = lattice(), lattice()
    joined = chance(_STROKES, 1) < 0.5  # it begins where the one before has ended
    start = torch.where(joined, end.roll(1, 1), start)
    end = torch.where((start == end).all(2, keepdim=True), torch.tensor([0.66, 1.0]) - end + 0.1, end)
    across = (end - start).flip(2) * torch.tensor([-1.0, 1.0])
    bent = torch.where(chance(_STROKES, 1) < 0.4, 0.4 + 0.6 * chance(_STROKES, 1), 0.08 * chance(_STROKES, 1))
    through = (start + end) / 2 + across * bent * (chance(_STROKES, 1) < 0.5).float().mul(2).sub(1)
    start, end = (place + 0.04 * (chance(_STROKES, 2) - 0.5) * 3.5 for place in (start, end))
    t = torch.linspace(0, 1, _SAMPLES)[:, None]
    first, middle, last = (place[:, :, None] for place in (start, through, end))
    points = (1 - t) ** 2 * first + 2 * t * (1 - t) * middle + t**2 * last  # (count, 4, 28, 2), P. Bezier's curves
    strokes = _FEWEST + ((_STROKES - _FEWEST + 1) * chance(1)).long()  # (count, 1)
    kept = torch.arange(_STROKES) % strokes  # who has fewer draws some of them twice
    points = points[torch.arange(count)[:, None], kept].flatten(1, 2)
    slant = 0.5 * (chance(1) - 0.5)
    return torch.stack([points[..., 0] - slant * points[..., 1], points[..., 1]], dim=2)


def tangles(count: int, generator: Generator) -> Tensor:
    """Points (count, 220, 2) along waves laid over each other, the quick ones smaller or larger than the slow ones."""
    waves = torch.arange(1.0, 1 + _WAVES)
    size = torch.randn(count, 1, 2, _WAVES, generator=generator)
    size = size * waves ** (2 * torch.rand(count, 1, 1, 1, generator=generator) - 1)
    phase = 2 * math.pi * torch.rand(count, 1, 2, _WAVES, generator=generator)
    time = torch.linspace(0, 0.6, _TANGLED)[:, None, None]
    return (size * (2 * math.pi * waves * time + phase).sin()).sum(3)


def _penned(points: Tensor, generator: Generator) -> Tensor:
    """Images uint8 (n, 28, 28) of points (n, P, 2), by a pen of any width, framed as MNIST frames its digits.

    A plain pen, without the rough edges of synthetic.py: by these a network would know what is drawn, whatever it is.
    """
    half_width = 0.4 + 1.2 * torch.rand(len(points), 1, 1, generator=generator)
    grid = torch.arange(BOX) + 0.5
    x, y = ((fit_box(points, half_width)[..., None] - grid) ** 2).unbind(2)  # (n, P, BOX)
    distance = (y[..., None] + x[:, :, None]).amin(1).sqrt()  # (n, BOX, BOX) to the nearest point
    return centred(((half_width - distance + 0.5).clamp(0, 1) * 255).round().to(torch.uint8))
