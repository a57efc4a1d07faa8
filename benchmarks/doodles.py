"""Random images of non-digits, such as scribbles and letters, and of digits in forms that are rare in MNIST.

    picture = KINDS["letters"](np.random.default_rng(0))        a Pillow image, 112 or 280 pixels on a side
    picture = digit(np.random.default_rng(0))                   by the same hand and pen, to be accepted
    picture = form(np.random.default_rng(0), "7 with a bar")

Letters are skeletons as in digits/data/skeletons.py, drawn with jitter. Left out are those that look like a digit:
O o Q D (0), I i l (1), Z z (2), h Y y (4), S s (5), b G (6), B (8), g q (9). J j, T and p have bars, dots and loops
where no digit has them, and are included.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter

from digits.data.skeletons import SKELETONS, jitter_radius, parse, sample

SIDES = (112, 280)  # pixels: a thumbnail, and the pad of the page
_FINER = 3  # times: drawn larger, then downscaled for soft edges
_LIFTED = 0.15  # of the height: more between two points is a pen lift

# As SKELETONS in digits/data/skeletons.py: "x,y" on a sheet of 60 to 100, "!" is a corner, "/" lifts the pen.
LETTERS = {
    "A": "2,100 30,0! 58,100 / 12,64 48,64",
    "C": "58,16 34,0 8,20 2,52 10,84 34,100 58,86",
    "E": "54,2 4,2! 4,98! 56,98 / 4,50 44,50",
    "F": "56,2 4,2! 4,100 / 4,48 42,48",
    "H": "4,0 4,100 / 56,0 56,100 / 4,50 56,50",
    "J": "20,2 66,2 / 44,2 44,74 34,96 16,98 4,80",
    "K": "4,0 4,100 / 56,0 4,54! 58,100",
    "L": "6,0 6,98! 58,98",
    "M": "2,100 6,0! 34,64! 62,0! 66,100",
    "N": "4,100 4,0! 56,100! 56,0",
    "P": "4,100 4,2! 36,2 56,14 56,38 36,52 4,52",
    "R": "4,100 4,2! 36,2 56,14 56,36 36,50 4,50! 56,100",
    "T": "0,2 64,2 / 32,2 32,100",
    "U": "4,0 4,60 12,90 30,100 48,90 56,60 56,0",
    "V": "2,0 30,100! 58,0",
    "W": "0,0 18,100! 38,30! 58,100! 76,0",
    "X": "4,0 56,100 / 56,0 4,100",
    "a": "52,20 34,2 10,14 2,50 12,88 34,92 50,66 54,10! 54,70 66,98",
    "c": "58,20 36,2 10,18 2,52 12,86 36,98 60,82",
    "d": "50,58 32,40 8,54 4,80 20,98 42,92 52,70 54,0! 54,100",
    "e": "6,52 56,50! 50,18 30,2 8,20 2,56 14,90 38,98 60,80",
    "f": "54,10 40,0 28,14 28,50 28,100 / 6,44 52,44",
    "j": "40,30 40,80 30,98 8,92 / 39,0 42,2 39,5",
    "k": "6,0 6,100 / 46,40 6,72! 50,100",
    "m": "2,100 2,10! 4,30 18,8 32,24 32,100! 34,30 48,8 62,24 62,100",
    "n": "4,100 4,6! 6,40 30,8 52,28 54,100",
    "p": "6,6 6,100! 6,24 26,4 52,14 54,42 34,58 8,48",
    "r": "8,100 8,4! 10,44 26,14 54,8",
    "t": "26,0 26,70 36,96 56,90 / 2,30 54,30",
    "u": "4,4 4,66 22,94 44,80 54,50 54,4! 54,80 64,98",
    "v": "2,4 28,98! 56,4",
    "w": "0,4 16,96! 36,30! 56,96! 74,4",
    "x": "6,6 56,98 / 54,6 4,98",
}

# The same for digits; none of them is a skeleton in digits/data.
FORMS = {
    "1 with a flag": (1, ["0,47 40,0! 40,100", "6,34 36,0! 36,100", "0,30 24,0! 26,100"]),
    "1 with a long upstroke": (1, ["0,72 44,0! 44,100", "-4,60 36,0! 38,100"]),
    "1 with a foot": (
        1,
        ["0,47 40,0! 40,98 / 10,98 70,98", "16,22 34,0! 34,98 / 0,98 68,98", "30,0 30,98 / 4,98 56,98"],
    ),
    "7 with a bar": (7, ["2,6 56,6! 26,100 / 14,52 54,52", "0,20 6,4! 58,4! 34,50 24,100 / 12,46 50,46"]),
    "slashed 0": (
        0,
        [
            "32,1 10,16 2,50 10,84 32,99 54,84 62,50 54,16 32,1 / 52,10 12,90",
            "30,2 8,24 4,60 18,94 40,96 58,70 58,34 46,8 30,2 / 60,0 2,100",
        ],
    ),
    "closed 4": (4, ["42,0 0,66! 64,66 / 42,0 42,100", "38,4 4,60! 60,60 / 38,4 38,98"]),
    "open 4": (4, ["10,2 4,52! 62,52 / 46,6 46,100", "6,0 2,44! 54,44 / 50,0 50,100"]),
    "9 with a straight leg": (9, ["50,14 30,2 8,16 8,38 26,48 44,38 52,12! 52,100"]),
    "9 with a curled leg": (9, ["50,16 30,2 8,16 8,38 26,48 46,36 52,14! 54,64 40,94 18,98 4,86"]),
    "2 with a loop": (2, ["6,20 26,2 50,12 52,36 32,72 10,96 0,84 14,72 36,84 64,98"]),
    "2 with a long foot": (2, ["4,22 24,2 48,10 48,32 2,96! 90,96"]),
    "3 with a loop": (3, ["8,14 28,0 48,12 42,36 24,48 14,42 26,40 52,56 54,84 28,98 4,88"]),
    "6 not quite closed": (6, ["44,2 22,22 6,52 8,82 26,98 46,90 52,72 40,60"]),
    "8 not quite closed": (8, ["54,14 34,2 14,14 22,36 42,56 54,78 34,98 10,88 12,68 30,50 48,34 60,24"]),
}


def noise(rng) -> Image.Image:
    """Gray values, dots, cells or clouds, over the whole image or its center."""
    side = int(rng.choice((28, *SIDES)))
    kind = rng.choice(("gray", "dots", "cells", "clouds"))
    if kind == "gray":
        values = rng.random((side, side))
    elif kind == "dots":
        values = (rng.random((side, side)) < rng.uniform(0.02, 0.5)).astype(float)
    else:
        cells = rng.random((int(rng.integers(5, 16)),) * 2)
        way = Image.Resampling.NEAREST if kind == "cells" else Image.Resampling.BICUBIC
        values = np.asarray(Image.fromarray(cells.astype(np.float32)).resize((side, side), way)).clip(0, 1)
    if rng.random() < 0.5:
        away = side // 5
        values = np.pad(values[away:-away, away:-away], away)
    return _colored(Image.fromarray(np.rint(255 * values).astype(np.uint8)), rng)


def scribble(rng) -> Image.Image:
    """A tangle, a zigzag, a spiral, hatching, or a few strokes."""
    return _drawn([_tangle, _zigzag, _spiral, _hatching, _strokes][rng.integers(5)](rng), rng)


def letter(rng, name: str | None = None) -> Image.Image:
    """A random letter of LETTERS, or the one called `name`."""
    return _drawn(_strokes_of(LETTERS[name or rng.choice(list(LETTERS))], rng), rng)


def digit(rng) -> Image.Image:
    """A skeleton of a random digit; only the shape differs from `letter`."""
    shapes = SKELETONS[int(rng.integers(10))]
    odds = np.array([often for often, _ in shapes], dtype=float)
    return _drawn(_strokes_of(shapes[rng.choice(len(shapes), p=odds / odds.sum())][1], rng), rng)


def form(rng, name: str) -> Image.Image:
    """A digit in the form `name` of FORMS."""
    return _drawn(_strokes_of(rng.choice(FORMS[name][1]), rng), rng)


def _strokes_of(skeleton: str, rng) -> list[np.ndarray]:
    """The strokes of a skeleton as lines, with jittered control points."""
    points, arcs = parse(skeleton)
    control, reach = np.array(points), np.array(jitter_radius(points, arcs))
    control += rng.uniform(0.02, 0.1) * reach[:, None] * rng.normal(size=control.shape)
    path = sample(torch.tensor(control, dtype=torch.float), arcs).numpy() @ control  # (SAMPLES, 2)
    lifts = 1 + np.nonzero(np.linalg.norm(np.diff(path, axis=0), axis=1) > _LIFTED)[0]
    return np.split(path, lifts)


def solid(rng) -> Image.Image:
    """A filled disc, square, triangle or star, of random size and angle."""
    kind = rng.choice(("disc", "square", "triangle", "star"))
    count, inner = {"disc": (60, 1.0), "square": (4, 1.0), "triangle": (3, 1.0), "star": (5, 0.45)}[kind]
    angles = rng.uniform(0, 2 * math.pi) + np.arange(2 * count) * math.pi / count
    # Between two corners of a star is an inner corner; of the others, the middle of the side.
    between = inner if kind == "star" else math.cos(math.pi / count)
    radii = np.where(np.arange(2 * count) % 2, between, 1.0)
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]
    return _on_sheet(lambda pen, scale: pen.polygon([*map(tuple, corners * scale)], fill=255), rng)


def blank(rng) -> Image.Image:
    """Paper of a random color, even, lit from one side, or with a camera's noise."""
    side = int(rng.choice(SIDES))
    paper = np.broadcast_to(rng.uniform(30, 240, 3), (side, side, 3)).copy()
    kind = rng.choice(("even", "light", "camera"))
    if kind == "light":
        paper += np.linspace(0, rng.uniform(-30, 30), side)[:, None, None]
    if kind == "camera":
        paper += rng.normal(0, rng.uniform(0.5, 2), paper.shape)
    return Image.fromarray(np.rint(paper.clip(0, 255)).astype(np.uint8))


