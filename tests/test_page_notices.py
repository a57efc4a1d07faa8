"""Notices of an ended run: their text has room beside or above the buttons, docked and floating, at any width."""

import json

import pytest

from tests.support.browser import write_run
from tests.support.control import controlled
from tests.support.pages import becomes_true, fits, see, status

OUTPUT = ["Traceback (most recent call last):", *(f'  File "network.py", line {line}' for line in range(9)), "Killed"]
BOXES = """(place) => {
  const notice = document.querySelector(`#notices .${place} .notice`);
  const boxOf = (selector) => notice.querySelector(selector)?.getBoundingClientRect();
  return { notice: notice.getBoundingClientRect(), text: boxOf(':scope > div'), buttons: boxOf('.todo') };
}"""
LAST_LINE = """(pre) => {
  const range = document.createRange();
  range.selectNodeContents(pre);
  return range.getBoundingClientRect().bottom;
}"""


@pytest.fixture
def crashed(visit, tmp_path):
    """crashed(width, is_late) is a page that shows a crashed run and its output; `is_late`: it ran when opened."""
    state = {"control_enabled": True, "authorized": True, "running": False, "resumable": True}
    facts = {"last_words": OUTPUT, "exit_code": -9, "free_bytes": 1}

    def open_page(url: str, width: int, is_late: bool):
        write_run(tmp_path, status="running", alive=is_late, age=-3600 if is_late else 60)
        page = visit(url, width=width)
        page.route("**/control", lambda route: route.fulfill(body=json.dumps(state | facts)))
        status(page, "Running" if is_late else "Crashed")
        write_run(tmp_path, status="running", alive=False, age=60)
        see(page, "#notices pre", "Killed")
        page.get_by_role("button", name="Run it again").wait_for()
        return page

    with controlled(tmp_path) as (url, _):
        yield lambda width, is_late: open_page(url, width, is_late)


@pytest.mark.parametrize("place", ["placed", "late"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_text_of_a_notice_has_room_and_its_last_output_is_in_view(crashed, width, place):
    page = crashed(width, place == "late")
    boxes = page.evaluate(BOXES, place)
    assert boxes["text"]["width"] >= 0.6 * boxes["notice"]["width"]
    is_below = boxes["buttons"]["top"] >= boxes["text"]["bottom"]
    assert is_below == (width == 390 or place == "late")
    fits(page, width)
    if place == "late":
        assert boxes["notice"]["height"] <= 360, "it floats over the overview"
        becomes_true(page, "(({ scrollTop }) => scrollTop === 0)(document.querySelector('#notices pre'))")
        output = page.locator("#notices pre")
        last = output.evaluate(LAST_LINE)
        assert last <= output.evaluate("pre => pre.getBoundingClientRect().bottom + 1"), "the last line"
