"""Input checks: images that they reject, and digits that pass."""

from dataclasses import replace

import doodles
import numpy as np
import pytest

from digits.data import synthetic
from digits.inference import input_checks
from digits.inference.images import DecodedImage
from digits.inference.ink import components
from digits.inference.preprocess import from_pixels, prepare


def prepared(ink: np.ndarray):
    """A preprocessed image of (H, W) of 0 to 1, light on dark."""
    return prepare(DecodedImage(np.dstack([ink] * 3 + [np.ones_like(ink)]).astype(np.float32), 1.0))


def doodle(kind: str, number: int):
    image = doodles.KINDS[kind](np.random.default_rng(number)).convert("RGBA")
    return prepare(DecodedImage(np.asarray(image, np.float32) / 255, 1.0))


def sheet(*boxes: tuple[slice, slice]) -> np.ndarray:
    ink = np.zeros((112, 112))
    for box in boxes:
        ink[box] = 1
    return ink


FOUR_IN_PIECES = [
    (slice(10, 60), slice(20, 30)),
    (slice(55, 65), slice(20, 60)),
    (slice(10, 52), slice(50, 60)),
    (slice(68, 105), slice(50, 60)),
]
BROKEN_ONE = [(slice(10, 48), slice(50, 60)), (slice(54, 100), slice(50, 60))]
SEVEN_WITH_A_BAR = [
    (slice(10, 20), slice(20, 80)),
    (slice(10, 100), slice(70, 80)),
    (slice(50, 60), slice(55, 95)),
]
FIVE_WITH_A_LOOSE_BAR = [
    (slice(10, 18), slice(40, 90)),
    (slice(24, 60), slice(20, 30)),
    (slice(52, 60), slice(20, 80)),
    (slice(52, 100), slice(72, 82)),
    (slice(92, 100), slice(20, 80)),
]
THICK_ONE = [(slice(10, 100), slice(45, 75))]


@pytest.mark.parametrize("boxes", [FOUR_IN_PIECES, BROKEN_ONE, SEVEN_WITH_A_BAR, FIVE_WITH_A_LOOSE_BAR, THICK_ONE])
def test_broken_barred_and_thick_digits_pass(boxes):
    assert input_checks.rejection_reason(prepared(sheet(*boxes))) is None


@pytest.mark.parametrize(
    ("boxes", "reason"),
    [
        ([(slice(20, 90), slice(20, 90))], "far too much ink"),
        ([(slice(10, 100), slice(20, 30)), (slice(10, 100), slice(70, 80))], "several digits or parts"),
        ([(slice(y, y + 9), slice(x, x + 60)) for y in (10, 30, 50, 70) for x in (20,)], "several digits or parts"),
        ([(slice(y, y + 6), slice(20, 90)) for y in range(5, 100, 14)] + [(slice(5, 95), slice(20, 26))], "tangle"),
    ],
)
def test_non_digits_are_rejected_with_a_reason(boxes, reason):
    assert reason in input_checks.rejection_reason(prepared(sheet(*boxes)))


def test_a_hairline_is_accepted():
    ink = np.zeros((280, 280))
    ink[40:240, 140] = ink[40, 100:140] = ink[240, 100:180] = 1  # one pixel wide
    assert prepared(ink).pixels.max() > 200
    assert input_checks.rejection_reason(prepared(ink)) is None


def test_an_outlier_is_rejected_with_the_flaw_of_its_image_if_it_has_one():
    ink = sheet(*FOUR_IN_PIECES)
    at_the_edge = prepared(ink[10:])
    assert at_the_edge.touches_edge and not prepared(ink).touches_edge
    faint = from_pixels(prepared(ink).pixels // 3)
    for image, reason in ((prepared(ink), "unlike"), (at_the_edge, "edge"), (faint, "faint")):
        assert input_checks.rejection_reason(image) is None
        assert input_checks.rejection_reason(image, outlier=True) == input_checks.REASONS[reason]


def test_ink_that_fills_a_corner_of_the_image_is_rejected_whatever_the_network_says():
    image = replace(prepared(sheet(*FOUR_IN_PIECES)), fills_corner=True)
    assert input_checks.rejection_reason(image) == input_checks.REASONS["edge"]


def test_nearly_all_digits_pass_and_pairs_of_digits_mostly_fail():
    digits = synthetic.draw(200, seed=4)[0].numpy()
    assert sum(input_checks.rejection_reason(from_pixels(digit)) is not None for digit in digits) <= 2
    pairs = [prepared(np.hstack(pair) / 255) for pair in zip(digits[::2], digits[1::2])]
    assert sum(input_checks.rejection_reason(pair) == "several digits or parts" for pair in pairs) >= 80


@pytest.mark.parametrize(("kind", "at_least"), [("solid shapes", 0.8), ("noise", 0.45), ("scribbles", 0.4)])
def test_most_blots_noise_and_scribbles_are_rejected_by_the_input_checks(kind, at_least):
    found = [input_checks.rejection_reason(doodle(kind, number)) for number in range(40)]
    assert sum(reason is not None for reason in found) >= at_least * len(found)


def test_a_slashed_zero_is_not_a_tangle():
    rng = np.random.default_rng(7)
    drawn = [np.asarray(doodles.form(rng, "slashed 0").convert("RGBA"), np.float32) / 255 for _ in range(20)]
    assert [input_checks.rejection_reason(prepare(DecodedImage(picture, 1.0))) for picture in drawn] == [None] * 20


def test_blank_paper_is_empty():
    assert all(doodle("blank images", number).empty for number in range(20))


def test_the_euler_number_equals_pieces_less_holes_by_flood_fill():
    rng = np.random.default_rng(5)
    for density in (0.1, 0.4, 0.7):
        mask = np.pad(rng.random((26, 26)) < density, 1)
        holes = enclosed(mask)
        assert input_checks.euler_number(mask) == components(mask)[1] - holes


def enclosed(mask: np.ndarray) -> int:
    """Number of holes: background components (4-connected) that don't reach the edge."""
    left, count = {tuple(place) for place in np.argwhere(~mask)}, -1  # one is the paper outside
    while left:
        count, front = count + 1, [left.pop()]
        while front:
            y, x = front.pop()
            near = {(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)} & left
            left -= near
            front += near
    return count


def test_the_measures_equal_a_slow_reference():
    pixels = np.random.default_rng(6).integers(0, 256, (28, 28), dtype=np.uint8)
    side = input_checks.WINDOW
    squares = [pixels[y : y + side, x : x + side].mean() / 255 for y in range(29 - side) for x in range(29 - side)]
    assert input_checks.max_window_fill(pixels) == pytest.approx(max(squares))
    strong = pixels > 127
    words = ["".join("#" if on else " " for on in row).split() for row in strong]
    assert input_checks.stroke_crossings(strong).tolist() == [len(row) for row in words]
    assert input_checks.column_split(pixels) == 0
    pixels[:, 9] = 10
    assert input_checks.column_split(pixels) == pytest.approx(pixels[:, :10].sum() / pixels.sum())
