"""What is asked for is in view, and nothing is cut or covered: on a phone, and on a desk of 1440 pixels."""

import shutil

import pytest

from digits.runlog import runs
from tests.support import PROJECT, many_runs
from tests.support.browser import our_server, write_run
from tests.support.control import controlled
from tests.support.pad import draw, strokes_of
from tests.support.pages import becomes, load_view, reach, see, takes_keys

DEMO = PROJECT / "examples" / "demo"
# The top of an element is below the header, and its bottom above the scrubber.
IN_VIEW = """(selector) => {
  const boxOf = (one) => document.querySelector(one).getBoundingClientRect();
  const { top, bottom } = boxOf(selector);
  return bottom > top && top >= boxOf('#header').bottom - 1 && bottom <= boxOf('#scrubber').top + 1;
}"""
CUT = """(selector) => [...document.querySelectorAll(selector)]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map(({ textContent }) => textContent)"""
PLACES = "all => all.map((one) => Object.values(one.getBoundingClientRect().toJSON()))"


@pytest.fixture
def demo(tmp_path):
    shutil.copytree(DEMO, tmp_path, dirs_exist_ok=True)
    with our_server(tmp_path) as url:
        yield url


@pytest.mark.parametrize("width", [390, 1440])
def test_the_help_opens_at_its_title(visit, demo, width):
    page = visit(demo, width=width)
    page.set_viewport_size({"width": width, "height": 400})
    takes_keys(page)
    page.keyboard.press("?")
    see(page, "dialog", "Keyboard shortcuts")
    assert page.locator("dialog").evaluate(
        "({ scrollTop, clientHeight, scrollHeight }) => [scrollTop, scrollHeight > clientHeight]"
    ) == [0, True]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Close"


def test_on_a_phone_a_chosen_confusion_brings_its_images_into_view(visit, demo):
    page = visit(f"{demo}#view=mistakes", width=390)
    reach(page, "#mistakes")
    page.locator("#mistakes .confusions button").first.click()
    see(page, "#mistakes [data-part=title]", "predicted as")
    becomes(page, lambda: page.evaluate(IN_VIEW, "#mistakes [data-part=title]"), True)


def test_on_a_phone_the_prediction_is_in_view_beside_the_sheet(visit, demo):
    page = visit(f"{demo}#view=try", width=390)
    see(page, "#pad", "Weights after epoch")
    draw(page, strokes_of(7))
    see(page, "#pad .answer strong", r"^\d$")
    digit = page.locator("#pad .answer strong").inner_text()
    see(page, "#pad .glance", f"^{digit}")
    glance, sheet = (page.locator(f"#pad {one}").bounding_box() for one in (".glance", ".paper"))
    assert 0 <= glance["y"] - sheet["y"] - sheet["height"] <= 16 and glance["height"] <= 40
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator("#pad .glance").wait_for(state="hidden")


def with_samples(page):
    """The page, once its test digits are shown, of which at least one is wrong."""
    reach(page, "#samples")
    see(page, "#samples .wrong .mark", "✗")
    return page


@pytest.mark.parametrize("width", [390, 1440])
def test_awaited_test_digits_leave_no_room_for_the_text_of_the_run_before(visit, tmp_path, width):
    log = write_run(tmp_path, status="running")
    with our_server(tmp_path) as url:
        page = with_samples(visit(url, width=width))
        before = {
            "files": [],
            "epochs": {name: [] for name in log["epochs"]},
            "config": log["config"] | {"samples": 10},
        }
        write_run(tmp_path, status="running", run_id="the next one", **before)
        page.locator("#samples[data-awaited]").wait_for()
        assert page.locator("#samples h2 .soft").evaluate("one => one.getClientRects().length") == 0


@pytest.mark.parametrize("width", [390, 1440])
def test_a_presented_digit_stays_away_from_its_frame(visit, demo, width):
    page = visit(f"{demo}#present=5", width=width)
    verdict = page.locator(".presentation .on-digit .verdict strong")
    verdict.wait_for()
    frame = page.locator(".presentation .sample").bounding_box()
    bars = page.locator(".presentation .bars").bounding_box()
    assert verdict.bounding_box()["x"] >= frame["x"] + 8
    assert bars["x"] + bars["width"] <= frame["x"] + frame["width"] - 8


