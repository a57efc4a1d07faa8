"""Division of lines into digits, with a network whose answers are given."""

import numpy as np
import pytest

from digits.inference.division import divide, is_clear, score
from digits.inference.prediction import Prediction
from digits.inference.preprocess import Prepared
from digits.inference.segmentation import segment
from tests.test_segmentation import sheet

BAR = np.zeros((28, 28), np.uint8)
BAR[4:24, 12:16] = 255


def digit(label: int, probability: float = 0.999, energy: float = -9.0, parts: int = 1) -> Prediction:
    probabilities = [(1 - probability) / 9] * 10
    probabilities[label] = probability
    reason = "unlike any digit" if energy > -4 else None
    return Prediction(Prepared(BAR, False, (0, 0, 0, 0), (0, 0), parts, 0.1), probabilities, reason, 1.0, energy)


BAD = digit(8, 0.4, 3.0)


class Network:
    """A network whose answers depend on the left and right edges of a piece; records its inputs."""

    def __init__(self, known: dict[tuple[int, int], Prediction]):
        self.known, self.asked = known, []

    def __call__(self, pieces):
        pieces = list(pieces)
        self.asked += [(piece.left, piece.right) for piece in pieces]
        return {piece: self.known.get((piece.left, piece.right), BAD) for piece in pieces}


def labels(ink, whole: Prediction, known: dict) -> list[list[int | None]]:
    return [[one.label for one in line] for line in divide(segment(ink), whole, Network(known))]


APART = sheet((10, 20, 30, 60), (40, 20, 60, 60))  # two pieces, a gap of a quarter of their height
TOUCH = sheet((10, 20, 40, 80), (40, 48, 46, 54), (46, 20, 80, 80))  # a piece with a thin place


def slices(left: Prediction, right: Prediction) -> dict:
    (line,) = segment(TOUCH).lines
    (cut,) = segment(TOUCH).cuts(line[0])
    return {(10, cut): left, (cut, 80): right}


def test_pieces_that_read_well_are_digits():
    assert labels(APART, BAD, {(10, 30): digit(4), (40, 60): digit(2)}) == [[4, 2]]


@pytest.mark.parametrize("read", [digit(1), BAD], ids=["clear", "rejected"])
def test_a_speck_beside_a_digit_is_ignored_if_it_then_reads_well(read):
    speck = sheet((10, 20, 30, 60), (44, 40, 48, 44))
    assert labels(speck, BAD, {(10, 30): read}) == [[1 if read is not BAD else 8]]


def test_a_dot_above_a_stroke_belongs_to_it():
    network = Network({(10, 30): digit(1)})
    assert divide(segment(sheet((10, 20, 30, 60), (34, 10, 38, 14))), BAD, network) == [[BAD]] and not network.asked


def test_a_clear_line_is_read_once():
    network = Network({(10, 30): digit(4), (40, 60): digit(2)})
    divide(segment(APART), BAD, network)
    assert network.asked == [(10, 30), (40, 60)]


def test_pieces_that_read_well_together_only_are_one_digit():
    third = sheet((10, 20, 30, 60), (40, 20, 60, 60), (90, 20, 110, 60))
    assert labels(third, BAD, {(10, 60): digit(5), (90, 110): digit(7)}) == [[5, 7]]


def test_the_picture_as_one_digit_competes():
    assert labels(APART, digit(5, parts=2), {(10, 30): digit(5)}) == [[5]]
    assert labels(APART, digit(8, parts=2), {(10, 30): digit(1), (40, 60): digit(1)}) == [[1, 1]]


def test_a_picture_of_which_half_is_rejected_is_one_digit():
    assert labels(APART, digit(6, energy=0.0, parts=2), {(10, 30): digit(6)}) == [[6]]


def test_digits_that_touch_are_cut_where_both_read_clearly():
    assert labels(TOUCH, BAD, slices(digit(4), digit(2))) == [[4, 2]]


@pytest.mark.parametrize("right", [digit(2, 0.8), digit(1)], ids=["doubtful", "a straight stroke"])
def test_digits_that_touch_and_read_poorly_are_rejected_as_touching(right):
    ((one,),) = divide(segment(TOUCH), BAD, Network(slices(digit(4), right)))
    assert (one.status, one.reason) == ("not_a_digit", "several digits that touch")


def test_a_digit_that_reads_well_is_not_cut():
    network = Network(slices(digit(4), digit(2)))
    assert [[one.label for one in line] for line in divide(segment(TOUCH), digit(0), network)] == [[0]]
    assert network.asked == []


def test_a_clear_digit_needs_no_segmentation():
    assert is_clear(digit(3))
    assert not is_clear(digit(3, parts=2))
    assert not is_clear(BAD)


def test_the_score_falls_with_doubt_energy_and_rejection():
    assert 0 > score(digit(3)) > score(digit(3, 0.7)) > score(digit(3, 0.7, -4.1)) > score(digit(3, 0.7, -3.9)) + 2
    assert score(Prediction(digit(3).prepared, None)) < score(BAD)
