"""The list of runs in a real browser: renaming, hiding, deleting; read-only on other servers."""

import json
import shutil

import pytest

from digits.runlog.contract import RUNS, RUNS_INDEX, TRAINING_LOG
from digits.runlog.run_log import RunLog
from tests.support import PROJECT
from tests.support.browser import any_server
from tests.support.control import controlled
from tests.support.pages import Training, becomes, becomes_true, see, status, wait_for_polls

ROW = "#runs .run"


@pytest.fixture
def runs(tmp_path):
    """A folder with three runs, the latest of them called `third`; their ids in order."""
    ids = []
    for name in ("first", "second", "third"):
        with RunLog(tmp_path, name=name) as log:
            log.describe(model={"name": "cnn4", "parameters": 246_266})
            log.batch(1, loss=0.5)
            log.epoch(1, train_loss=0.5, val_loss=0.4, val_accuracy=0.9)
        ids.append(log.run_id)
    return ids


def change(page, name):
    page.get_by_role("button", name=f"Change {name}").click()
    return page.get_by_role("dialog")


def lists(page, *names):
    """Wait until these runs are listed, in this order."""
    becomes(page, page.locator("#runs .name").all_inner_texts, [*names])


def test_each_run_shows_its_settings_and_results(visit, tmp_path, runs):
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        see(page, ROW, r"completed: third.*90.00\s% val\.")
        page.get_by_text("Columns").click()
        for column in ("Model", "Parameters", "Time", "Started"):
            page.locator("#runs .choices").get_by_label(column, exact=True).check()
        for fact in ("cnn4", "246,266", r"\d\.\d\ss", r"20\d\d"):
            see(page, ROW, fact)


def test_a_run_is_renamed_everywhere(visit, tmp_path, runs):
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        see(page, "[data-part=name]", "^third$")
        dialog = change(page, "third")
        dialog.get_by_label("Name").fill("the <b>best</b> one")
        dialog.get_by_role("button", name="Save name").click()
        see(page, "[data-part=name]", "^the <b>best</b> one$")
        lists(page, "the <b>best</b> one", "second", "first")
        page.reload()
        see(page, "[data-part=name]", "^the <b>best</b> one$")
        page.get_by_label("Compare with second").check()
        dialog = change(page, "second")
        dialog.get_by_label("Name").fill("laid over")
        dialog.get_by_label("Name").press("Enter")
        see(page, "[data-measure=loss] [data-part=others]", "laid over")


def test_a_hidden_run_leaves_the_list_and_can_be_brought_back(visit, tmp_path, runs):
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        change(page, "second").get_by_role("button", name="Hide").click()
        see(page, "#runs label", "show 1 hidden")
        lists(page, "third", "first")
        page.get_by_label("show 1 hidden").check()
        lists(page, "third", "second", "first")
        change(page, "second").get_by_role("button", name="Show in the list").click()
        page.get_by_label("show 1 hidden").wait_for(state="hidden")
        lists(page, "third", "second", "first")


def test_a_run_is_pinned_and_unpinned(visit, tmp_path, runs):
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        change(page, "second").get_by_role("button", name="Pin", exact=True).click()
        see(page, ROW, "second.*pinned")
        dialog = change(page, "second")
        see(page, "dialog", "never deleted automatically")
        dialog.get_by_role("button", name="Unpin").click()
        page.locator(ROW, has_text="pinned").wait_for(state="detached")


def test_deleting_a_run_needs_confirmation(visit, tmp_path, runs):
    first = tmp_path / RUNS / runs[0]
    with controlled(tmp_path) as (url, _):
        page = visit(f"{url}&run={runs[0]}")
        see(page, "[data-part=name]", "^first$")
        dialog = change(page, "first")
        dialog.get_by_role("button", name="Delete").click()
        see(page, "dialog [role=status]", "deleted permanently")
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
        assert first.exists()
        dialog = change(page, "first")
        dialog.get_by_role("button", name="Delete").click()
        dialog.get_by_role("button", name="Delete permanently").click()
        see(page, "[data-part=name]", "^third$")  # the shown run is gone: the latest
        lists(page, "third", "second")
        assert not first.exists()
        dialog = change(page, "third")
        dialog.get_by_role("button", name="Delete").click()
        dialog.get_by_role("button", name="Delete permanently").click()
        see(page, "#welcome h1", "No run yet")
        lists(page, "second")
        page.locator("#runs a").click()
        see(page, "[data-part=name]", "^second$")


def test_a_double_click_does_not_delete(visit, tmp_path, runs):
    with controlled(tmp_path) as (url, _):
        page, methods = visit(url), []
        page.on("request", lambda request: methods.append(request.method))
        change(page, "first").get_by_role("button", name="Delete").dblclick()
        see(page, "dialog [role=status]", "deleted permanently")
        wait_for_polls(page, 1)  # later than a request of the second click
        assert methods and "DELETE" not in methods
        assert (tmp_path / RUNS / runs[0]).exists()
        page.keyboard.press("Escape")


