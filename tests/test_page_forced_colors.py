"""The page in forced colors (the system's high-contrast mode), in a real browser."""

import colorsys
import io
import shutil

import pytest
from PIL import Image

from tests.support import PROJECT
from tests.support.browser import our_server
from tests.support.pad import draw, strokes_of
from tests.support.pages import becomes, reach, see, status, takes_keys

DEMO = PROJECT / "examples" / "demo"
GRAPHICS, TEXT = 3, 4.5  # least contrast (WCAG 2.2, 1.4.11 and 1.4.3)
OTHER = {"light": "dark", "dark": "light"}
RING = "element => [getComputedStyle(element).outlineStyle, parseFloat(getComputedStyle(element).outlineWidth)]"


@pytest.fixture(params=["light", "dark"])
def page(visit, tmp_path, request):
    """The example in forced colors, with the other theme chosen, which must not matter."""
    shutil.copytree(DEMO, tmp_path / "demo")
    with our_server(tmp_path / "demo") as url:
        page = visit(url, theme=request.param, script=f"localStorage.setItem('theme', '{OTHER[request.param]}');")
        page.emulate_media(forced_colors="active", color_scheme=request.param)
        status(page, "Completed")
        yield page


def picture(locator) -> Image.Image:
    locator.scroll_into_view_if_needed()
    return Image.open(io.BytesIO(locator.screenshot())).convert("RGB")


def luminance(color) -> float:
    shares = [channel / 255 for channel in color]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a, b) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def seen(image: Image.Image, least: float) -> dict:
    """Pixels of each color with that contrast to the background, the most frequent color."""
    counts = sorted(image.getcolors(image.width * image.height), reverse=True)
    background = counts[0][1]
    return {color: count for count, color in counts if contrast(color, background) >= least}


def hues(colors: dict) -> set[int]:
    """Sixths of the color circle with at least a hundred strongly colored pixels."""
    found: dict[int, int] = {}
    for color, count in colors.items():
        hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in color))
        if saturation > 0.35 and value > 0.35:
            found[round(hue * 6) % 6] = found.get(round(hue * 6) % 6, 0) + count
    return {hue for hue, count in found.items() if count >= 100}


def test_the_lines_of_a_chart_and_their_legend_are_visible_and_distinct(page):
    for measure in ("loss", "accuracy"):
        canvas = page.locator(f"[data-measure={measure}] canvas")
        page.locator(f"[data-measure={measure}][data-state=drawn]").wait_for()
        becomes(page, lambda chart=canvas: len(hues(seen(picture(chart), GRAPHICS))) >= 2, True)
        assert len(colors_of_marks(page, measure)) == 2


def colors_of_marks(page, measure) -> set:
    """Colors of the marks beside the names of the lines."""
    found = set()
    for line in ("train", "validation"):
        box = page.locator(f"[data-measure={measure}] .readout .{line}").bounding_box()
        shot = page.screenshot(clip={"x": box["x"], "y": box["y"], "width": 24, "height": 20})
        colors = seen(Image.open(io.BytesIO(shot)).convert("RGB"), GRAPHICS)
        found.add(max(colors, key=colors.get))
    return found


def test_numbers_and_shades_of_the_confusion_matrix_are_visible(page):
    reach(page, "#mistakes")
    table = page.locator("#mistakes .confusion")
    see(page, "#mistakes [data-cell='00']", "84")
    for cell in ("00", "94", "17"):
        assert seen(picture(table.locator(f"[data-cell='{cell}']")), TEXT), cell
    shades = [picture(table.locator(f"[data-cell='{cell}']")).getpixel((4, 4)) for cell in ("00", "94", "17")]
    assert len(set(shades)) == 3
    assert seen(picture(page.locator("#mistakes .bars").first), GRAPHICS)
    assert seen(picture(page.locator("#mistakes .confusions .sparkline").first), GRAPHICS)


def test_ink_and_probabilities_of_the_pad_are_visible(page):
    see(page, "#pad", "Weights after epoch")
    draw(page, strokes_of(7))
    see(page, "#pad .answer strong", "7")
    ink = seen(picture(page.locator("#pad .sheet canvas")), TEXT)
    assert sum(ink.values()) > 2000
    assert seen(picture(page.locator("#pad .ten .likeliest i")), 1.5), "the bar and the rest of its row"


def test_the_current_view_the_focus_and_the_scrubber_are_visible(page):
    current = page.locator("#nav [aria-current]:visible")
    assert current.evaluate(RING) == ["solid", 2]
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    style, width = page.locator("#nav a:focus").evaluate(RING)
    assert style == "solid" and width >= 2
    for part in ("#scrubber input", "#scrubber [data-part=play]", "#runs .swatch"):
        assert seen(picture(page.locator(part).first), GRAPHICS), part


def test_the_screens_of_a_presentation_are_visible(page):
    takes_keys(page)
    page.keyboard.press("f")
    shown = page.locator(".presentation .screen-part:not([hidden])")
    for name in ("number", "loss", "accuracy", "matrix", "digit"):
        page.locator(f".presentation .on-{name}:not([hidden])").wait_for()
        assert sum(seen(picture(shown), TEXT).values()) > 1000, name
        page.keyboard.press("ArrowRight")
