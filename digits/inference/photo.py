"""Cleaning of a photo for a second attempt: without cast shadows, the table beside the paper, and ruled lines.

    cleaned = clean(image)          dark ink on white paper, or None if only the edges of strokes would change

The background of ink.py varies slowly, so everything with an edge counts as ink. Here it is local: the brightness after
a closing with a square wider than a stroke (J. Serra, "Image Analysis and Mathematical Morphology", 1982), which
follows the edges of large areas and ignores what is thin. Light multiplies, so ink is the fraction of the background's
brightness that is missing. Ruled lines are fainter than ink.
"""

import numpy as np

from digits.inference.images import DecodedImage
from digits.inference.ink import MIN_CONTRAST, components, ink_of, otsu
from digits.inference.preprocess import reduced_colors

WORKING_SIDE = 512  # pixels on the longer side: larger images are downscaled first
_MIN_SIDE = 64  # pixels on the longer side: a smaller image is no photo
_WINDOW = 1 / 8  # of the longer side: strokes are thinner, shadows and tables wider
_RULED = 0.4  # of full ink: less is a ruled line
_EDGE = 1 / 128  # of the longer side: the first attempt may have seen strokes that much wider
_MIN_REMOVED = 0.05  # of the area that the first attempt took for ink
_DARKEST = 1e-3  # of the range from black to white: no background is darker


def clean(image: DecodedImage) -> DecodedImage | None:
    """Black ink on white paper, 8 bits a channel, at most WORKING_SIDE pixels wide and high.

    None if there is no ink, or if ink_of finds hardly more of it: a second attempt would find the same.
    """
    side = max(image.channels.shape[:2])
    if side < _MIN_SIDE:
        return None
    scale = min(1.0, WORKING_SIDE / side)
    colors = reduced_colors(image.channels, scale)
    ink = _within_edges(_local_ink(colors.mean(axis=2)))
    if not ink.any() or not _removes_some(ink_of(colors)[0], ink):
        return None
    gray = (np.rint(255 * (1 - ink)) / 255).astype(np.float32)
    return DecodedImage(np.dstack([gray, gray, gray, np.ones_like(gray)]), image.reduced / scale)


def _local_ink(brightness: np.ndarray) -> np.ndarray:
    """The amount of ink, 0 to 1, in each pixel of (H, W), relative to full ink."""
    if brightness.mean() < 0.5:
        brightness = 1 - brightness  # light ink on a dark background
    background = closing(brightness, round(max(brightness.shape) * _WINDOW / 2))
    missing = 1 - brightness / np.maximum(background, _DARKEST)
    marks = missing[missing > otsu(missing)]  # ink, and perhaps more ruled lines than ink
    darker = marks[marks >= otsu(marks)] if marks.any() else marks
    full = np.percentile(darker, 75) if darker.any() else 0
    if full < MIN_CONTRAST:
        return np.zeros_like(missing)
    ink = np.minimum(missing / full, 1)
    return np.where(ink < _RULED, 0, ink)


def _within_edges(ink: np.ndarray) -> np.ndarray:
    """(H, W) without components at the edges of the image: a closing leaves some of a shadow's edge there."""
    labels, _ = components(ink > 0)
    at_edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return np.where(np.isin(labels, at_edge), 0, ink)


def _removes_some(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether the first attempt's ink lies in part where there is none now, not even near."""
    inked = before > 0
    near = dilation((after > 0).astype(np.float32), max(1, round(max(after.shape) * _EDGE))) > 0
    return bool((inked & ~near).sum() >= _MIN_REMOVED * inked.sum())


def closing(values: np.ndarray, radius: int) -> np.ndarray:
    """(H, W) without dark parts that are thinner than a square of 2 * `radius` + 1 pixels."""
    return -dilation(-dilation(values, radius), radius)


def dilation(values: np.ndarray, radius: int) -> np.ndarray:
    """(H, W): the maximum of the square of 2 * `radius` + 1 pixels around each pixel."""
    return _running_maximum(_running_maximum(values, radius).T, radius).T


def _running_maximum(values: np.ndarray, radius: int) -> np.ndarray:
    """The maximum within `radius` along the first axis: of windows of 1, 2, 4, ... pixels, joined at last."""
    size, span = 2 * radius + 1, 1
    maxima = np.pad(values, ((radius, radius), (0, 0)), mode="edge")
    while 2 * span <= size:
        maxima = np.maximum(maxima[:-span], maxima[span:])
        span *= 2
    rest = size - span
    return np.maximum(maxima[: len(maxima) - rest], maxima[rest:])