KINDS: dict[str, Callable] = {
    "noise": noise,
    "scribbles": scribble,
    "letters": letter,
    "solid shapes": solid,
    "blank images": blank,
}


# --- lines: lists of (n, 2) points, x and y, of any extent -----------------------------------------------------------


def _tangle(rng) -> list[np.ndarray]:
    """A sum of harmonics."""
    time = np.linspace(0, 1, 400)[:, None, None]
    waves = np.arange(1, rng.integers(5, 9))[None, None, :]
    phase, size = rng.uniform(0, 2 * math.pi, (1, 2, waves.size)), rng.normal(size=(1, 2, waves.size))
    return [(size * np.sin(2 * math.pi * waves * time + phase)).sum(2)]


def _zigzag(rng) -> list[np.ndarray]:
    """Left and right in turn, going down."""
    turns = int(rng.integers(7, 14))
    x = np.arange(turns + 1) % 2 + rng.normal(0, 0.12, turns + 1)
    return [np.stack([x, np.linspace(0, rng.uniform(0.6, 1.2), turns + 1)], axis=1)]


def _spiral(rng) -> list[np.ndarray]:
    """At least three turns, in either direction."""
    angle = np.linspace(0, 2 * math.pi * rng.uniform(3, 5), 400)
    way = rng.choice((-1, 1))
    return [np.stack([way * np.cos(angle), np.sin(angle)], axis=1) * angle[:, None]]


