"""Screenshots of the page for the documents.

python -m tests.support.screenshots        rewrites docs/*.png from results/: a finished run and two to compare it with
"""

from tests.support.browser import PROJECT, chromium
from tests.support.control import controlled, new_run
from tests.support.pad import clear, draw, strokes_of
from tests.support.pages import reach, see, status

DOCS = PROJECT / "docs"
SAVED = (2, 5, 8)  # drawings on the pad, before a 7


def main() -> None:
    with chromium() as browser, controlled(PROJECT / "results") as (url, _):
        page = open_page(browser, url, 1440, 900)
        reach(page, "#samples")
        page.screenshot(path=DOCS / "page.png")
        reach(page, "#mistakes")
        page.get_by_role("button", name="Test", exact=True).click()
        section(page, "mistakes")
        for digit in SAVED:
            draw(page, strokes_of(digit))
            page.get_by_role("button", name="Save drawing").click()
            clear(page)
        draw(page, strokes_of(7))
        see(page, "#pad .answer strong", "7")
        section(page, "pad")

        page = open_page(browser, url, 1280, 900)
        page.locator("#runs .rows input[type=checkbox]").nth(1).wait_for()
        for box in page.locator("#runs .rows input[type=checkbox]").all()[-2:]:
            box.check()
        page.get_by_role("link", name="Compare").click()
        page.locator("#compare .answers li").first.wait_for()
        page.screenshot(path=DOCS / "compare.png")

        page = open_page(browser, url, 1200, 960)
        new_run(page, Epochs="20", Learning_rate="0.004")
        page.get_by_role("dialog").get_by_text("More", exact=True).click()  # which new_run opens
        page.evaluate("document.querySelectorAll('dialog *').forEach((part) => { part.scrollTop = 0; })")
        page.screenshot(path=DOCS / "new-run.png")


def open_page(browser, url: str, width: int, height: int):
    page = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce").new_page()
    page.set_default_timeout(120_000)
    page.goto(url)
    status(page, "completed")
    return page


def section(page, name: str) -> None:
    page.mouse.move(0, 0)
    page.locator(f"#{name}").screenshot(path=DOCS / f"{name}.png")


if __name__ == "__main__":
    main()
