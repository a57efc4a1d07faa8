"""The pad in a real browser: mouse, touch and keyboard on a trained network."""

import json
import shutil

import pytest

from digits.files import write_json
from digits.runlog.contract import NETWORK
from digits.server.routes import Site
from tests.support.browser import Watched, any_server, copy_page, our_server, serving, write_run
from tests.support.http_client import site_server
from tests.support.pad import (
    ANSWER,
    READS,
    answer,
    clear,
    draw,
    draw_strokes,
    pixels,
    sheet,
    strokes_of,
    strokes_of_number,
    train,
)
from tests.support.pages import PATIENCE, becomes, fits, open_view, reach, see
from tests.test_page_access import complaints


@pytest.mark.parametrize("server", ["ours", "any"])
def test_digits_drawn_with_the_mouse_are_read_with_any_server(visit, trained, tmp_path, server):
    if server == "any":
        copy_page(tmp_path).rmdir()
        (tmp_path / "results").symlink_to(trained)
    with our_server(trained) if server == "ours" else any_server(tmp_path) as url:
        page = visit(url, allowed=("404",))
        right = 0
        for digit in range(10) if server == "ours" else (3, 7):
            draw(page, strokes_of(digit))
            right += answer(page) == str(digit)
            shares = page.locator("#pad .ten span").all_inner_texts()
            assert sum(float(share.rstrip(" %")) for share in shares) == pytest.approx(100, abs=0.6)
            assert page.locator("#pad .maps canvas").count() >= 5
            clear(page)
        assert right >= (9 if server == "ours" else 2)
        assert page.locator("#pad .layers").is_hidden()


def test_non_digits_are_rejected(visit, trained):
    with our_server(trained) as url:
        page = visit(url)
        draw(page, [[(0.2 + 0.6 * (step % 2), 0.2 + 0.03 * step) for step in range(20)]])
        assert answer(page) == "Not a digit"
        see(page, "#pad .answer", r"far too much ink; nearest: \d")
        page.get_by_role("button", name="Save drawing").click()
        for _ in range(2):
            see(page, "#pad .saved li", r"Not a digit: far too much ink; nearest: \d since")
            page.reload()
            sheet(page)
        draw(page, [[(left + 0.25 * (step % 2), 0.2 + 0.06 * step) for step in range(11)] for left in (0.1, 0.6)])
        see(page, "#pad .answer", "several digits or parts")


def test_an_uncalibrated_network_is_marked_as_such(visit, trained, tmp_path):
    results = shutil.copytree(trained, tmp_path / "results")
    network = json.loads((results / NETWORK).read_text())
    write_json(results / NETWORK, network | {"temperature": None})
    with our_server(results) as url:
        page = visit(url)
        draw(page, strokes_of(3))
        see(page, "#pad .answer", "confidence.*; uncalibrated")
        page.get_by_role("button", name="Save drawing").click()
        see(page, "#pad .saved p", r"\(uncalibrated\)")
        write_json(results / NETWORK, network)
        page.reload()
        draw(page, strokes_of(3))
        see(page, "#pad .answer", r"confidence(?!.*uncalibrated)")
        see(page, "#pad .saved p", r"% *$|%; earlier")


def test_a_finger_draws_and_does_not_scroll_the_page(browser, trained):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    context.set_default_timeout(PATIENCE)
    with our_server(trained) as url:
        page = context.new_page()
        page.goto(url)
        box = sheet(page).bounding_box()
        corner, sides = (box["x"], box["y"]), (box["width"], box["height"])
        before = page.evaluate("scrollY")
        session = context.new_cdp_session(page)

        def touch(kind, *place):
            where = [start + part * size for start, part, size in zip(corner, place, sides)]
            points = [dict(zip("xy", where))] if place else []
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        def write(strokes):
            for stroke in strokes:
                touch("touchStart", *stroke[0])
                for place in stroke[1:]:
                    touch("touchMove", *place)
                touch("touchEnd")

        write(strokes_of(7))
        see(page, ANSWER, "^7$")
        assert page.locator("#pad .boxes i").count() == 0
        page.get_by_role("button", name="Clear").dispatch_event("click")  # a click would scroll
        write(strokes_of_number("42"))
        see(page, ANSWER, "^42$")
        see(page, "#pad .answer", "4 with .*%, 2 with .*%")
        boxes = page.locator("#pad .boxes i")
        becomes(page, boxes.all_inner_texts, ["4", "2"])
        for box, strokes in zip((boxes.nth(0), boxes.nth(1)), map(strokes_of_number, ("4 ", " 2"))):
            edges, points = box.bounding_box(), [point for stroke in strokes for point in stroke]
            middle = [sum(ends) / 2 for ends in zip(*(map(f, zip(*points)) for f in (min, max)))]
            found = [edges["x"] + edges["width"] / 2, edges["y"] + edges["height"] / 2]
            assert found == pytest.approx(
                [start + part * size for start, part, size in zip(corner, middle, sides)], abs=6
            )
        page.get_by_role("button", name="Save drawing").dispatch_event("click")
        see(page, "#pad .saved li", "42: 4 with .*%, 2 with")
        becomes(page, page.locator("#pad .saved li canvas").count, 4)
        assert page.evaluate("scrollY") == before
        fits(page, 390)
        page.reload()
        sheet(page)
        see(page, "#pad .saved li", "42: 4 with .*%, 2 with")
    context.close()


