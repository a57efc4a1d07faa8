"""Segmentation of ink into lines of pieces, each a digit, a part of one, or several that touch.

    sheet = segment(ink)          ink: (H, W) of 0 to 1, background exactly 0
    sheet.lines                   top to bottom, each a list of pieces from left to right
    sheet.cuts(piece)             columns at which a wide piece may be two digits

Segmentation uses geometry only; the network decides which pieces are digits and which belong together (reading.py).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np

from digits.inference.ink import components

MAX_PIECES = 100  # more are a texture, not a number
_SOLID = 0.25  # of the largest component's ink: a digit's; the median of these is the typical one
_SPECK = 0.05  # of the typical component's ink: less, alone, is dirt
_DUST = 0.01  # of the same: less is dirt anywhere
_TALL = 0.6  # of the tallest component's height: two such components, one over the other, are two lines
_STACKED = 0.5  # of the narrower one's width: components that overlap as much are one digit's strokes
_NEAR = 0.2  # of the taller one's height: the widest gap between these strokes
_SAME_LINE = 0.4  # of the lower one's height: neighbors in a line overlap as much
_DOT = 0.35  # of the typical height: a piece with shorter sides is a decimal point or a comma
_DASH = 0.22  # of the typical height: a lower piece is a dash
_ALONG_EDGE = 0.7  # of its height and of its width: a piece that lies along two edges is no digit
_WIDE = 0.75  # of its height: a narrower piece is not cut
_MARGIN = 0.15  # of the width, at both ends: no cuts
_VALLEY = 0.12  # of the width, on both sides: a cut is at the column with the least ink among these
_THIN = 0.45  # of the height: more ink in a column is more than a stroke across
_DIGIT_WIDTH = 0.5  # of the height: a narrow digit's, for the number of cuts


class Piece(NamedTuple):
    """Components of ink that belong together: their labels, their bounding box and the sum of their ink."""

    labels: tuple[int, ...]
    top: int
    bottom: int
    left: int
    right: int
    mass: float

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left


@dataclass(frozen=True)
class Sheet:
    """`ink` (H, W) with the label of its component for each pixel, and `lines` of pieces."""

    ink: np.ndarray
    labels: np.ndarray
    lines: list[list[Piece]]

    def ink_of(self, piece: Piece) -> np.ndarray:
        """The ink of the piece alone, in its bounding box."""
        rows, columns = slice(piece.top, piece.bottom), slice(piece.left, piece.right)
        return np.where(np.isin(self.labels[rows, columns], piece.labels), self.ink[rows, columns], 0)

    def fills_corner(self, piece: Piece) -> bool:
        """Whether the piece lies along two edges of the sheet that meet, with most of its height and of its width."""
        inked = self.ink_of(piece) > 0
        height, width = self.ink.shape
        rows = inked[[row for row, at_edge in ((0, piece.top == 0), (-1, piece.bottom == height)) if at_edge]]
        columns = inked[
            :, [column for column, at_edge in ((0, piece.left == 0), (-1, piece.right == width)) if at_edge]
        ]
        along_row, along_column = rows.mean(1).max(initial=0), columns.mean(0).max(initial=0)
        return bool(min(along_row, along_column) >= _ALONG_EDGE)

    def has_ink_beside(self, piece: Piece) -> bool:
        """Whether there is ink to the left or right of the piece, such as a speck that was left out."""
        rows = self.ink[piece.top : piece.bottom]
        return bool(rows[:, : piece.left].any() or rows[:, piece.right :].any())

    def cuts(self, piece: Piece) -> list[int]:
        """Columns, from the left: valleys of the ink's profile, the thinnest, as many as there may be digits."""
        if piece.width < _WIDE * piece.height:
            return []
        profile = self.ink_of(piece).sum(0)  # (W,)
        smooth = _moving_average(profile, max(1, piece.height // 40))
        reach, margin = (max(1, int(part * piece.width)) for part in (_VALLEY, _MARGIN))
        valleys = [
            x
            for x in range(margin, piece.width - margin)
            if smooth[x] <= _THIN * piece.height
            and smooth[x] < smooth[max(0, x - reach) : x].min(initial=np.inf)  # of equal columns, the first
            and smooth[x] <= smooth[x : x + reach + 1].min()
        ]
        most = max(1, round(piece.width / piece.height / _DIGIT_WIDTH))
        return sorted(piece.left + x for x in sorted(valleys, key=lambda x: smooth[x])[:most])


def segment(ink: np.ndarray) -> Sheet:
    """Lines of pieces; none if there are more than MAX_PIECES."""
    labels, count = components(ink > 0)
    pieces = _without_specks(_pieces(ink, labels, count), _DUST)
    if len(pieces) > MAX_PIECES:
        return Sheet(ink, labels, [])
    return Sheet(ink, labels, _lines(_without_marks(_without_specks(_join_stacked(pieces), _SPECK))))


def join(pieces: Iterable[Piece]) -> Piece:
    """One piece of several."""
    return reduce(_join, pieces)


def _join(one: Piece, other: Piece) -> Piece:
    top, bottom = min(one.top, other.top), max(one.bottom, other.bottom)
    left, right = min(one.left, other.left), max(one.right, other.right)
    return Piece(one.labels + other.labels, top, bottom, left, right, one.mass + other.mass)


def _pieces(ink: np.ndarray, labels: np.ndarray, count: int) -> list[Piece]:
    """A piece for each component, in the order of their labels."""
    rows, columns = np.nonzero(labels)
    of = labels[rows, columns]
    (top, left), (bottom, right) = np.full((2, count + 1), max(ink.shape)), np.zeros((2, count + 1), int)
    for least, most, positions in ((top, bottom, rows), (left, right, columns)):
        np.minimum.at(least, of, positions)
        np.maximum.at(most, of, positions + 1)
    masses = np.bincount(of, ink[rows, columns], count + 1)
    edges = (values.tolist() for values in (top, bottom, left, right, masses))
    return [Piece((label,), *values) for label, values in enumerate(zip(*edges))][1:]


def _solid(pieces: list[Piece]) -> list[Piece]:
    """Pieces with as much ink as a digit may have next to the largest, from the least to the most."""
    largest = max((piece.mass for piece in pieces), default=0)
    return sorted((piece for piece in pieces if piece.mass >= _SOLID * largest), key=lambda piece: piece.mass)


def _without_specks(pieces: list[Piece], least: float) -> list[Piece]:
    """Pieces with at least the fraction `least` of the typical piece's ink."""
    solid = _solid(pieces)
    return [piece for piece in pieces if piece.mass >= least * solid[len(solid) // 2].mass]


def _join_stacked(pieces: list[Piece]) -> list[Piece]:
    """Join components that are one above the other and close: strokes of one digit."""
    may_be_lines = len(_solid(pieces)) > 2  # else a broken digit is more likely than two lines of one digit
    line_height = _TALL * max((piece.height for piece in pieces), default=0) if may_be_lines else math.inf
    joined: list[Piece] = []
    for piece in sorted(pieces, key=lambda one: -one.height):
        while stacked := [one for one in joined if _are_stacked(one, piece, line_height)]:
            piece = join([piece, *stacked])
            joined = [one for one in joined if one not in stacked]
        joined.append(piece)
    return joined


def _are_stacked(one: Piece, other: Piece, line_height: float) -> bool:
    if min(one.height, other.height) >= line_height and _overlap_y(one, other) <= 0:
        return False
    overlap = min(one.right, other.right) - max(one.left, other.left)
    near = -_overlap_y(one, other) < _NEAR * max(one.height, other.height)
    return near and overlap >= _STACKED * min(one.width, other.width)


def _overlap_y(one: Piece, other: Piece) -> int:
    """Rows that both cover; negative: the gap between them."""
    return min(one.bottom, other.bottom) - max(one.top, other.top)


def _lines(pieces: list[Piece]) -> list[list[Piece]]:
    """From top to bottom: each piece is in one line with its nearest neighbor on the right."""
    pieces = sorted(pieces, key=lambda one: (one.left + one.right, one.top))
    line_of = list(range(len(pieces)))
    for at, piece in enumerate(pieces):
        beside = [
            (other.left - piece.right, place)
            for place, other in enumerate(pieces)
            if other.left + other.right > piece.left + piece.right
            and _overlap_y(piece, other) >= _SAME_LINE * min(piece.height, other.height)
        ]
        if beside:
            ours, theirs = line_of[at], line_of[min(beside)[1]]
            line_of = [ours if line == theirs else line for line in line_of]
    lines = [[piece for piece, of in zip(pieces, line_of) if of == line] for line in dict.fromkeys(line_of)]
    return sorted(lines, key=lambda line: sum(piece.top + piece.bottom for piece in line) / len(line))


def _without_marks(pieces: list[Piece]) -> list[Piece]:
    """The pieces without decimal points, commas and dashes."""
    tallest = max((piece.height for piece in pieces), default=0)
    heights = sorted(piece.height for piece in pieces if 2 * piece.height >= tallest)
    dot, dash = (limit * heights[len(heights) // 2] if heights else 0 for limit in (_DOT, _DASH))
    return [piece for piece in pieces if piece.height >= dash and max(piece.height, piece.width) >= dot]


def _moving_average(values: np.ndarray, radius: int) -> np.ndarray:
    padded = np.pad(values, radius, mode="edge")
    return np.mean([padded[start : start + len(values)] for start in range(2 * radius + 1)], axis=0)
