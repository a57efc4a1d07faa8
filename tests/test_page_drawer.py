"""The drawer of an image in a real browser, on the example run that ships with the project."""

import json
import re
import shutil

import pytest

from digits.runlog.contract import EMBEDDING, PREDICTIONS
from tests.support import PROJECT
from tests.support.browser import any_server, copy_page, our_server
from tests.support.pages import becomes, fits, open_view, reach, see, takes_keys
from tests.test_page_access import complaints
from tests.test_page_steady import WATCH, shifted

DEMO = PROJECT / "examples" / "demo"
DRAWER = ".drawer:not([hidden])"
TITLE = f"{DRAWER} h2"
OCCLUSION = f"{DRAWER} .occlusion"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The URL of a server that has the example run only."""
    with our_server(tmp_path_factory.mktemp("none")) as url:
        yield f"{url}?demo"


def most_confident_mistake() -> int:
    rows = json.loads((DEMO / EMBEDDING).read_text())["neighbors"]["rows"]
    return next(row["index"] for row in rows if row["set"] == "validation")


def gallery(page):
    """The images of the gallery, which are shown once it is in view."""
    open_view(page, "#mistakes")
    page.locator("#mistakes:not([aria-busy=true])").wait_for()
    page.locator(".digits [data-image]").first.wait_for()
    return page.locator(".digits [data-image]")


def focused(page, name: str) -> None:
    """Wait until the button of that image has the focus."""
    page.locator(f"[data-image='{name}']:focus").wait_for()


def test_why_a_digit_was_misread_takes_two_clicks_and_no_scroll_of_the_page(visit, demo):
    """Limits are four clicks and two scrolls. The click scrolls to the image first, as a reader would."""
    page = visit(demo)
    see(page, "#numbers", "accuracy")
    clicks = 0
    for target in ("#nav [data-view=mistakes]:visible", ".digits li"):
        page.locator(target).first.click()
        clicks += 1
    see(page, TITLE, r"^Validation image \d+$")
    see(page, f"{DRAWER} .drawer-verdict", r"Predicted as \d with .*confidence\. The label, \d, gets")
    see(page, OCCLUSION, r"(Covering the .* lowers the probability of \d from|No patch lowers)")
    see(page, DRAWER, "Predicted as .* (after every epoch|since epoch)|The prediction changed")
    screens = page.locator(DRAWER).evaluate("e => e.scrollHeight / e.clientHeight")
    last = page.locator(f"{DRAWER} .nearest").evaluate("e => e.offsetTop + e.offsetHeight")
    height = page.locator(DRAWER).evaluate("e => e.clientHeight")
    scrolls = 1 + max(0, -(-(last - height) // height))  # to the gallery, then through the drawer to the nearest images
    assert (clicks, scrolls <= 2) == (2, True), (clicks, scrolls, screens)


def test_a_correct_test_digit_has_nearest_images_of_its_class(visit, demo):
    page = visit(demo)
    reach(page, "#samples")
    page.locator("#samples .right").first.click()
    page.locator(f"{DRAWER} .nearest canvas").nth(2).wait_for()
    assert page.locator(f"{DRAWER} .nearest p").all_inner_texts() == ["Of its label"]


def test_images_of_the_overview_open_and_close_again_without_a_shift(visit, demo):
    page = visit(demo, script=WATCH)
    reach(page, "#samples")
    second = page.locator("#samples [data-image]").nth(1)
    name = second.get_attribute("data-image")
    page.evaluate("shifts = []")
    place = page.locator("#samples").bounding_box()
    second.click()
    see(page, TITLE, f"^Test image {name.split('-')[1]}$")
    page.wait_for_url(f"{demo}#image={name}")
    see(page, OCCLUSION, "No patch|Covering the")
    assert page.locator("#samples").bounding_box() == place
    page.keyboard.press("Escape")
    page.locator(DRAWER).wait_for(state="detached")
    page.wait_for_url(demo)
    focused(page, name)
    assert shifted(page)[0] < 0.02, shifted(page)[1]


def test_the_keyboard_opens_turns_and_closes(visit, demo):
    page = visit(demo)
    images = gallery(page)
    names = images.evaluate_all("buttons => buttons.map(({ dataset }) => dataset.image)")
    assert images.evaluate_all("buttons => buttons.filter(({ tabIndex }) => tabIndex === 0).length") == 1
    images.first.focus()
    page.keyboard.press("ArrowRight")
    focused(page, names[1])
    page.keyboard.press("Enter")
    see(page, TITLE, f"image {names[1].split('-')[1]}$")
    page.locator(f"{DRAWER}:focus").wait_for()
    page.keyboard.press("ArrowRight")
    see(page, TITLE, f"image {names[2].split('-')[1]}$")
    see(page, ".drawer-heading", f"3 of {len(names)}")
    for _ in range(2):
        page.get_by_role("button", name="Previous image").click()
    see(page, TITLE, f"image {names[0].split('-')[1]}$")
    becomes(page, page.get_by_role("button", name="Previous image").is_disabled, True)
    page.get_by_role("button", name="Close").click()
    focused(page, names[0])
    page.keyboard.press("Enter")
    page.locator(f"{DRAWER}:focus").wait_for()
    page.locator("#sidebar .run a").first.focus()
    page.keyboard.press("Escape")
    page.locator(DRAWER).wait_for(state="detached")


def test_the_focus_stays_in_a_list_of_images_when_the_epoch_changes(visit, demo):
    page = visit(demo)
    takes_keys(page)
    reach(page, "#samples")
    second = page.locator("#samples [data-image]").nth(1)
    name = second.get_attribute("data-image")
    second.focus()
    page.keyboard.press(",")
    see(page, "#samples [data-part=when]", "after epoch 9")
    focused(page, name)
    gallery(page).nth(1).focus()
    page.keyboard.press(",")
    see(page, "#mistakes [data-part=which]", "after epoch 8")
    page.locator(".digits [data-image]:focus").wait_for()


def test_alt_with_an_arrow_is_left_to_the_browser(visit, demo):
    """It goes back in the history."""
    page = visit(demo)
    gallery(page)
    reach(page, "#embedding")
    script = "e => e.dispatchEvent(new KeyboardEvent('keydown', %s))"
    script %= "{ key: 'ArrowRight', altKey: true, bubbles: true, cancelable: true }"
    for selector in (".digits [data-image]", "#mistakes [data-cell]", "#embedding svg"):
        assert page.locator(selector).first.evaluate(script), selector


def test_back_closes_the_drawer_and_a_link_opens_it(visit, demo):
    page = visit(demo)
    images = gallery(page)
    images.first.click()
    see(page, TITLE, "Validation image")
    page.get_by_role("button", name="Next image").click()
    name = images.nth(1).get_attribute("data-image")
    linked, first = f"{demo}#view=mistakes&image={name}", f"^Validation image {name.split('-')[1]}$"
    page.wait_for_url(linked)
    see(page, TITLE, first)
    page.go_back()
    page.locator(DRAWER).wait_for(state="detached")
    page.wait_for_url(f"{demo}#view=mistakes")
    page.go_forward()
    see(page, TITLE, first)
    other = visit(linked)
    see(other, TITLE, first)
    other.get_by_role("button", name="Close").click()
    other.locator(DRAWER).wait_for(state="detached")
    other.wait_for_url(f"{demo}#view=mistakes")


def test_neighbors_open_too_and_back_returns_to_the_mistake(visit, demo):
    page, read = visit(f"{demo}#view=mistakes"), []
    page.on("request", lambda request: read.append(request.url))
    page.goto(f"{demo}#view=mistakes&image=validation-{most_confident_mistake()}")
    see(page, f"{DRAWER} .nearest", "Of its label.*Of the predicted digit")
    becomes(page, page.locator(".nearest [data-image]").count, 6)
    page.locator(".nearest [data-image] canvas").nth(5).wait_for()
    assert sum("neighbors.png" in url for url in read) == 1, "the six are cut from one file"
    page.locator(".nearest [data-image]").nth(3).click()
    see(page, TITLE, "^Training image")
    see(page, f"{DRAWER} .drawer-verdict", r"Predicted as \d with .* That is its label|Predicted as \d")
    see(page, OCCLUSION, "Covering the|No patch")
    see(page, DRAWER, "This is a training image itself")
    page.go_back()
    see(page, TITLE, f"^Validation image {most_confident_mistake()}$")


def test_the_scrubber_moves_the_contents(visit, demo):
    page = visit(f"{demo}#view=mistakes&image=validation-{most_confident_mistake()}")
    when = f"{DRAWER} .drawer-when"
    see(page, when, "After epoch 10")
    see(page, OCCLUSION, "Covering the|No patch")
    page.get_by_role("button", name="Previous epoch").click()
    see(page, when, "After epoch 9")
    page.locator("#scrubber input").press("Home")
    see(page, when, "After epoch 1\\.")
    see(page, OCCLUSION, "Covering the|No patch")
    answers = json.loads((DEMO / PREDICTIONS).read_text())["validation"]["epochs"][0]
    index = most_confident_mistake()
    shown = f"{100 * answers['confidences'][index]:.1f}"
    see(page, f"{DRAWER} .drawer-verdict", f"Predicted as {answers['predictions'][index]} with {shown}")
    page.locator(".course-chart").click(position={"x": 2, "y": 10})
    page.wait_for_url(re.compile("epoch=1&"))


def test_the_occlusion_map_can_be_stopped_and_computed_again(visit, demo):
    slow = """const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (data) { window.held = () => post.call(this, data); };"""
    page = visit(f"{demo}#image=test-5", script=slow)
    stop = page.locator(DRAWER).get_by_role("button", name="Stop")
    stop.click()
    see(page, OCCLUSION, "incomplete")
    page.locator(DRAWER).get_by_role("button", name="Compute").click()
    stop.wait_for()
    page.evaluate("held()")
    see(page, OCCLUSION, "Covering the|No patch")
    page.locator(f"{DRAWER} progress").wait_for(state="hidden")


def test_a_point_of_the_embedding_opens_by_click_and_by_enter(visit, demo):
    page = visit(f"{demo}#view=mistakes")
    reach(page, "#embedding")
    plane = page.locator("#embedding svg")
    plane.focus()
    page.keyboard.press("ArrowRight")
    page.locator("#embedding li [data-image]").wait_for()
    name = page.locator("#embedding li [data-image]").get_attribute("data-image")
    page.keyboard.press("Enter")
    see(page, TITLE, f"image {int(name.split('-')[1]):,}$")
    page.keyboard.press("Escape")
    page.locator(DRAWER).wait_for(state="detached")
    plane.click(position={"x": 40, "y": 40})
    see(page, TITLE, "^Validation image")


def test_an_image_opens_in_the_pad_and_becomes_a_star_of_the_embedding(visit, demo):
    index = json.loads((DEMO / EMBEDDING).read_text())["epochs"][-1]["index"][3]
    page = visit(f"{demo}#view=mistakes&image=validation-{index}")
    page.locator(DRAWER).get_by_role("button", name="Open in the pad").click()
    see(page, "#pad .sheet", f"Validation image {index}, label")
    see(page, "#pad .answer", "confidence|looks like|nearest")
    page.locator(DRAWER).wait_for(state="detached")
    page.get_by_role("link", name="Mistakes").click()
    reach(page, "#embedding")
    see(page, "#embedding", "The star is the digit drawn")
    page.locator("#embedding .star[visibility=visible]").wait_for()
    takes_keys(page)
    page.keyboard.press("f")
    page.locator(".presentation[open]").wait_for()
    page.keyboard.press("End")
    page.locator(".presentation .pad").wait_for()
    page.keyboard.press("Escape")
    page.locator(".presentation").wait_for(state="hidden")
    see(page, "#embedding", "The star is the digit drawn")  # the blank pad of the presentation is another one


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844), (720, 450)])
def test_the_drawer_fits_and_passes_the_accessibility_rules(visit, demo, theme, size):
    page = visit(f"{demo}#view=mistakes&image=validation-{most_confident_mistake()}", width=size[0], theme=theme)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    see(page, f"{DRAWER} .nearest", "Of its label")
    see(page, OCCLUSION, "Covering the|No patch")
    page.locator(".course-chart:not([hidden])").wait_for()
    becomes(page, lambda: page.locator(DRAWER).evaluate("e => e.scrollWidth <= e.clientWidth"), True)
    fits(page, size[0])
    box = page.locator(DRAWER).bounding_box()
    assert box["height"] >= 250
    if size[1] > 560:
        assert box["y"] + box["height"] <= page.locator("#scrubber").bounding_box()["y"] + 1, (
            "the scrubber stays in reach"
        )
    assert complaints(page) == []


def test_any_server_and_prefix_will_do(visit, tmp_path):
    results = copy_page(tmp_path / "some" / "where")
    results.rmdir()
    shutil.copytree(DEMO, results)
    with any_server(tmp_path, "/some/where/") as url:
        page = visit(f"{url}#view=mistakes&image=validation-{most_confident_mistake()}")
        see(page, OCCLUSION, "Covering the|No patch")
        see(page, f"{DRAWER} .maps", "relu")
        page.locator(".nearest [data-image] canvas").nth(5).wait_for()


def test_colors_that_the_reader_forces_keep_the_drawer_readable(visit, demo):
    page = visit(f"{demo}#image=test-5")
    page.emulate_media(forced_colors="active")
    see(page, OCCLUSION, "Covering the|No patch")
    assert page.locator(".evidence canvas").first.evaluate("e => getComputedStyle(e).forcedColorAdjust") == "none"
    assert re.match(r"1px", page.locator(DRAWER).evaluate("e => getComputedStyle(e).borderTopWidth"))
