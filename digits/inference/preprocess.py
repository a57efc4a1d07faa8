"""Preprocessing: from an image of one digit to the 28x28 pixels of MNIST.

    prepared = prepare(images.decode(content))       prepared.pixels: (28, 28), 255 is ink

MNIST's own recipe: the digit is scaled to fit a box of 20x20 pixels with its aspect ratio kept, gray levels come from
area averaging, and the center of mass is moved to the center of 28x28 (Y. LeCun, C. Cortes, C. Burges, "The MNIST
database"). Three steps come before, since MNIST's digits are clean and other images are not: ink is separated from its
background, a digit smaller than the box is upsampled with sharp edges, and strokes thinner than MNIST's are widened.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from digits.data.mnist import BOX, SIZE
from digits.data.resize import resize
from digits.inference.images import DecodedImage
from digits.inference.ink import FAINT, flatten_alpha, ink_of, remove_specks, upscale
from digits.inference.stroke import widen

CENTER = 14.5  # the center of mass of MNIST's images, where the first pixel spans 0 to 1: measured, 14.51 and 14.49
STEPS = ("paper", "specks", "box", "stroke", "center")
_WORKING_SIDE = 256  # pixels on the longer side: larger images are downscaled first
_RECROP_BELOW = 64  # pixels after downscaling: a smaller digit is cropped at full resolution and prepared again
_MIN_SURFACE = SIZE  # pixels on the longer side: fewer are too few to fit a background that varies
_UPSAMPLED = 4  # times, for a digit smaller than BOX: its edges then fall between the original pixels
_NONE: frozenset[str] = frozenset()
_EXACT = 1e-3  # of a gray level: float32 holds the 256 levels more precisely
_MAX_OFFSET = 0.53  # pixels of the center of mass from CENTER: MNIST moved its digits by whole pixels

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Prepared:
    """A preprocessed image.

    `pixels`: uint8 (28, 28), 255 is ink. `inverted`: the ink was darker than its background. `box`: left, top, right
    and bottom of the digit in pixels of the file. `shift`: pixels of the 28 that the digit was moved right and down to
    center its mass instead of its box. `parts`: large connected components of ink. `ink`: its fraction of the image.
    `touches_edge`: the digit may continue beyond the image. `fills_corner`: it lies along two edges of the image, as a
    table beside the paper does, or a shadow.
    """

    pixels: np.ndarray
    inverted: bool
    box: Box
    shift: tuple[int, int]
    parts: int
    ink: float
    touches_edge: bool = False
    fills_corner: bool = False

    @property
    def empty(self) -> bool:
        return not self.pixels.any()


def prepare(image: DecodedImage, skip: Iterable[str] = ()) -> Prepared:
    """Preprocess an image, without the STEPS in `skip`.

    A blank image gives no ink. One that is framed like MNIST's keeps its pixels, so the network sees it exactly as
    training and test do.
    """
    skipped = frozenset(skip)
    if not skipped and (framed := _framed_pixels(image)) is not None:
        top, bottom, left, right = box_of(framed)
        return replace(from_pixels(framed), box=(float(left), float(top), float(right), float(bottom)))
    scale = min(1.0, _WORKING_SIDE / max(image.channels.shape[:2]))
    ink, inverted = extract_ink(image.channels, scale, "paper" not in skipped)
    ink, parts = remove_specks(ink) if "specks" not in skipped else (ink, 1)
    if not ink.any():
        return Prepared(np.zeros((SIZE, SIZE), np.uint8), inverted, (0, 0, 0, 0), (0, 0), 0, 0.0)
    top, bottom, left, right = box_of(ink)
    if "box" not in skipped and scale < 1 and max(bottom - top, right - left) < _RECROP_BELOW:
        return _recrop(image, int(top / scale), int(bottom / scale), int(left / scale), int(right / scale), skipped)
    prepared = prepare_ink(ink, inverted, parts, skipped)
    touches_edge = top == 0 or left == 0 or bottom == ink.shape[0] or right == ink.shape[1]
    return replace(prepared, box=in_file(prepared.box, image, scale), touches_edge=touches_edge)


def prepare_ink(ink: np.ndarray, inverted: bool = False, parts: int = 1, skipped: frozenset[str] = _NONE) -> Prepared:
    """Frame the ink of one digit, (H, W) of 0 to 1 of which some is ink, like MNIST's; `box` is in its pixels.

    `parts` are counted again where the strokes are widened: that closes the gaps of a pen that skips.
    """
    cropped = "box" not in skipped
    top, bottom, left, right = box_of(ink) if cropped else (0, ink.shape[0], 0, ink.shape[1])
    digit = ink[top:bottom, left:right]
    box: Box = (left, top, right, bottom)
    if cropped and max(digit.shape) < BOX:
        digit, box = upsample(digit, top, left)
    widened = digit if "stroke" in skipped else widen(digit)
    if widened is not digit and "specks" not in skipped:
        parts = remove_specks(widened)[1]
    pixels, shift = place(fit_to_box(widened), by_mass="center" not in skipped)
    levels = np.rint(pixels * 255).astype(np.uint8)
    return Prepared(levels, inverted, box, shift, parts, float((ink > 0.5).mean()))


def in_file(box: Box, image: DecodedImage, scale: float) -> Box:
    """Left, top, right and bottom in pixels of the file, within the image."""
    height, width = image.channels.shape[:2]
    left, top, right, bottom = (
        round(min(float(edge) / scale, limit) * image.reduced, 1)
        for edge, limit in zip(box, (width, height, width, height))
    )
    return left, top, right, bottom


def _recrop(image: DecodedImage, top: int, bottom: int, left: int, right: int, skipped: frozenset[str]) -> Prepared:
    """Prepare the crop of a small digit in a large image, with half its size as a margin, at full resolution."""
    margin = max(bottom - top, right - left) // 2
    top, left = max(0, top - margin), max(0, left - margin)
    crop = image.channels[top : bottom + margin, left : right + margin]
    prepared = prepare(DecodedImage(crop, image.reduced), skipped)
    if prepared.empty:
        return prepared
    x, y = left * image.reduced, top * image.reduced
    box = prepared.box
    moved = (round(box[0] + x, 1), round(box[1] + y, 1), round(box[2] + x, 1), round(box[3] + y, 1))
    fraction = crop.shape[0] * crop.shape[1] / (image.channels.shape[0] * image.channels.shape[1])
    return replace(prepared, box=moved, ink=prepared.ink * fraction)


def _framed_pixels(image: DecodedImage) -> np.ndarray | None:
    """The pixels, uint8 (28, 28), of a gray image that is framed like MNIST's, light on black; None for others.

    All 70,000 MNIST images qualify: the longer side of the ink has 20 pixels (in 16 images 19), and the center of mass
    is at most 0.52 pixels from CENTER.
    """
    if image.channels.shape[:2] != (SIZE, SIZE) or image.reduced != 1:
        return None
    levels = image.channels.astype(np.float64) * 255
    pixels = np.rint(levels[..., 0])
    opaque_gray = np.stack([pixels, pixels, pixels, np.full_like(pixels, 255)], axis=2)  # (28, 28, 4)
    if np.abs(levels - opaque_gray).max() >= _EXACT or not pixels.any():
        return None
    top, bottom, left, right = box_of(pixels)
    positions = np.arange(SIZE) + 0.5
    offset = max(abs(pixels.sum(axis) @ positions / pixels.sum() - CENTER) for axis in (0, 1))
    framed = BOX - 1 <= max(bottom - top, right - left) <= BOX and offset <= _MAX_OFFSET
    return pixels.astype(np.uint8) if framed else None


def from_pixels(rows: ArrayLike) -> Prepared:
    """An image of 28 rows of 28 numbers, 0 to 255, that is framed like MNIST's already."""
    pixels = np.rint(np.asarray(rows, np.float64)).astype(np.uint8)
    _, parts = remove_specks(np.where(pixels > FAINT * 255, pixels, 0))
    return Prepared(pixels, False, (0, 0, SIZE, SIZE), (0, 0), parts, float((pixels > 127).mean()))