def test_thin_lines_are_read_on_a_phone(visit, trained):
    with our_server(trained) as url:
        page = visit(url, width=390, allowed=READS)
        sheet(page)
        page.get_by_label("Pen width").fill("2")
        for digit in (1, 4):
            draw(page, strokes_of(digit))
            see(page, ANSWER, f"^{digit}$")
            widened = pixels(page)
            page.get_by_label("Widen thin strokes").uncheck()
            assert sum(widened) > 2 * sum(pixels(page))
            page.get_by_label("Widen thin strokes").check()
            page.get_by_role("button", name="Clear").dispatch_event("click")  # a click would scroll


def test_keys_draw_too(visit, trained):
    with our_server(trained) as url:
        page = visit(url, allowed=READS)
        sheet(page).focus()
        for _ in range(3):
            page.keyboard.press("Shift+ArrowUp")
        page.keyboard.press("Space")
        for _ in range(6):
            page.keyboard.press("Shift+ArrowDown")
        assert answer(page) == "1"
        page.keyboard.press("Backspace")
        assert answer(page) == "" and max(pixels(page)) == 0
        page.keyboard.press("Escape")
        see(page, "#pad .answer", "Draw a digit")


def test_a_network_is_not_called_unusable_while_it_is_loaded(visit, trained):
    with our_server(trained) as url:
        page = visit(url)
        held = []
        page.route("**/network.bin", lambda route: held.append(route))
        open_view(page, "#pad")
        which = page.locator("#pad > div > p .soft")
        which.wait_for(state="attached")
        becomes(page, lambda: len(held), 1)
        assert which.inner_text() == ""
        draw_strokes(page, strokes_of(7))
        assert answer(page) == ""
        held[0].continue_()
        see(page, ANSWER, "^7$")


def test_why_a_drawn_digit_was_read_so_is_one_click_away(visit, trained):
    with our_server(trained) as url:
        page = visit(f"{url}#view=try")
        page.locator(".why").wait_for(state="hidden")
        draw(page, strokes_of(7))
        page.get_by_text("Why this prediction?").click()
        see(page, ".why .occlusion", r"(Covering .* lowers the probability of \d from|No patch lowers the probability)")
        page.locator(".why progress").wait_for(state="hidden")
        assert page.locator(".why canvas").evaluate_all(
            "all => all.every(({ width, height }) => width === 28 && height === 28)"
        )
        clear(page)
        page.locator(".why").wait_for(state="hidden")


def test_undo_lifts_the_pen_of_the_keyboard(visit, trained):
    with our_server(trained) as url:
        page = visit(url, allowed=READS)
        sheet(page).focus()
        for key in ("Space", "Shift+ArrowDown", "Space", "ArrowRight", "ArrowRight", "ArrowRight", "Space"):
            page.keyboard.press(key)
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Backspace")
        one = pixels(page)
        page.keyboard.press("Shift+ArrowRight")
        assert pixels(page) == one, "only the pen moved"
        page.keyboard.press("Space")
        page.keyboard.press("Shift+ArrowRight")
        assert pixels(page) != one
        page.keyboard.press("Escape")
        page.keyboard.press("Shift+ArrowLeft")
        assert max(pixels(page)) == 0


