"""Stroke skeletons of the ten digits, made by hand, and splines through them.

A skeleton is a line of text, in the order in which a pen would draw it: control points "x,y" on a sheet about 60 wide
and 100 high (x to the right, y down), joined by a smooth curve. "!" after a point makes it a corner, "/" lifts the pen.
The number in front is the relative frequency among the skeletons of the same digit.
"""

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor

SHEET = 100  # height of the sheet in the units of the text; in tensors it is 1
SAMPLES = 80  # points along a skeleton: at most about a pixel apart in MNIST's box of 20 pixels
_FINE = 50  # steps between two control points when arc length is measured

SKELETONS: dict[int, list[tuple[float, str]]] = {
    0: [
        (3, "32,1 14,12 3,40 6,72 18,94 36,98 53,82 60,52 54,20 40,4 28,2"),  # a round one, closed at the top
        (2, "48,10 32,2 12,16 2,48 8,82 28,98 50,84 60,50 54,20 38,4 18,10"),  # begun at the right, with an overlap
        (2, "24,6 8,24 2,55 12,88 34,98 54,78 58,42 48,14 34,4"),  # open at the top
        (1, "40,2 20,8 5,35 5,70 22,96 44,92 58,62 56,26 40,6 28,14 44,20 60,8"),  # a loop and a tail at the top
        (1, "12,8 4,40 8,76 28,98 52,84 60,50 50,14 28,2 6,12"),  # begun at the left
        (1, "40,2 16,10 2,44 8,82 30,98 54,82 60,46 48,14 26,4 18,22 24,42"),  # the end falls inside
        (1, "20,20 34,2 52,16 60,50 50,86 28,98 8,84 2,50 10,18 32,2"),  # clockwise
        (1, "56,6 36,4 12,18 2,54 12,90 40,96 58,70 54,34 34,14 14,10 -2,14"),  # the ends cross
        (1, "30,10 8,30 2,70 22,96 50,84 60,44 50,8 38,2 36,24 46,36"),  # the end turns in from the right
    ],
    1: [
        (10, "30,0 30,34 30,66 30,100"),  # a stick
        (2, "26,0 32,34 33,66 28,100"),  # a bent stick
        (1.5, "16,20 34,0! 34,50 34,100"),  # a short flag
        (0.5, "4,36 20,20 36,0! 36,50 36,100"),  # a long European upstroke
        (1, "14,20 34,0! 34,50 34,98 / 8,100 60,98"),  # a flag and a foot
        (0.4, "30,0 30,50 30,98 / 10,100 52,98"),  # a stick on a foot
        (1, "34,0 30,34 28,66 30,100"),  # bent the other way
    ],
    2: [
        (3, "4,24 20,4 44,4 54,24 40,54 20,78 2,96! 30,95 60,94"),  # a plain base
        (2, "6,18 26,2 48,8 52,34 36,66 14,92 2,88 10,74 28,82 46,94 64,88"),  # a looped base
        (3, "8,22 28,0 50,8 52,34 42,62 26,88 8,98 -2,86 10,70 32,74 52,88 74,86"),  # a large loop
        (2, "10,24 24,4 46,4 50,28 40,56 22,80 4,84 -4,72 10,62 30,72 46,88 64,98"),  # a loop and a tail that falls
        (1, "14,34 4,18 22,0 46,8 50,36 40,64 20,90 2,94 0,76 20,70 42,84 64,80"),  # curled and looped
        (1, "0,30 10,6 36,0 54,14 48,40 30,60 8,78 -8,90 -14,78 4,70 30,82 56,96 84,90"),  # wide, with a flat loop
        (2, "4,26 18,6 42,2 54,22 42,54 22,80 4,94! 20,84 40,92 62,94"),  # a wavy base
        (2, "6,8 30,4 52,10! 30,52 4,94! 32,94 60,96"),  # nearly a Z
        (1, "14,28 8,14 26,2 48,8 52,34 36,66 8,92! 30,90 62,94"),  # a curl to begin with
        (2, "2,16 22,2 44,10 44,36 30,66 10,94! 26,78 44,90 64,100"),  # a base that slopes down
        (1, "6,30 8,8 34,0 48,20 38,50 26,74 22,92! 40,98 62,88"),  # a short base that rises
        (2, "14,22 32,2 48,14 44,44 30,76 10,96 -4,86 2,64 22,58 40,76 56,92 70,88"),  # a loop half as high as all
        (1, "20,12 36,0 48,16 42,50 24,88 6,98 -4,82 8,58 28,62 44,84 66,80"),  # a leaning one with a high loop
        (1, "10,14 26,0 38,14 34,44 22,74 8,92! 28,92 44,96"),  # narrow, with a short base
        (3, "6,20 26,2 50,12 56,38 48,68 28,94 8,94 2,78 20,62 44,74 66,94"),  # round like an a
        (1, "10,10 26,2 36,18 34,50 24,86 8,96 2,80 14,66 34,80 50,82"),  # narrow, round
        (1, "0,20 34,0 66,14 58,50 20,94! 44,92 62,96"),  # a large head, a short base
        (1, "8,14 28,0 48,4 44,24 24,50 4,74! 40,72 84,64"),  # a long base that rises
        (2, "8,26 24,4 48,8 46,32 28,60 4,96! 18,72 36,72 50,88 66,100"),  # a base that springs from the tip and falls
        (1, "0,18 36,0 58,18 34,54 0,88! 46,78 110,72"),  # a very long base
        (1, "12,10 24,2 30,20 24,60 14,94! 40,90 64,94"),  # a small head, like an L
        (1, "10,30 24,4 46,10 44,34 24,66 2,84! 26,70 44,82 40,98"),  # a base that hangs down
    ],
    3: [
        (3, "6,12 26,0 48,10 46,34 22,48! 50,54 58,78 36,98 4,90"),  # two bows
        (2, "6,4 30,4 54,4! 38,24 22,42! 50,50 56,76 34,98 4,88"),  # a flat top
        (2, "8,16 24,2 46,8 46,32 28,46 20,48 34,46 54,60 54,84 30,98 4,86"),  # a soft waist
        (1, "8,12 28,0 48,12 42,36 24,46 16,42 28,42 54,56 54,84 28,98 4,88"),  # a loop at the waist
        (2, "4,10 30,0 56,8 48,28 24,40! 46,44 52,64 36,88 2,100"),  # a large top, a long tail
        (1, "6,6 36,4 58,12 40,34 30,44! 44,52 46,76 34,94 14,98"),  # like a bird
        (1, "8,16 28,2 48,14 40,40 26,50! 50,52 60,76 40,98 10,96 4,80"),  # the end curls up
        (1, "0,14 22,0 48,10 44,34 14,54! 40,50 56,70 38,92 0,98"),  # a deep notch
        (1, "14,8 30,4 42,14 34,36 20,46! 38,50 44,70 34,92 8,98"),  # narrow
        (1, "8,10 34,2 50,14 34,34! 46,42 40,60 22,70! 34,72 30,90 4,98"),  # leaning, angular
    ],
    4: [
        (4, "8,4 6,30 8,52! 32,52 60,48 / 48,2 46,50 42,100"),  # open
        (2, "42,0 22,34 2,64! 32,64 64,62 / 42,0 42,50 42,100"),  # closed, with a straight leg
        (2, "36,2 20,32 2,58! 30,58 62,56 / 44,28 42,64 38,100"),  # a lightning stroke and a bar
        (3, "6,6 4,30 14,48 32,48 48,36 / 54,2 50,36 46,68 40,100"),  # like a y
        (1, "6,6 4,40 30,50 50,34 52,4! 46,50 42,100"),  # without lifting the pen
        (2, "14,4 8,28 2,56! 28,60 52,56 70,52 / 48,14 42,56 36,100"),  # a long bar
        (1, "10,0 4,36 18,52 44,44 60,0 / 54,20 46,60 40,100"),  # a wide cup
        (1, "20,10 10,34 6,48! 32,50 50,44 / 54,0 44,50 30,100"),  # a small cup on a long leg
        (2, "22,6 8,26 2,46 10,56 32,50 50,34 56,2! 46,48 36,100"),  # a cup that the leg closes
        (1, "4,0 2,30 4,54! 34,56 54,54 / 56,10 54,50 52,100"),  # square
        (1, "10,12 4,34 18,44 40,34 54,10! 44,54 34,100"),  # in one stroke
        (1, "30,4 10,30 2,54! 34,58 64,50 / 46,26 40,62 36,100"),  # a bar that rises
    ],
    5: [
        (3, "54,2 34,3 14,4! 10,24 8,42! 30,36 52,52 54,80 32,98 4,90"),  # in one stroke from the right
        (3, "16,6 12,24 10,42! 32,38 52,54 52,80 30,98 4,90 / 16,5 36,4 60,0"),  # the bar added last
        (2, "58,0 38,2 22,8 14,26 18,42 38,54 46,74 34,94 4,94"),  # nearly an S
        (1, "14,14 12,26 10,44! 34,40 50,58 46,82 26,98 4,86 / 22,6 40,4 62,2"),  # a loose bar
        (3, "24,10 18,26 14,40! 30,42 42,58 36,82 18,96 0,94 / 26,10 54,8 84,0"),  # a long bar
        (1, "50,6 30,2 18,6! 14,24 16,36 34,42 48,58 46,84 28,98 8,88 6,74"),  # the tail curls up
        (1, "64,4 42,8 24,8! 18,28 16,40! 38,44 44,62 30,84 2,100"),  # a straight tail
        (1, "44,0 24,4! 18,22 14,38! 36,40 48,60 38,86 18,96 4,82 16,70"),  # nearly closed
        (1, "60,2 36,6 14,4! 8,26 4,48! 28,36 58,44 64,70 42,96 0,92"),  # a large belly
        (2, "60,4 34,6 12,16 8,40 26,44 46,50 48,68 34,88 4,98"),  # a round shoulder
        (1, "10,8 10,30 12,48! 36,38 54,54 50,84 26,98 6,84 8,56 / 12,6 36,4 58,0"),  # the belly closes
        (1, "40,0 22,22 8,42! 30,44 36,64 24,86 0,100 / 36,2 56,0 76,0"),  # a leaning stem
        (1, "50,4 20,10 4,30 12,44 40,40 60,54 52,82 30,96"),  # a wide bow at the upper left
        (0.5, "36,0 26,20 18,38! 40,50 44,72 22,94 -6,84"),  # hardly a bar
    ],
    6: [
        (3, "46,2 24,20 8,48 6,78 20,96 42,94 54,76 42,58 20,64 8,80"),  # a wide loop
        (2, "34,0 18,28 6,62 12,90 32,98 48,84 42,66 24,66 12,84"),  # a small loop
        (2, "40,2 20,26 6,60 10,90 34,98 52,78 42,56 24,60 22,76 30,84"),  # curled in
        (1, "20,0 8,36 4,70 16,96 42,94 54,74 38,58 18,66 6,84"),  # an upright back
        (2, "22,2 6,30 2,64 16,94 46,98 66,76 58,50 36,46 24,66 34,86"),  # a large loop, a short back
        (2, "30,0 16,36 6,70 10,92 28,94 38,80 30,72 16,82 10,94"),  # a tiny loop
        (1, "56,4 30,14 10,40 4,74 18,98 46,92 54,70 36,56 10,66"),  # a back that bends over
        (2, "26,0 18,34 8,70 4,94! 26,98 46,90 44,72 24,70 6,90"),  # a flat base
        (1, "30,0 14,40 8,76 16,96 34,96 40,86 30,78 14,80"),  # a long back
        (1, "10,4 2,40 6,80 30,98 56,84 62,58 48,40 30,52 28,78"),  # a loop that hangs from the right
    ],
    7: [
        (4, "4,8 28,6 56,4! 42,34 30,66 22,100"),  # an angle
        (2, "4,22 8,4! 30,6 56,6! 40,36 28,68 22,100"),  # a serif
        (2, "4,8 28,6 56,4! 42,34 30,66 22,100 / 14,52 34,50 54,48"),  # a bar
        (2, "4,14 20,6 38,10 54,4 50,24 40,50 34,76 32,100"),  # a wave and a bow
        (2, "0,16 18,4 40,2 54,12 52,34 42,66 30,100"),  # a round shoulder
        (1, "2,20 20,8 42,4 54,14 46,40 34,68 22,100 / 12,56 34,52 58,54"),  # a round shoulder and a bar
        (2, "0,40 6,22 14,8! 34,10 56,6! 46,36 38,68 34,100"),  # a long serif
        (1, "0,8 36,8 70,4! 54,24 40,46 32,70"),  # wide and short
        (2, "6,16 24,4 40,14 42,44 34,74 24,100"),  # a bow
        (1, "0,18 10,2! 30,8 52,6! 44,28 34,60 32,100 / 18,54 36,50 52,52"),  # a serif and a bar
        (1, "0,40 4,22 8,6! 34,6 58,8! 56,30 50,62 44,100"),  # like an n
        (1, "0,24 20,4 50,4 62,22 48,50 26,70"),  # wide and round
        (1.5, "4,6 8,24 24,28 52,2! 42,40 30,70 18,100"),  # a hook, then the leg
        (1, "0,28 22,18 46,2! 42,36 38,70 34,100"),  # the bar falls to the left
        (1, "4,22 6,6! 30,8 54,4 50,18 38,40 22,74 14,100 / 4,58 30,52 56,54"),  # a hook and a bar
        (2, "0,10 28,8 52,8! 46,30 34,58 26,90"),  # wide and sturdy
        (1, "2,14 26,4 46,14 40,36 30,60 26,96! 34,96 42,94"),  # a foot
    ],
    8: [
        (3, "50,12 32,2 14,14 20,36 42,54 54,76 36,98 10,92 6,72 24,52 46,34 52,14 42,4"),  # an S and back
        (2, "30,48 10,32 14,8 34,2 50,16 44,36 28,50 8,68 12,92 34,98 54,82 48,60 28,46"),  # from the waist
        (1, "32,2 14,12 16,36 34,46 50,34 48,10 30,2 / 30,48 10,60 8,86 30,98 52,86 52,62 30,48"),  # two rings
        (2, "56,6 34,2 14,12 22,34 40,52 48,74 34,96 12,92 12,70 32,48 52,24 60,4"),  # open at the top
        (2, "58,12 40,2 20,12 22,34 38,52 40,74 24,96 8,88 14,66 34,46 56,30 64,14"),  # leaning, with a wide gap
        (1, "40,44 16,36 10,14 30,0 50,14 44,40 36,56 40,76 28,96 14,84 22,62 42,44"),  # a thin lower loop
        (1, "46,10 30,2 18,14 26,30 46,48 60,70 44,96 10,96 2,74 20,50 40,30 46,10"),  # a small head
        (2, "60,4 44,20 18,48 2,76 16,96 36,86 36,66 22,44 14,20 30,2 50,6"),  # a tail at the upper right
        (1, "56,10 36,4 10,10 18,30 44,50 52,80 32,94 20,80 32,52 54,20"),  # a flat hook and back
        (1, "34,44 8,32 4,12 30,0 54,10 56,26 34,44 44,62 36,92 18,98 10,84 22,60 34,44"),  # a wide head
        (2, "8,98 20,74 44,42 56,14 34,2 12,14 20,40 38,64 50,98"),  # open at the bottom
        (1, "10,98 22,74 44,42 56,14 34,2 12,14 20,40 36,64 42,86 28,98 12,92"),  # a head on crossed legs
        (2, "40,6 14,6 8,24 26,42 44,60 44,84 28,98 14,84 24,62 46,36 66,14"),  # leaning, never closed at the top
        (1, "30,46 4,26 12,2 44,4 46,28 30,46 20,74 26,96 40,84 30,48"),  # a wide head, a thin foot
        (1, "44,16 26,4 4,20 14,38 46,46 62,62 50,84 32,86 28,68 40,44 46,20"),  # a tilted one
    ],
    9: [
        (3, "50,14 30,2 10,14 6,36 22,48 42,38 52,12! 48,56 44,100"),  # a straight leg
        (2, "50,16 32,2 10,14 8,38 26,48 46,34 52,14 54,46 46,80 26,98 6,92"),  # a curved leg
        (2, "52,8 30,4 8,24 10,42 28,44 48,26 54,8! 42,54 32,100"),  # a leaning leg
        (2, "46,26 44,6 24,4 8,22 14,40 34,40 48,20 50,44 46,74 40,100"),  # a small loop
        (2, "50,10 26,2 4,20 4,48 24,60 46,44 54,16! 54,56 58,100"),  # a large loop, like an a
        (1, "36,4 14,16 4,40 20,50 40,36 50,10! 46,54 44,100"),  # open at the top
        (1, "44,24 34,4 16,6 8,26 20,36 36,28 44,10! 40,54 28,100"),  # a tiny loop on a long leg
        (1, "54,20 34,4 8,12 4,36 26,46 48,34 58,20 60,48 60,76 58,100"),  # a round shoulder
        (1, "52,4 28,2 8,16 12,38 34,42 52,32 52,58 46,80 38,100"),  # the loop does not close
        (2, "58,6 34,2 10,20 18,40 38,40 52,22! 42,60 24,100"),  # open, leaning
        (1, "50,18 36,2 12,8 4,28 20,42 42,32 52,12 50,60 38,90 22,98 14,82"),  # the leg curls up
        (2, "14,6 2,30 8,48 32,44 48,24 50,2! 48,52 46,100"),  # a cup closed by a narrow top
        (1, "40,12 22,2 8,14 8,34 24,40 38,28 42,10! 40,50 38,100"),  # narrow
    ],
}


