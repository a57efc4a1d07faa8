"""Pictures of numbers, their pieces and their readings, a fixture for the page (tests/web/numbers.test.js).

python -m tests.test_numbers    rewrites tests/fixtures/numbers.json after a deliberate change

The network is the untrained one of tests/fixtures/network: what it reads is arbitrary, but the same in the page.
"""

import json
from pathlib import Path

import numpy as np

from digits.data import synthetic
from digits.data.resize import resize
from digits.files import read_json
from digits.inference.images import DecodedImage
from digits.inference.predict import Predictor
from digits.inference.preprocess import extract_ink
from digits.inference.reading import WORKING_SIDE
from digits.inference.segmentation import segment
from digits.models import history
from tests.support import PROJECT
from tests.test_preprocess_page import (
    BLACK,
    BLUE,
    CREAM,
    ORANGE,
    PINE,
    WHITE,
    bar,
    cut,
    opaque,
    packed,
    specks,
    unpacked,
)

FIXTURE = Path(__file__).parent / "fixtures" / "numbers.json"
NETWORK = PROJECT / "tests" / "fixtures" / "network" / "tiny"
THRESHOLD = -1.6  # rejects some of the pieces


def line(digits: list[np.ndarray], sizes: list[int], gap: int, tops: list[int] | None = None) -> np.ndarray:
    """Ink (H, W) of digits of these heights in a line; negative gaps make them touch."""
    scaled = [
        resize(digit, size, max(2, round(digit.shape[1] * size / digit.shape[0]))) for digit, size in zip(digits, sizes)
    ]
    tops = tops or [0] * len(sizes)
    height = max(top + size for top, size in zip(tops, sizes)) + 24
    sheet = np.zeros((height, 24 + sum(digit.shape[1] + abs(gap) for digit in scaled)))
    left = 12
    for digit, top in zip(scaled, tops):
        rows, columns = slice(12 + top, 12 + top + digit.shape[0]), slice(left, left + digit.shape[1])
        sheet[rows, columns] = np.maximum(sheet[rows, columns], digit)
        left += digit.shape[1] + gap
    return sheet


def marked(ink: np.ndarray) -> np.ndarray:
    """With a decimal point after the first digit, and a dash at the end."""
    first = np.nonzero(ink.max(0) == 0)[0]
    gap = next(int(column) for column in first if column > 20)
    ink = np.pad(ink, ((0, 0), (0, 20)))
    ink[46:51, gap + 3 : gap + 8] = 1
    ink[30:34, -18:-4] = 1
    return ink


def beside_a_table(ink: np.ndarray) -> np.ndarray:
    """With a triangle in the lower left corner, as a photo at a slant shows it."""
    ink = np.pad(ink, ((0, 0), (30, 0)))
    return np.maximum(ink, np.tri(*ink.shape, k=-len(ink) // 3) * (np.arange(ink.shape[1]) < 24))


def speckled(digit: np.ndarray) -> np.ndarray:
    """A digit of 60 rows, and a speck on its right."""
    ink = np.pad(line([digit], [60], 0), ((0, 0), (0, 30)))
    ink[40:46, -24:-18] = 1
    return ink


def drawn() -> dict[str, np.ndarray]:
    """Names and images uint8 (H, W, 4)."""
    images = synthetic.draw(80, seed=17)[0].numpy() / 255
    digits = iter([cut(image) for image in images])
    rng = np.random.default_rng(17)

    def some(count: int) -> list[np.ndarray]:
        return [next(digits) for _ in range(count)]

    two_lines = np.vstack(
        [np.pad(part, ((0, 0), (0, 160)))[:, :160] for part in (line(some(4), [30] * 4, 6) for _ in "12")]
    )
    return {
        "two digits": opaque(line(some(2), [40, 40], 8), BLACK, WHITE),
        "small gaps": opaque(line(some(5), [40] * 5, 1), BLUE, CREAM),
        "a dozen": opaque(line(some(12), [24] * 12, 4), WHITE, BLACK),
        "uneven heights": opaque(line(some(4), [40, 30, 44, 36], 6, [4, 12, 0, 8]), BLACK, CREAM),
        "sizes of 1 to 2": opaque(line(some(4), [24, 48, 25, 50], 6, [20, 0, 10, 0]), ORANGE, PINE),
        "uphill": opaque(line(some(5), [30] * 5, 5, [40, 30, 20, 10, 0]), BLACK, WHITE),
        "two lines": opaque(two_lines, BLUE, CREAM),
        "touching": opaque(line(some(2), [44, 44], -3), BLACK, WHITE),
        "three touching": opaque(line(some(3), [40] * 3, -2), WHITE, BLACK),
        "with a point and a dash": opaque(marked(line(some(3), [40] * 3, 14)), BLACK, WHITE),
        "specks": opaque(specks(line(some(3), [40] * 3, 8), rng), BLACK, WHITE),
        "a digit of two strokes": opaque(line([bar(20, 14, 0, 4, 0, 14), next(digits)], [8, 40], 4), BLACK, WHITE),
        "a speck beside a digit": opaque(speckled(cut(images[3])), BLACK, WHITE),
        "one digit": opaque(line(some(1), [60], 0), BLACK, WHITE),
        "large": opaque(resize(line(some(3), [60] * 3, 10), 170, 560), BLACK, WHITE),
        "beside a table": opaque(beside_a_table(line(some(2), [40, 40], 20)), BLACK, WHITE),
    }


def tiny() -> Predictor:
    saved = read_json(NETWORK.with_suffix(".json"))
    latest = history.latest(saved, NETWORK.with_suffix(".bin").read_bytes())
    network = history.load_snapshot(saved, latest.numbers, latest.views)
    return Predictor(network, {"temperature": saved["temperature"], "ood_threshold": THRESHOLD})


def facts(picture: np.ndarray, predictor: Predictor) -> dict:
    image = DecodedImage(picture.astype(np.float32) / 255, 1.0)
    ink, _ = extract_ink(image.channels, min(1.0, WORKING_SIDE / max(picture.shape)))
    sheet = segment(ink)
    reading = predictor.read(image)
    return {
        "pieces": [[[p.left, p.top, p.right, p.bottom] for p in pieces] for pieces in sheet.lines],
        "cuts": [[sheet.cuts(piece) for piece in pieces] for pieces in sheet.lines],
        "corners": [[sheet.fills_corner(piece) for piece in pieces] for pieces in sheet.lines],
        "text": reading.text,
        "status": reading.status,
        "reason": reading.reason,
        "boxes": [list(map(float, digit.prepared.box)) for digit in reading.digits],
    }


def write() -> None:
    predictor = tiny()
    entries = [
        {"name": name, "height": len(picture), "width": picture.shape[1], "rgba": packed(picture)}
        | facts(picture, predictor)
        for name, picture in drawn().items()
    ]
    FIXTURE.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")


def test_the_fixture_matches_the_readings():
    predictor = tiny()
    entries = json.loads(FIXTURE.read_text())
    assert len(entries) >= 14 and FIXTURE.stat().st_size < 200_000
    assert sum(len(entry["boxes"]) > 1 for entry in entries) >= 6
    for entry in entries:
        now = facts(unpacked(entry["rgba"], (entry["height"], entry["width"], 4)), predictor)
        assert now == {name: entry[name] for name in now}, f"{entry['name']}: python -m tests.test_numbers rewrites it"


if __name__ == "__main__":
    write()
    print(f"Wrote {FIXTURE}, {FIXTURE.stat().st_size:,} bytes")
