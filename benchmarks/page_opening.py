"""Opening a finished run: bytes, time to the first curves on loopback and on a slow connection, layout shift."""

from pathlib import Path

from figures import Quantity

from digits.paths import DEMO
from tests.support import PROJECT
from tests.support.browser import our_server

WIDTHS = (1440, 390)
KBIT_PER_S, LATENCY_MS = 400, 400  # the slow connection, in both directions
DRAWN = "[data-measure=loss][data-state=drawn]"
LAYOUT_SHIFT = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.shift += value;
}).observe({ type: 'layout-shift', buffered: true });
"""
PAGE_BYTES = """() => performance.getEntries()
  .filter(({ entryType, name }) => entryType === 'navigation' || /\\.(js|css|svg)$/.test(name))
  .reduce((sum, { encodedBodySize = 0 }) => sum + encodedBodySize, 0)"""
ALL_BYTES = """() => performance.getEntries()
  .filter(({ entryType }) => ['navigation', 'resource'].includes(entryType))
  .reduce((sum, { transferSize = 0 }) => sum + transferSize, 0)"""
SINCE_OPENED = "new Promise((done) => requestAnimationFrame(() => done(performance.now())))"
SLOW = f"{KBIT_PER_S} kbit/s and {LATENCY_MS} ms"
QUANTITIES = (
    Quantity("page_bytes", "HTML, CSS and JavaScript until the first curves, compressed", "kB", 1, at_most=80),
    Quantity("all_bytes", "all responses until the first curves, with their headers and the log", "kB", 1),
    Quantity("loopback", "time to the first curves, run of 10 epochs", "s", 2, at_most=1),
    Quantity("slow", f"time to the first curves at {SLOW}, run of 10 epochs", "s", 2, at_most=6),
    Quantity("slow_long", f"time to the first curves at {SLOW}, longest log", "s", 2, at_most=6),
    Quantity("opening_shift", "cumulative layout shift of opening a finished run", "", 3, at_most=0.1),
    Quantity("slow_shift", f"cumulative layout shift of opening a finished run at {SLOW}", "", 3, at_most=0.1),
)


def measure(browser, long: Path) -> dict[str, float]:
    """`long`: the results folder of a run whose log is as long as logs become."""
    with our_server(PROJECT / DEMO) as url:
        quick, _, shifts = zip(*(_open(browser, url, width) for width in WIDTHS))
        slow, sizes, slow_shifts = zip(*(_open(browser, url, width, is_slow=True) for width in WIDTHS))
    with our_server(long) as url:
        slow_long, _, _ = _open(browser, url, WIDTHS[0], is_slow=True)
    return {
        "page_bytes": sizes[0][0],
        "all_bytes": sizes[0][1],
        "loopback": quick[0],
        "slow": slow[0],
        "slow_long": slow_long,
        "opening_shift": max(shifts),
        "slow_shift": max(slow_shifts),
    }


def million(browser, folder: Path) -> float:
    """Milliseconds to the first curves."""
    with our_server(folder) as url:
        return 1000 * _open(browser, url, WIDTHS[0])[0]


def _open(browser, url: str, width: int, is_slow: bool = False) -> tuple[float, tuple[float, float], float]:
    """Seconds to the first curves, kB of the page and of everything until then, layout shift until all is loaded."""
    context = browser.new_context(viewport={"width": width, "height": 900 if width > 960 else 844})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.add_init_script(LAYOUT_SHIFT)
    if is_slow:
        rate = KBIT_PER_S * 1000 / 8
        network = {"offline": False, "latency": LATENCY_MS, "downloadThroughput": rate, "uploadThroughput": rate}
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", network)
    page.goto(url, wait_until="commit")
    page.locator(DRAWN).wait_for()
    seconds = page.evaluate(SINCE_OPENED) / 1000
    sizes = page.evaluate(PAGE_BYTES) / 1000, page.evaluate(ALL_BYTES) / 1000
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)
    shift = page.evaluate("shift")
    context.close()
    return seconds, sizes, shift
