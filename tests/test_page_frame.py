"""The frame of the page in a real browser: views, their addresses, the history, shortcuts, narrow screens."""

import re

import pytest

from digits.files import write_json
from digits.runlog.contract import RUNS_INDEX
from tests.support.browser import our_server, write_run
from tests.support.pages import becomes, becomes_true, open_view, see, status, takes_keys, wait_for_polls

VIEWS = {"Overview": "", "Mistakes": "mistakes", "Try it": "try", "Compare": "compare", "Network": "network"}
VIEWS |= {"Settings": "settings"}
SHOWN = ".view:not([hidden])"
WHERE = "[data-measure=loss] [data-part=where]"


@pytest.fixture
def two_runs(tmp_path):
    """The live run and an earlier one; the earlier one's ID."""
    log = write_run(tmp_path, status="completed", name="the live one")
    earlier = tmp_path / "runs" / "20260101-000000-aaaa"
    write_run(earlier, status="completed", run_id=earlier.name, name="the earlier one")
    runs = [
        {"run_id": run_id, "path": path, "name": name, "status": "completed"}
        for run_id, path, name in (
            (log["run_id"], "", "the live one"),
            (earlier.name, f"runs/{earlier.name}/", "the earlier one"),
        )
    ]
    write_json(tmp_path / RUNS_INDEX, {"schema": 1, "runs": runs})
    return earlier.name


def shows(page, name: str) -> None:
    """Wait until the only view that is shown has this name."""
    names = "views => views.map((view) => view.ariaLabel)"
    becomes(page, lambda: page.locator(SHOWN).evaluate_all(names), [name])


def test_every_view_has_an_address_that_opens_it(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, "Completed")
        for name, view in VIEWS.items():
            page.get_by_role("navigation").get_by_role("link", name=name).click()
            shows(page, name)
            page.wait_for_url(f"{url}#view={view}" if view else url)
            becomes(page, page.locator("#nav [aria-current]:visible").inner_text, name)
        page.goto(f"{url}#view=network")
        page.reload()
        see(page, "#layers td", "Conv2d")
        shows(page, "Network")


def test_back_and_forward_go_through_views_and_runs(visit, tmp_path, two_runs):
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, "h1", "the live one")
        page.get_by_role("link", name="Network").click()
        page.locator("#runs a", has_text="the earlier one").click()
        see(page, "h1", "the earlier one")
        shows(page, "Network")  # choosing a run keeps the view
        page.wait_for_url(f"{url}#run={two_runs}&view=network")
        page.get_by_role("link", name="Settings").click()
        page.go_back()
        shows(page, "Network")
        page.go_back()
        see(page, "h1", "the live one")
        page.go_back()
        shows(page, "Overview")
        page.go_forward()
        page.go_forward()
        see(page, "h1", "the earlier one")
        page.go_forward()
        shows(page, "Settings")


def test_looks_and_zoom_are_in_the_address_without_new_entries_of_the_history(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, WHERE, "step 120")
        page.get_by_role("link", name="Mistakes").click()
        page.get_by_role("link", name="Overview").click()
        page.locator("[data-part=axis]").select_option("step")
        page.locator("[data-part=log]").check()
        page.locator("[data-measure=loss] canvas").focus()
        page.keyboard.press("+")
        page.wait_for_url(re.compile("#x=step&log=1&zoom="))
        assert "&zoom=" in page.locator("#nav [data-view=mistakes]").first.get_attribute("href"), "in another tab, too"
        page.reload()
        page.locator("[data-part=reset]:visible").first.wait_for()
        becomes(page, page.locator("[data-part=axis]").input_value, "step")
        page.go_back()
        shows(page, "Mistakes")


def test_the_last_look_before_another_view_is_kept_for_going_back(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, WHERE, "step 120")
        script = """() => {
            document.querySelector('[data-part=log]').click();
            document.querySelector('[data-view=mistakes]').click();
            document.querySelector('[data-part=log]').click();
            history.back();
        }"""
        page.evaluate(script)
        page.wait_for_url(f"{url}#log=1")
        shows(page, "Overview")


