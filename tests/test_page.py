"""The page in a real browser: live runs, every status, every kind of server."""

import re
import subprocess
import sys

import pytest

from digits.files import write_json
from digits.runlog import control_actions
from tests.support import PROJECT
from tests.support.browser import any_server, copy_page, our_server, write_run
from tests.support.http_client import quiet_port
from tests.support.pages import (
    Training,
    becomes,
    becomes_true,
    reach,
    see,
    status,
    wait_for_polls,
    wait_for_steps,
)

OFFLINE = ("net::ERR_",)
NOT_FOUND = ("404",)
WHERE = "[data-measure=loss] [data-part=where]"
WATCH_WELCOME = """
const welcome = document.getElementById('welcome');
new MutationObserver(() => { window.welcomed ||= !welcome.hidden; }).observe(welcome, { attributes: true });
"""


def test_a_live_run_grows_and_zoom_scroll_and_cursor_survive_every_refresh(visit, tmp_path):
    with our_server(tmp_path) as url, Training(tmp_path):
        page = visit(url)
        status(page, "Running")
        wait_for_steps(page, wait_for_steps(page, 10))
        box = page.locator("[data-measure=loss] canvas").bounding_box()
        left, right, height = box["x"] + box["width"] * 0.3, box["x"] + box["width"] * 0.6, box["y"] + 60
        page.mouse.move(left, height)
        page.mouse.down()
        page.mouse.move(right, height, steps=4)
        page.mouse.up()
        page.locator("[data-part=reset]").first.wait_for()
        page.mouse.move(0, 0)
        before = wait_for_steps(page, 0)
        page.evaluate("scrollTo(0, 120)")
        page.locator("[data-measure=loss] canvas").focus()
        page.keyboard.press("Home")
        see(page, WHERE, "^epoch")
        start = page.locator("[data-measure=loss] canvas").get_attribute("aria-valuenow")
        page.evaluate("window.stays = document.querySelector('[data-part=name]').firstChild")
        wait_for_polls(page)
        page.keyboard.press("Home")
        becomes(page, lambda: page.locator("[data-measure=loss] canvas").get_attribute("aria-valuenow"), start)
        assert float(start) > 0
        assert page.evaluate("scrollY") == 120
        assert page.evaluate("stays.isConnected"), "what did not change was not touched"
        page.keyboard.press("Escape")
        page.locator("[data-part=reset]").first.wait_for(state="hidden")
        assert wait_for_steps(page, before) > before


def test_a_real_training_is_shown_from_first_batch_to_samples(visit, tmp_path):
    """It pauses after each epoch, so that the page sees it grow on machines of any speed."""
    program = [sys.executable, PROJECT / "mnist_cnn.py", "--results-dir", tmp_path, "--dataset", "synthetic"]
    size = ["--epochs", "3", "--train-limit", "1024", "--validation", "200", "--batch-size", "32"]
    command = [*program, *size, "--channels", "4,8,8,16", "--name", "a real one", "--pause-each-epoch"]
    with our_server(tmp_path) as url, subprocess.Popen(command, stdout=subprocess.DEVNULL) as training:
        page = visit(url)
        see(page, "#header h1", "a real one")
        see(page, "#notices", "synthetic")
        for steps in (32, 64):
            see(page, WHERE, rf"step {steps}$")
            see(page, "[data-part=word]", "^Paused")
            control_actions.send(tmp_path, "continue")
        status(page, "Completed")
        assert training.wait(60) == 0
        see(page, WHERE, "step 96$")
        reach(page, "#samples")
        becomes(page, page.locator("#samples li").count, 10)
        see(page, "[data-kind=test] .number", "%")
        see(page, "#layers", "Conv2d")


def test_before_the_first_run_the_page_says_how_to_start_one(visit, tmp_path):
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, "#welcome", "python mnist_cnn.py")
        write_run(tmp_path)
        page.locator("#learning").wait_for()
        page.locator("#welcome").wait_for(state="hidden")


@pytest.mark.parametrize(
    ("changes", "word", "sentence"),
    [
        ({"status": "running"}, "Running", ""),
        ({"status": "running", "age": 60}, "Stalled", "no heartbeat since .* the process still exists"),
        ({"status": "running", "age": 60, "alive": False}, "Crashed", "the process is gone"),
        ({"status": "stopped"}, "Stopped", "on request"),
        ({"status": "interrupted"}, "Interrupted", ""),
        ({"status": "failed", "error": "Not enough memory."}, "Failed", "Not enough memory."),
        ({"status": "completed"}, "Completed", ""),
    ],
    ids=lambda value: value if isinstance(value, str) and value.istitle() else "",
)
def test_every_status_has_a_label_and_a_reason(visit, tmp_path, changes, word, sentence):
    write_run(tmp_path, **changes)
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, word)
        see(page, "#header [data-part=detail]", sentence)
        see(page, "#live-region", word)
        becomes(page, page.locator("#header svg").count, 1)


