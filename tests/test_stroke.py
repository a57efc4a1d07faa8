"""Stroke width and its normalization: thin lines become as wide as MNIST's strokes, others are unchanged."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digits.data import synthetic
from digits.data.mnist import BOX
from digits.inference.images import DecodedImage
from digits.inference.preprocess import box_of, prepare, prepare_ink
from digits.inference.stroke import TARGET_WIDTH, WIDEN_BELOW, dilate, stroke_width, widen

FOUR = [[(220, 40), (80, 240), (340, 250)], [(250, 130), (235, 370)]]


def drawn(width: int, side: int = 400) -> np.ndarray:
    """The ink, 0 to 1, of a 4 drawn with lines of `width` pixels on a square sheet."""
    sheet = Image.new("L", (side, side))
    for stroke in FOUR:
        ImageDraw.Draw(sheet).line([(x * side / 400, y * side / 400) for x, y in stroke], fill=255, width=width)
    return np.asarray(sheet) / 255


def on_paper(ink: np.ndarray, dark: float = 0.1, light: float = 0.95) -> DecodedImage:
    gray = light - (light - dark) * ink
    return DecodedImage(np.dstack([gray] * 3 + [np.ones_like(gray)]).astype(np.float32), 1.0)


def final_width(pixels: np.ndarray) -> float:
    return stroke_width(pixels / 255)


@pytest.mark.parametrize("width", [4, 10, 25])
@pytest.mark.parametrize("angle", [0, 30, 45, 70])
def test_the_width_of_a_bar_is_measured_within_a_fifth(width, angle):
    sheet = Image.new("L", (400, 400))
    ImageDraw.Draw(sheet).rectangle((50, 200, 350, 199 + width), fill=255)
    ink = np.asarray(sheet.rotate(angle, Image.Resampling.BICUBIC)) / 255
    expected = width * 300 / (300 + width)  # of the perimeter, the ends are part
    assert stroke_width(ink) == pytest.approx(expected, rel=0.3)


@pytest.mark.parametrize("radius", [0, 0.9, 1, 1.5, 2.9, 5])
def test_dilation_is_the_maximum_within_a_disc(radius):
    ink = np.random.default_rng(1).random((9, 12)) ** 4
    r = int(radius)
    padded = np.pad(ink, 2 * r)
    expected = np.zeros((9 + 2 * r, 12 + 2 * r))
    for y in range(-r, r + 1):
        for x in range(-r, r + 1):
            if y * y + x * x <= radius**2:
                expected = np.maximum(expected, padded[r + y : 9 + 3 * r + y, r + x : 12 + 3 * r + x])
    assert (dilate(ink, radius) == expected).all()


@pytest.mark.parametrize("side", [30, 60, 120, 400, 900])
@pytest.mark.parametrize("width", [1, 2, 3, 6])
def test_thin_lines_on_sheets_of_any_size_become_strokes_of_full_ink(side, width):
    pixels = prepare(on_paper(drawn(width, side))).pixels
    assert np.percentile(pixels[pixels > 12], 75) > 192
    assert final_width(pixels) >= 0.8 * WIDEN_BELOW


@pytest.mark.parametrize("width", range(1, 41, 3))
def test_a_digit_looks_alike_whatever_the_pen(width):
    pixels = prepare(on_paper(drawn(width))).pixels.astype(int)
    other = prepare(on_paper(drawn(24))).pixels
    assert np.abs(pixels - other).sum() < 0.5 * np.add(pixels, other).sum()


def test_strokes_like_those_of_mnist_keep_their_width():
    for digit in synthetic.draw(40, seed=5)[0].numpy() / 255:
        top, bottom, left, right = box_of(digit)
        cropped = digit[top:bottom, left:right]
        if stroke_width(cropped) >= WIDEN_BELOW:
            assert widen(cropped) is cropped


def test_the_ink_of_a_separated_digit_is_prepared_as_its_image_is():
    ink = drawn(3, 200)
    whole, alone = prepare(on_paper(ink)), prepare_ink(ink)
    assert np.abs(whole.pixels.astype(int) - alone.pixels).max() <= 8
    assert alone.box == whole.box and alone.parts == whole.parts == 1


def test_a_pen_that_skips_leaves_one_part():
    ink = drawn(3) * (np.arange(400) % 25 > 3)[:, None]
    assert prepare_ink(ink, parts=17).parts == 1
    assert prepare_ink(ink, parts=17, skipped=frozenset(["stroke"])).parts == 17


@pytest.mark.parametrize("noise", [0.02, 0.05, 0.1])
def test_noise_and_pencil_grain_do_not_turn_strokes_into_blobs(noise):
    rng = np.random.default_rng(3)
    for width in (3, 12, 24):
        ink = drawn(width) * rng.uniform(0.4, 1, (400, 400))
        image = on_paper(ink)
        grainy = image.channels + rng.normal(0, noise, (400, 400, 1)).astype(np.float32)
        pixels = prepare(DecodedImage(grainy.clip(0, 1), 1.0)).pixels
        assert final_width(pixels) < 1.5 * max(TARGET_WIDTH, width * BOX / 330), width
