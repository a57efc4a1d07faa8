"""Preprocessing: from an image of one digit to the 28x28 pixels of MNIST.

    prepared = prepare(pictures.decode(content))       prepared.pixels: (28, 28), 255 is ink

The recipe is MNIST's own: the digit, scaled to fit a box of 20x20 pixels as it is proportioned, grey levels by
averaging areas, then moved so that its centre of mass is the centre of 28x28 (Y. LeCun, C. Cortes, C. Burges, "The
MNIST database"). Before that paper and ink have to be told apart, since MNIST's digits came clean, and people's don't;
and a digit smaller than the box is first enlarged so that its edges are sharp again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from digits.data.resize import back_projection_upscale, resize
from digits.inference.images import DecodedImage

SIZE = 28
BOX = 20
CENTRE = 14.5  # where MNIST has the centre of mass, with the first pixel from 0 to 1: measured, 14.51 and 14.49
_SHOWN = 256  # pixels on the longer side: the largest picture that is looked at as it is
_CLOSER = 64  # pixels of these: a smaller digit is looked at again, by itself
_SMALL = SIZE  # pixels of a picture's longer side: on less the paper has too few to tell how its colour changes
_FINER = 4  # times the pixels of a digit that is smaller than BOX: its edges then fall between them
_FLAT = 0.06  # of all there is between black and white: a picture with less contrast is blank
_ALIKE = 1e-3  # of the same: values nearer than that are one
_FAINT = 0.15  # of the ink's level: less is paper
_EXACT = 1e-3  # of a gray level: float32 holds the 256 levels more closely
_CENTERED = 0.53  # pixels from CENTRE: MNIST moved its digits by whole pixels
_SPECK = 0.06  # of the largest part's ink: less is dirt
STEPS = ("paper", "specks", "box", "centre")


@dataclass(frozen=True)
class Prepared:
    """`pixels` uint8 (28, 28), ink is 255. `inverted`: the ink was darker than the paper. `box`: left, top, right and
    bottom of the digit in the picture, in its pixels. `shift`: by how many pixels of the 28 it was moved right and down
    to have its centre of mass, not its box, in the middle. `parts`: how many large pieces the ink has. `ink`: its part
    of the picture's area."""

    pixels: np.ndarray
    inverted: bool
    box: tuple[float, float, float, float]
    shift: tuple[int, int]
    parts: int
    ink: float

    @property
    def empty(self) -> bool:
        return not self.pixels.any()


def prepare(picture: DecodedImage, leave_out: Iterable[str] = ()) -> Prepared:
    """Of STEPS those in `leave_out` are not done.

    A picture without anything on it gives no ink at all. One that is framed as MNIST's are keeps its pixels: what is
    read is then the image itself, as training and test read it.
    """
    left_out = set(leave_out)
    if not left_out and (pixels := _framed_already(picture)) is not None:
        top, bottom, left, right = box_of(pixels)
        return replace(from_pixels(pixels), box=(float(left), float(top), float(right), float(bottom)))
    height, width = picture.channels.shape[:2]
    scale = min(1.0, _SHOWN / max(height, width))
    handy = resize(picture.channels, max(1, round(height * scale)), max(1, round(width * scale)))
    uneven = max(height, width) >= _SMALL and "paper" not in left_out
    ink, inverted = ink_of(_on_paper(handy), uneven)
    parts = 1
    if "specks" not in left_out:
        ink, parts = remove_specks(ink)
    if not ink.any():
        return Prepared(np.zeros((SIZE, SIZE), np.uint8), inverted, (0, 0, 0, 0), (0, 0), 0, 0.0)
    framed = "box" not in left_out
    top, bottom, left, right = box_of(ink) if framed else (0, ink.shape[0], 0, ink.shape[1])
    digit = ink[top:bottom, left:right]
    if framed and scale < 1 and max(digit.shape) < _CLOSER:
        edges = (int(edge / scale) for edge in (top, bottom, left, right))
        return _recrop(picture, *edges, leave_out=left_out)
    if framed and max(digit.shape) < BOX:
        digit, (top, bottom, left, right) = upsample(digit, top, left)
    pixels, shift = placed(fit_to_box(digit), centred="centre" not in left_out)
    within = zip((left, top, right, bottom), (width, height, width, height))
    box = tuple(round(min(float(edge) / scale, most) * picture.reduced, 1) for edge, most in within)
    return Prepared(np.rint(pixels * 255).astype(np.uint8), inverted, box, shift, parts, float((ink > 0.5).mean()))


