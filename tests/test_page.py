"""The page in a real browser: on live runs, on every way a run can end, at every width, and looked at as pictures."""

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from browser import PROJECT, Watched, any_server, chromium, copy_page, our_server, write_run

from digits.files import write_json
from digits.runlog import RunLog

PICTURES = PROJECT / "tests" / "screenshots"
LIMIT = 100_000  # bytes of HTML, CSS, JavaScript and SVG together
WATCH_WELCOME = """
const welcome = document.getElementById('welcome');
new MutationObserver(() => { window.welcomed ||= !welcome.hidden; }).observe(welcome, { attributes: true });
"""
PATIENCE = 15_000  # ms; two busy cores
ONE_SECOND = "try { localStorage.setItem('interval', '1') } catch {}"
OFFLINE = ("net::ERR_",)
NOT_FOUND = ("404",)


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser):
    """visit(url) opens a page that re-reads every second; afterwards it must have been quiet."""
    visited = []

    def open_page(
        url: str, *, allowed: tuple[str, ...] = (), width: int = 1440, theme: str = "light", script: str = ""
    ):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(ONE_SECOND + script)
        watched = Watched(context.new_page(), allowed)
        visited.append((watched, context, url))
        watched.page.goto(url)
        return watched.page

    yield open_page
    for watched, context, url in visited:
        context.close()
        watched.assert_quiet(url)


def see(page, selector: str, text: str) -> None:
    """Wait until the element shows this text."""
    page.locator(selector, has_text=re.compile(text, re.IGNORECASE)).first.wait_for()


def status(page, word: str) -> None:
    see(page, "[data-part=word]", f"^{word}$")


class Training:
    """A quick run of its own thread, that goes on until it is told to end."""

    def __init__(self, folder: Path, name: str = "a live run"):
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._train, args=(folder, name))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def _train(self, folder, name):
        with RunLog(folder, name=name) as log:
            log.plan(100, 10)
            for step in range(1000):
                log.batch(step // 10 + 1, 2 / (step + 1), step / 1000, 0.1, 10)
                if step % 10 == 9:
                    log.epoch(step // 10 + 1, train_loss=2 / step, val_loss=3 / step, val_accuracy=step / 1000)
                if self.ended.wait(0.05):
                    break


def steps_shown(page) -> int:
    return int(
        re.search(r"step ([\d,]+)", page.locator("[data-measure=loss] [data-part=where]").inner_text())[1].replace(
            ",", ""
        )
    )


def wait_for_steps(page, more_than: int) -> int:
    see(page, "[data-measure=loss] [data-part=where]", "step")
    until = time.monotonic() + PATIENCE / 1000
    while (steps := steps_shown(page)) <= more_than:
        assert time.monotonic() < until, f"still at step {steps}"
        page.wait_for_timeout(100)
    return steps


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
        start = page.locator("[data-measure=loss] canvas").get_attribute("aria-valuenow")
        page.evaluate("window.stays = document.querySelector('[data-part=name]').firstChild")
        page.wait_for_timeout(2500)
        page.keyboard.press("Home")
        assert page.locator("[data-measure=loss] canvas").get_attribute("aria-valuenow") == start
        assert float(start) > 0
        assert page.evaluate("scrollY") == 120
        assert page.evaluate("stays.isConnected"), "what did not change was not touched"
        page.keyboard.press("Escape")
        page.locator("[data-part=reset]").first.wait_for(state="hidden")
        assert wait_for_steps(page, before) > before


def test_a_real_training_is_seen_from_its_first_batches_to_its_samples(visit, tmp_path):
    program = [sys.executable, PROJECT / "mnist_cnn.py", "--results-dir", tmp_path, "--dataset", "synthetic"]
    size = ["--epochs", "24", "--limit", "1024", "--validation", "200", "--batch-size", "8", "--channels", "4,8,8,16"]
    command = [*program, *size, "--name", "a real one"]
    with our_server(tmp_path) as url, subprocess.Popen(command, stdout=subprocess.DEVNULL) as training:
        page = visit(url)
        page.set_default_timeout(120_000)
        see(page, "#header h1", "a real one")
        see(page, "#notices", "synthetic")
        first = wait_for_steps(page, 0)
        second = wait_for_steps(page, first)
        assert first < second < wait_for_steps(page, second) <= 3072, "the curve grew over several polls"
        status(page, "Completed")
        assert training.wait(10) == 0
        assert steps_shown(page) == 3072
        assert page.locator(".sample").count() == 10
        see(page, "[data-kind=test] .number", "%")
        see(page, "#layers", "Conv2d")


def test_before_the_first_run_it_says_how_to_start_one_and_then_shows_it(visit, tmp_path):
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, "#welcome", "python mnist_cnn.py")
        write_run(tmp_path)
        page.locator("#learning").wait_for()
        assert page.locator("#welcome").is_hidden()


@pytest.mark.parametrize(
    ("changes", "word", "sentence"),
    [
        ({"status": "running"}, "Running", ""),
        ({"status": "running", "age": 60}, "Stalled", "no sign of life since .* the process still exists"),
        ({"status": "running", "age": 60, "alive": False}, "Crashed", "the process is gone"),
        ({"status": "stopped"}, "Stopped", "on request"),
        ({"status": "interrupted"}, "Interrupted", ""),
        ({"status": "failed", "error": "Not enough memory."}, "Failed", "Not enough memory."),
        ({"status": "completed"}, "Completed", ""),
    ],
    ids=lambda value: value if isinstance(value, str) and value.istitle() else "",
)
def test_every_state_has_its_word_and_says_why(visit, tmp_path, changes, word, sentence):
    write_run(tmp_path, **changes)
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, word)
        see(page, "#header [data-part=detail]", sentence)
        see(page, "#announce", word)
        assert page.locator("#header svg").count() == 1


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


