"""The printed page, in a real browser."""

import random
import re
import shutil
import subprocess

import pytest

from digits.files import write_json
from digits.runlog.contract import PREDICTIONS
from tests.support.browser import missing, our_server, write_run
from tests.support.control import controlled
from tests.support.pages import becomes, fits, reach, see
from tests.test_page_mistakes import recount

PAPER = {"A4": 794, "Letter": 816}  # width in CSS pixels
MARGIN = 45  # 12 mm
CONTROLS = ":is(button, input, select, textarea, summary, [role=dialog]):visible"
STRAY = (
    "Smoothing|Log scale|Save|Choose a number|choose one|Compare|Drag across|Refresh|Theme|Draw a digit|Copy|free for"
)


@pytest.fixture
def counts(tmp_path):
    """A confusion matrix with four digits on the diagonal, one to three elsewhere, none empty."""
    rng = random.Random(5)
    labels = [rng.randrange(10) for _ in range(20_000)]
    predictions = [label if rng.random() < 0.7 else rng.randrange(10) for label in labels]
    answers = {
        "labels": "".join(map(str, labels)),
        "predictions": "".join(map(str, predictions)),
        "confidences": [0.5] * len(labels),
        "notable": {"index": [], "probabilities": []},
    }
    write_run(tmp_path, status="completed")
    write_json(tmp_path / PREDICTIONS, {"schema": 1, "test": answers})
    return recount(answers["labels"], answers["predictions"])


@pytest.mark.parametrize("paper", PAPER)
def test_every_number_of_the_matrix_is_in_the_text_of_the_pdf(visit, tmp_path, counts, paper):
    if not shutil.which("pdftotext"):
        missing("pdftotext, of poppler-utils, is not installed")
    with our_server(tmp_path) as url:
        page = visit(url)
        reach(page, "#mistakes")
        page.pdf(path=tmp_path / "page.pdf", format=paper)
    command = ["pdftotext", "-layout", tmp_path / "page.pdf", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^\s*(\d)((?:\s+[\d,]+){10})\s+[\d.]+\s%$", text, re.MULTILINE)
    printed = {int(label): [int(figure.replace(",", "")) for figure in figures.split()] for label, figures in rows}
    assert printed == dict(enumerate(counts))
    assert re.search(r"^\s*0\s+1\s+2\s+3\s+4\s+5\s+6\s+7\s+8\s+9\s+recall$", text, re.MULTILINE)
    assert re.findall(STRAY, text) == []


@pytest.mark.parametrize("paper", PAPER)
def test_controls_are_not_printed_and_nothing_is_cut_off(visit, tmp_path, counts, paper):
    """With a token, in the dark theme, with a section that is not loaded yet."""
    with controlled(tmp_path) as (url, _):
        page = visit(url, script="localStorage.setItem('theme', 'dark');")
        page.get_by_role("button", name="New run").wait_for()
        reach(page, "#mistakes")
        page.locator(".confusion button").first.click()
        width = PAPER[paper] - 2 * MARGIN
        page.set_viewport_size({"width": width, "height": 900})
        becomes(page, lambda: page.locator(CONTROLS).count() > 100, True)
        page.emulate_media(media="print")
        becomes(page, page.locator(CONTROLS).count, 0)
        assert re.findall(STRAY, page.locator("body").inner_text()) == []
        fits(page, width)
        for cell in page.locator("#mistakes .confusion :is(th, td)").all():
            box = cell.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width
        assert page.locator(".confusion").evaluate("e => getComputedStyle(e).overflow") == "visible"
        assert page.locator("h1").first.evaluate("e => getComputedStyle(e).color") == "rgb(26, 31, 40)", "dark on white"


def test_the_events_keep_their_steps_on_paper(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, "#events .place", "step")
        steps = page.locator("#events .place").all_text_contents()
        page.emulate_media(media="print")
        script = "places => places.map((place) => getComputedStyle(place.parentElement, '::after').content)"
        assert page.locator("#events .place").evaluate_all(script) == [f'"{step}"' for step in steps]


def test_sections_that_were_never_shown_are_loaded_for_printing(visit, tmp_path, counts):
    with our_server(tmp_path) as url:
        page = visit(url)
        page.locator("#mistakes[aria-busy=true]").wait_for(state="attached")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        see(page, "#mistakes [data-part=count]", "in 20,000 images")
