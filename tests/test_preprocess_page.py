"""Images and their preprocessed results, a fixture for the page's implementation (tests/web/prepare.test.js).

python -m tests.test_preprocess_page    rewrites tests/fixtures/prepared.json when the preprocessing changes
"""

import base64
import json
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from digits.data import synthetic
from digits.data.resize import resize
from digits.inference.images import DecodedImage
from digits.inference.preprocess import STEPS, prepare

FIXTURE = Path(__file__).parent / "fixtures" / "prepared.json"
BLACK, WHITE, BLUE, CREAM, ORANGE, PINE = 0, 255, (30, 60, 140), (250, 244, 230), (255, 200, 90), (20, 40, 30)


def drawn() -> dict[str, np.ndarray]:
    """Names and images uint8 (H, W, 4): red, green, blue, alpha.

    None is symmetric: a center of mass halfway between two pixels could be rounded to either.
    """
    digits = synthetic.draw(60, seed=11)[0].numpy() / 255
    rng = np.random.default_rng(11)
    one = iter(digits)
    made = {f"as MNIST has them {number}": opaque(next(one)) for number in range(4)}
    made |= {f"tiny, {side}x{side}": opaque(resize(next(one), side, side), BLACK, WHITE) for side in (8, 12, 16, 20)}
    made |= {f"small, {side}x{side}": opaque(resize(next(one), side, side)) for side in (24, 27, 29, 40)}
    made |= {
        "dark on light": opaque(next(one), BLACK, WHITE),
        "colored": opaque(next(one), BLUE, CREAM),
        "light colors on dark": opaque(next(one), ORANGE, PINE),
        "as light as its paper": opaque(next(one), (230, 60, 60), (60, 160, 60)),
        "faint": opaque(next(one), 200, 240),
        "hardly any contrast": opaque(next(one), 228, 240),
        "black ink, else transparent": pen(next(one), BLACK),
        "white ink, else transparent": pen(next(one), WHITE),
        "color, else transparent": pen(resize(next(one), 70, 50), ORANGE),
        "half transparent paper": translucent(next(one)),
        "in a corner": opaque(on_sheet(next(one), 60, 90, 2, 60), BLUE, CREAM),
        "in the other corner": opaque(on_sheet(next(one), 90, 61, 59, 1), WHITE, BLACK),
        "touches the edges": opaque(cut(resize(next(one), 90, 90)), BLACK, WHITE),
        "beyond two edges": opaque(resize(next(one), 90, 90)[24:70, 20:60], BLACK, CREAM),
        "two digits": opaque(np.hstack([next(one), next(one)]), BLACK, WHITE),
        "three digits": opaque(np.hstack([next(one), next(one), next(one)]), CREAM, BLUE),
        "with specks": opaque(specks(resize(next(one), 72, 96), rng), BLACK, WHITE),
        "with large specks": opaque(specks(resize(next(one), 96, 72), rng, 4), CREAM, PINE),
        "a stroke apart": opaque(on_sheet(next(one), 60, 80, 20, 30) + bar(60, 80, 8, 12, 60, 74), BLACK, WHITE),
        "on noisy paper": noisy(opaque(resize(next(one), 48, 48), 60, 200), 6, rng),
        "on very noisy paper": noisy(opaque(resize(next(one), 40, 50), 30, 170), 20, rng),
        "light from the left": opaque(resize(next(one), 84, 84), ink=50, paper=light(84, 84, 250, 130)),
        "light from above": opaque(resize(next(one), 100, 70), ink=BLUE, paper=light(70, 100, 255, 120).T),
        "a lamp": opaque(resize(next(one), 96, 96), ink=20, paper=lamp(96, 96)),
        "a lamp over dark paper": opaque(resize(next(one), 80, 110), ink=(700, 600, 300), paper=lamp(80, 110) / 3),
        "a shadow with an edge": opaque(resize(next(one), 64, 64), ink=30, paper=np.repeat([[240, 170]], 64, 0)),
        "wide, 300x40": opaque(on_sheet(next(one), 40, 300, 6, 200), BLACK, WHITE),
        "high, 30x150": opaque(on_sheet(next(one), 150, 30, 60, 1), WHITE, BLACK),
        "squeezed": opaque(resize(next(one), 100, 14), BLACK, WHITE),
        "flattened": opaque(resize(next(one), 12, 90), BLACK, WHITE),
        "large, 300x200": opaque(resize(next(one), 200, 300), BLACK, WHITE),
        "large, 280x280": opaque(steep(resize(next(one), 280, 280)), BLACK, WHITE),
        "large, 280x280, white, transparent": pen(steep(resize(next(one), 280, 280)), WHITE),
        "large, 640x480, off the center": opaque(
            on_sheet(steep(resize(next(one), 224, 224)), 480, 640, 200, 30), BLUE, CREAM
        ),
        "small in a large one, 700x500": opaque(
            on_sheet(steep(resize(next(one), 60, 60)), 500, 700, 300, 500), BLUE, CREAM
        ),
        "in the corner of a large one": opaque(
            on_sheet(steep(resize(next(one), 50, 50)), 400, 400, 0, 350), WHITE, BLACK
        ),
        "large, 257x255": opaque(steep(on_sheet(resize(next(one), 140, 140), 255, 257, 9, 80)), CREAM, PINE),
        "a bar": opaque(bar(64, 48, 10, 50, 20, 27), BLACK, WHITE),
        "a dot": opaque(bar(64, 48, 30, 33, 20, 22), BLACK, WHITE),
        "a frame": opaque(1 - bar(64, 48, 6, 55, 9, 42), BLACK, WHITE),
        "all ink": opaque(bar(64, 64, 3, 60, 4, 61), BLACK, WHITE),
        "a quarter": opaque(bar(50, 52, 27, 50, 31, 52), BLACK, WHITE),
        "one row": opaque(bar(1, 60, 0, 1, 20, 31), BLACK, WHITE),
        "two columns": opaque(bar(60, 2, 20, 31, 0, 1), BLACK, WHITE),
        "one pixel": opaque(np.zeros((1, 1))),
        "tiny on a sheet": opaque(on_sheet(resize(next(one), 14, 14), 60, 80, 30, 50), BLUE, CREAM),
        "tiny in a large one": opaque(on_sheet(resize(next(one), 12, 12), 300, 270, 20, 200), BLACK, WHITE),
        "a speck alone": opaque(bar(40, 40, 17, 19, 20, 21), BLACK, WHITE),
        "on a tie": opaque(bar(20, 20, 9, 11, 8, 11), BLACK, WHITE),
        "two halves, tiny": opaque(bar(8, 8, 0, 8, 0, 4), 12, 24),
        "thin, 400x400": opaque(line(400, 400, 3), BLACK, WHITE),
        "thin, 90x70": opaque(line(90, 70, 1), BLUE, CREAM),
        "thin, 40x36": opaque(line(40, 36, 1), BLACK, WHITE),
        "thin, 22x20": opaque(line(22, 20, 1), WHITE, BLACK),
        "thin, tiny": opaque(line(14, 13, 1), BLACK, WHITE),
        "thin, soft": opaque(resize(line(440, 320, 3), 110, 80), BLACK, WHITE),
        "thin, small in a large one": opaque(on_sheet(line(70, 60, 1), 500, 600, 300, 400), BLACK, WHITE),
        "thin, with gaps": opaque(line(120, 90, 2) * (np.arange(120) % 16 > 2)[:, None], BLACK, WHITE),
        "thin, grainy": opaque(line(120, 100, 3) * rng.integers(1, 5, (120, 100)) / 4, 60, 235),
        "just thin enough to widen": opaque(line(120, 100, 6), BLACK, WHITE),
        "just not thin enough to widen": opaque(line(120, 100, 8), BLACK, WHITE),
        "blank, white": opaque(np.zeros((64, 48)), BLACK, WHITE),
        "blank, tiny": opaque(np.zeros((9, 7)), BLACK, (90, 80, 70)),
        "blank, transparent": np.zeros((30, 40, 4), np.uint8),
        "blank, noisy": noisy(opaque(np.zeros((40, 40)), BLACK, 200), 2, rng),
    }
    return made


