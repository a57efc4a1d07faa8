"""Preprocessing: images of any size, position and color are framed like MNIST."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.data import synthetic
from digits.data.resize import back_projection_upscale, resize
from digits.inference import images
from digits.inference.ink import components, otsu
from digits.inference.preprocess import BOX, SIZE, STEPS, prepare

PAPER, INK = (250, 244, 230), (30, 60, 140)


@pytest.fixture(scope="module")
def digits():
    """(40, 28, 28) of 0 to 1, synthetic and framed like MNIST."""
    return synthetic.draw(40, seed=3)[0].numpy() / 255


def saved(image: Image.Image, kind: str = "PNG", **options) -> images.DecodedImage:
    """The image after encoding and decoding."""
    content = io.BytesIO()
    image.save(content, kind, **options)
    return images.decode(content.getvalue())


def gray(digit: np.ndarray) -> Image.Image:
    return Image.fromarray(np.rint(digit * 255).astype(np.uint8))


def colored(digit, ink=INK, paper=PAPER) -> Image.Image:
    mixed = digit[..., None] * np.array(ink) + (1 - digit[..., None]) * np.array(paper)
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Fraction of the ink that differs between two (28, 28) of 0 to 255."""
    return np.abs(one.astype(float) - other).sum() / (one.astype(float) + other).sum()


def at_size(digit: np.ndarray, factor: float) -> Image.Image:
    side = round(SIZE * factor)
    return gray(digit).resize((side, side), Image.Resampling.BICUBIC)


# Tolerated fraction of differing ink: interpolated edges are softer.
SAME, RESAMPLED, SHADED, COARSE = 0.08, 0.16, 0.19, 0.4
WAYS = {
    "dark on light": (lambda digit: saved(gray(1 - digit)), SAME),
    "colors": (lambda digit: saved(colored(digit)), SAME),
    "light colors on dark": (lambda digit: saved(colored(digit, (255, 200, 90), (20, 40, 30))), SAME),
    "as light as its paper": (lambda digit: saved(colored(digit, (230, 60, 60), (60, 160, 60))), SAME),
    "eight times as large": (lambda digit: saved(at_size(digit, 8)), RESAMPLED),
    "half as large": (lambda digit: saved(at_size(digit, 0.5)), SHADED),
    "half as large, on a sheet": (lambda digit: saved(in_corner(digit, 0.5)), SHADED),
    "a quarter as large": (lambda digit: saved(at_size(digit, 0.25)), COARSE),
    "a JPEG": (lambda digit: saved(at_size(1 - digit, 8), "JPEG", quality=60), RESAMPLED),
    "in a corner of a large picture": (lambda digit: saved(in_corner(digit)), SAME),
    "on a palette": (lambda digit: saved(colored(digit).quantize(32)), SAME),
    "in 16 bits": (lambda digit: saved(Image.fromarray(np.rint(digit * 65535).astype(np.uint16))), SAME),
    "for printing": (lambda digit: saved(at_size(1 - digit, 4).convert("CMYK"), "JPEG", quality=90), RESAMPLED),
    "black ink, else transparent": (lambda digit: saved(transparent(digit, 0)), SAME),
    "white ink, else transparent": (lambda digit: saved(transparent(digit, 255)), SAME),
    "a GIF": (lambda digit: saved(gray(digit), "GIF"), SAME),
    "a BMP": (lambda digit: saved(gray(digit), "BMP"), SAME),
    "a WebP": (lambda digit: saved(at_size(digit, 6), "WEBP", quality=80), RESAMPLED),
    "a shadow over the page": (lambda digit: saved(shaded(digit)), SHADED),
    "a small part of a large picture": (lambda digit: saved(on_large(at_size(1 - digit, 2))), RESAMPLED),
    "with dirt": (lambda digit: saved(dirty(digit)), RESAMPLED),
}


def in_corner(digit, factor: float = 1):
    picture = Image.new("L", (200, 150), 0)
    picture.paste(at_size(digit, factor), (170, 3))
    return picture


def on_large(digit):
    picture = Image.new("L", (1000, 800), 255)
    picture.paste(digit, (700, 120))
    return picture


def transparent(digit, ink: int):
    picture = np.full((SIZE, SIZE, 4), ink, np.uint8)
    picture[..., 3] = np.rint(digit * 255)
    return Image.fromarray(picture)


def shaded(digit):
    """Uneven light: paper from 250 to 130, ink three quarters darker everywhere."""
    large = np.asarray(at_size(digit, 8), float) / 255
    paper = np.linspace(250, 130, large.shape[1])[None, :]
    return Image.fromarray(np.rint(paper * (1 - 0.75 * large)).astype(np.uint8))


def dirty(digit):
    large = np.asarray(at_size(digit, 8)).copy()
    large[4:8, 100:104] = large[200:203, 30:33] = 255
    return Image.fromarray(large)


