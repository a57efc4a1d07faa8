"""Screenshots of the page for the documents.

python -m tests.support.screenshots     rewrites docs/*.png from results/: a finished run, and two groups below it
"""

from tests.support.browser import PROJECT, chromium
from tests.support.control import controlled, new_run
from tests.support.pad import clear, draw, strokes_of
from tests.support.pages import reach, see, status

DOCS = PROJECT / "docs"
SAVED = (2, 5, 8)  # drawings on the pad, before a 7
TALL = 2400  # px: a whole section, and what is fixed at the edges of the screen beside it


def main() -> None:
    with chromium() as browser, controlled(PROJECT / "results") as (url, _):
        page = open_page(browser, url, 1440, 900)
        reach(page, "#samples")
        page.screenshot(path=DOCS / "page.png")
        mistakes_and_drawer(page)
        pad(page)
        compare(open_page(browser, url, 1440, 1000))
        page = open_page(browser, url, 1280, 800)
        new_run(page, Epochs="20", Learning_rate="0.004")
        page.get_by_role("dialog").get_by_text("More", exact=True).click()  # which new_run opens
        page.evaluate("document.querySelectorAll('dialog *').forEach((part) => { part.scrollTop = 0; })")
        page.screenshot(path=DOCS / "new-run.png")


def mistakes_and_drawer(page) -> None:
    reach(page, "#mistakes")
    page.get_by_role("button", name="Test", exact=True).click()
    section(page, "mistakes")
    page.locator(".digits [data-image]").nth(1).click()
    see(page, ".drawer .occlusion", "(patch|Covering).*%")
    page.locator(".drawer .nearest canvas").last.wait_for()
    page.screenshot(path=DOCS / "drawer.png")
    page.get_by_role("button", name="Close", exact=True).click()


def pad(page) -> None:
    for digit in SAVED:
        draw(page, strokes_of(digit))
        page.get_by_role("button", name="Save drawing").click()
        clear(page)
    draw(page, strokes_of(7))
    see(page, "#pad .answer strong", "7")
    section(page, "pad")


def compare(page) -> None:
    page.locator("#runs .group input[type=checkbox]").nth(1).wait_for()
    for box in page.locator("#runs .group input[type=checkbox]").all()[-2:]:
        box.check()
    page.locator("#runs .member a").first.click()  # one of them instead of a third group
    page.locator("#nav [data-view=compare]:visible").click()
    page.locator("#compare .answers li").first.wait_for()
    page.screenshot(path=DOCS / "compare.png")


def open_page(browser, url: str, width: int, height: int):
    page = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce").new_page()
    page.set_default_timeout(120_000)
    page.goto(url)
    status(page, "completed")
    return page


def section(page, name: str) -> None:
    size = page.viewport_size
    page.set_viewport_size(size | {"height": TALL})
    page.mouse.move(0, 0)
    page.locator(f"#{name}").screenshot(path=DOCS / f"{name}.png")
    page.set_viewport_size(size)


if __name__ == "__main__":
    main()
