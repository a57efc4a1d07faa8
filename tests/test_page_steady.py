"""The page in a real browser keeps still: layout shifts, what fits above the fold, tab stops."""

import time

import pytest

from digits.runlog.contract import timestamp
from tests.support.browser import our_server, write_run
from tests.support.control import controlled
from tests.support.pages import Training, becomes, fits, reach, see, status, wait_for_polls, wait_for_steps

WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const places = entry.sources.map(({ node }) => node?.id || node?.className || node?.nodeName);
    if (!entry.hadRecentInput) window.shifts.push([entry.value, ...places]);
  }
}).observe({ type: 'layout-shift', buffered: true });
"""
VIEWS = ["overview", "mistakes", "try", "compare", "network", "settings"]
FOLD = ["#header", "#numbers .tile", "#happening", "[data-measure=loss] canvas", "[data-measure=accuracy] canvas"]
FOLD += ["#samples", "#scrubber"]


def shifted(page) -> tuple[float, list]:
    shifts = page.evaluate("shifts")
    return sum(value for value, *_ in shifts), shifts


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("width", [390, 1440])
def test_opening_a_finished_run_shifts_little(visit, tmp_path, view, width):
    write_run(tmp_path, status="completed")
    with controlled(tmp_path) as (url, _):
        page = visit(f"{url}&view={view}", width=width, script=WATCH)
        status(page, "Completed")
        wait_for_polls(page, 2)
        total, shifts = shifted(page)
        assert total <= 0.1, shifts


@pytest.mark.parametrize("width", [390, 1440])
def test_a_live_run_shifts_next_to_nothing(visit, tmp_path, width):
    with our_server(tmp_path) as url, Training(tmp_path):
        page = visit(url, width=width, script=WATCH)
        wait_for_steps(page, 10)
        page.evaluate("shifts = []")
        wait_for_steps(page, 200)
        total, shifts = shifted(page)
        assert total < 0.02, shifts


@pytest.mark.parametrize("width", [390, 1200, 1440])
def test_the_test_digits_have_their_place_before_the_first_epoch(visit, tmp_path, width):
    log = write_run(tmp_path, status="running")
    before = {"files": [], "epochs": {name: [] for name in log["epochs"]}, "config": log["config"] | {"samples": 10}}
    write_run(tmp_path, status="running", **before)
    with our_server(tmp_path) as url:
        page = visit(url, width=width)
        page.locator("#samples[data-awaited]").scroll_into_view_if_needed()
        place = page.locator("#samples").bounding_box()
        write_run(tmp_path, status="running")
        page.locator("#samples .sampled").first.wait_for()
        assert page.locator("#samples").bounding_box() == place
        write_run(tmp_path, status="failed", run_id="without an epoch", **before)
        page.locator("#samples").wait_for(state="hidden")


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_the_overview_fits_above_the_fold(visit, tmp_path, size):
    write_run(tmp_path, status="completed")
    with controlled(tmp_path) as (url, _):
        page = visit(url, width=size[0])
        page.get_by_role("button", name="New run").wait_for()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        reach(page, "#samples")
        see(page, "#happening", "Finished")
        page.evaluate("scrollTo(0, 0)")
        bar = page.locator("#nav").bounding_box() if size[0] < 960 else {"y": size[1]}
        dock = page.locator("#scrubber").bounding_box()
        assert dock["y"] + dock["height"] <= bar["y"] + 1
        for selector in FOLD[:-1]:
            box = page.locator(selector).first.bounding_box()
            assert box["height"] > 20 and box["y"] >= 0 and box["y"] + box["height"] <= dock["y"] + 1, (
                selector,
                box,
                dock,
            )


@pytest.mark.parametrize("size", [(720, 450), (360, 640), (2560, 1440)])
def test_a_chart_is_visible_at_any_zoom_and_no_chart_is_half_empty(visit, tmp_path, size):
    """A screen of 1440x900 at 200 % has 720x450."""
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url, width=size[0])
        page.set_viewport_size({"width": size[0], "height": size[1]})
        see(page, "[data-measure=loss] [data-part=where]", "step 120")
        page.evaluate("scrollTo(0, 0)")
        card = page.locator("[data-measure=loss]").bounding_box()
        canvas = page.locator("[data-measure=loss] canvas").bounding_box()
        assert canvas["y"] + 100 <= size[1]
        assert canvas["width"] >= 0.85 * card["width"]
        fits(page, size[0])


def test_the_pad_is_at_most_twelve_tab_stops_away(visit, trained):
    with controlled(trained) as (url, _):
        page = visit(f"{url}&view=try")
        see(page, "#pad", "Weights after epoch")
        page.get_by_role("button", name="New run").wait_for()
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('#pad .sheet canvas')"):
                break
        else:
            raise AssertionError("not within twelve")


BATCHES = 10  # of an epoch
PLACES = [
    "#header",
    "#numbers .tile",
    "#happening",
    "[data-measure=loss] canvas",
    "[data-measure=accuracy] canvas",
    "#samples",
]


def rows(accuracies: list[float]) -> dict:
    """The columns of a log after these epochs."""
    steps = range(1, BATCHES * len(accuracies) + 1)
    batches = {name: [value for _ in steps] for name, value in (("loss", 0.4), ("accuracy", 0.9), ("lr", 0.01))}
    batches |= {"step": list(steps), "epoch": [(step - 1) // BATCHES + 1 for step in steps]}
    batches |= {"images_per_second": [1000 for _ in steps], "seconds": [step / 10 for step in steps]}
    epochs = {"epoch": [epoch + 1 for epoch in range(len(accuracies))], "val_accuracy": accuracies}
    epochs |= {"step": [BATCHES * epoch for epoch in epochs["epoch"]]}
    epochs |= {
        "val_loss": [round(1 - one, 4) ** 3 for one in accuracies],
        "train_loss": [1.5 - one for one in accuracies],
    }
    return {"batches": batches, "epochs": epochs}


def event(kind: str, text: str, step: int) -> dict:
    return {"kind": kind, "text": text, "step": step, "time": timestamp(time.time())}


def chapters() -> list[tuple[str, str, dict]]:
    """The life of a run: the word of its status, a text to wait for, and its log."""
    rising, fallen = [0.9, 0.95, 0.97], [0.9, 0.95, 0.97, 0.1]
    running = {"status": "running", "phase": "training", "test": None}
    paused = event("paused", "paused after 40 steps", 40)
    resumed = event("resumed", "resumed after a pause of 6 min 43 s", 40)
    crashed = running | {"alive": False, "age": 60}
    return [
        ("running", "the best so far", running | rows(rising) | {"events": []}),
        ("running", "fell from", running | rows(fallen) | {"events": []}),
        ("paused", "fell from", running | rows(fallen) | {"phase": "paused", "events": [paused]}),
        ("running", "fell from", running | rows(fallen) | {"events": [paused, resumed]}),
        ("running", "the best so far", running | rows([*fallen, 0.98]) | {"events": [paused, resumed]}),
        ("crashed", "crashed", crashed | rows([*fallen, 0.98]) | {"events": [paused, resumed]}),
        ("running", "the best so far", running | rows([*fallen, 0.98, 0.9812]) | {"events": [paused, resumed]}),
        ("stopped", "stopped", running | rows([*fallen, 0.98, 0.9812]) | {"status": "stopped", "events": [paused]}),
    ]


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_moves_whatever_happens_to_a_live_run(visit, tmp_path, width):
    """Falling accuracy, a pause, a crash, the server gone and back: none of it moves what is read or pointed at."""
    (word, text, log), *later = chapters()
    write_run(tmp_path, **log)
    with controlled(tmp_path) as (url, _):
        page = visit(url, width=width, script=WATCH, allowed=("ERR_INTERNET_DISCONNECTED",))
        reach(page, "#samples")
        see(page, "#happening", text)
        wait_for_polls(page, 2)
        page.evaluate("scrollTo(0, 0)")
        page.evaluate("shifts = []")
        before = places(page)
        for word, text, log in later:
            write_run(tmp_path, **log)
            see(page, "[data-part=word]", f"^{word}")
            see(page, "#happening", text)
            assert places(page) == before, (word, text)
            if word == "paused":
                page.context.set_offline(True)
                see(page, "[data-part=word]", "Disconnected")
                assert places(page) == before, "the server is gone"
                page.context.set_offline(False)
                see(page, "[data-part=word]", "^paused")
                assert places(page) == before, "the server is back"
        total, shifts = shifted(page)
        assert total < 0.02, shifts


def places(page) -> list:
    script = "all => all.map((one) => Object.values(document.querySelector(one).getBoundingClientRect().toJSON()))"
    return page.evaluate(script, PLACES)


def middle_of(page, part: str) -> float:
    box = page.locator(f"[data-part={part}]").bounding_box()
    return box["y"] + box["height"] / 2


PROGRESS = {"epoch": 2, "epochs": 8, "batch": 411, "batches": 430, "step": 841, "steps": 3440}
PROGRESS |= {"images_per_second": 977, "eta_s": 275}


@pytest.mark.parametrize("width", [360, 390, 1024, 1440])
def test_the_header_keeps_its_height_and_shows_name_and_figures_without_a_cut(visit, tmp_path, width):
    run = {"status": "running", "phase": "training", "test": None, "progress": PROGRESS}
    write_run(tmp_path, name="cnn4-strided, fast, seed 3", **run)
    with controlled(tmp_path) as (url, _):
        page = visit(url, width=width)
        see(page, "[data-part=figures]", r"4\smin\s35\ss\sleft")
        page.get_by_role("button", name="Pause").wait_for()
        fits(page, width)
        name, header = page.locator("[data-part=name]"), page.locator("#header")
        height = header.bounding_box()["height"]
        if width == 1440:
            assert name.evaluate("name => name.scrollWidth <= name.clientWidth"), "the bar gives way to the name"
        assert name.bounding_box()["width"] > 80
        lines = """figures => {
          const { firstChild } = figures;
          const seen = [...firstChild.data.matchAll(/[^ ]+/g)].filter(({ 0: { length }, index }) => {
            const range = document.createRange();
            range.setStart(firstChild, index);
            range.setEnd(firstChild, index + length);
            const [place, box] = [range.getBoundingClientRect(), figures.getBoundingClientRect()];
            return place.top < box.bottom && place.right > box.right;
          });
          return seen.map(({ 0: text }) => text);
        }"""
        if width != 1024:
            assert page.locator("[data-part=figures]").evaluate(lines) == [], "a figure is seen whole or not at all"
        write_run(tmp_path, name="cnn4-strided, fast, seed 3", **run | {"phase": "paused"})
        see(page, "[data-part=word]", "^paused")
        assert header.bounding_box()["height"] == height
        becomes(page, lambda: abs(middle_of(page, "word") - middle_of(page, "name")) <= 1, True)  # beside each other
