"""Interaction with the page: frames while hovering, scrubbing and replaying; actions in the list of 500 runs."""

from pathlib import Path

from figures import Quantity

from digits.paths import DEMO
from tests.support import PROJECT, many_runs
from tests.support.browser import our_server

SETTINGS = [{"lr": round(0.001 * (1 + number), 3), "rotation": float(number % 7)} for number in range(100)]
SEEDS = range(1, 6)
SIZE = {"width": 1440, "height": 900}
LATE_MS = 20  # a frame that took longer was missed: 60 a second take 16.7 each
LIMIT_MS = 100  # of an action
FRAMES = 240
DRIVEN = ("overview", "mistakes", "network")  # views that the scrubber drives
DRAWER = "mistakes&image=validation-17"
TO_FRAME = """async () => {
  const began = performance.now();
  %s;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - began;
}"""
INPUT = "document.querySelector('#runs [type=search]')"
SORT = "document.querySelector('#runs .sort select')"
ACTIONS = {
    "search": ("search", f"{INPUT}.value = 'lr>0.01 rotation:3'; {INPUT}.dispatchEvent(new Event('input'))"),
    "clear": ("clear the search", f"{INPUT}.value = ''; {INPUT}.dispatchEvent(new Event('input'))"),
    "sort": ("sort by accuracy", f"{SORT}.value = 'accuracy'; {SORT}.dispatchEvent(new Event('change'))"),
    "ungroup": ("list the runs without groups", "document.querySelector('#runs .tools [type=checkbox]').click()"),
    "column": ("add a column", "document.querySelector('#runs .choices input[value=lr]').click()"),
    "overlay": ("overlay a run, with all 500 drawn", "document.querySelector('#runs .rows [type=checkbox]').click()"),
    "show": ("show another run", "document.querySelectorAll('#runs .run a')[7].click()"),
}
# Milliseconds of each frame while `act(count)` is called in every one, for `frames` frames.
TIMES = """async ([frames, selector, kind]) => {
  const element = document.querySelector(selector);
  const acts = {
    scrub(count) {
      const places = Number(element.max) + 1;
      const place = count % (2 * places);
      element.value = place < places ? place : 2 * places - 1 - place;
      element.dispatchEvent(new Event('input', { bubbles: true }));
    },
    replay(count) {
      if (!count) element.click();
    },
    hover(count) {
      const box = element.getBoundingClientRect();
      const clientX = box.left + 60 + ((box.width - 160) * (count % 120)) / 120;
      element.dispatchEvent(new PointerEvent('pointermove', { clientX, clientY: box.top + 90, pointerType: 'mouse' }));
    },
  };
  const times = [];
  let before = await new Promise(requestAnimationFrame);
  for (let count = 0; count < frames; count += 1) {
    acts[kind](count);
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  return times;
}"""
QUANTITIES = (
    Quantity("scrub_longest", "longest frame while scrubbing a run", "ms", 1),
    Quantity("scrub_late", f"frames over {LATE_MS} ms while scrubbing a run", "%", 1, at_most=1),
    Quantity("drawer_late", f"frames over {LATE_MS} ms while scrubbing with the drawer open", "%", 1, at_most=1),
    Quantity("replay_longest", "longest frame while replaying a run", "ms", 1),
    Quantity("replay_late", f"frames over {LATE_MS} ms while replaying a run", "%", 1, at_most=1),
    *(Quantity(key, f"500 runs: {text}", "ms", 0, at_most=LIMIT_MS) for key, (text, _) in ACTIONS.items()),
)


def frames(page, selector: str, kind: str, count: int = FRAMES) -> list[float]:
    return page.evaluate(TIMES, [count, selector, kind])


def driving(browser) -> dict[str, float]:
    """Frames of the run that ships with the project, in each view that the scrubber drives and with the drawer open."""
    times: dict[str, list[float]] = {"scrub": [], "replay": [], "drawer": []}
    with our_server(PROJECT / DEMO) as url:
        for view in (*DRIVEN, DRAWER):
            page = browser.new_page(viewport=SIZE)
            page.goto(f"{url}#view={view}")
            page.locator("#scrubber [data-part=slider]").wait_for()
            page.wait_for_load_state("networkidle")
            frames(page, "#scrubber [data-part=slider]", "scrub", FRAMES // 4)  # until the code is compiled
            times["drawer" if view == DRAWER else "scrub"] += frames(page, "#scrubber [data-part=slider]", "scrub")
            if view != DRAWER:
                times["replay"] += frames(page, "#scrubber [data-part=play]", "replay")
            page.close()
    late = {
        f"{kind}_late": 100 * sum(time > LATE_MS for time in all_times) / len(all_times)
        for kind, all_times in times.items()
    }
    return late | {f"{kind}_longest": max(times[kind]) for kind in ("scrub", "replay")}


def write_many(folder: Path) -> None:
    many_runs.write(folder, SETTINGS, SEEDS)


def listing(browser, folder: Path) -> dict[str, float]:
    """The time from each action in the list of 500 runs to the next frame."""
    times = {}
    with our_server(folder) as url:
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(60_000)
        page.goto(url)
        page.locator("#runs .group").nth(50).wait_for()
        page.locator("#learning [data-state=drawn]").first.wait_for()
        page.get_by_text("Columns").click()
        for key, (_, action) in ACTIONS.items():
            if key == "overlay":
                _draw_all(page)
            page.wait_for_timeout(300)  # what the action before has started
            times[key] = page.evaluate(TO_FRAME % action)
        page.close()
    return times


def _draw_all(page) -> None:
    """Scroll to the end of the list, which is drawn in parts."""
    while page.locator("#runs .run").count() < len(SETTINGS) * len(SEEDS):
        page.locator("#runs .scroller").evaluate("list => { list.scrollTop = list.scrollHeight; }")
        page.wait_for_timeout(50)
