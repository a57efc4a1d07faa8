"""A live run, replayed: the log of an actual run grows as it did while it trained, at another speed.

The layout shift while one watches it, on a wide and a narrow screen at once; and how late a finished epoch is shown
on a slow connection.
"""

import json
import os
import platform
import shutil
import time
from pathlib import Path

from figures import Quantity
from page_opening import KBIT_PER_S, LATENCY_MS, LAYOUT_SHIFT, SLOW, WIDTHS

from digits.files import write_json
from digits.runlog.contract import RUNS_INDEX, TRAINING_LOG, timestamp
from tests.support.browser import our_server

WRITES_PER_S = 1  # as the trainer writes its log
BEGINNING = 0.001  # the fraction of the run that is there when the pages are opened
SHOWN_EPOCH = "Number(/epoch (\\d+)/i.exec(document.querySelector('#scrubber output')?.textContent ?? '')?.[1] ?? 0)"
QUANTITIES = (
    Quantity("live_shift", "cumulative layout shift of watching a live run", "", 3, at_most=0.02),
    Quantity("live_late", f"delay until a finished epoch is shown at {SLOW}, longest", "s", 1),
    Quantity("live_bytes", f"traffic of the live run at {SLOW}", "kB/s", 1),
)


class Replay:
    """Writes the log of `source` into `folder` as it was after a growing fraction of the run."""

    def __init__(self, source: Path, folder: Path):
        self._log = json.loads((source / TRAINING_LOG).read_text())
        self._folder = folder
        self.last_step = self._log["progress"]["step"]
        for file in source.iterdir():
            if file.is_file() and file.name not in (TRAINING_LOG, RUNS_INDEX):
                shutil.copy(file, folder)
        self.written_at: dict[int, float] = {}  # epoch -> when it was in the log first

    def write(self, fraction: float) -> None:
        """The log of the run after `fraction` of its steps; 1: the finished run."""
        step = round(fraction * self.last_step)
        now = timestamp(time.time())
        log = self._log | {"updated_at": now, "process": {"pid": os.getpid(), "host": platform.node()}}
        if fraction < 1:
            log |= self._unfinished(step)
        write_json(self._folder / TRAINING_LOG, log)
        for epoch in log["epochs"]["epoch"]:
            self.written_at.setdefault(epoch, time.monotonic())

    def _unfinished(self, step: int) -> dict:
        epochs, batches = (_until(self._log[table], step) for table in ("epochs", "batches"))
        done = len(epochs["epoch"])
        progress = self._log["progress"] | {"step": step, "epoch": done + 1}
        files = self._log["files"] if done else []  # artifacts come with the first epoch
        return {
            "status": "running",
            "phase": "training",
            "test": None,
            "epochs": epochs,
            "batches": batches,
            "progress": progress,
            "files": files,
            "events": [event for event in self._log["events"] if (event.get("step") or 0) <= step],
        }


def _until(columns: dict[str, list], step: int) -> dict[str, list]:
    count = sum(one <= step for one in columns["step"])
    return {name: values[:count] if isinstance(values, list) else values for name, values in columns.items()}


def measure(browser, source: Path, folder: Path, minutes: float) -> dict[str, float]:
    replay = Replay(source, folder)
    write_json(folder / RUNS_INDEX, {"schema": 1, "runs": []})
    with our_server(folder) as url:
        pages = [_watch(browser, url, replay, width) for width in WIDTHS]
        slow = _watch(browser, url, replay, WIDTHS[0], is_slow=True)
        late = _play(replay, pages[0], slow, minutes * 60)
        shifts = [page.evaluate("shift") for page in pages]
        sent = slow.evaluate("performance.getEntries().reduce((sum, { transferSize = 0 }) => sum + transferSize, 0)")
        for page in (*pages, slow):
            page.context.close()
    return {"live_shift": max(shifts), "live_late": late, "live_bytes": sent / 1000 / (minutes * 60)}


def _watch(browser, url: str, replay: Replay, width: int, is_slow: bool = False):
    context = browser.new_context(viewport={"width": width, "height": 900 if width > 960 else 844})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.add_init_script(LAYOUT_SHIFT)
    page.goto(url, wait_until="commit")
    while page.locator("[data-part=word]").inner_text() != "Running":
        replay.write(BEGINNING)
        page.wait_for_timeout(1000)
    page.wait_for_load_state("networkidle")
    page.evaluate("shift = 0; performance.clearResourceTimings(); performance.setResourceTimingBufferSize(100000)")
    if is_slow:
        rate = KBIT_PER_S * 1000 / 8
        network = {"offline": False, "latency": LATENCY_MS, "downloadThroughput": rate, "uploadThroughput": rate}
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", network)
    return page


def _play(replay: Replay, page, slow, seconds: float) -> float:
    """Write the whole run within `seconds`; returns the longest delay until the slow page has shown an epoch."""
    began = time.monotonic()
    shown, longest = 0, 0.0
    while True:
        elapsed = time.monotonic() - began
        replay.write(min(1.0, elapsed / seconds))
        page.wait_for_timeout(1000 / WRITES_PER_S)
        epoch = slow.evaluate(SHOWN_EPOCH)
        for one in range(shown + 1, epoch + 1):
            longest = max(longest, time.monotonic() - replay.written_at.get(one, time.monotonic()))
        shown = max(shown, epoch)
        if elapsed >= seconds:
            return longest
