"""A server with control enabled, and actions of a user on its page; its trainers end with it."""

import contextlib
import json
import os
import signal
import time
from pathlib import Path

from digits.runlog import lock, training_log
from digits.server.guard import Authorization
from digits.server.http_server import Server
from digits.server.routes import Site
from digits.server.trainer_process import START_LOCK
from tests.support.browser import PROJECT, serving


@contextlib.contextmanager
def controlled(results: Path, token: str | None = None):
    """The URL with its token, and the authorization, whose token a test may change."""
    access = Authorization()
    access.token = token or access.token
    site = Site(results, PROJECT, access=access)
    try:
        with serving(Server("127.0.0.1", 0, site.answer, max_body=site.max_body)) as url:
            yield f"{url}#token={access.token}", access
    finally:
        end_trainer(results)


def end_trainer(results: Path) -> None:
    """Kill the trainer, even while it starts, and wait until it is gone."""
    while lock.is_held(results) or is_beginning(results):
        with contextlib.suppress(TypeError, KeyError, ProcessLookupError):
            pid = training_log.read(results)["process"]["pid"]
            if pid == os.getpid():  # a thread of a test writes there
                return
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def is_beginning(results: Path) -> bool:
    if not (results / START_LOCK).exists():
        return False
    held = lock.try_lock(results / START_LOCK)
    if held is not None:
        os.close(held)
    return held is None


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def new_run(page, **entries):
    """Open the form and fill in the given fields by label."""
    press(page, "New run")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("More", exact=True).click()
    for label, text in entries.items():
        field = dialog.get_by_label(label.replace("_", " "), exact=True)
        field.select_option(text) if label in ("Preset", "Model", "Optimizer", "Data_set") else field.fill(text)
    return dialog


def refuse(page, answer):
    """Mock the response to every start."""
    page.route("**/runs", lambda route: route.fulfill(status=400, body=json.dumps(answer)))