def _recrop(picture: DecodedImage, top: int, bottom: int, left: int, right: int, leave_out: set[str]) -> Prepared:
    """At a digit that is small in a large picture: it and the paper around it, as finely as the picture has them."""
    margin = max(bottom - top, right - left) // 2
    top, left = max(0, top - margin), max(0, left - margin)
    part = picture.channels[top : bottom + margin, left : right + margin]
    seen = prepare(DecodedImage(part, picture.reduced), leave_out)
    shares = part.shape[0] * part.shape[1] / (picture.channels.shape[0] * picture.channels.shape[1])
    aside, down = left * picture.reduced, top * picture.reduced
    box = tuple(round(edge + by, 1) for edge, by in zip(seen.box, (aside, down, aside, down)))
    return replace(seen, box=box if not seen.empty else seen.box, ink=seen.ink * shares)


def _framed_already(picture: DecodedImage) -> np.ndarray | None:
    """The pixels, uint8 (28, 28), of a gray picture that is framed as MNIST's images are, light on black; else None.

    All 70,000 images of MNIST pass: the longer side of the ink has 20 pixels (in 16 images 19), and its center of mass
    is at most 0.52 pixels from CENTRE.
    """
    if picture.channels.shape[:2] != (SIZE, SIZE) or picture.reduced != 1:
        return None
    levels = picture.channels.astype(np.float64) * 255
    pixels = np.rint(levels[..., 0])
    gray = np.abs(levels - np.stack([pixels, pixels, pixels, np.full_like(pixels, 255)], axis=2)).max() < _EXACT
    if not gray or not pixels.any():
        return None
    top, bottom, left, right = box_of(pixels)
    places = np.arange(SIZE) + 0.5
    away = max(abs(pixels.sum(axis) @ places / pixels.sum() - CENTRE) for axis in (0, 1))
    framed = BOX - 1 <= max(bottom - top, right - left) <= BOX and away <= _CENTERED
    return pixels.astype(np.uint8) if framed else None


def from_pixels(rows) -> Prepared:
    """28 rows of 28 numbers 0 to 255 that are framed as MNIST's digits already."""
    pixels = np.rint(np.asarray(rows, np.float64)).astype(np.uint8)
    _, parts = remove_specks(np.where(pixels > _FAINT * 255, pixels, 0))
    return Prepared(pixels, False, (0, 0, SIZE, SIZE), (0, 0), parts, float((pixels > 127).mean()))


def ink_of(colours: np.ndarray, uneven: bool = True) -> tuple[np.ndarray, bool]:
    """How much ink there is, 0 to 1, in each pixel of (H, W, 3), and whether ink is darker than paper.

    Paper is what the border shows: its colour changes slowly from place to place (`uneven`), as light on a page does.
    Ink is what has another colour, whichever; how much is its distance from the paper, to that of full ink.
    """
    paper = _surface(colours) if uneven else np.broadcast_to(np.median(_border(colours), axis=0), colours.shape)
    difference = colours - paper
    distance = np.sqrt((difference**2).mean(axis=2))
    threshold = otsu(distance)
    marked = distance > threshold
    if not marked.any() or distance.max() < _FLAT:
        return np.zeros_like(distance), False
    full = np.percentile(distance[marked], 75)
    if full < _FLAT:
        return np.zeros_like(distance), False
    inverted = bool(difference[marked].mean() < 0)
    ink = np.clip(distance / full, 0, 1)
    return np.where(ink < _FAINT, 0, ink), inverted


def otsu(values: np.ndarray) -> float:
    """The value that parts `values` into two classes with the least variance inside each (N. Otsu, 1979)."""
    if np.ptp(values) < _ALIKE:
        return float(values.max())  # no value lies above it
    counts, edges = np.histogram(values, bins=128)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    sums = np.cumsum(counts * middles)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1 + np.nanargmax(np.where(above > 0, between, 0))])


def remove_specks(ink: np.ndarray) -> tuple[np.ndarray, int]:
    """Without parts that have hardly any ink beside the largest; and how many parts are left."""
    labels, count = components(ink > 0)
    if count < 2:
        return ink, count
    masses = np.bincount(labels.ravel(), ink.ravel(), count + 1)
    kept = masses >= _SPECK * masses[1:].max()
    kept[0] = False
    return np.where(kept[labels], ink, 0), int(kept.sum())


