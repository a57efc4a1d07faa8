"""Accessibility of the page: axe-core in light and dark, in every state."""

import pytest

from digits.files import write_json
from digits.runlog.contract import RUNS_INDEX
from tests.support.browser import missing, our_server, write_run
from tests.support.control import controlled
from tests.support.pages import load_view, open_view, reach, see, status


def complaints(page) -> list:
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        missing("axe-playwright-python is not installed")
    found = Axe().run(page).response["violations"]
    return [(violation["id"], [node["html"][:200] for node in violation["nodes"][:3]]) for violation in found]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", ["running", "completed", "failed"])
def test_a_run_passes_the_accessibility_rules(visit, tmp_path, theme, state):
    write_run(tmp_path, status=state, error="It failed." if state == "failed" else None)
    with our_server(tmp_path) as url:
        page = visit(url, theme=theme)
        status(page, state)
        reach(page, "#mistakes")
        see(page, "#mistakes", "recall")
        assert complaints(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_view_passes_the_accessibility_rules(visit, tmp_path, theme, width):
    write_run(tmp_path, status="completed")
    with controlled(tmp_path) as (url, _):
        page = visit(url, theme=theme, width=width)
        status(page, "Completed")
        for section in ("#settings", "#mistakes", "#weights", "#view-try", "#view-compare", "#samples"):
            open_view(page, section)
            load_view(page)
            assert complaints(page) == [], section
        page.keyboard.press("?")
        see(page, "dialog", "Keyboard shortcuts")
        assert complaints(page) == []
        page.keyboard.press("Escape")
        page.get_by_role("button", name="More", exact=True).click()
        assert complaints(page) == []


def test_the_welcome_passes_the_accessibility_rules(visit, tmp_path):
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, "#welcome", "make train")
        assert complaints(page) == []


def test_two_compared_runs_pass_the_accessibility_rules(visit, tmp_path):
    log = write_run(tmp_path, status="completed")
    earlier = tmp_path / "runs" / "20260101-000000-aaaa"
    other = write_run(earlier, status="completed", run_id=earlier.name, name="the other", config={"lr": 0.5})
    runs = [
        {"run_id": run["run_id"], "path": path, "name": run["name"], "status": "completed"}
        for run, path in ((log, ""), (other, f"runs/{earlier.name}/"))
    ]
    write_json(tmp_path / RUNS_INDEX, {"schema": 1, "runs": runs})
    with controlled(tmp_path) as (url, _):
        page = visit(f"{url}&with={earlier.name}")
        reach(page, "#compare")
        see(page, "#compare .sides", "the other")
        assert complaints(page) == []
        page.get_by_role("button", name="Change the other").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        assert complaints(page) == []


def test_the_axe_rules_can_fail(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, "Completed")
        page.get_by_role("button", name="More", exact=True).click()
        page.evaluate(
            "document.querySelector('#refresh').closest('label').replaceWith(document.querySelector('#refresh'))"
        )
        assert [name for name, _ in complaints(page)] == ["select-name"]
