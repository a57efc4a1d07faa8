"""Digits drawn by the project itself, for machines without MNIST.

    images, labels = draw(60_000, seed=0)

One hand-made skeleton per image (`skeletons`) is bent as a writer would bend it, then inked with a pen of some width, then framed as
MNIST frames its digits. Everything is batched: no work is done per image in Python.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from digits.skeletons import SKELETONS

CHUNK = 1000  # images drawn at once: about 0.1 s and 30 MB
SAMPLES = 72  # points at which a skeleton is inked; at most about 1.2 pixels apart
SIZE, BOX = 28, 20  # MNIST's frame, and the box in it that the ink fills (yann.lecun.com/exdb/mnist)


# --- skeletons as matrices ---------------------------------------------------------------------------------------------------

def parse(text: str) -> tuple[list[list[float]], list[list[int]]]:
    """Read a skeleton: its control points, and its smooth arcs, each a list of indices into the points."""
    points, arcs = [], []
    for stroke in text.split("/"):
        arc = []
        for word in stroke.split():
            arc.append(len(points))
            points.append([float(value) / 100 for value in word.rstrip("!").split(",")])
            if word.endswith("!"):
                arcs.append(arc)
                arc = arc[-1:]  # the next arc starts at the corner
        arcs.append(arc)
    return points, arcs


def catmull_rom(t: float, arc: list[int], columns: int) -> Tensor:
    """Weights (columns,) of the control points at `t`, counted in points along the arc; reflected end points."""
    i = min(int(t), len(arc) - 2)
    u = t - i
    weights = [
        (-u + 2 * u**2 - u**3) / 2,
        (2 - 5 * u**2 + 3 * u**3) / 2,
        (u + 4 * u**2 - 3 * u**3) / 2,
        (u**3 - u**2) / 2,
    ]
    row = torch.zeros(columns)
    for j, weight in zip(range(i - 1, i + 3), weights):
        if j < 0:  # the point before the first: 2 * first - second
            row[arc[0]] += 2 * weight
            row[arc[1]] -= weight
        elif j >= len(arc):
            row[arc[-1]] += 2 * weight
            row[arc[-2]] -= weight
        else:
            row[arc[j]] += weight
    return row


def curve_matrix(points: list[list[float]], arcs: list[list[int]], columns: int) -> Tensor:
    """The (SAMPLES, columns) matrix that turns control points into points evenly spaced along the curve."""
    fine = [(arc, step / 16) for arc in arcs for step in range(16 * (len(arc) - 1) + 1)]
    rows = torch.stack([catmull_rom(t, arc, columns) for arc, t in fine])
    control = torch.zeros(columns, 2)
    control[: len(points)] = torch.tensor(points)
    steps = (rows @ control).diff(dim=0).norm(dim=1)
    lifted = torch.tensor([a is not b for (a, _), (b, _) in zip(fine, fine[1:])])
    length = torch.cat([torch.zeros(1), steps.masked_fill(lifted, 0).cumsum(0)])
    at = torch.linspace(0, float(length[-1]), SAMPLES)
    return rows[torch.searchsorted(length, at).clamp(max=len(rows) - 1)]


def play(points: list[list[float]], arcs: list[list[int]]) -> list[float]:
    """Each control point's distance from its nearest neighbour along the pen's path."""
    nearest = [math.inf] * len(points)
    for arc in arcs:
        for i, j in zip(arc, arc[1:]):
            distance = math.dist(points[i], points[j])
            nearest[i], nearest[j] = min(nearest[i], distance), min(nearest[j], distance)
    return nearest


class Library:
    """All skeletons as tensors."""

    def __init__(self) -> None:
        parsed = [(digit, weight, *parse(text)) for digit, shapes in SKELETONS.items() for weight, text in shapes]
        columns = max(len(points) for _, _, points, _ in parsed)
        self.control = torch.zeros(len(parsed), columns, 2)
        for row, (_, _, points, _) in zip(self.control, parsed):
            row[: len(points)] = torch.tensor(points)
        self.curve = torch.stack([curve_matrix(points, arcs, columns) for _, _, points, arcs in parsed])
        self.play = torch.zeros(len(parsed), columns)  # how far a control point may stray: its distance from the next
        for row, (_, _, points, arcs) in zip(self.play, parsed):
            row[: len(points)] = torch.tensor(play(points, arcs))
        self.weight = torch.zeros(10, len(parsed))  # how often digit d is drawn as shape s
        for shape, (digit, weight, _, _) in enumerate(parsed):
            self.weight[digit, shape] = weight


LIBRARY = Library()


# --- the writer --------------------------------------------------------------------------------------------------------------

def uniform(low: float, high: float, *shape: int, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(*shape, generator=generator)


def strokes(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Points (n, SAMPLES, 2) along the pen's path, a shape of each label bent at random."""
    n = len(labels)
    shape = torch.multinomial(LIBRARY.weight[labels], 1, generator=generator).squeeze(1)
    control = LIBRARY.control[shape]  # (n, columns, 2)
    slop = uniform(0.02, 0.20, n, 1, 1, generator=generator)  # careful and careless writers
    control = control + slop * LIBRARY.play[shape, :, None] * torch.randn(control.shape, generator=generator)
    return LIBRARY.curve[shape] @ control


def proportions(points: Tensor, generator: torch.Generator) -> Tensor:
    """Make the upper part larger or smaller than the lower one, and wider or narrower."""
    n = len(points)
    x, y = points.unbind(2)
    taper = 0.25 * torch.randn(n, 1, generator=generator)
    power = torch.exp(0.22 * torch.randn(n, 1, generator=generator))
    return torch.stack([0.3 + (x - 0.3) * torch.exp(taper * (y - 0.5) * 2), y.clamp(min=0.001) ** power], 2)