def test_images_framed_like_mnist_are_left_unchanged(digits):
    prepared = [prepare(saved(gray(digit))) for digit in digits]
    assert np.mean([difference(one.pixels, digit * 255) for one, digit in zip(prepared, digits)]) < SAME
    assert not any(one.inverted for one in prepared)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_every_encoding_of_a_digit_gives_the_same_input(digits, way):
    make, at_most = WAYS[way]
    found = [difference(prepare(make(digit)).pixels, digit * 255) for digit in digits]
    assert np.mean(found) < at_most


def test_exif_orientation_is_applied(digits):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees to the right
    turned = at_size(1 - digits[0], 6).rotate(90, expand=True)
    straight = prepare(saved(at_size(1 - digits[0], 6), "JPEG", quality=95)).pixels
    assert difference(prepare(saved(turned, "JPEG", quality=95, exif=exif)).pixels, straight) < 0.03


def test_the_output_is_framed_like_mnist(digits):
    for digit in digits:
        pixels = prepare(saved(at_size(1 - digit, 5))).pixels.astype(float)
        rows, columns = np.nonzero(pixels.max(1))[0], np.nonzero(pixels.max(0))[0]
        assert max(np.ptp(rows), np.ptp(columns)) + 1 <= BOX
        middle = [(pixels.sum(axis) @ (np.arange(SIZE) + 0.5)) / pixels.sum() for axis in (0, 1)]
        assert np.abs(np.array(middle) - 14.5).max() <= 0.51


def test_bounding_box_and_ink_are_in_pixels_of_the_original_image():
    picture = Image.new("L", (1000, 600), 255)
    picture.paste(0, (300, 100, 400, 500))
    prepared = prepare(saved(picture))
    assert prepared.inverted
    assert np.allclose(prepared.box, (300, 100, 400, 500), atol=5)
    assert prepared.parts == 1
    assert prepared.ink == pytest.approx(100 * 400 / 600_000, abs=0.01)


