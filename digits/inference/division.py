"""Division of a number into digits: which pieces are digits, parts of one, or several that touch.

Each way to divide a line has a value: the sum of what the network says about its digits, less a penalty for each digit,
each cut through ink, and each gap between pieces that a digit spans. Dynamic programming finds the best, as in
segmentation by recognition: R. Casey and E. Lecolinet, "A survey of methods and strategies in character segmentation",
1996, section 3. A candidate that can't be part of the best division, regardless of the network's output, is not
computed: in a clear line, the network sees each piece once.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from digits.evaluation.ood import BOUNDARY
from digits.inference.input_checks import REASONS, rejection_reason
from digits.inference.prediction import Prediction
from digits.inference.segmentation import Piece, Sheet, join

# Penalties, in nats. benchmarks/LOG.md has what was tried.
DIGIT = 0.3
CUT = 2.2
JOIN = 5.0
REJECTED = 3.0  # for a digit beyond the OOD threshold
CHECKED = 6.0  # for a digit that an input check rejects
_LEAST = -6.0  # a digit's log-probabilities: one unreadable digit must not decide about the others
_CLEAR = -0.05  # the score of a part at a cut: nine in ten that are cut well reach it
_MAX_JOINED = 3  # pieces of a digit
_MAX_SLICES = 4  # slices between two cuts that a digit spans
_MAX_GAP = 0.35  # of the line's height, between joined pieces
_MAX_WIDTH = 2.2  # of the height, of joined pieces


class Division(NamedTuple):
    """Digits from left to right, and the value of this division."""

    value: float
    digits: list[Prediction]


Span = tuple[int, int]  # the places at which a part of a piece or line starts and ends, numbered from the left
Known = Mapping[Piece, Prediction]


def score(digit: Prediction) -> float:
    """The log of the probability that it is a digit (evaluation/ood.py) times that of its label; less if rejected."""
    if digit.probabilities is None or digit.energy is None:
        return 2 * _LEAST - CHECKED
    is_digit = -math.log1p(math.exp(min(digit.energy - BOUNDARY, 700)))
    label = math.log(max(*digit.probabilities, 1e-9))
    penalty = CHECKED if rejection_reason(digit.prepared) else REJECTED if digit.reason else 0
    return max(is_digit, _LEAST) + max(label, _LEAST) - penalty


def is_clear(whole: Prediction) -> bool:
    """Whether no division into several digits by cuts can have a higher value."""
    return whole.prepared.parts <= 1 and score(whole) >= -CUT - DIGIT


def divide(sheet: Sheet, whole: Prediction, read: Callable[[Iterable[Piece]], Known]) -> list[list[Prediction]]:
    """The digits of each line; `whole`: the picture read as one digit, which competes; `read` reads pieces."""
    pieces = [piece for line in sheet.lines for piece in line]
    is_whole = len(pieces) == 1 and not sheet.has_ink_beside(pieces[0])
    known = {pieces[0]: whole} if is_whole else dict(read(pieces))
    slices = {piece: _slices(sheet, piece) for piece in pieces if score(known[piece]) < -CUT - DIGIT}
    runs = [_runs(line, known) for line in sheet.lines]
    known |= read(
        [
            *(part for parts in slices.values() for part in parts.values()),
            *(join(line[slice(*span)]) for line, spans in zip(sheet.lines, runs) for span in spans),
        ]
    )
    divided = {piece: _divide_piece(known[piece], slices.get(piece, {}), known) for piece in pieces}
    lines = [
        _divide_line([divided[piece] for piece in line], line, spans, known) for line, spans in zip(sheet.lines, runs)
    ]
    if is_whole:
        return [lines[0].digits]
    digits = [digit for line in lines for digit in line.digits]
    rejected = sum(digit.reason is not None for digit in digits)
    as_one = _as_digit(whole, JOIN * (len(pieces) - 1))
    if as_one.value >= sum(line.value for line in lines) or 2 * rejected >= len(digits):
        return [as_one.digits]
    return [line.digits for line in lines]


def _as_digit(digit: Prediction, penalty: float = 0) -> Division:
    return Division(score(digit) - DIGIT - penalty, [digit])


def _slices(sheet: Sheet, piece: Piece) -> dict[Span, Piece]:
    """The parts of a piece between any two of its cuts and edges."""
    edges = [piece.left, *sheet.cuts(piece), piece.right]
    return {
        (start, end): piece._replace(left=edges[start], right=edges[end])
        for start in range(len(edges) - 1)
        for end in range(start + 1, min(start + _MAX_SLICES, len(edges) - 1) + 1)
        if end - start < len(edges) - 1
    }


def _runs(line: list[Piece], known: Known) -> list[Span]:
    """Neighbors near enough to be one digit, which apart are worth less than as the clearest digit."""
    spans = []
    typical = sorted(piece.height for piece in line)[len(line) // 2]
    for start in range(len(line)):
        for end in range(start + 2, min(start + _MAX_JOINED, len(line)) + 1):
            run = line[start:end]
            gap = max(right.left - left.right for left, right in pairwise(run))
            width = max(piece.right for piece in run) - run[0].left
            apart = sum(_as_digit(known[piece]).value for piece in run)
            fits = gap <= _MAX_GAP * typical and width <= _MAX_WIDTH * max(piece.height for piece in run)
            if fits and apart < -DIGIT - JOIN * (len(run) - 1):
                spans.append((start, end))
    return spans


def _divide_piece(whole: Prediction, slices: Mapping[Span, Piece], known: Known) -> Division:
    """A piece as one digit, or as several that touch if that is clearly better."""
    uncut = _as_digit(whole)
    if not slices:
        return uncut
    cut = _best({span: _as_digit(known[part], CUT * (span[0] > 0)) for span, part in slices.items()})
    if cut.value > uncut.value and all(_is_clear_part(digit) for digit in cut.digits):
        return cut
    touching = whole.reason and cut.value + CUT * (len(cut.digits) - 1) > uncut.value
    return uncut._replace(digits=[replace(whole, reason=REASONS["touching"])]) if touching else uncut


def _is_clear_part(digit: Prediction) -> bool:
    """Whether a part alone is confidently a digit. A straight stroke cut off a letter would be a 1."""
    return score(digit) >= _CLEAR and digit.label != 1


def _divide_line(divided: list[Division], line: list[Piece], runs: list[Span], known: Known) -> Division:
    parts = {(at, at + 1): division for at, division in enumerate(divided)}
    joined = {span: _as_digit(known[join(line[slice(*span)])], JOIN * (span[1] - span[0] - 1)) for span in runs}
    return _best(parts | joined)


def _best(parts: Mapping[Span, Division]) -> Division:
    """The best sequence of parts from place 0 to the last, each from where the one before ends."""
    best = {0: Division(0.0, [])}
    for (start, end), part in sorted(parts.items(), key=lambda item: item[0]):
        found = Division(best[start].value + part.value, best[start].digits + part.digits)
        if end not in best or found.value > best[end].value:
            best[end] = found
    return best[max(best)]
