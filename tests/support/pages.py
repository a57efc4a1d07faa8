"""Visits to the page: open it, wait for its content, and check that it reported no errors."""

import re
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from digits.runlog.run_log import RunLog
from tests.support.browser import OPEN, Watched, chromium, close_all

PATIENCE = 60_000  # ms; for two cores that others use too
ONE_SECOND = "try { localStorage.setItem('interval', '1') } catch {}"


@pytest.fixture(scope="session")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser):
    """visit(url) opens a page that refreshes every second; at the end it must have reported no errors."""
    visited = []

    def open_page(
        url: str, *, allowed: tuple[str, ...] = (), width: int = 1440, theme: str = "light", script: str = "", **options
    ):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, **options)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(ONE_SECOND + script)
        watched = Watched(context.new_page(), allowed)
        visited.append((watched, url))
        OPEN.append(context)
        watched.page.goto(url)
        return watched.page

    yield open_page
    close_all()
    for watched, url in visited:
        watched.assert_quiet(url)


def becomes(page, read: Callable[[], object], expected: object) -> None:
    """Wait until `read()` returns this: the result of an action may come in a later frame, or with a later response."""
    until = time.monotonic() + PATIENCE / 1000
    while (found := read()) != expected:
        if time.monotonic() > until:
            raise TimeoutError(f"{found!r} instead of {expected!r}")
        page.wait_for_timeout(50)


def becomes_true(page, script: str) -> None:
    """Wait until this script returns true."""
    becomes(page, lambda: page.evaluate(script), True)


def fits(page, width: int) -> None:
    """Wait until the page needs no horizontal scrolling at this width: canvases follow it in the next frame."""
    becomes_true(page, f"document.documentElement.scrollWidth <= {width}")


def open_view(page, selector: str) -> None:
    """Open the view that holds the element, unless it is shown."""
    script = "selector => document.querySelector(selector)?.closest('.view[hidden]')?.id.replace('view-', '')"
    if name := page.evaluate(script, selector.split(" ")[0]):
        link = page.locator(f"#nav [data-view={name}]:visible")
        if not link.count():
            page.get_by_role("button", name="More", exact=True).click()
        link.click()


def see(page, selector: str, text: str) -> None:
    """Wait until the element shows this text, in its view."""
    open_view(page, selector)
    page.locator(selector, has_text=re.compile(text, re.IGNORECASE)).first.wait_for()


def reach(page, section: str) -> None:
    """Open the view of a section and scroll to it; its file is only read then. Wait for that."""
    open_view(page, section)
    page.locator(section).scroll_into_view_if_needed()
    page.locator(f"{section}:not([aria-busy=true])").wait_for()


def load_view(page) -> None:
    """Scroll through the open view until all of its sections are loaded."""
    busy = ".view:not([hidden]) [aria-busy=true]"
    for section in page.locator(busy).evaluate_all("sections => sections.map(({ id }) => id)"):
        reach(page, f"#{section}")
    page.locator(busy).first.wait_for(state="detached")


def takes_keys(page) -> None:
    """Wait until the page's shortcuts work: their module arrives after the page."""
    page.locator("#scrubber [data-part=play][aria-label]").wait_for(state="attached")


def status(page, word: str) -> None:
    see(page, "[data-part=word]", f"^{word}$")


class Training:
    """A quick run in a thread until it is stopped."""

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
            log.set_totals(10_000, 10)
            for step in count():
                accuracy = step / (step + 100)
                log.batch(step // 10 + 1, 2 / (step + 1), accuracy, 0.1, 10)
                if step % 10 == 9:
                    log.epoch(step // 10 + 1, train_loss=2 / step, val_loss=3 / step, val_accuracy=accuracy)
                if self.ended.wait(0.05):
                    break


def steps_shown(page) -> int:
    place = page.locator("[data-measure=loss] [data-part=where]").inner_text()
    return int(re.search(r"step ([\d,]+)", place)[1].replace(",", ""))


def walk(page, steps: int, to: str) -> None:
    """Go to the view's first row in the chart of the loss, then `steps` to the right, until `to` is read there: the
    requested rows may arrive late.
    """
    place = page.locator("[data-measure=loss] [data-part=where]")
    until = time.monotonic() + PATIENCE / 1000
    page.locator("[data-measure=loss] canvas").focus()
    while True:
        page.keyboard.press("Home")
        for _ in range(steps):
            page.keyboard.press("ArrowRight")
        page.wait_for_timeout(100)
        if place.inner_text() == to:
            return
        assert time.monotonic() < until, place.inner_text()


def wait_for_polls(page, polls: int = 4) -> None:
    """Wait for `polls` more responses of polls: the page has shown all but the last poll.

    A poll asks our server for the status, and for the log if that has changed; any other server for the log.
    """
    for _ in range(polls):
        page.wait_for_event("response", lambda answer: answer.url.endswith(("training_status", "training_log.json")))


def wait_for_steps(page, more_than: int) -> int:
    see(page, "[data-measure=loss] [data-part=where]", "step")
    until = time.monotonic() + PATIENCE / 1000
    while (steps := steps_shown(page)) <= more_than:
        assert time.monotonic() < until, f"still at step {steps}"
        page.wait_for_timeout(100)
    return steps