def test_undo_and_clear_work(visit, trained):
    with our_server(trained) as url:
        page = visit(url, allowed=READS)
        sheet(page)
        assert page.get_by_role("button", name="Undo").is_disabled()
        draw(page, strokes_of(1))
        one = pixels(page)
        draw(page, [[(0.2, 0.5), (0.8, 0.5)]])
        assert pixels(page) != one
        page.get_by_role("button", name="Undo").click()
        assert pixels(page) == one
        clear(page)
        assert max(pixels(page)) == 0
        page.get_by_role("button", name="Undo").click()
        assert pixels(page) == one


def test_each_preprocessing_step_can_be_switched_off(visit, trained):
    with our_server(trained) as url:
        page = visit(url, allowed=READS)
        wide = [(0.05, 0.1), (0.7, 0.1), (0.1, 0.4), (0.6, 0.5), (0.1, 0.8)]
        draw(page, [wide, [(0.9, 0.9), (0.901, 0.9)]])
        whole = pixels(page)
        for step in ("Remove specks", "Crop to the digit", "Center by mass"):
            page.get_by_label(step).uncheck()
            assert pixels(page) != whole, step
            page.get_by_label(step).check()
            assert pixels(page) == whole


def test_saved_drawings_show_their_history_and_persist(visit, trained):
    with our_server(trained) as url:
        page = visit(url)
        for digit in (3, 8):
            draw(page, strokes_of(digit))
            page.get_by_role("button", name="Save drawing").click()
            clear(page)
        see(page, "#pad .saved li", r"\d since (epoch|the first epoch)")
        page.reload()
        sheet(page)
        see(page, "#pad .saved li", "now")
        history = page.locator("#pad .history canvas")  # a column for each of three epochs
        becomes(page, lambda: history.evaluate_all("all => all.map((one) => one.width)"), [3 * 24] * 2)
        page.get_by_role("button", name="Delete this drawing").first.click()
        becomes(page, page.locator("#pad .saved li").count, 1)


def test_before_the_first_epoch_the_pad_says_when_it_becomes_available(visit, tmp_path):
    write_run(tmp_path, status="running", files=["test.png"])
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, "#pad", "once the first epoch is completed")
        write_run(tmp_path, status="running", files=["batches.csv"])
        page.locator("#pad").wait_for(state="hidden")


def test_the_answer_comes_from_the_newest_network_while_it_trains(visit, tmp_path):
    with our_server(tmp_path) as url, train(tmp_path, "--epochs", "4000", "--train-limit", "4800") as training:
        try:
            page = visit(url, allowed=("404",))
            draw(page, strokes_of(7))
            page.get_by_role("button", name="Save drawing").click()
            which = page.locator("#pad > div > p .soft")
            first = which.inner_text()
            becomes(page, lambda: which.inner_text() != first, True)
        finally:
            training.terminate()
        assert training.wait() == 143
        assert answer(page)
        see(page, "#pad .saved li", "now")


def test_the_page_of_one_host_shows_the_runs_of_another(browser, trained, tmp_path):
    """Not through `visit`, which rejects requests to other hosts."""
    copy_page(tmp_path)
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    with any_server(tmp_path) as page_url:  # noqa: SIM117
        with serving(site_server(Site(trained), origins=[page_url.rstrip("/")])) as api:
            watched = Watched(context.new_page())
            page = watched.page
            page.goto(f"{page_url}?api={api}")
            draw(page, strokes_of(7))
            assert answer(page) == "7"
            page.get_by_role("button", name="Random test image").click()
            see(page, "#pad .sheet", "Test image")
            reach(page, "#mistakes")
            page.locator(".digits").scroll_into_view_if_needed()
            page.locator("#mistakes .crop[style*='url(\"blob:']").first.wait_for()
            assert page.get_by_role("button", name="Change").count() == 0, "changing runs is for the server's own page"
            assert watched.complaints == []
            assert {request.split("/")[2] for request in watched.requests} >= {api.split("/")[2]}
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_pad_passes_the_accessibility_rules(visit, trained, theme, width):
    with our_server(trained) as url:
        page = visit(url, theme=theme, width=width)
        draw(page, strokes_of(5))
        page.get_by_role("button", name="Save drawing").click()
        page.get_by_label("Every layer").check()
        see(page, "#pad .saved li", "now")
        assert complaints(page) == []
        fits(page, width)
