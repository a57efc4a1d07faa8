"""Separation of ink from its background, removal of specks, and upscaling."""

import itertools

import numpy as np

from digits.data.resize import back_projection_upscale

FAINT = 0.15  # of full ink: less is background
MIN_CONTRAST = 0.06  # of the range from black to white: an image with less is blank
_EQUAL = 1e-3  # of the same range: closer values are one
_SPECK = 0.06  # of the largest component's ink: a smaller component is dirt
_MIN_SAMPLES = 36  # pixels, six for each coefficient of the background


def ink_of(colors: np.ndarray, surface: bool = True) -> tuple[np.ndarray, bool]:
    """The amount of ink, 0 to 1, in each pixel of (H, W, 3), and whether ink is darker than its background.

    The background is what the border shows; with `surface` its color varies slowly, as under uneven light. Ink is any
    other color; its amount is the distance from the background, relative to that of full ink.
    """
    background = fit_surface(colors) if surface else np.broadcast_to(_median_border(colors), colors.shape)
    difference = colors - background
    distance = np.sqrt((difference**2).mean(axis=2))  # (H, W)
    mask = distance > otsu(distance)
    if not mask.any() or distance.max() < MIN_CONTRAST:
        return np.zeros_like(distance), False
    full = np.percentile(distance[mask], 75)
    if full < MIN_CONTRAST:
        return np.zeros_like(distance), False
    ink = np.clip(distance / full, 0, 1)
    return np.where(ink < FAINT, 0, ink), bool(difference[mask].mean() < 0)


def otsu(values: np.ndarray) -> float:
    """The threshold that splits `values` into two classes of least variance within each (N. Otsu, 1979)."""
    if np.ptp(values) < _EQUAL:
        return float(values.max())  # nothing lies above it
    counts, edges = np.histogram(values, bins=128)
    centers = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    sums = np.cumsum(counts * centers)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2  # the variance between the classes
    return float(edges[1 + np.nanargmax(np.where(above > 0, between, 0))])


def flatten_alpha(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) of (H, W, 4): transparent pixels become white behind dark ink, black behind light ink."""
    colors, opacity = image[..., :3], image[..., 3:]
    if opacity.min() >= 1:
        return colors
    brightness = (colors * opacity).sum() / max(3 * opacity.sum(), 1e-9)
    return colors * opacity + (1 - opacity) * (brightness < 0.5)


def _border(height: int, width: int) -> np.ndarray:
    """A mask (H, W) of the outermost pixels, a thirtieth of the shorter side deep."""
    depth = max(1, min(height, width) // 30)
    border = np.ones((height, width), bool)
    border[depth : height - depth, depth : width - depth] = False
    return border


def _median_border(colors: np.ndarray) -> np.ndarray:
    """(3,): the median color of the border."""
    return np.median(colors[_border(*colors.shape[:2])], axis=0)


def fit_surface(colors: np.ndarray, rounds: int = 4) -> np.ndarray:
    """(H, W, 3): a background of second degree in x and y, fitted to the border and then to all pixels like it."""
    height, width = colors.shape[:2]
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)  # (H, W, 6)
    surface = np.broadcast_to(_median_border(colors), colors.shape)
    border = candidates = _border(height, width)
    for _ in range(rounds):
        distance = np.sqrt(((colors - surface) ** 2).mean(axis=2))
        spread = min(np.median(distance[candidates]), np.median(distance[border]))  # most pixels may be ink
        inliers = candidates & (distance <= max(MIN_CONTRAST, 2.5 * spread))
        if inliers.sum() < _MIN_SAMPLES:
            break
        coefficients, *_ = np.linalg.lstsq(terms[inliers], colors[inliers], rcond=None)
        surface = terms @ coefficients
        candidates = np.ones((height, width), bool)
    return surface


def remove_specks(ink: np.ndarray) -> tuple[np.ndarray, int]:
    """(H, W) without components that have hardly any ink compared to the largest one, and how many remain."""
    labels, count = components(ink > 0)
    if count < 2:
        return ink, count
    masses = np.bincount(labels.ravel(), ink.ravel(), count + 1)
    kept = masses >= _SPECK * masses[1:].max()
    kept[0] = False  # the background
    return np.where(kept[labels], ink, 0), int(kept.sum())


def upscale(ink: np.ndarray, times: int) -> np.ndarray:
    """(H, W) as (H * times, W * times) with sharp edges, and nothing fainter than ink is."""
    upscaled = back_projection_upscale(np.pad(ink, 1), times)[times:-times, times:-times]  # padded with background
    return np.where(upscaled < min(FAINT, upscaled.max()), 0, upscaled)


def components(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """8-connected components of (H, W): a label 1, 2, ... for each pixel, 0 for the background; and their number.

    Runs of each row are joined with the runs they touch in the row above (A. Rosenfeld and J. Pfaltz, 1966).
    """
    parents = [0]  # a union-find forest over provisional labels
    labels = np.zeros(mask.shape, np.int64)
    previous: list[tuple[int, int, int]] = []  # start, end, label of the runs in the row above
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    for row, changes in enumerate(edges):
        starts, ends = np.nonzero(changes == 1)[0].tolist(), np.nonzero(changes == -1)[0].tolist()
        runs = []
        above = 0  # the first run above that may touch this run or one further right
        for start, end in zip(starts, ends):
            while above < len(previous) and previous[above][1] < start:
                above += 1
            label = _join(parents, previous[above:], end)
            labels[row, start:end] = label
            runs.append((start, end, label))
        previous = runs
    roots = np.array([_root(parents, label) for label in range(len(parents))])
    names, numbered = np.unique(roots, return_inverse=True)
    return numbered[labels], len(names) - 1


def _join(parents: list[int], above: list[tuple[int, int, int]], end: int) -> int:
    """The label of a run up to `end`: the least of the runs `above` that it touches, which are joined, or a new one."""
    touched = [_root(parents, label) for start, _, label in itertools.takewhile(lambda run: run[0] <= end, above)]
    label = min(touched, default=len(parents))
    if not touched:
        parents.append(label)
    for other in touched:
        parents[other] = label
    return label


def _root(parents: list[int], label: int) -> int:
    while parents[label] != label:
        parents[label] = label = parents[parents[label]]
    return label
