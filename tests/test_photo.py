"""Photos with shadows, tables and ruled lines, before and after cleaning, a fixture for tests/web/photo.test.js.

python -m tests.test_photo    rewrites tests/fixtures/photos.json after a deliberate change
"""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy import ndimage

from digits.data import synthetic
from digits.data.resize import resize
from digits.inference import reading
from digits.inference.images import DecodedImage
from digits.inference.input_checks import rejection_reason
from digits.inference.photo import clean, closing, dilation
from digits.inference.prediction import Prediction
from digits.inference.preprocess import Prepared, prepare
from tests.test_preprocess_page import (
    BLACK,
    CREAM,
    WHITE,
    bytes_of,
    cut,
    line,
    on_sheet,
    opaque,
    packed,
    steep,
    unpacked,
)

FIXTURE = Path(__file__).parent / "fixtures" / "photos.json"
SQUARES = (170, 190, 230)
BLUE_INK = (30, 50, 120)


def written(height: int, width: int, pen: int = 5) -> np.ndarray:
    """The ink, 0 to 1, of a 4 in the middle of a sheet (H, W)."""
    return on_sheet(line(height // 2, width // 2, pen), height, width, height // 4, width // 4)


def half_plane(height: int, width: int, blur: float = 0.0, edge: float = 0.45) -> np.ndarray:
    """1 below a slanted edge, else 0."""
    y, x = np.mgrid[:height, :width]
    below = Image.fromarray((255 * (y > edge * height + 0.3 * x)).astype(np.uint8))
    return np.asarray(below.filter(ImageFilter.GaussianBlur(blur))) / 255


def squared(height: int, width: int, gap: int) -> np.ndarray:
    lines = np.zeros((height, width))
    lines[gap // 2 :: gap] = lines[:, gap // 3 :: gap] = 1
    return lines


def on_paper(ink: np.ndarray, color, paper=WHITE, light=None, lines=None) -> np.ndarray:
    """The photo, uint8 (H, W, 4), of ink on paper with ruled lines, under `light` (H, W)."""
    sheet = opaque(np.zeros_like(ink) if lines is None else lines, SQUARES, paper)[..., :3]
    mixed = ink[..., None] * np.asarray(color) + (1 - ink[..., None]) * sheet
    lit = mixed if light is None else mixed * light[..., None]
    return bytes_of(np.dstack([lit, np.full(ink.shape, 255)]))


def negative(photo: np.ndarray) -> np.ndarray:
    return np.dstack([255 - photo[..., :3], photo[..., 3:]])


def shadowed(height: int, width: int, blur: float, light: float, edge: float = 0.45) -> np.ndarray:
    return 1 - (1 - light) * half_plane(height, width, blur, edge)


SQUARED = squared(180, 160, 15)
REJECTED = {  # at the first attempt
    "a cast shadow": on_paper(written(160, 140), BLUE_INK, light=shadowed(160, 140, 0, 0.5)),
    "a cast shadow with a soft edge": on_paper(written(170, 150), BLACK, CREAM, shadowed(170, 150, 3, 0.6)),
    "paper on a dark table": on_paper(written(160, 140), BLUE_INK, light=shadowed(160, 140, 0, 0.2, 0.65)),
    "squared paper": on_paper(written(180, 160), BLUE_INK, lines=SQUARED),
    "squared paper in a shadow": on_paper(written(180, 160), BLACK, WHITE, shadowed(180, 160, 2, 0.6), SQUARED),
    "chalk in a shadow": negative(on_paper(written(160, 150), BLACK, light=shadowed(160, 150, 0, 0.6))),
    "large, a cast shadow": on_paper(written(560, 500, pen=18), BLACK, light=shadowed(560, 500, 2, 0.5)),
}
PLAIN = {
    "a digit": opaque(steep(resize(cut(synthetic.draw(1, seed=3)[0][0].numpy() / 255), 120, 90)), BLACK, WHITE),
    "a thin digit": opaque(written(160, 140), BLACK, CREAM),
    "blank": opaque(np.zeros((90, 80)), BLACK, CREAM),
    "smaller than a photo": opaque(written(60, 60), BLACK, WHITE),
}


def image_of(photo: np.ndarray) -> DecodedImage:
    return DecodedImage(photo.astype(np.float32) / 255, 1.0)


def written_like(pixels: np.ndarray) -> bool:
    """Whether uint8 (28, 28) resemble the 4 that is written in all photos."""
    expected = prepare(image_of(PLAIN["a thin digit"])).pixels.astype(float)
    return bool((pixels * expected).sum() >= 0.85 * np.sqrt((pixels.astype(float) ** 2).sum() * (expected**2).sum()))


def sees_a_4(prepared: list[Prepared]) -> list[Prediction]:
    """Predictions of a network that rejects what does not resemble the 4."""
    row = [0.999 if digit == 4 else 0.001 / 9 for digit in range(10)]
    return [
        Prediction(one, None)
        if one.empty
        else Prediction(one, row, rejection_reason(one, outlier=not written_like(one.pixels)), 1.0, -12.0)
        for one in prepared
    ]


def facts(photo: np.ndarray) -> dict:
    cleaned = clean(image_of(photo))
    answer = reading.read([image_of(photo)], sees_a_4)[0]
    gray = cleaned and packed(np.rint(cleaned.channels[..., 0] * 255).astype(np.uint8))
    box = [float(edge) for edge in answer.digits[0].prepared.box]
    return {"cleaned": gray, "text": answer.text, "status": answer.status, "box": box}


@pytest.mark.parametrize("name", REJECTED)
def test_a_photo_is_read_without_its_shadows_and_lines(name):
    image = image_of(REJECTED[name])
    first = reading._read_further(image, sees_a_4([prepare(image)])[0], sees_a_4)
    assert first.status == "not_a_digit"
    answer = reading.read([image], sees_a_4)[0]
    assert (answer.status, answer.text) == ("ok", "4")
    height, width = image.channels.shape[:2]
    left, top, right, bottom = answer.digits[0].prepared.box
    assert abs(left / width - 0.34) < 0.08 and abs(right / width - 0.68) < 0.08
    assert abs(top / height - 0.3) < 0.08 and abs(bottom / height - 0.72) < 0.08


@pytest.mark.parametrize("name", PLAIN)
def test_there_is_no_second_attempt_without_shadows_or_lines(name):
    assert clean(image_of(PLAIN[name])) is None


def sees_a_1_at_edges(prepared: list[Prepared]) -> list[Prediction]:
    row = [0.999 if digit == 1 else 0.001 / 9 for digit in range(10)]
    return [
        Prediction(one.prepared, row, None, 1.0, -12.0) if one.prepared.touches_edge else one
        for one in sees_a_4(prepared)
    ]


def test_a_digit_is_read_instead_of_the_shadow_at_an_edge():
    image = image_of(REJECTED["paper on a dark table"])
    first = reading._read_further(image, sees_a_1_at_edges([prepare(image)])[0], sees_a_1_at_edges)
    assert first.text == "1"
    assert reading.read([image], sees_a_1_at_edges)[0].text == "4"


def test_a_number_up_to_an_edge_is_not_shortened():
    digit = np.pad(line(100, 80, 6), 20)
    at_edge = on_sheet(cut(line(100, 80, 6)), 140, 60, 20, 0)[:, : cut(line(100, 80, 6)).shape[1]]
    image = image_of(opaque(np.hstack([digit, at_edge]), BLACK, WHITE))
    first = reading._read_further(image, sees_a_1_at_edges([prepare(image)])[0], sees_a_1_at_edges)
    assert first.text == "41" and clean(image) is not None
    assert reading.read([image], sees_a_1_at_edges)[0].text == "41"


def test_a_shadow_without_a_digit_is_no_digit():
    photo = on_paper(np.zeros((160, 140)), BLACK, light=shadowed(160, 140, 0, 0.5))
    assert reading.read([image_of(photo)], sees_a_4)[0].status == "not_a_digit"


def test_dilation_and_closing_are_scipys():
    values = np.random.default_rng(2).random((23, 40))
    for radius in (1, 2, 3, 6, 8):
        size = 2 * radius + 1
        assert np.array_equal(dilation(values, radius), ndimage.maximum_filter(values, size, mode="nearest"))
        largest = ndimage.maximum_filter(values, size, mode="nearest")
        assert np.array_equal(closing(values, radius), ndimage.minimum_filter(largest, size, mode="nearest"))


def write() -> None:
    entries = [
        {"name": name, "height": len(photo), "width": photo.shape[1], "rgba": packed(photo)} | facts(photo)
        for name, photo in (REJECTED | PLAIN).items()
    ]
    FIXTURE.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")


def test_the_fixture_matches_the_cleaning():
    entries = json.loads(FIXTURE.read_text())
    assert [entry["name"] for entry in entries] == [*REJECTED, *PLAIN] and FIXTURE.stat().st_size < 150_000
    for entry in entries:
        now = facts(unpacked(entry["rgba"], (entry["height"], entry["width"], 4)))
        assert now == {name: entry[name] for name in now}, f"{entry['name']}: python -m tests.test_photo rewrites it"


if __name__ == "__main__":
    write()
    print(f"Wrote {FIXTURE}, {FIXTURE.stat().st_size:,} bytes")
