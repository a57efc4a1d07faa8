"""A real Chromium for the page's tests, both kinds of servers, and runs to show."""

import contextlib
import functools
import http.server
import json
import os
import platform
import shutil
import threading
import time
from pathlib import Path

import pytest

from digits.files import write_json
from digits.runlog.contract import (
    EMBEDDING,
    LAYER_WEIGHTS,
    PREDICTIONS,
    RUNS_INDEX,
    TEST_SAMPLES,
    TRAINING_LOG,
    timestamp,
)
from digits.server.routes import Site
from tests.support import FIXTURES, PROJECT
from tests.support.http_client import site_server

GOLDEN = FIXTURES / "golden"
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP *.test 127.0.0.1, MAP *.app.github.dev 127.0.0.1",  # names of tests/test_remote.py
]
OPEN = []  # contexts of the browser that show pages now
NO_PROCESS = 2**22 + 1  # above the largest process id of Linux


def missing(what: str):
    """Without a browser these tests are skipped, except in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and CI is set: the page would go unseen")
    pytest.skip(what)


@contextlib.contextmanager
def chromium():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        missing(f"there is none of {', '.join(names)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


def close_all() -> None:
    while OPEN:
        OPEN.pop().close()


class Watched:
    """A page whose console errors and requests are recorded. `allowed` are parts of errors that a test provokes."""

    def __init__(self, page, allowed: tuple[str, ...] = ()):
        self.page = page
        self.allowed = allowed
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def _hear(self, message) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def assert_quiet(self, url: str) -> None:
        """No console error, and no request to another host."""
        complaints = [text for text in self.complaints if not any(part in text for part in self.allowed)]
        assert complaints == [], complaints
        here = url.split("/", 3)[:3]
        others = [there for there in self.requests if there.split("/", 3)[:3] != here]
        assert [there for there in others if not there.startswith(("blob:", "data:"))] == []  # these stay in the page


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(server, path: str = "/"):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield "http://{}:{}{}".format(*server.server_address[:2], path)
    close_all()  # or a page's next request might fail
    server.shutdown()
    server.server_close()


def our_server(results: Path):
    return serving(site_server(Site(results, PROJECT)))


def any_server(folder: Path, path: str = "/"):
    """`python -m http.server` in `folder`, with the page below `path`."""
    handler = functools.partial(QuietHandler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    return serving(server, path)


def copy_page(folder: Path) -> Path:
    """A copy of the page; returns the folder for its results."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(PROJECT / "index.html", folder)
    shutil.copytree(PROJECT / "web", folder / "web")
    (folder / "results").mkdir()
    return folder / "results"


def write_run(results: Path, *, age: float | None = None, alive: bool = True, **changes) -> dict:
    """The golden run with changes, updated `age` seconds ago, by a process that is alive or not.

    Without an age, a run in training was updated in an hour: it does not stall, however slow the test.
    """
    results.mkdir(parents=True, exist_ok=True)
    if age is None:
        age = -3600 if changes.get("status") == "running" else 0
    log = json.loads((GOLDEN / TRAINING_LOG).read_text())
    log |= {"updated_at": timestamp(time.time() - age), "started_at": timestamp(time.time() - age - 90)}
    log["process"] = {"pid": os.getpid() if alive else NO_PROCESS, "host": platform.node()}
    log |= changes
    write_json(results / TRAINING_LOG, log)
    for file in (TEST_SAMPLES, PREDICTIONS, LAYER_WEIGHTS, EMBEDDING):
        shutil.copy(GOLDEN / file, results)
    if not (results / RUNS_INDEX).exists():
        write_json(results / RUNS_INDEX, {"schema": 1, "runs": []})
    return log