def test_a_diverged_run_says_where_and_keeps_its_last_finite_numbers(visit, tmp_path):
    log = write_run(tmp_path)
    losses = log["batches"]["loss"]
    gone = {key: [None] * len(losses) for key in ("loss_min", "loss_max")}
    log["batches"] |= {"loss": [*losses[:5], *[None] * (len(losses) - 5)], **gone}
    sentence = "The loss was not finite at step 6 with lr 0.5."
    log["events"] = [{"step": 6, "time": log["updated_at"], "kind": "diverged", "text": sentence}]
    write_run(tmp_path, batches=log["batches"], events=log["events"])
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, "#notices", "at step 6 with lr 0.5. The last finite training loss was")
        see(page, "#events", "diverged")


def test_a_lost_server_is_reported_and_reconnected(visit, tmp_path):
    write_run(tmp_path, status="completed")
    page, port = None, str(quiet_port())
    for word in ("Completed", "Completed"):
        arguments = ["--results-dir", tmp_path, "--no-browser", "--port", port]
        command = [sys.executable, "-u", PROJECT / "server.py", *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            url = re.search(r"http://[^\s#]+", server.stdout.readline())[0]
            page = page or visit(url, allowed=OFFLINE)
            status(page, word)
            reach(page, "#samples")
            server.terminate()
        status(page, "Disconnected")
        see(page, "#header [data-part=detail]", "no answer since .* retrying")
        page.get_by_role("button", name="Retry now").wait_for()
        assert page.locator("#samples li").count() > 0, "what was read stays"


def test_only_changed_files_are_read_again(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, "Completed")
        see(page, "#happening", "Finished")
        reach(page, "#samples")
        wait_for_polls(page, 2)
        answers = []
        page.on("response", lambda answer: answers.append((answer.url.removeprefix(url), answer.status)))
        wait_for_polls(page)
        of_runs = [(path, status) for path, status in answers if not path.startswith("web/")]  # modules come on demand
        assert len(of_runs) >= 3
        assert set(of_runs) == {("training_status", 304)}


def test_a_hidden_tab_polls_slowly_and_catches_up_when_shown(visit, tmp_path):
    hide = "Object.defineProperty(document, 'hidden', { get: () => window.away === true });"
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url, script=hide)
        status(page, "Completed")
        page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
        polls = []
        page.on("request", lambda request: request.url.endswith("/training_status") and polls.append(request.url))
        page.wait_for_timeout(2500)
        assert len(polls) <= 1, "one may have been on its way"
        write_run(tmp_path, status="failed", error="While you were away.")
        page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
        see(page, "#notices", "While you were away.")


@pytest.mark.parametrize("path", ["", "some/where/else/"])
def test_any_file_server_works_under_any_path(visit, tmp_path, path):
    results = copy_page(tmp_path / path)
    write_run(results, status="running", age=60)
    with any_server(tmp_path, f"/{path}") as url:
        page = visit(url)
        status(page, "Stalled")
        see(page, "#header [data-part=detail]", "no heartbeat since .* it may have crashed")
        write_run(results, status="running")
        status(page, "Running")


def test_any_server_before_the_first_run(visit, tmp_path):
    copy_page(tmp_path)
    with any_server(tmp_path) as url:
        see(visit(url, allowed=NOT_FOUND), "#welcome", "python mnist_cnn.py")


@pytest.mark.parametrize("ours", [True, False], ids=["our server", "any server"])
def test_a_truncated_file_changes_nothing(visit, tmp_path, ours):
    results = copy_page(tmp_path)
    write_run(results, status="completed", name="whole")
    with our_server(results) if ours else any_server(tmp_path) as url:
        page = visit(url)
        see(page, "h1", "whole")
        whole = (results / "training_log.json").read_text()
        (results / "training_log.json").write_text(whole[: len(whole) // 2])
        wait_for_polls(page)
        status(page, "Completed")
        write_run(results, status="completed", name="again")
        see(page, "h1", "again")


def test_an_earlier_run_can_be_shown(visit, tmp_path):
    entry = {"status": "completed", "started_at": "2026-11-20T12:00:00Z"}
    earlier, live = "20261119-120000-aaaa", "20261120-120000-bbbb"
    write_run(tmp_path / "runs" / earlier, run_id=earlier, name="the earlier one", status="completed")
    write_run(tmp_path, run_id=live, name="the live one")
    entries = [entry | {"run_id": live, "path": ""}, entry | {"run_id": earlier, "path": f"runs/{earlier}/"}]
    write_json(tmp_path / "runs.json", {"schema": 1, "runs": entries})
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, "h1", "the live one")
        page.evaluate(WATCH_WELCOME)
        page.locator("#runs a").nth(1).click()
        see(page, "h1", "the earlier one")
        page.evaluate("scrollTo(0, 200)")
        page.locator("#runs a").nth(0).click()
        see(page, "h1", "the live one")
        becomes_true(page, "scrollY > 100")  # the place is kept; only the notice's height is gone
        assert not page.evaluate("window.welcomed"), "it never looked as if there were no run"
        page.locator("#runs a").nth(1).click()
        see(page, "h1", "the earlier one")
        page.reload()
        see(page, "h1", "the earlier one")
        page.locator("#notices a").click()
        see(page, "h1", "the live one")
        page.goto(f"{url}#run=nobody")
        see(page, "#notices", "no run nobody")
