"""Segmentation of ink into lines of pieces, and cuts of wide pieces."""

import numpy as np
import pytest

from digits.inference.segmentation import MAX_PIECES, join, segment


def sheet(*boxes: tuple[int, int, int, int], height: int = 120, width: int = 300) -> np.ndarray:
    """Ink (height, width) with filled boxes: left, top, right, bottom."""
    ink = np.zeros((height, width))
    for left, top, right, bottom in boxes:
        ink[top:bottom, left:right] = 1
    return ink


def boxes(ink: np.ndarray) -> list[list[tuple[int, int, int, int]]]:
    """Left, top, right and bottom of each piece of each line."""
    return [[(piece.left, piece.top, piece.right, piece.bottom) for piece in line] for line in segment(ink).lines]


A, B, C = (10, 20, 30, 60), (32, 24, 50, 64), (70, 30, 84, 52)


def test_pieces_of_a_line_come_from_left_to_right():
    assert boxes(sheet(C, A, B)) == [[A, B, C]]


def test_lines_come_from_top_to_bottom_whatever_the_slope():
    up = [(10 + 40 * n, 50 - 8 * n, 30 + 40 * n, 80 - 8 * n) for n in range(4)]
    below = [(left, top + 40, right, bottom + 40) for left, top, right, bottom in up]
    assert boxes(sheet(*below, *up, height=140)) == [up, below]


def test_strokes_one_over_the_other_are_one_piece():
    beside = (60, 20, 80, 60)
    assert boxes(sheet((10, 20, 40, 26), (14, 30, 38, 60), beside)) == [[(10, 20, 40, 60), beside]]


def test_a_piece_that_fills_a_corner_of_the_sheet_is_told_from_a_digit_that_touches_its_edges():
    ink = sheet((200, 0, 220, 120), (240, 40, 290, 46), (262, 40, 268, 120))  # a bar from edge to edge, and a T
    rows, columns = np.nonzero(np.tri(90))
    ink[30 + rows, columns] = 1
    pieces = [piece for line in segment(ink).lines for piece in line]
    found = {piece.left: segment(ink).fills_corner(piece) for piece in pieces}
    assert found == {0: True, 200: False, 240: False}
    assert [segment(ink[:, ::-1]).fills_corner(piece) for line in segment(ink[:, ::-1]).lines for piece in line][-1]


def test_a_digit_below_another_is_another_line():
    assert boxes(sheet((10, 10, 30, 50), (60, 10, 80, 50), (10, 54, 30, 94))) == [
        [(10, 10, 30, 50), (60, 10, 80, 50)],
        [(10, 54, 30, 94)],
    ]


@pytest.mark.parametrize(
    "mark",
    [(62, 52, 68, 60), (90, 54, 96, 64), (54, 40, 66, 44), (200, 5, 204, 7)],
    ids=["a decimal point", "a comma", "a dash", "dirt"],
)
def test_marks_are_left_out(mark):
    assert boxes(sheet(A, B, C, mark)) == [[A, B, C]]


def test_a_digit_of_half_the_size_is_kept():
    small = (60, 40, 70, 60)
    assert boxes(sheet(A, B, small)) == [[A, B, small]]


def test_blank_ink_has_no_lines():
    assert segment(np.zeros((20, 30))).lines == []


def test_a_texture_has_no_lines():
    dots = np.zeros((100, 100))
    dots[::5, ::5] = 1
    assert (dots > 0).sum() > MAX_PIECES
    assert segment(dots).lines == []


def test_a_wide_piece_is_cut_where_it_is_thin():
    (line,) = segment(found := sheet((10, 20, 40, 80), (40, 48, 46, 54), (46, 20, 80, 80))).lines
    (cut,) = segment(found).cuts(line[0])
    assert 40 <= cut <= 46


@pytest.mark.parametrize("box", [(10, 20, 30, 80), (10, 20, 80, 80)], ids=["narrow", "without a thin place"])
def test_other_pieces_are_not_cut(box):
    found = segment(sheet(box))
    assert found.cuts(found.lines[0][0]) == []


def test_the_ink_of_a_piece_is_without_its_neighbors():
    ink = sheet((10, 20, 50, 26), (44, 20, 50, 60), (2, 36, 16, 60))
    found = segment(ink)
    first, second = sorted((piece for line in found.lines for piece in line), key=lambda piece: -piece.mass)
    assert found.ink_of(first).sum() == first.mass == 40 * 6 + 6 * 34
    assert found.ink_of(join([first, second])).sum() == ink.sum()