def elastic(points: Tensor, generator: torch.Generator) -> Tensor:
    """Bend the sheet by a sum of slow waves: neighbouring points move together."""
    n, waves = len(points), 4
    direction = torch.randn(n, 2, waves, generator=generator) * 3  # radians per sheet height
    phase = uniform(0, 2 * math.pi, n, 1, waves, generator=generator)
    amplitude = 0.04 * torch.randn(n, waves, 2, generator=generator)
    return points + torch.sin(points @ direction + phase) @ amplitude


def affine(points: Tensor, generator: torch.Generator) -> Tensor:
    """Change proportions, slant and angle."""
    n = len(points)
    width = torch.exp(0.1 + 0.28 * torch.randn(n, generator=generator))
    slant = 0.15 + 0.28 * torch.randn(n, generator=generator)
    angle = 0.12 * torch.randn(n, generator=generator)
    cos, sin = angle.cos(), angle.sin()
    # y points down, so a slant to the right moves low points to the left: x' = width * x - slant * y
    matrix = torch.stack([width * cos, width * sin, -slant * cos - sin, -slant * sin + cos], 1).view(n, 2, 2)
    return points @ matrix


# --- the pen -----------------------------------------------------------------------------------------------------------------

def frame(points: Tensor, half_width: Tensor) -> Tensor:
    """Scale the ink into MNIST's box, keeping its proportions: points in pixels."""
    low, high = points.amin(1, keepdim=True), points.amax(1, keepdim=True)  # (n, 1, 2)
    room = BOX - 2 * half_width[:, None, None]
    scale = room / (high - low).amax(2, keepdim=True)
    return BOX / 2 + (points - (low + high) / 2) * scale


def ink(points: Tensor, half_width: Tensor, softness: Tensor, generator: torch.Generator) -> Tensor:
    """Ink (n, BOX, BOX), 0 to 1, near the points.

    The distance of a pixel from the stroke is a soft minimum over the points, d^2 = -2 s^2 log sum exp(-d_p^2 / 2 s^2). The
    exponential splits into a factor for the row and one for the column, so a matrix product draws the whole image.
    """
    n = len(points)
    spread = 0.8  # s, in pixels: below the points' spacing the line would bead, far above it would melt
    grid = torch.arange(BOX) + 0.5
    t = torch.linspace(0, 1, SAMPLES)
    pressure = uniform(0, 0.6, n, 1, generator=generator) * torch.sin(uniform(2, 9, n, 1, generator=generator) * t + uniform(0, 6.28, n, 1, generator=generator))
    near = torch.exp(-((points.transpose(1, 2)[:, :, None, :] - grid[:, None]) ** 2) / (2 * spread**2))  # (n, 2, BOX, SAMPLES)
    density = (near[:, 1] * pressure[:, None].exp()) @ near[:, 0].transpose(1, 2)  # (n, BOX, BOX), rows are y
    distance = (-2 * spread**2 * density.clamp(min=1e-30).log()).clamp(min=0).sqrt()
    return ((half_width[:, None, None] - distance) / softness[:, None, None] + 0.5).clamp(0, 1)


def centre(box: Tensor) -> Tensor:
    """Paste boxes uint8 (n, BOX, BOX) into images (n, SIZE, SIZE), centre of mass in the pixel (14, 14), by whole pixels as MNIST does."""
    margin = SIZE - BOX
    place = torch.arange(BOX) + 0.5
    mass = box.float()
    rows, columns = mass.sum(2), mass.sum(1)  # (n, BOX)
    total = rows.sum(1)
    top = (margin + (rows @ place) / total - (SIZE + 1) / 2).round().long().clamp(0, margin)  # where the frame begins in the padded box
    left = (margin + (columns @ place) / total - (SIZE + 1) / 2).round().long().clamp(0, margin)
    padded = torch.nn.functional.pad(box, [margin] * 4)
    window = torch.arange(SIZE)
    return padded[torch.arange(len(box))[:, None, None], (top[:, None] + window)[:, :, None], (left[:, None] + window)[:, None, :]]


def draw_chunk(labels: Tensor, generator: torch.Generator) -> Tensor:
    n = len(labels)
    half_width = (0.9 * torch.exp(0.36 * torch.randn(n, generator=generator))).clamp(0.5, 3.0)
    softness = uniform(0.8, 1.4, n, generator=generator)
    points = affine(elastic(proportions(strokes(labels, generator), generator), generator), generator)
    image = ink(frame(points, half_width), half_width, softness, generator)
    return centre((image * 255).round().to(torch.uint8))


def draw(count: int, seed: int, progress: Callable[[int], None] | None = None) -> tuple[Tensor, Tensor]:
    """Draw `count` digits: images uint8 (count, 28, 28), white on black, and labels uint8 (count,).

    The ten digits are equally frequent (up to one) and shuffled. The same seed gives the same bytes. `progress` is called with the number of images newly
    drawn after each chunk; an exception raised in it ends the work.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = (torch.arange(count) % 10)[torch.randperm(count, generator=generator)]
    images = torch.empty(count, SIZE, SIZE, dtype=torch.uint8)
    for start in range(0, count, CHUNK):
        chunk = labels[start : start + CHUNK]
        images[start : start + CHUNK] = draw_chunk(chunk, generator)
        if progress:
            progress(len(chunk))
    return images, labels.to(torch.uint8)