def opaque(digit: np.ndarray, ink=WHITE, paper=BLACK) -> np.ndarray:
    """`digit` (H, W) of 0 to 1 in a color, on paper of a color, or of a gray for each pixel or column (H or 1, W)."""
    ink, paper = np.asarray(ink, float), np.asarray(paper, float)
    if paper.ndim == 2:
        paper = resize(paper / 255, *digit.shape)[..., None] * 255 if paper.shape[1] == 2 else paper[..., None]
        ink = ink * paper / 255
    mixed = np.broadcast_to(digit[..., None] * ink + (1 - digit[..., None]) * paper, (*digit.shape, 3))
    return bytes_of(np.dstack([mixed, np.full(digit.shape, 255)]))


def bytes_of(picture: np.ndarray) -> np.ndarray:
    return np.rint(picture.clip(0, 255)).astype(np.uint8)


def pen(digit: np.ndarray, ink) -> np.ndarray:
    return bytes_of(np.dstack([np.broadcast_to(np.asarray(ink), (*digit.shape, 3)), digit * 255]))


def translucent(digit: np.ndarray) -> np.ndarray:
    picture = opaque(digit, BLUE, CREAM)
    picture[..., 3] = np.rint(120 + 100 * digit)
    return picture


def on_sheet(digit: np.ndarray, height: int, width: int, top: int, left: int) -> np.ndarray:
    sheet = np.zeros((height, width))
    sheet[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return sheet


def cut(digit: np.ndarray) -> np.ndarray:
    """Without the rows and columns around it."""
    rows, columns = np.nonzero(digit.max(1) > 0.5)[0], np.nonzero(digit.max(0) > 0.5)[0]
    return digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def steep(digit: np.ndarray) -> np.ndarray:
    """With edges as narrow as a pen makes them: these also take few bytes."""
    return np.rint(((digit - 0.5) * 4 + 0.5).clip(0, 1) * 4) / 4


def specks(digit: np.ndarray, rng: np.random.Generator, side: int = 2, count: int = 5) -> np.ndarray:
    digit = digit.copy()
    for y, x in rng.integers(0, min(digit.shape) - side, (count, 2)):
        digit[y : y + side, x : x + side] = 1
    return digit


def noisy(picture: np.ndarray, spread: float, rng: np.random.Generator) -> np.ndarray:
    picture = picture.copy()
    picture[..., :3] = bytes_of(picture[..., :3] + rng.normal(0, spread, (*picture.shape[:2], 1)))
    return picture


def light(height: int, width: int, left: float, right: float) -> np.ndarray:
    return np.repeat(np.linspace(left, right, width)[None, :], height, 0)


def lamp(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width] / max(height, width)
    return 245 - 110 * ((x - 0.3) ** 2 + (y - 0.4) ** 2)


def bar(height: int, width: int, top: int, bottom: int, left: int, right: int) -> np.ndarray:
    sheet = np.zeros((height, width))
    sheet[top:bottom, left:right] = 1
    sheet[top, left] = 0.5  # so that it is not even
    return sheet


def line(height: int, width: int, pen: int) -> np.ndarray:
    """A 4, drawn with a pen of that many pixels."""
    sheet = Image.new("L", (width, height))
    places = [[(0.55, 0.1), (0.2, 0.6), (0.85, 0.63)], [(0.62, 0.32), (0.58, 0.93)]]
    for stroke in places:
        ImageDraw.Draw(sheet).line([(x * width, y * height) for x, y in stroke], fill=255, width=pen)
    return np.asarray(sheet) / 255


def made_of(picture: np.ndarray) -> dict[str, dict]:
    """The preprocessed image, with each step disabled in turn, and with none disabled."""
    channels = DecodedImage(picture.astype(np.float32) / 255, 1.0)
    return {step: facts(prepare(channels, [] if step == "none" else [step])) for step in ("none", *STEPS)}


def facts(prepared) -> dict:
    values = {name: getattr(prepared, name) for name in ("inverted", "box", "shift", "parts", "ink", "touches_edge")}
    return {"pixels": packed(prepared.pixels), **values, "box": [float(edge) for edge in values["box"]]}


def packed(array: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(array.tobytes(), 9)).decode()


def unpacked(text: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8).reshape(shape)


def write() -> None:
    entries = [
        {
            "name": name,
            "height": len(picture),
            "width": picture.shape[1],
            "rgba": packed(picture),
            "made": made_of(picture),
        }
        for name, picture in drawn().items()
    ]
    FIXTURE.write_text("[\n" + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries) + "\n]\n")


def test_the_fixture_matches_the_preprocessing():
    entries = json.loads(FIXTURE.read_text())
    assert len(entries) > 50 and FIXTURE.stat().st_size < 300_000
    for entry in entries:
        picture = unpacked(entry["rgba"], (entry["height"], entry["width"], 4))
        for step, now in made_of(picture).items():
            then = entry["made"][step]
            here = f"{entry['name']}, without {step}; after a deliberate change: python -m tests.test_preprocess_page"
            levels = (unpacked(made["pixels"], (28, 28)).astype(int) for made in (now, then))
            assert np.abs(np.subtract(*levels)).max() <= 1, here
            names = ("inverted", "parts", "touches_edge")
            assert [now[name] for name in names] == [then[name] for name in names], here
            numbers = ([*made["box"], *made["shift"], made["ink"]] for made in (now, then))
            assert np.allclose(*numbers, atol=0.001), here


if __name__ == "__main__":
    write()
    print(f"Wrote {FIXTURE}, {FIXTURE.stat().st_size:,} bytes")