@dataclass(frozen=True)
class Library:
    """S skeletons as tensors, padded to the K control points of the longest."""

    odds: Tensor  # (10, S): relative frequency of skeleton s for digit d; 0 for those of other digits
    control: Tensor  # (S, K, 2): x, y
    jitter: Tensor  # (S, K): each control point's distance from the nearest neighbor on the path
    curve: Tensor  # (S, SAMPLES, K): maps control points to points evenly spaced along the pen's path


@cache
def library() -> Library:
    """SKELETONS as tensors, parsed once."""
    return compiled(SKELETONS)


def compiled(skeletons: dict[int, list[tuple[float, str]]]) -> Library:
    """Skeletons as tensors."""
    shapes = [(digit, odds, *parse(text)) for digit, lines in skeletons.items() for odds, text in lines]
    longest = max(len(points) for _, _, points, _ in shapes)
    all_odds = torch.zeros(10, len(shapes))
    control = torch.zeros(len(shapes), longest, 2)
    jitter = torch.zeros(len(shapes), longest)
    for shape, (digit, odds, points, arcs) in enumerate(shapes):
        all_odds[digit, shape] = odds
        control[shape, : len(points)] = torch.tensor(points)
        jitter[shape, : len(points)] = torch.tensor(jitter_radius(points, arcs))
    curve = torch.stack([sample(row, arcs) for row, (_, _, _, arcs) in zip(control, shapes)])
    return Library(all_odds, control, jitter, curve)


