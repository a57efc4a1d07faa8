"""Every view of the page at eight widths, with a run of ten epochs and another one beside it."""

import json
import shutil

import pytest

from digits.paths import DEMO
from digits.runlog.contract import RUNS, TRAINING_LOG
from digits.runlog.runs import write_index
from tests.support import PROJECT
from tests.support.browser import our_server
from tests.support.pages import becomes, fits, load_view, see, status

VIEWS = ["overview", "mistakes", "try", "compare", "network", "settings"]
WIDTHS = (360, 390, 768, 960, 1200, 1440, 1920, 2560)
EARLIER = "20260101-000000-aaaa"
SCREEN = 900  # px, the height of a screen
# The width of each chart in % of its card, and of the cards in each row of them in % of the view.
FILLED = """() => {
  const shown = (root, selector) => [...root.querySelectorAll(selector)].filter((element) => element.clientWidth);
  const width = (element) => element.getBoundingClientRect().width;
  const view = document.querySelector('.view:not([hidden])');
  const charts = shown(view, '.chart canvas').map((canvas) => (100 * width(canvas)) / width(canvas.closest('.card')));
  const rows = shown(view, '.row').flatMap((row) => {
    const lines = new Map();
    for (const { offsetTop, offsetWidth } of shown(row, ':scope > *')) {
      lines.set(offsetTop, (lines.get(offsetTop) ?? 0) + offsetWidth);
    }
    return [...lines.values()].map((sum) => (100 * sum) / width(row));
  });
  return [charts, rows];
}"""

# Numbers and names of runs that are wider than their place.
CUT = """() => [...document.querySelectorAll(".tile .number, #runs .name")]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1 || (clientWidth && clientWidth < 24))
  .map((element) => element.textContent)"""


@pytest.fixture
def two_runs(tmp_path):
    shutil.copytree(PROJECT / DEMO, tmp_path, dirs_exist_ok=True)
    earlier = shutil.copytree(PROJECT / DEMO, tmp_path / RUNS / EARLIER)
    log = json.loads((earlier / TRAINING_LOG).read_text())
    log |= {"run_id": EARLIER, "name": "the other", "config": log["config"] | {"lr": 0.01}}
    (earlier / TRAINING_LOG).write_text(json.dumps(log))
    write_index(tmp_path)
    return tmp_path


def narrow(page) -> list:
    """Widths of charts and rows that leave much of their card or view empty."""
    charts, rows = page.evaluate(FILLED)
    return [share for share in charts if share < 85] + [share for share in rows if share < 95]


def visit_whole(visit, url: str, view: str):
    """Open a view with both runs, and wait until all of it is loaded."""
    page = visit(f"{url}#view={view}&with={EARLIER}")
    status(page, "Completed")
    page.locator(f"#view-{view} .card:visible").first.wait_for()
    load_view(page)
    return page


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_fills_any_width_and_is_at_most_two_screens_longer_than_one(visit, two_runs, view):
    with our_server(two_runs) as url:
        page = visit_whole(visit, url, view)
        if view == "compare":
            see(page, "#compare .answers li", "Equal")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": SCREEN})
            fits(page, width)
            becomes(page, lambda: narrow(page), [])
            becomes(page, lambda: page.evaluate(CUT), [])
            if width == 1440:
                assert page.evaluate("document.documentElement.scrollHeight") <= 3 * SCREEN
                charts, _ = page.evaluate(FILLED)
                assert len(charts) >= {"overview": 4, "compare": 2}.get(view, 0)


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_shows_a_value_that_is_missing(visit, two_runs, view):
    with our_server(two_runs) as url:
        page = visit_whole(visit, url, view)
        text = page.locator("body").inner_text()
        assert len(text) > 200
        assert [word for word in ("undefined", "NaN", "null", "[object") if word in text] == []
