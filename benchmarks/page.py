"""The page in a browser: `python benchmarks/page.py [RUNS]`. About two minutes per run, and 10 for the live run.

Opens finished runs, on loopback and on a slow connection; watches a live run; scrubs and replays; searches and sorts
500 runs; hovers over the charts of five runs of 1,000 buckets each, one position per frame; polls for half an hour on a
simulated clock, with a change at every poll; and counts the bytes of polls without a change. Needs Playwright and
Chromium, as the tests do. Writes benchmarks/results/page.json after every run.
"""

import tempfile
from pathlib import Path

import click
import machine
import page_interaction
import page_live
import page_opening
from figures import Quantity, Results

from digits.paths import DEMO
from digits.runlog.run_log import RunLog
from tests.support import PROJECT
from tests.support.browser import chromium, our_server

MILLION = 1_000_000
BUCKETS = 1_000
RUNS_SHOWN = 5
INTERVAL_S = 3
POLLS = 30 * 60 // INTERVAL_S
WARM = 60  # polls until caches and compiled code are warm
QUANTITIES = (
    *page_opening.QUANTITIES,
    *page_live.QUANTITIES,
    *page_interaction.QUANTITIES,
    Quantity("open", f"time to the first curves, run of {MILLION:,} batches", "ms", 0, at_most=1000),
    Quantity("fps", f"frame rate while hovering over {RUNS_SHOWN} runs of {BUCKETS:,} buckets", "fps", 1, at_least=59),
    Quantity("work", "main-thread time per frame", "ms", 1, at_most=16.7),
    Quantity("heap", f"JavaScript heap after {WARM} polls", "MB", 2),
    Quantity("growth", f"heap growth after {POLLS} polls (30 minutes)", "MB", 2),
    Quantity("idle", "traffic per poll without changes", "bytes", 0, at_most=1000),
)


