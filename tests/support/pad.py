"""Drawing on the page's pad, and reading its answers."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from tests.support.browser import PROJECT
from tests.support.pages import open_view, see

SIZE = ["--train-limit", "9600", "--validation", "1000", "--epochs", "3"]
TRAIN = ["--preset", "fast", "--dataset", "synthetic", *SIZE, "--quiet"]
READS = ("willReadFrequently",)  # that a test looks at a canvas often is no fault of the page
ANSWER = "#pad .answer strong"


def train(folder, *options):
    command = [sys.executable, str(PROJECT / "mnist_cnn.py"), "--results-dir", str(folder), *TRAIN, *options]
    return subprocess.Popen(command)


@pytest.fixture(scope="session")
def trained(shared_folder):
    """The results of a network that reads most digits."""

    def make(folder):
        assert train(folder).wait() == 0

    return shared_folder("reads-most-digits", make)


def strokes_of(digit: int) -> list[list[tuple[float, float]]]:
    """A typical digit as pen strokes in the unit square."""
    import torch  # only now: every test run reads this file

    from digits.data.skeletons import SKELETONS, parse, sample

    text = SKELETONS[digit][0][1]
    points, arcs = parse(text)
    control = torch.tensor(points)
    line = (sample(control, arcs) @ control).tolist()
    widest = max(x for x, _ in line)
    line = [(0.5 + 0.7 * (x - widest / 2), 0.15 + 0.7 * y) for x, y in line]
    lifts = [0, *(at for at in range(1, len(line)) if np.hypot(*np.subtract(line[at], line[at - 1])) > 0.08), len(line)]
    return [line[first:last] for first, last in pairwise(lifts)]


def strokes_of_number(text: str) -> list[list[tuple[float, float]]]:
    """Narrow digits beside each other in the unit square; a space leaves a place empty."""
    return [
        [((place + x) / len(text), y) for x, y in stroke]
        for place, letter in enumerate(text)
        if letter != " "
        for stroke in strokes_of(int(letter))
    ]


def sheet(page):
    open_view(page, "#pad")
    page.locator("#pad").scroll_into_view_if_needed()  # it is only read then
    canvas = page.locator("#pad .sheet canvas")
    see(page, "#pad", "Weights after epoch")
    canvas.scroll_into_view_if_needed()
    return canvas


def draw(page, strokes) -> None:
    sheet(page)
    draw_strokes(page, strokes)


def draw_strokes(page, strokes) -> None:
    """Without waiting for the network."""
    canvas = page.locator("#pad .sheet canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    for stroke in strokes:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place)
        page.mouse.up()


def answer(page) -> str:
    return page.locator(ANSWER).inner_text()


def pixels(page) -> list[int]:
    """The displayed network input, after the page has redrawn, which it does in an animation frame."""
    script = """async (canvas) => {
      for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
      return Array.from(canvas.getContext('2d').getImageData(0, 0, 28, 28).data.filter((_, at) => at % 4 === 0));
    }"""
    return page.locator("#pad .input canvas").evaluate(script)


def clear(page) -> None:
    page.get_by_role("button", name="Clear").click()