def test_digits_open_views_and_a_question_mark_the_help(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        takes_keys(page)
        for key, name in enumerate(VIEWS, 1):
            page.keyboard.press(str(key))
            shows(page, name)
        page.keyboard.press("?")
        see(page, "dialog", "Keyboard shortcuts")
        page.keyboard.press("1")
        shows(page, "Settings")  # a dialog takes the keys
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
        page.keyboard.press("1")
        shows(page, "Overview")
        page.locator("[data-part=axis]").focus()
        page.keyboard.press("2")
        shows(page, "Overview")  # a field takes the keys


def test_a_key_right_after_a_dialog_was_closed_counts(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        takes_keys(page)
        page.keyboard.press("?")
        see(page, "dialog", "Keyboard shortcuts")
        script = """() => {
            document.querySelector('dialog').close();
            document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: '2', bubbles: true }));
        }"""
        page.evaluate(script)
        shows(page, "Mistakes")


def test_the_first_tab_stop_skips_to_the_content(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(f"{url}#view=network")
        status(page, "Completed")
        page.keyboard.press("Tab")
        becomes_true(page, "document.activeElement.textContent === 'Skip to content'")
        page.keyboard.press("Enter")
        becomes_true(page, "document.activeElement.id === 'main'")
        wait_for_polls(page, 1)
        assert page.url == f"{url}#view=network"


def test_narrow_screens_have_a_bar_at_the_bottom(visit, tmp_path, two_runs):
    with our_server(tmp_path) as url:
        page = visit(url, width=390)
        see(page, "h1", "the live one")
        bar = page.get_by_role("navigation")
        box = bar.bounding_box()
        assert box["y"] + box["height"] == 900
        entries = bar.locator("> :is(a, button):visible")
        becomes(page, entries.all_inner_texts, ["Overview", "Mistakes", "Try it", "Runs", "More"])
        assert page.locator("#runs").is_hidden()
        bar.get_by_role("button", name="Runs").click()
        page.locator("#runs a", has_text="the earlier one").click()
        see(page, "h1", "the earlier one")
        page.locator("#runs").wait_for(state="hidden")
        open_view(page, "#settings")
        shows(page, "Settings")
        page.get_by_role("link", name="Compare").wait_for(state="hidden")


def test_a_view_without_content_says_why(visit, tmp_path):
    write_run(tmp_path)
    (tmp_path / "training_log.json").write_text('{"run_id": "x", "status": "completed"}')
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, "Completed")
        for view in ("mistakes", "try", "network"):
            page.locator(f"[data-view={view}]:visible").click()
            page.locator(f"#view-{view} .empty").wait_for()
        page.locator("[data-view=compare]:visible").click()
        see(page, "#compare", "no other run to compare")


def test_a_section_whose_module_could_not_be_loaded_is_loaded_later(visit, tmp_path):
    write_run(tmp_path, status="completed")
    module, refused = "**/views/weights.js", []

    def refuse(route):
        refused.append(route.request.url)
        route.abort()

    with our_server(tmp_path) as url:
        page = visit(url, allowed=("ERR_FAILED",))
        status(page, "Completed")
        page.route(module, refuse)
        open_view(page, "#weights")
        becomes(page, lambda: len(refused) > 0, True)
        page.unroute(module)
        see(page, "#weights [data-part=note]", "after epoch")


def test_changes_right_before_a_reload_are_kept(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, "Completed")
        page.locator("#scrubber [data-set=test]").wait_for()
        with page.expect_event("load"):  # a new address without a reload is a navigation, too
            page.evaluate("""() => { setTimeout(() => {
              const parts = ['[data-set=test]', '[data-part=log]', '[data-part=errors]'];
              for (const part of parts) document.querySelector(part).click();
              location.reload();
            }); }""")
        status(page, "Completed")
        assert page.url == f"{url}#set=test&log=1&errors=1"
        becomes(page, page.locator("[data-part=errors]").is_checked, True)
