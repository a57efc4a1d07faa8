"""Speed of the list of runs in a browser: `python benchmarks/page_runs.py [REPEATS]`. About a minute.

500 runs, 100 settings with 5 seeds each: the time from an action to the next frame, for searching, sorting, grouping,
choosing columns, overlaying a run and showing another one. Needs Playwright and Chromium, as the tests do. Writes
benchmarks/results/page_runs.json.
"""

import tempfile
from pathlib import Path

import click
import machine
from figures import Quantity, Results

from tests.support import many_runs
from tests.support.browser import chromium, our_server

SETTINGS = [{"lr": round(0.001 * (1 + number), 3), "rotation": float(number % 7)} for number in range(100)]
SEEDS = range(1, 6)
LIMIT_MS = 100
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
QUANTITIES = tuple(Quantity(key, text, "ms", 0, at_most=LIMIT_MS) for key, (text, _) in ACTIONS.items())


def measure(browser, url: str) -> dict[str, float]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(url)
    page.locator("#runs .group").nth(50).wait_for()
    page.locator("#learning [data-state=drawn]").first.wait_for()
    page.get_by_text("Columns").click()
    times = {}
    for key, (_, action) in ACTIONS.items():
        if key == "overlay":
            draw_all(page)
        page.wait_for_timeout(300)  # what the action before has started
        times[key] = page.evaluate(TO_FRAME % action)
    page.close()
    return times


def draw_all(page) -> None:
    """Scroll to the end of the list, which is drawn in parts."""
    while page.locator("#runs .run").count() < len(SETTINGS) * len(SEEDS):
        page.locator("#runs .scroller").evaluate("list => { list.scrollTop = list.scrollHeight; }")
        page.wait_for_timeout(50)


@click.command()
@click.argument("repeats", type=click.IntRange(1), default=5)
def main(repeats: int) -> None:
    """Measure REPEATS times (5)."""
    print(machine.describe())
    results = Results("page_runs", "List of 500 runs", QUANTITIES)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        many_runs.write(Path(folder), SETTINGS, SEEDS)
        with our_server(Path(folder)) as url:
            for repeat in range(1, 1 + repeats):
                results.add(repeat, measure(browser, url))
    results.print_rows()


if __name__ == "__main__":
    main()