def test_a_run_in_training_can_be_named_and_not_be_deleted(visit, tmp_path):
    with controlled(tmp_path) as (url, _), Training(tmp_path, "alive"):
        page = visit(url)
        status(page, "running")
        dialog = change(page, "alive")
        becomes(page, dialog.get_by_role("button", name="Delete").is_disabled, True)
        dialog.get_by_label("Name").fill("well named")
        dialog.get_by_role("button", name="Save name").click()
        see(page, "[data-part=name]", "^well named$")
        wait_for_polls(page)  # news of the run arrive
        see(page, "[data-part=name]", "^well named$")
        see(page, "#runs .name", "^well named$")


def test_an_error_of_the_server_is_shown(visit, tmp_path, runs):
    with controlled(tmp_path) as (url, _):
        page = visit(url, allowed=("404",))
        see(page, ROW, "second")
        shutil.rmtree(tmp_path / RUNS / runs[1])
        dialog = change(page, "second")
        dialog.get_by_role("button", name="Hide").click()
        see(page, "dialog [role=status]", "There is no run")
        page.keyboard.press("Escape")


def test_a_foreign_server_is_read_only(visit, tmp_path):
    for name in ("index.html", "web"):
        (tmp_path / name).symlink_to(PROJECT / name)
    for name in ("first", "second"):
        with RunLog(tmp_path / "results", name=name) as log:
            log.batch(1, loss=0.5)
    index = json.loads((tmp_path / "results" / RUNS_INDEX).read_text())
    assert [run["name"] for run in index["runs"]] == ["second", "first"]
    with any_server(tmp_path) as url:
        page = visit(url)
        see(page, ROW, "first")
        assert page.get_by_role("button", name="Change").count() == 0
        assert (tmp_path / "results" / TRAINING_LOG).exists()


def test_redrawing_the_list_keeps_the_keyboard_focus(visit, tmp_path, runs):
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        page.get_by_label("Compare with second").focus()
        page.keyboard.press("Space")
        see(page, "[data-measure=loss] [data-part=others]", "second")
        focused = "document.activeElement.ariaLabel"
        becomes_true(page, f"{focused} === 'Compare with second'")
        page.locator("#runs a", has_text="second").focus()
        page.keyboard.press("Enter")  # the row has one control less then
        see(page, "[data-part=name]", "^second$")
        becomes_true(page, "document.activeElement.textContent.includes('second')")
        dialog = change(page, "first")
        dialog.get_by_label("Name").fill("renamed")
        dialog.get_by_label("Name").press("Enter")
        see(page, "#runs .name", "^renamed$")
        dialog.wait_for(state="detached")
        becomes_true(page, f"{focused} === 'Change renamed'")


def test_runs_with_the_same_name_keep_their_own_focus(visit, tmp_path):
    for _ in range(3):
        with RunLog(tmp_path, name="the same") as log:
            log.batch(1, loss=0.5)
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        box = page.locator(f"{ROW}:nth-child(3) input")
        box.focus()
        page.keyboard.press("Space")
        see(page, "[data-measure=loss] [data-part=others]", "the same")
        becomes(page, lambda: box.evaluate("box => box === document.activeElement"), True)
        third = page.locator(f"{ROW}:nth-child(3) [data-change]")
        third.click()
        page.get_by_role("button", name="Pin", exact=True).click()
        see(page, f"{ROW}:nth-child(3)", "pinned")
        becomes(page, lambda: third.evaluate("button => button === document.activeElement"), True)


def test_a_run_whose_accuracy_fell_shows_the_latest_and_is_marked(visit, tmp_path):
    with RunLog(tmp_path, name="fell") as log:
        for epoch, accuracy in enumerate((0.95, 0.9766, 0.0988), 1):
            if epoch == 3:
                log.event("lr changed", "learning rate 0.006 became 5", value=5.0)
            log.batch(epoch, loss=0.1, lr=0.006 if epoch < 3 else 5.0)
            log.epoch(epoch, val_loss=0.1, val_accuracy=accuracy)
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        see(page, "#numbers .tile:nth-child(1)", r"^Validation accuracy\s*9.88\s%\s*epoch 3; best 97.66\s% in epoch 2")
        see(
            page,
            "#notices .warn",
            r"fell from 97.66\s% after epoch 2 to 9.88\s% after epoch 3.*step 2: learning rate 0.006 became 5",
        )
        see(page, "#events .bad .kind", "^accuracy fell$")
        see(page, ROW, r"9.88\s% val\.")
        page.locator(f"{ROW} a[title*='accuracy fell from 97.66']").wait_for()