def test_a_server_that_goes_away_is_missed_and_welcomed_back(visit, tmp_path):
    write_run(tmp_path, status="completed")
    page, port = None, "0"
    for word in ("Completed", "Completed"):
        arguments = ["--results-dir", tmp_path, "--no-browser", "--port", port]
        command = [sys.executable, "-u", PROJECT / "server.py", *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            url = re.search(r"http://\S+", server.stdout.readline())[0]
            port = url.rstrip("/").rpartition(":")[2]
            page = page or visit(url, allowed=OFFLINE)
            status(page, word)
            server.terminate()
        status(page, "Server gone")
        see(page, "#header [data-part=detail]", "last seen .* trying again")
        assert page.locator(".sample").count() > 0, "what was read stays"


def test_only_what_changed_is_read_again(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, "Completed")
        answers = []
        page.on("response", lambda answer: answers.append((answer.url.removeprefix(url), answer.status)))
        until = time.monotonic() + PATIENCE / 1000
        while len(answers) < 3 and time.monotonic() < until:
            page.wait_for_timeout(100)
        assert len(answers) >= 3
        assert set(answers) == {("training_status", 304)}


def test_a_hidden_tab_asks_more_slowly_and_catches_up_at_once(visit, tmp_path):
    hide = "Object.defineProperty(document, 'hidden', { get: () => window.away === true });"
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url, script=hide)
        status(page, "Completed")
        page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(2500)
        assert len(asked) <= 1, "one may have been on its way"
        write_run(tmp_path, status="failed", error="While you were away.")
        page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
        see(page, "#notices", "While you were away.")


@pytest.mark.parametrize("path", ["", "some/where/else/"])
def test_any_server_will_do_also_below_a_path(visit, tmp_path, path):
    results = copy_page(tmp_path / path)
    write_run(results, status="running", age=60)
    with any_server(tmp_path, f"/{path}") as url:
        page = visit(url)
        status(page, "Stalled")
        see(page, "#header [data-part=detail]", "no sign of life since .* it may have crashed")
        write_run(results, status="running")
        status(page, "Running")


def test_any_server_before_the_first_run(visit, tmp_path):
    copy_page(tmp_path)
    with any_server(tmp_path) as url:
        see(visit(url, allowed=NOT_FOUND), "#welcome", "python mnist_cnn.py")