def components(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Connected parts of (H, W), corners included: a label 1, 2, ... for each pixel, 0 outside; and how many.

    Runs of each row are joined to those they touch in the row above (A. Rosenfeld and J. Pfaltz, 1966).
    """
    parents = [0]

    def root(label: int) -> int:
        while parents[label] != label:
            parents[label] = label = parents[parents[label]]
        return label

    labels = np.zeros(mask.shape, np.int64)
    before: list[tuple[int, int, int]] = []  # first, last + 1, label of the row above
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    for row, changes in enumerate(edges):
        firsts, lasts = np.nonzero(changes == 1)[0].tolist(), np.nonzero(changes == -1)[0].tolist()
        here, above = [], 0  # the first run above that may touch this one, or one further right
        for first, last in zip(firsts, lasts):
            while above < len(before) and before[above][1] < first:
                above += 1
            touched, at = [], above
            while at < len(before) and before[at][0] <= last:
                touched.append(root(before[at][2]))
                at += 1
            label = min(touched, default=len(parents))
            if not touched:
                parents.append(label)
            for other in touched:
                parents[other] = label
            labels[row, first:last] = label
            here.append((first, last, label))
        before = here
    roots = np.array([root(label) for label in range(len(parents))])
    names, numbered = np.unique(roots, return_inverse=True)
    return numbered[labels], len(names) - 1


def box_of(ink: np.ndarray) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of the smallest box around all ink; there has to be some."""
    rows, columns = np.nonzero(ink.max(1))[0], np.nonzero(ink.max(0))[0]
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def upsample(digit: np.ndarray, top: int, left: int) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """A digit, boxed at `top` and `left`, of _FINER times the pixels, boxed again; and where that box lies."""
    ink = back_projection_upscale(np.pad(digit, 1), _FINER)[_FINER:-_FINER, _FINER:-_FINER]  # paper is all around
    ink = np.where(ink < min(_FAINT, ink.max()), 0, ink)
    box = box_of(ink)
    rows, columns = slice(*box[:2]), slice(*box[2:])
    return ink[rows, columns], tuple(by + edge / _FINER for by, edge in zip((top, top, left, left), box))


def fit_to_box(ink: np.ndarray) -> np.ndarray:
    """The digit as large as fits BOX x BOX, as it is proportioned."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    return resize(ink, max(1, round(height * scale)), max(1, round(width * scale)))


def placed(digit: np.ndarray, centred: bool = True) -> tuple[np.ndarray, tuple[int, int]]:
    """(28, 28) with the digit's centre of mass, else its box, in the middle; and by how much that moved it."""
    height, width = digit.shape
    top, left = (SIZE - height) // 2, (SIZE - width) // 2
    down = right = 0
    if centred and digit.sum() > 0:
        y = (digit.sum(1) @ (np.arange(height) + 0.5)) / digit.sum()
        x = (digit.sum(0) @ (np.arange(width) + 0.5)) / digit.sum()
        down = int(np.clip(_nearest(CENTRE - y), 0, SIZE - height)) - top
        right = int(np.clip(_nearest(CENTRE - x), 0, SIZE - width)) - left
    pixels = np.zeros((SIZE, SIZE))
    pixels[top + down : top + down + height, left + right : left + right + width] = digit
    return pixels, (right, down)


def _nearest(place: float) -> int:
    """Just between two pixels, as with what is symmetric, it is not to depend on how a sum was rounded."""
    return round(round(place, 6))


def _on_paper(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3): what is transparent becomes paper: white under dark ink, black under light."""
    colours, opacity = picture[..., :3], picture[..., 3:]
    if opacity.min() >= 1:
        return colours
    brightness = (colours * opacity).sum() / max(3 * opacity.sum(), 1e-9)
    return colours * opacity + (1 - opacity) * (brightness < 0.5)


def _border(colours: np.ndarray) -> np.ndarray:
    """(n, 3): the outermost pixels, a thirtieth of the shorter side deep."""
    return colours[_rim(*colours.shape[:2])]


def _rim(height: int, width: int) -> np.ndarray:
    depth = max(1, min(height, width) // 30)
    rim = np.ones((height, width), bool)
    rim[depth : height - depth, depth : width - depth] = False
    return rim


def _surface(colours: np.ndarray, rounds: int = 4) -> np.ndarray:
    """(H, W, 3): the smoothest paper, of second degree in x and y, through the border and all pixels like it."""
    height, width = colours.shape[:2]
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)  # (H, W, 6)
    paper = np.broadcast_to(np.median(_border(colours), axis=0), colours.shape)
    among = _rim(height, width)
    for _ in range(rounds):
        distance = np.sqrt(((colours - paper) ** 2).mean(axis=2))
        near = among & (distance <= max(_FLAT, 2.5 * np.median(distance[among])))
        if near.sum() < 6 * terms.shape[2]:
            break
        fit, *_ = np.linalg.lstsq(terms[near], colours[near], rcond=None)
        paper = terms @ fit
        among = np.ones((height, width), bool)
    return paper
