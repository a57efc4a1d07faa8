"""Control of training from the page, in a real browser."""

import contextlib
import json
import re
import subprocess
import sys

import pytest

from digits.files import write_json
from digits.runlog import training_log
from digits.runlog.contract import RUNS_INDEX
from tests.support import PROJECT
from tests.support.browser import any_server, copy_page, write_run
from tests.support.control import controlled, new_run, press, refuse
from tests.support.http_client import quiet_port
from tests.support.pages import becomes, becomes_true, fits, see, status, wait_for_polls, wait_for_steps
from tests.test_page_access import complaints

MESSAGE = "#header .message"
CONTROLS = ".controls:visible, [data-change]"
LITTLE = ("--dataset=synthetic", "--train-limit=640", "--validation=100", "--channels=4,4,8,8", "--batch-size=32")


def change(page):
    """Open the menu, which is disabled before training starts."""
    page.locator(".menu button:enabled").first.wait_for(state="attached")
    page.locator(".menu summary").click()


@contextlib.contextmanager
def training(results, *options):
    """A trainer started in a terminal."""
    command = [sys.executable, str(PROJECT / "mnist_cnn.py"), *LITTLE, *options, f"--results-dir={results}", "--quiet"]
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_token_is_removed_from_the_address_and_the_rest_stays(visit, tmp_path):
    write_run(tmp_path, status="running")
    with controlled(tmp_path) as (url, _):
        page = visit(f"{url}&x=time&smooth=0.5")
        page.get_by_role("button", name="Pause").wait_for()
        page.wait_for_url("**/#x=time&smooth=0.5")
        page.reload()
        page.get_by_role("button", name="Pause").wait_for()


def test_without_a_token_there_are_no_controls(visit, tmp_path):
    write_run(tmp_path, status="running")
    with controlled(tmp_path) as (url, _):
        page = visit(url.split("#")[0])
        status(page, "running")
        wait_for_polls(page)
        assert page.locator(CONTROLS).count() == 0


def test_a_read_only_server_has_no_controls(visit, tmp_path):
    write_run(tmp_path, status="running")
    with controlled(tmp_path) as (url, access):
        access.allowed = False
        page = visit(url)
        status(page, "running")
        wait_for_polls(page)
        assert page.locator(CONTROLS).count() == 0


def test_another_server_has_no_controls(visit, tmp_path):
    write_run(copy_page(tmp_path), status="running")
    with any_server(tmp_path) as url:
        page = visit(f"{url}#token=any")
        status(page, "running")
        wait_for_polls(page)
        assert page.locator(CONTROLS).count() == 0


def test_a_run_is_paused_continued_changed_and_stopped(visit, tmp_path):
    with controlled(tmp_path) as (url, _), training(tmp_path, "--epochs=90000"):
        page = visit(url)
        wait_for_steps(page, 0)
        press(page, "Pause")
        see(page, MESSAGE, r"^Paused after [\d,]+ steps\.$")
        see(page, "[data-part=word]", r"^Paused since \d\d:\d\d$")
        see(page, "[data-part=figures]", r"^Epoch\s[\d,]+\sof\s90,000(\s·\sbatch\s[\d,]+\sof\s[\d,]+)?$")
        becomes(page, lambda: bool(re.match(r"Paused since \d\d:\d\d · ", page.title())), True)
        see(page, "#live-region", r"^Paused since \d\d:\d\d\.")
        see(page, "#runs .run", "paused")
        page.locator("[data-part=status][data-kind=paused]").wait_for()
        press(page, "Continue")
        see(page, MESSAGE, "^Resumed after a pause of")
        change(page)
        page.get_by_label("New learning rate").fill("0.002")
        press(page, "Set")
        see(page, MESSAGE, "to 0.002; its schedule continues")
        change(page)
        press(page, "Add")
        see(page, MESSAGE, "^90,?005 epochs in all instead of 90,?000")
        change(page)
        rule = page.get_by_label("Pause when validation accuracy falls")
        rule.check()
        see(page, MESSAGE, "^Pauses when the validation accuracy falls")
        page.locator(".rule input:enabled").nth(1).wait_for()
        becomes(page, rule.is_checked, True)
        assert not page.get_by_label("Pause after each epoch").is_checked()
        page.locator(".menu summary").click()
        change(page)
        press(page, "Save a snapshot")
        see(page, MESSAGE, "^Weights saved after")
        for kind in ("paused", "continued", "lr changed", "epochs changed", "snapshot"):
            see(page, "#events .kind", f"^{kind}$")
        press(page, "Stop")
        see(page, MESSAGE, "^Stopped after")
        status(page, "stopped")
        see(page, "#events .kind", "^stopped$")
        page.get_by_role("button", name="Resume", exact=True).wait_for()