def extract_ink(channels: np.ndarray, scale: float, surface: bool = True) -> tuple[np.ndarray, bool]:
    """`ink_of` an image (H, W, 4) that is first downscaled by `scale`."""
    return ink_of(reduced_colors(channels, scale), surface and max(channels.shape[:2]) >= _MIN_SURFACE)


def reduced_colors(channels: np.ndarray, scale: float) -> np.ndarray:
    """Opaque colors (H, W, 3) of an image (H, W, 4), downscaled by `scale`."""
    height, width = channels.shape[:2]
    return flatten_alpha(resize(channels, max(1, round(height * scale)), max(1, round(width * scale))))


def box_of(ink: np.ndarray) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of the bounding box of all ink, of which there is some."""
    rows, columns = np.nonzero(ink.max(1))[0], np.nonzero(ink.max(0))[0]
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def upsample(digit: np.ndarray, top: int, left: int) -> tuple[np.ndarray, Box]:
    """A digit, cropped at `top` and `left`, at _UPSAMPLED times the pixels, cropped again; and its new box."""
    n = _UPSAMPLED
    ink = upscale(digit, n)
    first_row, last_row, first_column, last_column = box_of(ink)
    box = (left + first_column / n, top + first_row / n, left + last_column / n, top + last_row / n)
    return ink[first_row:last_row, first_column:last_column], box


def fit_to_box(ink: np.ndarray) -> np.ndarray:
    """The digit scaled so that its longer side is BOX."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    return resize(ink, max(1, round(height * scale)), max(1, round(width * scale)))


def place(digit: np.ndarray, by_mass: bool = True) -> tuple[np.ndarray, tuple[int, int]]:
    """(28, 28) with the digit's center of mass, else its box, in the middle; and the shift right and down by mass."""
    height, width = digit.shape
    top, left = (SIZE - height) // 2, (SIZE - width) // 2
    down = right = 0
    if by_mass and digit.sum() > 0:
        y = (digit.sum(1) @ (np.arange(height) + 0.5)) / digit.sum()
        x = (digit.sum(0) @ (np.arange(width) + 0.5)) / digit.sum()
        down = int(np.clip(_round_stably(CENTER - y), 0, SIZE - height)) - top
        right = int(np.clip(_round_stably(CENTER - x), 0, SIZE - width)) - left
    pixels = np.zeros((SIZE, SIZE))
    pixels[top + down : top + down + height, left + right : left + right + width] = digit
    return pixels, (right, down)


def _round_stably(value: float) -> int:
    """Rounds halves, as symmetric digits have them, independently of the rounding errors of a sum."""
    return round(round(value, 6))
