"""Synthetic digits in forms that are rare in MNIST, such as a 1 with a flag and a foot or a slashed 0.

    digits = Forms(0.03).sample_for(batch, seed=1, step=0)

MNIST was written by Americans before 1995; elsewhere people write some digits differently. The pen is the same as for
outliers: with a different one, a network would learn that whatever it draws is a digit.
"""

from functools import cache

import torch
from torch import Generator

from digits.data.blocks import Blocks
from digits.data.mnist import Split
from digits.data.rng import FORMS
from digits.data.skeletons import Library, compiled
from digits.data.synthetic import affine, rasterize, trace

# Of a 1, up to its tip: from a short flag to three quarters of the height, straight or curved.
_UPSTROKES = ("30,10", "20,18", "8,24", "22,36", "2,36", "0,46", "8,56", "-6,56", "0,72", "2,48 20,32", "-4,62 22,34")
_FEET = (" / 14,98 58,98", " / 4,98 72,98", " / 22,98 66,98", " / -10,98 62,98")
_RINGS = (  # of a slashed 0
    "32,1 12,14 2,48 10,84 32,99 54,84 62,50 54,16 32,1",
    "30,0 14,16 8,50 14,84 32,100 48,84 54,50 48,16 30,0",
    "40,2 16,8 -4,44 2,82 28,98 60,88 74,50 62,14 40,2",
)
_SLASHES = ("56,8 8,92", "68,-2 -4,100", "50,22 14,78", "60,22 4,78")

# As SKELETONS in skeletons.py, but the frequencies are relative to all digits.
_SKELETONS: dict[int, list[tuple[float, str]]] = {
    0: [(1.2, f"{ring} / {slash}") for ring in _RINGS for slash in _SLASHES],
    1: [
        *((2.0, f"{upstroke} 38,0! 38,50 38,100") for upstroke in _UPSTROKES),
        *((0.3, f"{upstroke} 38,0! 38,50 38,98{foot}") for upstroke in _UPSTROKES for foot in _FEET),
        *((1.0, f"38,0 38,50 38,98{foot}") for foot in _FEET),
    ],
    2: [
        (1, "4,24 20,4 44,4 54,24 40,54 20,78 2,96! 40,96 90,96"),  # a long foot
        (1, "6,20 26,2 50,12 54,36 34,72 12,96 -2,86 12,72 38,84 66,98"),  # a loop
    ],
    3: [(1, "8,14 28,0 48,12 42,36 24,48 14,42 26,40 54,56 54,84 28,98 4,88")],  # a loop
    4: [
        (1, "40,0 22,34 0,66! 34,66 66,66 / 40,0 40,50 40,100"),  # closed
        (1, "38,0 20,30 0,60! 34,60 70,60 / 40,30 40,66 40,100"),
        (1, "12,0 8,28 4,54! 34,54 66,54 / 48,10 46,56 44,100"),  # open
    ],
    6: [
        (1, "44,2 22,22 8,50 8,78 22,96 42,92 52,74 42,58 28,60"),  # not quite closed
        (1, "36,0 16,30 6,64 14,92 36,98 50,82 44,64 30,62"),
    ],
    7: [
        (2, "2,4 30,4 58,4! 44,36 32,68 24,100 / 14,50 56,50"),  # a bar
        (2, "2,10 30,4 58,2! 40,40 26,70 18,100 / 8,56 52,46"),
        (2, "4,20 6,4! 32,4 58,4! 44,40 34,70 30,100 / 16,48 56,48"),
        (2, "0,4 28,4 56,4! 44,36 32,68 24,100"),  # for the difference between it and a 1
        (1, "0,22 4,4! 30,4 58,4! 44,40 34,70 28,100"),
    ],
    8: [
        (1, "52,10 34,2 14,14 20,34 42,54 54,76 36,98 12,90 10,70 26,52 44,36 56,22"),  # not quite closed
        (1, "44,4 20,6 14,24 34,46 54,70 42,94 16,94 8,74 26,52 48,28 50,14"),
    ],
    9: [
        (1, "50,14 30,2 10,14 6,36 22,48 42,38 52,12! 52,56 52,100"),  # a straight leg
        (1, "52,10 28,2 8,20 10,42 30,48 50,30 54,10! 56,60 44,92 22,98 6,88"),  # a curled one
    ],
}
_JITTER, _DISTORTION = 0.1, 0.6  # less than in synthetic.py: these forms would become ambiguous


class Forms:
    """Synthetic digits for every step of a run, `ratio` of them per digit; seed, step and number determine which."""

    def __init__(self, ratio: float):
        self.ratio = ratio
        self._drawn = Blocks(draw, FORMS)

    def sample_for(self, digits: Split, seed: int, step: int) -> Split:
        """Images uint8 (n, 28, 28) with labels (n,), on the device of `digits`."""
        count = round(self.ratio * len(digits))
        return self._drawn.of_step(count, seed, step).to(digits.labels.device) if count else digits[:0]

    def appended(self, digits: Split, seed: int, step: int) -> Split:
        """`digits`, followed by those of `sample_for`."""
        forms = self.sample_for(digits, seed, step)
        return Split(torch.cat([digits.images, forms.images]), torch.cat([digits.labels, forms.labels]))


def draw(count: int, generator: Generator) -> Split:
    """`count` digits of random forms."""
    odds = _library().odds
    shape = torch.multinomial(odds.sum(0), count, replacement=True, generator=generator)
    points = affine(trace(_library(), shape, _JITTER, generator), generator, _DISTORTION)
    return Split(rasterize(points, generator), odds[:, shape].argmax(0))


@cache
def _library() -> Library:
    return compiled(_SKELETONS)