def test_the_box_of_a_small_digit_in_a_large_image_is_exact():
    picture = Image.new("L", (1000, 600), 255)
    picture.paste(0, (900, 500, 910, 540))
    prepared = prepare(saved(picture))
    assert prepared.box == (900, 500, 910, 540) and prepared.parts == 1
    assert prepared.ink == pytest.approx(10 * 40 / 600_000, rel=0.01)


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("PNG", "I;16")]
)
def test_a_large_photo_is_decoded_at_reduced_size(digits, kind, mode):
    small = at_size(1 - digits[1], 8)
    sheet = Image.new("L", (4032, 3024), 255)
    sheet.paste(small.resize((1344, 1344), Image.Resampling.BICUBIC), (2000, 1200))
    sheet = Image.fromarray(np.asarray(sheet, np.uint16) * 257) if mode == "I;16" else sheet.convert(mode)
    content = io.BytesIO()
    sheet.save(content, kind)
    picture = images.decode(content.getvalue())
    assert max(picture.channels.shape) <= 1024
    prepared = prepare(picture)
    assert difference(prepared.pixels, prepare(saved(small)).pixels) < 0.25
    left, top, right, bottom = prepared.box
    assert 2000 <= left < right <= 3344 and 1200 <= top < bottom <= 2544


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_picture_without_contrast_is_empty(value):
    assert prepare(saved(Image.new("L", (64, 48), value))).empty
    noise = np.random.default_rng(0).integers(value // 2 + 60, value // 2 + 64, (64, 64), dtype=np.uint8)
    assert prepare(saved(Image.fromarray(noise))).empty
    assert prepare(saved(Image.new("L", (1, 1), value))).empty


@pytest.mark.parametrize(("height", "width"), [(1, 2), (2, 2), (8, 8), (27, 10), (1, 28), (40, 40)])
def test_an_image_of_two_halves_is_not_a_digit_and_not_an_error(height, width):
    for one, other in ((12, 24), (0, 255), (7, 201), (100, 101)):
        halves = np.full((height, width), one, np.uint8)
        halves[:, width // 2 :] = other
        for left_out in ((), STEPS):
            prepared = prepare(saved(Image.fromarray(halves)), left_out)
            assert prepared.pixels.shape == (SIZE, SIZE)


@pytest.mark.parametrize(("width", "height"), [(300, 1), (1, 700), (600, 3)])
def test_the_box_stays_within_a_very_flat_image(width, height):
    line = np.full((height, width), 255, np.uint8)
    line[height // 2 :, width // 2 :] = line[height // 2 :, : width // 3] = 0
    left, top, right, bottom = prepare(saved(Image.fromarray(line))).box
    assert 0 <= left <= right <= width and 0 <= top <= bottom <= height


def test_each_step_can_be_disabled_and_has_an_effect(digits):
    digit = digits[0]
    whole = prepare(saved(shaded(digit))).pixels
    assert difference(prepare(saved(shaded(digit)), ["paper"]).pixels, whole) > 0.2
    assert difference(prepare(saved(dirty(digit)), ["specks"]).pixels, digit * 255) > 0.2
    assert difference(prepare(saved(in_corner(digit)), ["box"]).pixels, digit * 255) > 0.5
    moved = [prepare(saved(gray(one)), ["center"]).pixels for one in digits]
    assert np.mean([difference(pixels, one * 255) for pixels, one in zip(moved, digits)]) > 0.1
    with_all = [prepare(saved(shaded(digit)), [step]).pixels for step in STEPS]
    assert len({pixels.tobytes() for pixels in with_all}) >= 2


def test_downscaling_averages_areas_and_preserves_sums():
    values = np.random.default_rng(1).random((37, 53))
    smaller = resize(values, 10, 20)
    assert smaller.shape == (10, 20)
    assert smaller.mean() == pytest.approx(values.mean(), abs=1e-9)
    assert np.allclose(resize(values[:36, :52], 12, 13), values[:36, :52].reshape(12, 3, 13, 4).mean((1, 3)))
    assert np.allclose(resize(np.full((5, 7, 3), 0.25), 40, 3), 0.25)
    assert np.allclose(resize(values, 37, 53), values)


@pytest.mark.parametrize("times", [2, 4])
def test_upscaling_preserves_means_and_has_sharper_edges_than_interpolation(digits, times):
    for digit in digits[:10]:
        original = np.kron(digit > 0.5, np.ones((2, 2)))  # (56, 56), each pixel ink or paper
        few = resize(original, SIZE * 2 // times, SIZE * 2 // times)
        fine, interpolated = back_projection_upscale(few, times), resize(few, SIZE * 2, SIZE * 2)
        assert np.abs(resize(fine, *few.shape) - few).mean() < 0.01
        assert np.abs(fine - original).mean() < 0.7 * np.abs(interpolated - original).mean()


def test_parts_equal_those_of_a_flood_fill():
    rng = np.random.default_rng(2)
    for density in (0.2, 0.45, 0.6):
        mask = rng.random((40, 50)) < density
        labels, count = components(mask)
        assert (labels > 0).tolist() == mask.tolist()
        assert set(np.unique(labels)) - {0} == set(range(1, count + 1))
        assert count == filled(mask)


def filled(mask) -> int:
    """Number of 8-connected components by flood fill."""
    left = {tuple(place) for place in np.argwhere(mask)}
    count = 0
    while left:
        count += 1
        front = [left.pop()]
        while front:
            y, x = front.pop()
            near = {(y + a, x + b) for a in (-1, 0, 1) for b in (-1, 0, 1)} & left
            left -= near
            front += near
    return count


def test_otsu_separates_two_clusters():
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(0.2, 0.03, 5000), rng.normal(0.8, 0.03, 300)])
    assert 0.3 < otsu(values) < 0.7


def framed_images():
    """Images framed like MNIST: synthetic ones, and real ones if available."""
    root = Path(os.environ.get("MNIST_DATA_DIR") or "data") / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    real = np.frombuffer(root.read_bytes(), np.uint8, offset=16).reshape(-1, 28, 28)[::20] if root.is_file() else []
    return [*synthetic.draw(200, seed=9)[0].numpy(), *real]


def test_an_image_framed_like_mnist_keeps_its_pixels():
    for image in framed_images():
        for mode in ("L", "RGB"):
            content = io.BytesIO()
            Image.fromarray(image).convert(mode).save(content, "PNG")
            prepared = prepare(images.decode(content.getvalue()))
            assert np.array_equal(prepared.pixels, image)
            assert (prepared.shift, prepared.inverted) == ((0, 0), False)
            rows, columns = np.nonzero(image.max(1))[0], np.nonzero(image.max(0))[0]
            assert prepared.box == (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)


def test_an_image_of_that_size_with_another_framing_is_preprocessed():
    image = synthetic.draw(1, seed=9)[0][0].numpy()
    moved, smaller = np.roll(image, 2, axis=1), np.pad(image[::2, ::2], 7)
    red = np.dstack([image, np.zeros_like(image), np.zeros_like(image)])
    for other in (moved, smaller, red, 255 - image):
        content = io.BytesIO()
        Image.fromarray(other).save(content, "PNG")
        prepared = prepare(images.decode(content.getvalue()))
        assert not np.array_equal(prepared.pixels, other if other.ndim == 2 else image)
        assert prepared.pixels.any()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
def test_ink_is_found_also_where_it_covers_most_of_the_picture(share):
    margin = round(200 * (1 - share**0.5))
    gray = np.full((400, 400), 245, np.uint8)
    gray[margin:-margin, margin:-margin] = 20
    prepared = prepare(images.from_pillow(Image.fromarray(gray)))
    assert prepared.inverted and prepared.box == pytest.approx((margin, margin, 400 - margin, 400 - margin), abs=2)
    assert prepared.pixels[14, 14] == 255