def parse(text: str) -> tuple[list[tuple[float, ...]], list[list[int]]]:
    """A skeleton's control points, and its smooth arcs as lists of indices into the points; a corner ends an arc."""
    points: list[tuple[float, ...]] = []
    arcs: list[list[int]] = []
    for stroke in text.split("/"):
        arc: list[int] = []
        for word in stroke.split():
            arc.append(len(points))
            points.append(tuple(float(value) / SHEET for value in word.rstrip("!").split(",")))
            if word.endswith("!"):
                arcs.append(arc)
                arc = arc[-1:]  # the next arc begins at the corner
        arcs.append(arc)
    return points, arcs


def jitter_radius(points: list[tuple[float, ...]], arcs: list[list[int]]) -> list[float]:
    """Each point's distance from its nearest neighbor on the path: jitter in proportion to it leaves no kinks."""
    nearest = [math.inf] * len(points)
    for arc in arcs:
        for i, j in pairwise(arc):
            distance = math.dist(points[i], points[j])
            nearest[i], nearest[j] = min(nearest[i], distance), min(nearest[j], distance)
    return nearest


def sample(control: Tensor, arcs: list[list[int]]) -> Tensor:
    """The matrix (SAMPLES, K) that maps these control points (K, 2) to points evenly spaced along their curve."""
    fine = [spline(arc, len(control)) for arc in arcs]
    steps = [
        torch.cat([torch.zeros(1), (rows @ control).diff(dim=0).norm(dim=1)]) for rows in fine
    ]  # pen lifts have no length
    length = torch.cat(steps).cumsum(0)
    positions = torch.linspace(0, float(length[-1]), SAMPLES)
    return torch.cat(fine)[torch.searchsorted(length, positions)]


def spline(arc: list[int], columns: int) -> Tensor:
    """Rows (_FINE steps per interval, columns): weights of the control points along an arc's Catmull-Rom spline.

    E. Catmull and R. Rom, "A class of local interpolating splines", 1974. The curve passes through its points and is
    linear in them, so one matrix product evaluates many curves.
    """
    through = torch.zeros(len(arc) + 2, columns)  # with a reflected point at either end
    through[torch.arange(len(arc)) + 1, torch.tensor(arc)] = 1
    through[0] = 2 * through[1] - through[2]
    through[-1] = 2 * through[-2] - through[-3]
    u = torch.arange(_FINE)[:, None] / _FINE
    cubic = torch.tensor([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
    weights = u ** torch.arange(4) @ cubic  # (_FINE, 4)
    intervals = [weights @ through[i : i + 4] for i in range(len(arc) - 1)]
    return torch.cat([*intervals, through[-2:-1]])
