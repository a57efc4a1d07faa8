"""Reports in the browser: opened from the disk, without any request."""

import json
import re

import pytest

from digits.runlog import contract
from digits.sharing.report import make_report, save_report
from tests.support import PROJECT
from tests.support.pages import becomes, becomes_true, load_view, open_view, reach, see, status
from tests.support.sharing import DEMO, example_run, results_of

PICTURES = PROJECT / "tests" / "screenshots"


@pytest.fixture
def opened(visit, tmp_path):
    """opened(folders, options) opens a report of these runs from the disk; it must load nothing but itself."""

    def open_report(*folders, fragment: str = "", **options):
        path = tmp_path / "a report #1 äöü.html"
        save_report(path, make_report(folders, **options))
        page = visit(path.as_uri() + fragment)
        requests = []
        page.on("request", lambda request: requests.append(request.url))
        page.other_requests = lambda: [url for url in requests if not url.startswith(("blob:", "data:"))]
        return page

    return open_report


def test_every_view_is_drawn_without_a_request(opened):
    page = opened(DEMO)
    status(page, "Completed")
    see(page, "h1", "Example: tiny network")
    see(page, "#numbers", "736 of 800")
    reach(page, "#samples")
    becomes(page, lambda: page.locator("#samples li").count(), 10)
    page.locator("[data-measure=loss] canvas").focus()
    page.keyboard.press("End")
    see(page, "[data-measure=loss] [data-part=where]", "step")
    reach(page, "#mistakes")
    page.locator("#mistakes .digits li").first.wait_for()
    becomes_true(
        page, "getComputedStyle(document.querySelector('#mistakes .crop')).backgroundImage.startsWith('url(\"blob:')"
    )
    page.locator("#mistakes table button").first.click()
    page.locator("#mistakes .digits li").first.click()
    see(page, ".drawer:not([hidden]) .drawer-verdict", r"\d")
    page.keyboard.press("Escape")
    reach(page, "#embedding")
    page.locator("#embedding svg").first.wait_for()
    reach(page, "#weights")
    see(page, "#layers td", "Conv2d")
    see(page, "#settings", "learning rate")
    see(page, "#view-try .empty", "saved without the network")
    assert page.other_requests() == []


def test_the_pad_of_a_report_reads_a_test_digit(opened):
    page = opened(DEMO, with_model=True)
    open_view(page, "#pad")
    page.get_by_role("button", name="Random test image").click()
    see(page, "#pad", r"test image|label|probabilit")
    becomes_true(page, "[...document.querySelectorAll('#pad .verdict *')].some((one) => /\\d/.test(one.textContent))")
    assert page.other_requests() == []


def test_the_drawer_of_a_report_computes_the_occlusion_map_in_its_worker(opened):
    page = opened(DEMO, with_model=True, fragment="#image=test-5")
    see(page, ".drawer:not([hidden]) .occlusion", "Covering the|No patch")
    assert page.other_requests() == []


def test_a_report_of_several_runs_opens_with_their_comparison(opened, tmp_path):
    results = results_of(tmp_path / "results")
    page = opened(results, *(results / contract.RUNS).iterdir())
    see(page, "#compare .sides", "first")
    see(page, "#compare .sides", "second")
    page.locator("#runs a", has_text="first").click()
    see(page, "h1", "^first$")
    load_view(page)
    assert page.other_requests() == []


def test_a_link_into_a_report_opens_that_view(opened):
    page = opened(DEMO, fragment="#view=settings")
    page.locator("#settings .lists").wait_for()
    becomes_true(page, "location.hash === '#view=settings'")


def test_a_report_prints_the_two_pages_of_the_page(opened, tmp_path):
    page = opened(DEMO)
    status(page, "Completed")
    becomes_true(page, "document.querySelectorAll('link[href^=blob]').length >= 3")  # those of the printed pages too
    page.emulate_media(media="print")
    page.locator("#report .confusion td").first.wait_for()
    becomes_true(page, "document.querySelectorAll('#report .crop').length > 5")
    pdf = page.pdf()
    assert pdf.startswith(b"%PDF") and len(re.findall(rb"/Type /Page\b", pdf)) == 2


def test_no_other_script_runs_in_a_report(visit, tmp_path):
    """The policy stops scripts that somebody adds to the file."""
    path = tmp_path / "report.html"
    content = make_report([DEMO]).content
    attack = b"<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"
    path.write_bytes(content.replace(b"</main>", attack + b"</main>"))
    page = visit(path.as_uri(), allowed=("Content Security Policy", "ERR_FILE_NOT_FOUND"))
    status(page, "Completed")
    assert page.evaluate("window.hacked") is None


def test_a_hostile_run_is_shown_as_text(opened, tmp_path):
    attack = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"
    config = json.loads((DEMO / contract.TRAINING_LOG).read_text())["config"]
    page = opened(example_run(tmp_path / "run", name=attack, config=config | {attack: attack}))
    see(page, "h1", re.escape(attack))
    see(page, "#settings", re.escape(attack))
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize("width", [390, 1440])
def test_a_report_fits_its_window(opened, width):
    PICTURES.mkdir(exist_ok=True)
    page = opened(DEMO)
    page.set_viewport_size({"width": width, "height": 900})
    status(page, "Completed")
    load_view(page)
    becomes_true(page, f"document.documentElement.scrollWidth <= {width}")
    page.screenshot(path=PICTURES / f"report-{width}.png", full_page=True)
