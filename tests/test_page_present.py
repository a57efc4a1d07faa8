"""The presentation in a real browser: screens, keys, address, full screen, size of type, accessibility."""

import json
import re
import shutil

import pytest

from digits.files import write_json
from digits.runlog.contract import NETWORK, PREDICTIONS, TRAINING_LOG
from tests.support import PROJECT
from tests.support.browser import our_server, write_run
from tests.support.pages import becomes, open_view, see, takes_keys
from tests.test_page_access import complaints

DEMO = PROJECT / "examples" / "demo"
STAGE = ".presentation"
SHOWN = f"{STAGE} .screen-part:not([hidden])"
OVERFLOW = "part => [part.scrollWidth - part.clientWidth, part.scrollHeight - part.clientHeight]"
KINDS = ["number", "loss", "accuracy", "matrix", *["digit"] * 12, "pad"]


@pytest.fixture
def demo(tmp_path):
    """A copy of the example: its URL."""
    shutil.copytree(DEMO, tmp_path / "demo")
    with our_server(tmp_path / "demo") as url:
        yield url


def kind(page) -> str:
    return re.search(r"on-(\w+)", page.locator(SHOWN).get_attribute("class"))[1]


def see_screen(page, name: str, place: int) -> None:
    page.locator(f"{STAGE} [role=status]", has_text=re.compile(f"^{name}.*, screen {place} of ")).wait_for()


def test_arrows_turn_the_screens(visit, demo):
    page = visit(demo)
    takes_keys(page)
    page.keyboard.press("f")
    for place, wanted in enumerate(KINDS, 1):
        see_screen(page, "", place)
        assert kind(page) == wanted
        page.keyboard.press("ArrowRight")
    see_screen(page, "Try it", len(KINDS))
    page.keyboard.press("ArrowLeft")
    see_screen(page, "Mistake 12 of 12", len(KINDS) - 1)
    page.keyboard.press("Home")
    see_screen(page, "Validation accuracy", 1)
    page.locator(f"{STAGE} [aria-label='Next screen']").click()
    see_screen(page, "Loss", 2)
    page.wait_for_url(f"{demo}#present=2")
    page.keyboard.press("End")
    see_screen(page, "Try it", len(KINDS))


def test_escape_returns_to_where_one_was_and_back_does_not_present_again(visit, demo):
    page = visit(demo)
    takes_keys(page)
    open_view(page, "#settings")
    open_view(page, "#mistakes")
    see(page, "#mistakes [data-part=count]", "mistakes in")
    page.evaluate("scrollTo(0, 200)")
    box = page.locator("[data-pick=doubts]")
    box.click()
    before, scrolled = page.url, page.evaluate("scrollY")
    page.keyboard.press("f")
    see_screen(page, "Validation accuracy", 1)
    becomes(page, lambda: page.evaluate("document.activeElement.tagName"), "DIALOG")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("present=2"))
    page.keyboard.press("Escape")
    page.locator(STAGE).wait_for(state="hidden")
    page.wait_for_url(lambda url: "present" not in url)
    assert page.url.startswith(before.split("&")[0])
    becomes(page, lambda: page.evaluate("scrollY"), scrolled)
    becomes(page, lambda: box.evaluate("button => button === document.activeElement"), True)
    page.go_back()
    page.locator("#view-settings:not([hidden])").wait_for()
    assert page.locator(STAGE).is_hidden()


def test_a_link_opens_its_screen_and_its_end_leaves_the_page_in_place(visit, demo):
    page = visit(f"{demo}#view=network&present=6")
    see_screen(page, "Mistake 2 of 12", 6)
    label, prediction = re.search(r"(\d) read as (\d)", page.locator(f"{SHOWN} h2").inner_text()).groups()
    assert page.locator(f"{SHOWN} .verdict strong").inner_text() == prediction
    assert f"label {label}" in page.locator(f"{SHOWN} .verdict").inner_text()
    assert page.locator(f"{SHOWN} .bars i").count() == 10
    page.get_by_role("button", name="Close", exact=True).click()
    page.locator(STAGE).wait_for(state="hidden")
    page.wait_for_url(f"{demo}#view=network")
    assert page.locator("#view-network").is_visible()


def test_back_and_forward_end_and_resume_a_presentation(visit, demo):
    page = visit(demo)
    takes_keys(page)
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Present", exact=True).click()
    see_screen(page, "Validation accuracy", 1)
    becomes(page, lambda: page.evaluate("document.activeElement.tagName"), "DIALOG")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"{demo}#present=2")
    page.go_back()
    page.locator(STAGE).wait_for(state="hidden")
    page.go_forward()
    see_screen(page, "Loss", 2)


