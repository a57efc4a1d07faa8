"""Input checks: rules on the 28x28 pixels that reject non-digits without a network; and all reasons for a rejection.

    reason = rejection_reason(prepared)          "far too much ink", or None

Each check is one number and a limit, so that the page applies the same rules (web/pad/). The limits reject about one
in 500 MNIST digits after preprocessing. Digits of several strokes or pieces (a 4, a 5, a broken 8) pass.
"""

import numpy as np

from digits.inference.preprocess import Prepared

REASONS = {
    "ink": "far too much ink",
    "parts": "several digits or parts",
    "touching": "several digits that touch",
    "tangle": "a tangle of lines",
    "edge": "touches the edge",
    "faint": "the strokes are very faint",
    "unlike": "unlike any digit",
}
IMAGE_FLAWS = (REASONS["edge"], REASONS["faint"])  # flaws of the image rather than of the digit

WINDOW, MAX_FILL = 9, 0.97  # pixels on a side, and the fraction of ink in such a window: strokes are thinner
MAX_CROSSINGS = 5  # strokes crossed by one row or column: a looped 8 or 2 has three or four
MAX_TOTAL_CROSSINGS = 95  # by the 28 rows and 28 columns: the median digit has 52, a slashed 0 up to 95
MAX_HOLES = 3  # more than components: an 8 has one more
MAX_PARTS = 3  # large components of ink (Prepared.parts)
MAX_SPLIT = 0.2  # fraction of the ink on either side of an empty column: more is another digit
_STRONG, _FAINT = 0.5, 0.15  # of the maximum: within a stroke, and any ink


def rejection_reason(prepared: Prepared, outlier: bool = False) -> str | None:
    """Why the image is rejected as a digit, one of REASONS; None if it may be one.

    `outlier`: its OOD score exceeds the threshold; a flaw of the image may be the cause.
    """
    strong = prepared.pixels > _STRONG * prepared.pixels.max()
    if max_window_fill(prepared.pixels) > MAX_FILL:
        return REASONS["ink"]
    if prepared.parts > MAX_PARTS or column_split(prepared.pixels) > MAX_SPLIT:
        return REASONS["parts"]
    rows, columns = stroke_crossings(strong), stroke_crossings(strong.T)
    crossings = max(rows.max(), columns.max()), rows.sum() + columns.sum()
    if crossings[0] > MAX_CROSSINGS or crossings[1] > MAX_TOTAL_CROSSINGS or -euler_number(strong) > MAX_HOLES:
        return REASONS["tangle"]
    if prepared.fills_corner:
        return REASONS["edge"]
    if not outlier:
        return None
    if prepared.touches_edge:
        return REASONS["edge"]
    return REASONS["faint" if is_faint(prepared.pixels) else "unlike"]


def is_faint(pixels: np.ndarray) -> bool:
    """Whether less than a quarter of the inked pixels have half of full ink."""
    return bool((pixels >= 128).sum() < (pixels > 0).sum() / 4)


def max_window_fill(pixels: np.ndarray) -> float:
    """The largest mean, 0 to 1, of any WINDOW x WINDOW pixels of (28, 28) of 0 to 255."""
    sums = np.pad(pixels.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))  # (29, 29), an integral image
    windows = sums[WINDOW:, WINDOW:] - sums[:-WINDOW, WINDOW:] - sums[WINDOW:, :-WINDOW] + sums[:-WINDOW, :-WINDOW]
    return float(windows.max() / (255 * WINDOW**2))


def column_split(pixels: np.ndarray) -> float:
    """The largest fraction of ink, 0 to 0.5, on the lesser side of an empty column; 0 without an empty column."""
    ink = pixels.sum(0, dtype=np.int64)  # (28,)
    gaps = pixels.max(0) <= _FAINT * pixels.max()
    left = ink.cumsum() / max(1, ink.sum())
    return float(np.where(gaps, np.minimum(left, 1 - left), 0).max())


def stroke_crossings(strong: np.ndarray) -> np.ndarray:
    """(28,): the number of strokes that each row of (28, 28) booleans crosses."""
    return (np.diff(strong, axis=1, prepend=False) & strong).sum(1)


def euler_number(strong: np.ndarray) -> int:
    """The number of 8-connected components less the number of their holes.

    Counted in 2x2 blocks (bit quads): S. Gray, "Local Properties of Binary Images in Two Dimensions", 1971.
    """
    a = np.pad(strong, 1)
    quads = np.stack([a[:-1, :-1], a[:-1, 1:], a[1:, 1:], a[1:, :-1]]).astype(int)  # (4, 29, 29), clockwise
    count = quads.sum(0)
    diagonal = (count == 2) & (quads[0] == quads[2])
    return int(((count == 1).sum() - (count == 3).sum() - 2 * diagonal.sum()) // 4)