@pytest.mark.parametrize("ours", [True, False], ids=["our server", "any server"])
def test_half_a_file_changes_nothing(visit, tmp_path, ours):
    results = copy_page(tmp_path)
    write_run(results, status="completed", name="whole")
    with our_server(results) if ours else any_server(tmp_path) as url:
        page = visit(url)
        see(page, "h1", "whole")
        whole = (results / "training_log.json").read_text()
        (results / "training_log.json").write_text(whole[: len(whole) // 2])
        page.wait_for_timeout(1500)
        status(page, "Completed")
        write_run(results, status="completed", name="again")
        see(page, "h1", "again")


def test_an_earlier_run_can_be_looked_at(visit, tmp_path):
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
        scrolled = page.evaluate("scrollY")
        page.locator("#runs a").nth(0).click()
        see(page, "h1", "the live one")
        assert page.evaluate("scrollY") > scrolled - 100 > 0, "the place is kept; only the notice's height is gone"
        assert not page.evaluate("window.welcomed"), "it never looked as if there were no run"
        page.locator("#runs a").nth(1).click()
        see(page, "h1", "the earlier one")
        page.reload()
        see(page, "h1", "the earlier one")
        page.locator("#notices a").click()
        see(page, "h1", "the live one")
        page.goto(f"{url}#run=nobody")
        see(page, "#notices", "no earlier run called nobody")


def test_what_a_run_calls_itself_is_text(visit, tmp_path):
    attack = "W" * 100 + "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
    write_run(tmp_path, name=attack, status="failed", error=attack, command=attack, config={attack: attack})
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, "h1", re.escape(attack))
        see(page, "#settings", re.escape(attack))
        assert page.evaluate("window.hacked") is None
        assert attack in page.title()
        page.set_viewport_size({"width": 360, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_run_that_logs_little_is_shown_without_empty_sections(visit, tmp_path):
    write_run(tmp_path)
    (tmp_path / "training_log.json").write_text('{"run_id": "x", "status": "completed"}')
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, "Completed")
        for section in ("layers", "samples", "events", "runs", "epochs"):
            assert page.locator(f"#{section}").is_hidden()


def test_the_keyboard_reaches_everything_and_reads_the_charts(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, "Completed")
        reached = []
        for _ in range(14):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        assert {"refresh", "theme", "CANVAS", "SUMMARY", "BUTTON"} <= set(reached)
        loss, accuracy = (page.locator(f"[data-measure={name}] canvas") for name in ("loss", "accuracy"))
        loss.focus()
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        spoken = loss.get_attribute("aria-valuetext")
        assert "step" in spoken
        assert accuracy.get_attribute("aria-valuenow") == loss.get_attribute("aria-valuenow"), (
            "the charts read together"
        )
        page.keyboard.press("+")
        page.locator("[data-part=reset]").first.click()
        page.locator("[data-part=reset]").first.wait_for(state="hidden")


def test_theme_and_interval_are_remembered(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        background = "getComputedStyle(document.documentElement).backgroundColor"
        light = page.evaluate(background)
        page.locator("#theme").select_option("dark")
        dark = page.evaluate(background)
        assert dark != light
        page.reload()
        assert page.locator("#theme").input_value() == "dark"
        assert page.evaluate(background) == dark
        assert page.locator("#refresh").input_value() == "1"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_are_taken_and_nothing_sticks_out_at_any_width(visit, tmp_path, theme):
    PICTURES.mkdir(exist_ok=True)
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url, theme=theme)
        status(page, "Completed")
        for width in (360, 390, 768, 1440, 2560):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(150)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if width in (390, 1440):
                page.screenshot(path=PICTURES / f"page-{width}-{theme}.png", full_page=True)


def test_the_page_is_small_and_names_no_other_host():
    files = [PROJECT / "index.html", *(PROJECT / "web").iterdir()]
    assert sum(path.stat().st_size for path in files) <= LIMIT
    for path in files:
        addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", path.read_text())
        assert {address for address in addresses if "www.w3.org/2000/svg" not in address} == set(), path.name
