"""Speed and memory of the page in a browser: `python benchmarks/page.py [RUNS]`. About a minute per run.

Opens a run of a million batches; hovers over the charts of five runs of 1,000 buckets each, one position per frame;
polls for half an hour on a simulated clock, with a change at every poll; and counts the bytes of polls without a
change. Needs Playwright and Chromium, as the tests do. Writes benchmarks/results/page.json after every run.
"""

import tempfile
from pathlib import Path

import click
import machine
from figures import Quantity, Results

from digits.runlog.run_log import RunLog
from tests.support.browser import chromium, our_server

MILLION = 1_000_000
BUCKETS = 1_000
RUNS_SHOWN = 5
FRAMES = 240
INTERVAL_S = 3
POLLS = 30 * 60 // INTERVAL_S
WARM = 60  # polls until caches and compiled code are warm
QUANTITIES = (
    Quantity("open", f"time to the first curves, run of {MILLION:,} batches", "ms", 0, at_most=1000),
    Quantity("fps", f"frame rate while hovering over {RUNS_SHOWN} runs of {BUCKETS:,} buckets", "fps", 1, at_least=59),
    Quantity("work", "main-thread time per frame", "ms", 1, at_most=16.7),
    Quantity("heap", f"JavaScript heap after {WARM} polls", "MB", 2),
    Quantity("growth", f"heap growth after {POLLS} polls (30 minutes)", "MB", 2),
    Quantity("idle", "traffic per poll without changes", "bytes", 0, at_most=1000),
)
POINT = """([canvas, frames]) => new Promise((done) => {
  const box = canvas.getBoundingClientRect();
  let [count, began] = [0, 0];
  const frame = (now) => {
    began ||= now;
    if (count === frames) return done((frames * 1000) / (now - began));
    const clientX = box.left + 60 + ((box.width - 160) * (count % 120)) / 120;
    canvas.dispatchEvent(new PointerEvent('pointermove', { clientX, clientY: box.top + 90, pointerType: 'mouse' }));
    count += 1;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""
DRAWN = "[data-measure=loss][data-state=drawn]"


def train(folder: Path, name: str, batches: int, per_epoch: int) -> str:
    """A synthetic run with a noisy, falling loss."""
    with RunLog(folder, name=name) as log:
        log.set_totals(batches // per_epoch, per_epoch)
        for step in range(batches):
            log.batch(1 + step // per_epoch, 2 / (1 + step / per_epoch) + step * 7919 % 97 / 500, 0.9, 0.001, 128)
            if step % per_epoch == per_epoch - 1:
                log.epoch(1 + step // per_epoch, train_loss=0.2, train_accuracy=0.9, val_loss=0.1, val_accuracy=0.95)
    return log.run_id


def opening(browser, folder: Path) -> float:
    with our_server(folder) as url:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url, wait_until="commit")
        page.locator(DRAWN).wait_for()
        seconds = page.evaluate("new Promise((done) => requestAnimationFrame(() => done(performance.now())))")
        page.close()
    return seconds


def pointing(browser, folder: Path) -> dict[str, float]:
    ids = [train(folder, f"run {number}", BUCKETS, 100) for number in range(RUNS_SHOWN)]
    with our_server(folder) as url:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}#with={','.join(ids[:-1])}")
        page.locator("[data-measure=loss] .others li").nth(RUNS_SHOWN - 2).wait_for()
        canvas = page.locator("[data-measure=loss] canvas").element_handle()
        page.evaluate(POINT, [canvas, FRAMES // 4])
        client = metrics_of(page)
        before = metrics(client)["TaskDuration"]
        frames_a_second = page.evaluate(POINT, [canvas, FRAMES])
        work = (metrics(client)["TaskDuration"] - before) * 1000 / FRAMES
        page.close()
    return {"fps": frames_a_second, "work": work}


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
        page.locator(DRAWN).wait_for()
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


@click.command()
@click.argument("runs", type=click.IntRange(1), default=5)
def main(runs: int) -> None:
    """Measure RUNS times (5)."""
    print(machine.describe())
    results = Results("page", "Page", QUANTITIES)
    with tempfile.TemporaryDirectory() as long, chromium() as browser:
        train(Path(long), "a million batches", MILLION, 430)
        for run in range(1, 1 + runs):
            with tempfile.TemporaryDirectory() as several, tempfile.TemporaryDirectory() as live:
                figures = {"open": opening(browser, Path(long))} | pointing(browser, Path(several))
                results.add(run, figures | polling(browser, Path(live)))
    results.print_rows()


if __name__ == "__main__":
    main()