def test_a_learning_rate_far_above_the_current_one_needs_confirmation(visit, tmp_path):
    with controlled(tmp_path) as (url, _), training(tmp_path, "--epochs=90000"):
        page = visit(url)
        wait_for_steps(page, 0)
        change(page)
        rate = page.get_by_label("New learning rate")
        rate.fill("5")
        page.get_by_role("button", name="Set", exact=True).dblclick()  # a double click is no second yes
        see(
            page,
            ".menu [role=alert]",
            r"^5 is [\d,]+ times the present learning rate, 0[.\d]+: training may diverge\.$",
        )
        rate.fill("0.001")
        page.locator(".menu [role=alert]").wait_for(state="hidden")
        rate.fill("4")
        press(page, "Set")
        page.keyboard.press("Escape")
        change(page)
        page.locator(".menu [role=alert]").wait_for(state="hidden")
        press(page, "Set")
        press(page, "Set anyway")
        see(page, MESSAGE, r"to 4 \([0-9,]+ times as high\); its schedule continues")
        values = [event["value"] for event in training_log.read(tmp_path)["events"] if event["kind"] == "lr changed"]
        assert values == [4]


def test_a_rejected_command_is_shown(visit, tmp_path):
    with controlled(tmp_path) as (url, _), training(tmp_path, "--steps=10000000"):
        page = visit(url)
        wait_for_steps(page, 0)
        change(page)
        page.get_by_label("More epochs").fill("7")
        page.get_by_label("More epochs").press("Enter")
        see(page, MESSAGE, r"^The trainer refused: epochs: --steps determines the length of this run\.$")
        see(page, "#events .kind", "^refused$")


def test_polling_does_not_steal_the_keyboard_focus(visit, tmp_path):
    with controlled(tmp_path) as (url, _), training(tmp_path, "--epochs=90000"):
        page = visit(url)
        wait_for_steps(page, 0)
        press(page, "Pause")
        see(page, MESSAGE, "^Paused")
        page.locator("button:enabled", has_text="Continue").wait_for()
        becomes_true(page, "document.activeElement.textContent === 'Continue'")
        page.mouse.click(5, 500)
        wait_for_polls(page)
        becomes_true(page, "document.activeElement === document.body")


def test_a_new_server_has_a_new_token_and_the_page_says_what_to_do(visit, tmp_path):
    run = write_run(tmp_path, status="running", phase="training")
    entry = {"run_id": run["run_id"], "path": "", "name": run["name"], "status": "running"}
    write_json(tmp_path / RUNS_INDEX, {"schema": 1, "runs": [entry]})
    with controlled(tmp_path) as (url, access):
        page = visit(url)
        page.get_by_role("button", name="Pause").wait_for()
        page.locator("[data-change]").wait_for()
        access.token = "another"
        see(page, MESSAGE, "restarted.*open the URL that it printed")
        becomes(page, page.get_by_role("button", name="Pause").is_disabled, True)
        page.locator("[data-change]").wait_for(state="detached")
        page.goto(f"{url.split('#')[0]}#token=another")  # in this very tab: only the fragment differs
        page.locator(MESSAGE).wait_for(state="hidden")
        with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
            press(page, "Pause")
        assert answer.value.status == 202