def _hatching(rng) -> list[np.ndarray]:
    """Parallel lines, mostly crossed by others."""
    lines = []
    for across in range(1 + (rng.random() < 0.7)):
        for place in np.linspace(0, 1, int(rng.integers(4, 7))):
            line = np.array([[0, place], [1, place]]) + rng.normal(0, 0.03, (2, 2))
            lines.append(line[:, ::-1] if across else line)
    return lines


def _strokes(rng) -> list[np.ndarray]:
    """Six to ten random straight strokes."""
    return [rng.random((2, 2)) for _ in range(rng.integers(6, 11))]


# --- the pen and the paper ------------------------------------------------------------------------------------------


def _drawn(lines: list[np.ndarray], rng) -> Image.Image:
    """Lines drawn with a pen of random width, slightly slanted, rotated and stretched."""
    angle, slant = rng.normal(0, 0.1), rng.normal(0, 0.12)  # radians; across per down
    wide = math.exp(rng.normal(0, 0.15))
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    bent = [line * (wide, 1) @ np.array([[1, 0], [-slant, 1]]) @ turn for line in lines]
    low, high = np.concatenate(bent).min(0), np.concatenate(bent).max(0)
    bent = [2 * (line - (low + high) / 2) / (high - low).max() for line in bent]
    width = rng.uniform(0.08, 0.26)  # of half the height: a thin pen to a felt pen

    def write(pen, scale: float) -> None:
        for line in bent:
            dots = [tuple(point) for point in line * scale]
            for one, other in pairwise(dots):
                pen.line([one, other], fill=255, width=max(1, round(width * scale)))
            for x, y in dots:  # round ends and joints
                half = width * scale / 2
                pen.ellipse([x - half, y - half, x + half, y + half], fill=255)

    return _on_sheet(write, rng)


class _Pen:
    """ImageDraw with its origin at a point of the sheet."""

    def __init__(self, draw: ImageDraw.ImageDraw, x: float, y: float):
        self._draw, self._x, self._y = draw, x, y

    def __getattr__(self, name: str) -> Callable:
        return lambda places, **options: getattr(self._draw, name)(self._moved(places), **options)

    def _moved(self, places) -> list:
        moved = np.ravel(places).reshape(-1, 2) + np.array([self._x, self._y])
        return moved.ravel().tolist()


def _on_sheet(draw: Callable, rng) -> Image.Image:
    """A sheet with the result of `draw(pen, scale)`, about `scale` pixels in radius, at a random position."""
    side = int(rng.choice(SIDES))
    scale = side * rng.uniform(0.25, 0.42)
    room = side / 2 - 1.15 * scale
    x, y = _FINER * (side / 2 + rng.uniform(-1, 1, 2) * max(room, 0))
    sheet = Image.new("L", (_FINER * side,) * 2, 0)
    draw(_Pen(ImageDraw.Draw(sheet), x, y), _FINER * scale)
    sheet = sheet.filter(ImageFilter.GaussianBlur(_FINER * rng.uniform(0, 0.8)))
    return _colored(sheet.resize((side, side), Image.Resampling.BOX), rng)


def _colored(ink: Image.Image, rng) -> Image.Image:
    """Light on dark as in MNIST, or dark on light as on paper, at random."""
    return ink if rng.random() < 0.5 else Image.fromarray(255 - np.asarray(ink))
