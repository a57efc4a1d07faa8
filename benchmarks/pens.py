"""Digits redrawn with other pens: from half a percent of the digit's height to a fifth, skipping, grainy or faint.

    picture = redraw(skeleton(image), PENS["pencil"], np.random.default_rng(0))     dark on light, as on paper

A digit is thinned to lines of one pixel, which are drawn again on a larger sheet.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

_LARGER = 4  # times: thinned at 112x112
_INK = 110  # of 255: less is background when thinning
_FINER = 2  # times: drawn larger, then averaged for soft edges
_NEIGHBORS = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))  # shifts: from above, clockwise
_AHEAD = ((0, 1), (1, 0), (1, 1), (1, -1))  # half of them: each pair of neighbors once


@dataclass(frozen=True)
class Pen:
    """A pen. `width`: fraction of the digit's height; 0: one pixel. `sides`: of the sheet, in pixels.

    `gaps`: fraction of missing pieces. `grain`: spread of the ink's density. `contrast`: least and most gray levels
    between ink and paper. `noise`: its spread in gray levels.
    """

    width: float
    sides: tuple[int, ...] = (200, 400, 800)
    gaps: float = 0
    grain: float = 0
    contrast: tuple[int, int] = (110, 250)
    noise: float = 0


PENS = {
    "pen of 0.5 % of the height": Pen(0.005),
    "pen of 1 % of the height": Pen(0.01),
    "pen of 2 % of the height": Pen(0.02),
    "pen of 5 % of the height": Pen(0.05),
    "pen of 10 % of the height": Pen(0.1),
    "pen of 20 % of the height": Pen(0.2),
    "ballpoint that skips": Pen(0.015, gaps=0.06, noise=2),
    "pencil": Pen(0.03, grain=0.35, noise=2),
    "faint scan": Pen(0.02, contrast=(40, 70), noise=2),
    "lines of 1 pixel": Pen(0, sides=(28, 40, 64, 100)),
}


def skeleton(image: np.ndarray) -> np.ndarray:
    """The middle of the strokes of uint8 (28, 28) as a mask of lines one pixel wide, (112, 112)."""
    side = _LARGER * len(image)
    large = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    return thin(np.asarray(large.filter(ImageFilter.GaussianBlur(_LARGER / 4))) > _INK)


def thin(mask: np.ndarray) -> np.ndarray:
    """(H, W) with lines of one pixel, connected as before.

    T. Zhang, C. Suen, "A fast parallel algorithm for thinning digital patterns", 1984.
    """
    ink = np.pad(mask, 1)
    removed = np.ones_like(ink)
    while removed.any():
        before = ink
        for turn in (0, 2):  # first the pixels at the lower right of a stroke, then those at the upper left
            near = np.stack([np.roll(ink, shift, (0, 1)) for shift in _NEIGHBORS])  # (8, H + 2, W + 2)
            count = near.sum(0)
            starts = (~near & np.roll(near, -1, 0)).sum(0)
            up, right, down, left = np.roll(near[::2], turn, 0)
            inside = right & down & (up | left)
            ink = ink & ~((count >= 2) & (count <= 6) & (starts == 1) & ~inside)
        removed = before & ~ink
    return ink[1:-1, 1:-1]


def redraw(lines: np.ndarray, pen: Pen, rng: np.random.Generator) -> Image.Image:
    """The lines of a skeleton, drawn with a pen at a random place on a sheet that is 1.25 to 2 digits high."""
    side = int(rng.choice(pen.sides))
    height = side * rng.uniform(0.5, 0.8)
    rows, columns = np.nonzero(lines)
    scale = height / (1 + max(np.ptp(rows), np.ptp(columns)))
    corner = rng.uniform(0.1, 0.9 - height / side, 2) * side - scale * np.array([columns.min(), rows.min()])
    ink = _drawn(lines, scale, corner, side, pen.width * height or 1, pen.gaps, rng)
    ink *= rng.normal(1 - pen.grain, pen.grain, ink.shape).clip(0, 1)
    paper = rng.uniform(200, 255)
    gray = paper - ink * min(paper, rng.uniform(*pen.contrast)) + rng.normal(0, pen.noise, ink.shape)
    return Image.fromarray(np.rint(gray.clip(0, 255)).astype(np.uint8))


def _drawn(
    lines: np.ndarray, scale: float, corner: np.ndarray, side: int, width: float, gaps: float, rng
) -> np.ndarray:
    """The ink, 0 to 1, (side, side); lines thinner than a pixel have less ink."""
    sheet = Image.new("L", (_FINER * side,) * 2)
    brush = ImageDraw.Draw(sheet)
    padded = np.pad(lines, 1)
    thick = max(1, round(_FINER * width))
    for down, right in _AHEAD:
        both = padded & np.roll(padded, (-down, -right), (0, 1))
        for y, x in np.argwhere(both[1:-1, 1:-1]):
            if rng.random() >= gaps:
                ends = np.array([[x, y], [x + right, y + down]]) + 0.5
                brush.line((_FINER * (scale * ends + corner)).ravel().tolist(), fill=255, width=thick)
    for y, x in np.argwhere(lines) if thick > 2 else ():  # round joints
        middle, reach = _FINER * (scale * (np.array([x, y]) + 0.5) + corner), thick / 2
        brush.ellipse([*(middle - reach), *(middle + reach)], fill=255)
    small = sheet.resize((side, side), Image.Resampling.BOX)
    return np.asarray(small) / 255 * min(1, _FINER * width)
