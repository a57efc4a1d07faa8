"""Driving the training from the page, in a real browser: who may, and what comes of it."""

import contextlib
import subprocess
import sys

from browser import PROJECT, any_server, copy_page, write_run
from controlled import controlled
from visiting import see, status

SAID = "#header .said"
CONTROLS = ".controls:visible, [data-change]"
LITTLE = ("--dataset=synthetic", "--limit=640", "--validation=100", "--channels=4,4,8,8", "--batch-size=32")


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def change(page):
    """Open the menu; it can't be used before the training has begun."""
    page.locator(".menu button:enabled").first.wait_for(state="attached")
    page.locator(".menu summary").click()


@contextlib.contextmanager
def training(results, *options):
    """A trainer that somebody started in a terminal."""
    command = [sys.executable, str(PROJECT / "mnist_cnn.py"), *LITTLE, *options, f"--results-dir={results}", "--quiet"]
    with subprocess.Popen(command) as process:
        yield process
        process.kill()


def test_the_token_leaves_the_address_at_once_and_the_rest_of_it_stays(visit, tmp_path):
    write_run(tmp_path, status="running")
    with controlled(tmp_path) as (url, _):
        page = visit(f"{url}&x=time&smooth=0.5")
        page.get_by_role("button", name="Pause").wait_for()
        assert page.url.endswith("/#x=time&smooth=0.5")
        page.reload()
        page.get_by_role("button", name="Pause").wait_for()


def test_who_has_no_token_sees_no_controls(visit, tmp_path):
    write_run(tmp_path, status="running")
    with controlled(tmp_path) as (url, _):
        page = visit(url.split("#")[0])
        status(page, "running")
        page.wait_for_timeout(1500)
        assert page.locator(CONTROLS).count() == 0


def test_a_server_that_only_shows_has_no_controls(visit, tmp_path):
    write_run(tmp_path, status="running")
    with controlled(tmp_path) as (url, access):
        access.allowed = False
        page = visit(url)
        status(page, "running")
        page.wait_for_timeout(1500)
        assert page.locator(CONTROLS).count() == 0


def test_another_server_has_no_controls(visit, tmp_path):
    write_run(copy_page(tmp_path), status="running")
    with any_server(tmp_path) as url:
        page = visit(f"{url}#token=any")
        status(page, "running")
        page.wait_for_timeout(1500)
        assert page.locator(CONTROLS).count() == 0


def test_a_run_is_paused_continued_changed_and_stopped(visit, tmp_path):
    with controlled(tmp_path) as (url, _), training(tmp_path, "--epochs=200"):
        page = visit(url)
        press(page, "Pause")
        see(page, SAID, r"^Paused after [\d,]+ steps\.$")
        see(page, "[data-part=detail]", "^paused$")
        press(page, "Continue")
        see(page, SAID, "^Went on after a pause of")
        change(page)
        page.get_by_label("New learning rate").fill("0.002")
        press(page, "Set")
        see(page, SAID, "became 0.002, and goes on")
        change(page)
        press(page, "Add")
        see(page, SAID, "^205 epochs in all instead of 200")
        change(page)
        press(page, "Save a snapshot")
        see(page, SAID, "^Weights saved after")
        for kind in ("paused", "continued", "lr changed", "epochs changed", "snapshot"):
            see(page, "#events .kind", f"^{kind}$")
        press(page, "Stop")
        see(page, SAID, "^Stopped after")
        status(page, "stopped")
        see(page, "#events .kind", "^stopped$")
        page.get_by_role("button", name="Resume", exact=True).wait_for()


def test_what_the_trainer_refuses_is_said(visit, tmp_path):
    with controlled(tmp_path) as (url, _), training(tmp_path, "--steps=100000"):
        page = visit(url)
        change(page)
        page.get_by_label("More epochs").fill("7")
        page.get_by_label("More epochs").press("Enter")
        see(page, SAID, r"^It refused: epochs: --steps says how long this run is\.$")
        see(page, "#events .kind", "^refused$")


def test_a_new_server_has_a_new_token_and_the_page_says_what_to_do(visit, tmp_path):
    write_run(tmp_path, status="running", phase="training")
    with controlled(tmp_path) as (url, access):
        page = visit(url, allowed=("401",))
        page.get_by_role("button", name="Pause").wait_for()
        access.token = "another"
        press(page, "Pause")
        see(page, SAID, "open the address that it printed")
        page.goto(f"{url.split('#')[0]}#token=another")  # in this very tab: only the fragment differs
        page.locator(SAID).wait_for(state="hidden")
        with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
            press(page, "Pause")
        assert answer.value.status == 202