def test_a_presentation_follows_the_log_and_the_scrubber(visit, tmp_path):
    log = write_run(tmp_path, status="running", name="a live one")
    with our_server(tmp_path) as url:
        page = visit(f"{url}#present=1")
        see(page, f"{STAGE} .run", "^a live one · Live: epoch 3$")
        before = page.locator(f"{SHOWN} dd.number").first.inner_text()
        page.keyboard.press(",")
        see(page, f"{STAGE} .run", "Epoch 2$")
        page.locator(f"{SHOWN} dd.remark", has_text="epoch 2").first.wait_for()
        page.keyboard.press(".")
        see(page, f"{STAGE} .run", "Live: epoch 3$")
        accuracy = [*log["epochs"]["val_accuracy"][:-1], 0.5]
        write_run(tmp_path, status="completed", name="a live one", epochs=log["epochs"] | {"val_accuracy": accuracy})
        page.locator(f"{SHOWN} dd.number", has_text="50.00").first.wait_for()
        assert before != "50.00\u00a0%"
        see(page, f"{STAGE} .run", "Latest: epoch 3$")


def test_full_screen_is_entered_by_a_key_and_left_by_the_same_key(visit, demo):
    page = visit(demo)
    takes_keys(page)
    fill, window = (page.get_by_role("button", name=name, exact=True) for name in ("Full screen", "Exit full screen"))
    page.keyboard.press("f")
    window.wait_for()
    assert page.evaluate("document.fullscreenElement === document.documentElement")
    see_screen(page, "Validation accuracy", 1)
    page.keyboard.press("f")
    fill.wait_for()
    assert page.evaluate("document.fullscreenElement") is None
    fill.click()
    window.wait_for()
    page.evaluate("document.exitFullscreen()")  # as the browser does at Escape
    page.locator(STAGE).wait_for(state="hidden")


def test_without_full_screen_a_presentation_fills_the_window(visit, demo):
    page = visit(demo, script="Object.defineProperty(document, 'fullscreenEnabled', { value: false });")
    takes_keys(page)
    page.keyboard.press("f")
    see_screen(page, "Validation accuracy", 1)
    assert page.get_by_role("button", name="Full screen").count() == 0
    assert page.locator(STAGE).bounding_box() == {"x": 0, "y": 0, "width": 1440, "height": 900}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 810), (390, 844)])
def test_every_screen_fits_is_large_and_passes_the_accessibility_rules(visit, demo, theme, size):
    """Type for a room: at least a thirtieth of the height of a wide screen, except remarks."""
    page = visit(f"{demo}#present=1", theme=theme, width=size[0])
    page.set_viewport_size({"width": size[0], "height": size[1]})
    see_screen(page, "Validation accuracy", 1)
    for place in (1, 2, 3, 4, 5, len(KINDS)):
        page.goto(f"{demo}#present={place}")
        see_screen(page, "", place)
        page.locator(f"{SHOWN}:not(.on-loading)").wait_for()
        if kind(page) == "pad":
            page.locator(f"{SHOWN} .sheet canvas").wait_for()
        becomes(page, lambda: max(page.locator(SHOWN).evaluate(OVERFLOW)) <= 1, True)
        box = page.locator(SHOWN).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= size[0] and box["y"] + box["height"] <= size[1]
        type_size = float(page.locator(SHOWN).evaluate("part => parseFloat(getComputedStyle(part).fontSize)"))
        assert type_size >= max(16, size[1] / 30 if size[0] > 640 else 0)
        assert complaints(page) == []


def test_a_chart_is_drawn_at_the_size_of_its_type(visit, demo):
    """The numbers of the axis grow with the text, and a pointer reads the batch that is drawn under it."""
    page = visit(f"{demo}#present=2")
    see_screen(page, "Loss", 2)
    canvas = page.locator(f"{SHOWN} canvas")
    canvas.wait_for()
    page.locator(f"{SHOWN} .readout .validation small", has_text="after epoch 10").wait_for()
    box = canvas.bounding_box()
    scale = float(page.locator(SHOWN).evaluate("part => parseFloat(getComputedStyle(part).fontSize)")) / 15
    left, right = 60 * scale, box["width"] - 84 * scale  # of the plot, as on the page

    def read() -> bool:
        page.mouse.move(0, 0)  # until the chart is drawn nothing is read
        page.mouse.move(box["x"] + left + 0.35 * (right - left), box["y"] + box["height"] / 2)
        return "epoch 3.5" in canvas.get_attribute("aria-label")

    becomes(page, read, True)


def test_mistakes_of_the_chosen_cell_are_presented(visit, demo):
    page = visit(f"{demo}#view=mistakes&cell=94&present=5")
    see_screen(page, "Mistake 1 of 8: 9 read as 4", 5)


def test_a_run_without_predictions_and_network_has_three_screens(visit, tmp_path):
    write_run(tmp_path, status="completed")
    log = json.loads((tmp_path / TRAINING_LOG).read_text())
    kept = [name for name in log["files"] if name not in (PREDICTIONS, NETWORK)]
    write_json(tmp_path / TRAINING_LOG, log | {"files": kept})
    with our_server(tmp_path) as url:
        page = visit(f"{url}#present=9")
        see_screen(page, "Accuracy", 3)
        page.wait_for_url(f"{url}#present=3")
