"""Stroke width: its measurement, and the dilation of strokes thinner than MNIST's.

A line of 1 % of a digit's height is a fifth of a pixel of the 20x20 box, and area averaging would turn it into a light
gray that the network has never seen. So a thin stroke is widened before it is averaged.
"""

import math

import numpy as np

from digits.data.mnist import BOX
from digits.inference.ink import upscale

WIDEN_BELOW = 1.4  # pixels of the box: thinner strokes are widened, those of 0.8 % of MNIST's digits
TARGET_WIDTH = 2.0  # pixels of the box after widening; MNIST's median digit has 2.5
MIN_SIDE = 80  # pixels on the longer side for dilation: a disc on fewer is hardly round


def stroke_width(ink: np.ndarray) -> float:
    """Mean stroke width in pixels of (H, W) of 0 to 1, of which some are ink: twice the area by the perimeter.

    The perimeter is pi/4 of the total variation along rows and columns (Crofton's formula for two directions).
    """
    padded = np.pad(ink, 1)
    variation = np.abs(np.diff(padded, axis=0)).sum() + np.abs(np.diff(padded, axis=1)).sum()
    return float(2 * ink.sum() / (math.pi / 4 * variation))


def widen(ink: np.ndarray) -> np.ndarray:
    """The ink of a digit, (H, W), with thin strokes widened to TARGET_WIDTH; unchanged if they are not thin.

    The result has a margin for the strokes, and more pixels if there were fewer than MIN_SIDE.
    """
    if not radius_to_widen(ink):
        return ink
    times = -(-MIN_SIDE // max(ink.shape))
    large = upscale(ink, times) if times > 1 else ink
    return dilate(large, radius_to_widen(large))


def radius_to_widen(ink: np.ndarray) -> float:
    """The radius in pixels of the disc whose dilation gives strokes TARGET_WIDTH; 0 if they are wide enough.

    Dilation by radius r widens the strokes and the digit by 2r each: (width + 2r) / (side + 2r) = TARGET_WIDTH / BOX.
    """
    width, side = stroke_width(ink), max(ink.shape)
    if width >= WIDEN_BELOW / BOX * side:
        return 0
    target = TARGET_WIDTH / BOX
    return (target * side - width) / (2 * (1 - target))


def dilate(ink: np.ndarray, radius: float) -> np.ndarray:
    """Gray-scale dilation by a disc: (H + 2r, W + 2r), the maximum of `ink` within `radius`, r being its integer part.

    A disc is a stack of rows whose width grows toward its center, so that each row's maximum extends the previous one.
    """
    r = int(radius)
    height, width = ink.shape
    padded = np.pad(ink, 2 * r)
    rows = np.zeros((height + 4 * r, width + 2 * r))  # the maximum over [-half, half] of each row
    dilated = np.zeros((height + 2 * r, width + 2 * r))
    half = -1
    for y in range(r, -1, -1):
        while half + 1 <= math.sqrt(radius**2 - y**2):
            half += 1
            for start in (r - half, r + half):
                np.maximum(rows, padded[:, start : start + width + 2 * r], out=rows)
        for start in (r - y, r + y):
            np.maximum(dilated, rows[start : start + height + 2 * r], out=dilated)
    return dilated