@contextlib.contextmanager
def server_process(results, port):
    """A server process; yields the URL that it prints."""
    command = [sys.executable, str(PROJECT / "server.py"), "--no-browser", f"--port={port}", f"--results-dir={results}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield re.search(r"http\S+", process.stdout.readline())[0]
        process.terminate()


def test_the_page_survives_a_restart_of_the_server(visit, tmp_path):
    with training(tmp_path, "--epochs=90000"):
        port = quiet_port()
        with server_process(tmp_path, port) as url:
            page = visit(url, allowed=("401", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE"))
            page.locator("button:enabled", has_text="Pause").wait_for()
        status(page, "disconnected")
        becomes(page, page.get_by_role("button", name="Pause").is_disabled, True)
        with server_process(tmp_path, port) as url:
            status(page, "running")
            see(page, MESSAGE, "restarted.*open the URL that it printed")
            becomes(page, page.get_by_role("button", name="Pause").is_disabled, True)
            page.goto(url)
            page.locator(MESSAGE).wait_for(state="hidden")
            wait_for_steps(page, 0)
            press(page, "Pause")
            see(page, MESSAGE, "^Paused after")


HOSTILE = [
    "<img src=x onerror='window.hacked=1'>",
    "<script>window.hacked=1</script>",
    '"><svg onload=window.hacked=1>',
    "javascript:window.hacked=1",
    "{{7*7}}",
    "${window.hacked=1}",
    "</title><b>",
    "<!--",
    "&lt;b&gt;",
    "__proto__",
    "../../etc/passwd",
    "W" * 400,
]


def test_foreign_text_stays_text(visit, tmp_path):
    write_run(tmp_path, status="failed")
    with controlled(tmp_path) as (url, _):
        page = visit(url, allowed=("400",), width=390)
        facts = {"last_words": HOSTILE, "exit_code": 1, "free_bytes": 1}
        state = {"control_enabled": True, "authorized": True, "running": False, "resumable": True} | facts
        page.route("**/control", lambda route: route.fulfill(body=json.dumps(state)))
        for text in HOSTILE:
            see(page, "#notices pre", re.escape(text))
        dialog = new_run(page, Name=HOSTILE[0])
        for text in HOSTILE:
            refuse(page, {"error": text, "field": text})
            dialog.get_by_role("button", name="Start").click()
            see(page, "dialog [role=alert]", re.escape(text))
            page.unroute("**/runs")
        assert page.evaluate("window.hacked") is None
        fits(page, 390)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_controls_pass_the_accessibility_rules_at_any_width(visit, tmp_path, theme):
    write_run(tmp_path, status="running", phase="training")
    with controlled(tmp_path) as (url, _):
        page = visit(url, theme=theme, width=390)
        change(page)
        assert complaints(page) == []
        fits(page, 390)
        page.keyboard.press("Escape")
        write_run(tmp_path, status="stopped")
        new_run(page, Epochs="0")
        assert complaints(page) == []
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page, width)
            inner = "document.querySelector('.fields')"
            becomes_true(page, f"{inner}.scrollWidth <= {inner}.clientWidth")


def tab_to(page, name, key="Tab"):
    for _ in range(80):
        page.keyboard.press(key)
        if page.evaluate("document.activeElement.id || document.activeElement.textContent") == name:
            return
    raise AssertionError(f"the keyboard does not reach {name}")


def test_everything_works_with_the_keyboard(visit, tmp_path):
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        page.get_by_role("button", name="New run").wait_for()
        tab_to(page, "New run")
        page.keyboard.press("Enter")
        page.get_by_role("dialog").wait_for()
        tab_to(page, "option-epochs")
        page.keyboard.type("90000")
        tab_to(page, "More")
        page.keyboard.press("Enter")
        texts = (("channels", "4,4,8,8"), ("dataset", "syn"), ("validation", "100"), ("train_limit", "640"))
        for name, text in texts:
            tab_to(page, f"option-{name}")
            page.keyboard.type(text)
        tab_to(page, "Start")
        page.keyboard.press("Enter")
        wait_for_steps(page, 0)
        page.locator("button:enabled", has_text="Pause").wait_for()
        tab_to(page, "Pause")
        page.keyboard.press("Enter")
        see(page, MESSAGE, "^Paused")
        page.locator("button:enabled", has_text="Continue").wait_for()
        becomes_true(page, "document.activeElement.textContent === 'Continue'")
        page.keyboard.press("Enter")
        see(page, MESSAGE, "^Resumed")
        tab_to(page, "Change")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("0.001")
        page.keyboard.press("Enter")
        see(page, MESSAGE, "to 0.001; its schedule continues")
        tab_to(page, "Stop", "Shift+Tab")
        page.keyboard.press("Enter")
        status(page, "stopped")
        page.locator("#header button:enabled", has_text="Resume").wait_for()
        becomes_true(page, "document.activeElement.textContent === 'Resume'")
