"""Input checks: rules on the 28x28 pixels that reject non-digits without a network.

    reason = refused(prepared)          "far too much ink", or None

Each is one number and a limit, so that the page can ask the same without this program. The limits are such that of 500
MNIST digits that go through the pipeline about one is refused. A digit may well come in pieces (a 4 or 5 of two
strokes, a broken 8): these gates let it pass.
"""

import numpy as np

from digits.inference.preprocess import Prepared

FULL_SIDE, FULL = 9, 0.97  # pixels, and how full of ink such a square may be anywhere: strokes are thinner
AT_ONCE = 5  # strokes that one row or column crosses: a looped 8 or 2 has three or four
IN_ALL = 85  # strokes that the 28 rows and 28 columns cross together: half of all digits have 52 or more
HOLES = 3  # more than pieces: an 8 has one more
PARTS = 3  # large pieces of ink (Prepared.parts)
BESIDE = 0.2  # of the ink: so much on either side of a gap is something for itself, another digit
_STRONG, _FAINT = 0.5, 0.15  # of the darkest pixel: within a stroke, and any ink at all


def rejection_reason(prepared: Prepared) -> str | None:
    """Why this can't be one digit, in a few words; None where it may be one."""
    strong = prepared.pixels > _STRONG * prepared.pixels.max()
    if max_window_fill(prepared.pixels) > FULL:
        return "far too much ink"
    if prepared.parts > PARTS or column_split(prepared.pixels) > BESIDE:
        return "several large parts"
    rows, columns = stroke_crossings(strong), stroke_crossings(strong.T)
    if max(rows.max(), columns.max()) > AT_ONCE or rows.sum() + columns.sum() > IN_ALL or -euler_number(strong) > HOLES:
        return "a tangle of lines"
    return None


def max_window_fill(pixels: np.ndarray) -> float:
    """How full, 0 to 1, the fullest square of FULL_SIDE pixels is, of (28, 28) of 0 to 255."""
    sums = np.pad(pixels.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    side = FULL_SIDE
    squares = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return float(squares.max() / (255 * side**2))


def column_split(pixels: np.ndarray) -> float:
    """How much of the ink is on the lesser side of a column without ink: 0 to 0.5, the most there is; 0 for none."""
    inks = pixels.sum(0, dtype=np.int64)
    gaps = pixels.max(0) <= _FAINT * pixels.max()
    left = inks.cumsum() / max(1, inks.sum())
    return float(np.where(gaps, np.minimum(left, 1 - left), 0).max())


def stroke_crossings(strong: np.ndarray) -> np.ndarray:
    """(28,): how many strokes each row of (28, 28) crosses."""
    return (np.diff(strong, axis=1, prepend=False) & strong).sum(1)


def euler_number(strong: np.ndarray) -> int:
    """How many pieces there are, corners included, less their holes.

    S. Gray, "Local Properties of Binary Images in Two Dimensions", 1971: the squares of 2x2 pixels tell it.
    """
    a = np.pad(strong, 1)
    quads = np.stack([a[:-1, :-1], a[:-1, 1:], a[1:, 1:], a[1:, :-1]]).astype(int)  # (4, 29, 29), round about
    count = quads.sum(0)
    across = (count == 2) & (quads[0] == quads[2])
    return int(((count == 1).sum() - (count == 3).sum() - 2 * across.sum()) // 4)