@pytest.mark.parametrize("width", [1024, 1440])
def test_no_text_of_a_tile_or_a_test_digit_is_cut(visit, tmp_path, width):
    log = write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = with_samples(visit(url, width=width))
        assert page.evaluate(CUT, ".tile .remark, .tile .number") == []
        digit, mark = (page.locator(f"#samples .wrong{one}").bounding_box() for one in ("", " .mark"))
        assert mark["x"] + mark["width"] <= digit["x"] + digit["width"] - 4
        accuracy = [*log["epochs"]["val_accuracy"][:-1], 0.945]
        write_run(tmp_path, status="completed", epochs=log["epochs"] | {"val_accuracy": accuracy})
        remark = page.locator(".tile .remark")  # the first one has no room in a row of five tiles
        becomes(page, lambda: "; best" in remark.first.text_content(), True)
        assert page.evaluate(CUT, ".tile .remark") == []
        write_run(tmp_path, status="running", epochs={name: [] for name in log["epochs"]}, test=None)
        becomes(page, remark.first.text_content, "after epoch 1")
        assert page.evaluate(CUT, ".tile .remark") == []


def test_an_enlarged_chart_fits_the_window_and_its_button_and_escape_restore_it(visit, demo):
    page = visit(demo)
    charts = page.locator("figure.chart:visible")
    becomes(page, charts.count, 4)
    takes_keys(page)
    for restore in (lambda: page.get_by_role("button", name="Restore").click(), lambda: page.keyboard.press("Escape")):
        page.locator("[data-measure=loss] [data-part=enlarge]").click()
        becomes(page, charts.count, 1)
        becomes(page, lambda: page.evaluate(IN_VIEW, "[data-measure=loss]"), True)
        assert page.locator("[data-measure=loss] canvas").bounding_box()["height"] > 450
        restore()
        becomes(page, charts.count, 4)


def test_messages_are_above_the_scrubber(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        page.get_by_role("button", name="New run").wait_for()
        message = page.locator("#header .message")
        message.evaluate("one => { one.textContent = 'Paused.'; one.hidden = false; }")
        scrubber = page.locator("#scrubber").bounding_box()
        box = message.bounding_box()
        assert box["y"] + box["height"] <= scrubber["y"]


def test_tabs_keep_their_place_whichever_is_open_and_more_stands_for_those_in_it(visit, demo):
    page = visit(demo)
    links = page.locator("#nav > a")
    links.first.wait_for()
    before = links.evaluate_all(PLACES)
    page.get_by_role("link", name="Mistakes").click()
    page.locator("#view-mistakes").wait_for()
    assert links.evaluate_all(PLACES) == before
    page.set_viewport_size({"width": 390, "height": 844})
    background = "getComputedStyle(document.querySelector('#nav > [popovertarget=more]')).backgroundColor"
    plain = page.evaluate(background)
    page.evaluate("location.hash = 'view=settings'")
    page.locator("#view-settings").wait_for()
    assert page.evaluate(background) != plain


def test_an_earlier_run_is_announced_in_a_slim_line(visit, tmp_path):
    first = many_runs.write(tmp_path)[0]
    with our_server(tmp_path) as url:
        page = visit(f"{url}#run={first}")
        see(page, "#notices", "Earlier run")
        assert page.locator("#notices .notice").bounding_box()["height"] <= 40
        assert page.locator("#notices .icon").count() == 0


def test_columns_of_the_confusion_matrix_are_equally_wide(visit, demo):
    page = visit(f"{demo}#view=mistakes")
    load_view(page)
    widths = page.locator("#mistakes thead th:not(.edge)").evaluate_all("all => all.map((one) => one.offsetWidth)")
    assert len(widths) == 10 and max(widths) - min(widths) <= 1


def test_values_of_the_list_stand_at_its_right_and_overlap_no_time(visit, tmp_path):
    many_runs.write(tmp_path, seeds=(1, 2))
    twin = tmp_path / "runs" / "20260922-000000-made"
    shutil.copytree(next(iter(sorted((tmp_path / "runs").iterdir()))), twin)
    log = (twin / "training_log.json").read_text()
    (twin / "training_log.json").write_text(log.replace("20260921-000000-made", twin.name).replace("00:00Z", "10:00Z"))
    runs.write_index(tmp_path)
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        page.locator("#runs .group").first.wait_for()
        page.locator("[data-change]").first.wait_for(state="attached") if page.locator(
            "[data-change]"
        ).count() else None
        for fold in page.locator("#runs .fold[aria-expanded=false]").all():
            fold.click()
        page.locator("#runs .member a .soft").first.wait_for()
        script = """() => [...document.querySelectorAll('#runs .run')].flatMap((row) => {
          const place = (one) => one.getBoundingClientRect();
          const value = row.querySelector('.values dd');
          const marks = [...row.querySelectorAll('a .soft')];
          return marks.filter((one) => place(one).right > place(value).left).map((one) => one.textContent);
        })"""
        assert page.evaluate(script) == []
        ends = """() => ['#runs .group .values dd', '#runs .member .values dd'].map((selector) => {
          const range = document.createRange();
          range.selectNodeContents(document.querySelector(selector));
          return Math.round(range.getBoundingClientRect().right);
        })"""
        group, member = page.evaluate(ends)
        assert abs(group - member) <= 4