def train(folder: Path, name: str, batches: int, per_epoch: int) -> str:
    """A synthetic run with a noisy, falling loss."""
    with RunLog(folder, name=name) as log:
        log.set_totals(batches // per_epoch, per_epoch)
        for step in range(batches):
            log.batch(1 + step // per_epoch, 2 / (1 + step / per_epoch) + step * 7919 % 97 / 500, 0.9, 0.001, 128)
            if step % per_epoch == per_epoch - 1:
                log.epoch(1 + step // per_epoch, train_loss=0.2, train_accuracy=0.9, val_loss=0.1, val_accuracy=0.95)
    return log.run_id


def pointing(browser, folder: Path) -> dict[str, float]:
    ids = [train(folder, f"run {number}", BUCKETS, 100) for number in range(RUNS_SHOWN)]
    with our_server(folder) as url:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}#with={','.join(ids[:-1])}")
        page.locator("[data-measure=loss] .others li").nth(RUNS_SHOWN - 2).wait_for()
        canvas = "[data-measure=loss] canvas"
        page_interaction.frames(page, canvas, "hover", page_interaction.FRAMES // 4)
        client = metrics_of(page)
        before = metrics(client)["TaskDuration"]
        times = page_interaction.frames(page, canvas, "hover")
        work = (metrics(client)["TaskDuration"] - before) * 1000 / len(times)
        page.close()
    return {"fps": 1000 * len(times) / sum(times), "work": work}


def polling(browser, folder: Path) -> dict[str, float]:
    """Half an hour with a change at every poll, then some polls without one."""
    with our_server(folder) as url, RunLog(folder, name="half an hour") as log:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.clock.install()
        client = metrics_of(page)
        log.set_totals(POLLS // 10 + 1, 10)
        log.batch(1, loss=1.0)
        log.phase("training")
        page.goto(url)
        page.locator(page_opening.DRAWN).wait_for()
        heaps = {}
        for poll in range(1, POLLS + 1):
            log.batch(1 + poll // 10, 1 / poll, 0.5, 0.001, 128)
            if poll % 10 == 9:
                log.epoch(1 + poll // 10, train_loss=1 / poll, val_loss=1 / poll, val_accuracy=0.9)
            log.phase(f"training, poll {poll}")  # writes the log at once
            page.clock.run_for(INTERVAL_S * 1000)
            page.locator("[data-part=detail]", has_text=f"poll {poll}").wait_for()
            if poll in (WARM, POLLS):
                heaps[poll] = heap_of(client)
        idle = weigh(page)
        page.close()
    return {"heap": heaps[WARM], "growth": heaps[POLLS] - heaps[WARM], "idle": idle}


def metrics_of(page):
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable")
    return client


def metrics(client) -> dict[str, float]:
    """Chromium's metrics: seconds of the main thread, bytes of the heap."""
    return {metric["name"]: metric["value"] for metric in client.send("Performance.getMetrics")["metrics"]}


def heap_of(client) -> float:
    """MB of the JavaScript heap after garbage collection."""
    client.send("HeapProfiler.collectGarbage")
    return metrics(client)["JSHeapUsedSize"] / 1e6


def weigh(page, polls: int = 20) -> float:
    """Bytes of a poll without changes: request and response headers, since a 304 has no body."""
    heads = []
    client = page.context.new_cdp_session(page)
    client.on("Network.requestWillBeSentExtraInfo", lambda event: heads.append(head_of(event["headers"])))
    client.on("Network.responseReceivedExtraInfo", lambda event: heads.append(len(event["headersText"])))
    client.send("Network.enable")
    for _ in range(polls):
        with page.expect_response("**") as answer:
            page.clock.run_for(INTERVAL_S * 1000)
        assert answer.value.status == 304
    page.wait_for_timeout(200)
    assert len(heads) == 2 * polls
    return sum(heads) / polls


def head_of(headers: dict[str, str]) -> int:
    line = "GET /training_status HTTP/1.1\r\n"
    return len(line + "".join(f"{name}: {value}\r\n" for name, value in headers.items())) + 2


PARTS = ("opening", "live", "interaction", "polling")


@click.command()
@click.argument("runs", type=click.IntRange(1), default=5)
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), default=10.0, show_default=True)
@click.option("--source", type=click.Path(exists=True, file_okay=False, path_type=Path), default=PROJECT / DEMO)
@click.option(
    "--only", type=click.Choice(PARTS), multiple=True, help="Measure these parts; the others keep their values."
)
def main(runs: int, minutes: float, source: Path, only: tuple[str, ...]) -> None:
    """Measure RUNS times (5).

    The live run takes --minutes; it grows as the finished run in the results folder --source did (that of the demo).
    """
    print(machine.describe())
    results = Results("page", "Page", QUANTITIES, options={"minutes": minutes}, add=bool(only))
    parts = only or PARTS
    with tempfile.TemporaryDirectory() as long, tempfile.TemporaryDirectory() as many, chromium() as browser:
        measures = {
            "opening": lambda _: opening(browser, Path(long)),
            "live": lambda folder: page_live.measure(browser, source, folder, minutes),
            "interaction": lambda folder: interaction(browser, Path(many), folder),
            "polling": lambda folder: polling(browser, folder),
        }
        if "opening" in parts:
            train(Path(long), "a million batches", MILLION, 430)
        if "interaction" in parts:
            page_interaction.write_many(Path(many))
        for run in range(1, 1 + runs):
            figures: dict[str, float] = {}
            for part in parts:
                with tempfile.TemporaryDirectory() as folder:
                    figures |= measures[part](Path(folder))
            results.add(run, figures)
    results.print_rows()


def opening(browser, long: Path) -> dict[str, float]:
    return {"open": page_opening.million(browser, long)} | page_opening.measure(browser, long)


def interaction(browser, many: Path, folder: Path) -> dict[str, float]:
    listed = page_interaction.listing(browser, many)
    return page_interaction.driving(browser) | listed | pointing(browser, folder)


if __name__ == "__main__":
    main()
