"""The printed page, in a real browser: a report of two pages, whichever view is open."""

import json
import random
import re
import shutil
import subprocess

import pytest

from digits.files import write_json
from digits.runlog.contract import PREDICTIONS, RUNS_INDEX, TRAINING_LOG
from tests.support import PROJECT
from tests.support.browser import any_server, copy_page, missing, our_server, write_run
from tests.support.control import controlled
from tests.support.pages import becomes, becomes_true, fits, open_view, see, status, takes_keys
from tests.test_page_mistakes import recount

DEMO = PROJECT / "examples" / "demo"
PAPER = {"A4": 794, "Letter": 816}  # width in CSS pixels
MARGIN = 45  # 12 mm
CONTROLS = ":is(button, input, select, textarea, summary, [role=dialog]):visible"
STRAY = (
    "Smoothing|Log scale|Save|Choose a number|choose one|Compare|Drag across|Refresh|Theme|Draw a digit|Copy|free for"
)
PRINTED = "window.prints = 0; window.print = () => { window.prints += 1; };"


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


def poppler(program: str, *arguments) -> str:
    if not shutil.which(program):
        missing(f"{program}, of poppler-utils, is not installed")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


def takes_print(page) -> None:
    """Wait until the style sheets of the report have arrived: they do once the page has been idle."""
    for style in ("print/report.css", "views/mistakes.css"):
        becomes_true(page, f"Boolean(document.querySelector('link[href$=\"{style}\"]')?.sheet)")


def printed(page, folder, paper: str = "A4") -> list[str]:
    """The text of each page of the PDF."""
    takes_print(page)
    page.pdf(path=folder / "page.pdf", format=paper)
    pages = int(re.search(r"Pages:\s+(\d+)", poppler("pdfinfo", folder / "page.pdf"))[1])
    texts = poppler("pdftotext", "-layout", folder / "page.pdf", "-").split("\f")[:-1]
    assert len(texts) == pages
    return texts


@pytest.mark.parametrize("paper", PAPER)
def test_every_number_of_the_matrix_is_in_the_text_of_the_pdf(visit, tmp_path, counts, paper):
    """Although no view has read the predictions."""
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, "Completed")
        texts = printed(page, tmp_path, paper)
    assert len(texts) == 2
    rows = re.findall(r"^\s*(\d)((?:\s+[\d,]+){10})\s+[\d.]+\s%$", texts[1], re.MULTILINE)
    shown = {int(label): [int(figure.replace(",", "")) for figure in figures.split()] for label, figures in rows}
    assert shown == dict(enumerate(counts))
    assert re.search(r"^\s*0\s+1\s+2\s+3\s+4\s+5\s+6\s+7\s+8\s+9\s+recall$", texts[1], re.MULTILINE)
    assert re.findall(STRAY, "".join(texts)) == []


@pytest.mark.parametrize("paper", PAPER)
@pytest.mark.parametrize("view", ["overview", "mistakes", "settings"])
def test_the_example_takes_two_pages_whichever_view_is_open(visit, tmp_path, view, paper):
    with our_server(DEMO) as url:
        page = visit(f"{url}#view={view}", theme="dark", script=PRINTED)
        takes_keys(page)
        page.keyboard.press("Control+p")
        becomes(page, lambda: page.evaluate("prints"), 1)
        first, second = printed(page, tmp_path, paper)
    log = json.loads((DEMO / TRAINING_LOG).read_text())
    assert first.lstrip().startswith(log["name"])
    for number in ("94.13 %", "0.1882", "0.2205", "92.00 %", "736 of 800"):
        assert number in first.replace("\u00a0", " ")
    assert re.search(r"Completed at .* Started .* Printed \d+ \w+ \d{4}", first)
    assert "Loss" in first and "Accuracy" in first and re.search(r"\b0\.4\b", first), "the ticks of the charts are text"
    assert "Confusion matrix" in second and second.count("✗ label") == 12
    assert "Changed settings" in second and re.search(r"Data set\s+synthetic", second)
    assert not re.search(r"Rotation", second), "as its preset has it"
    assert "not loaded" not in second
    pictures = poppler("pdfimages", "-list", tmp_path / "page.pdf").splitlines()[2:]
    assert pictures and {line.split()[0] for line in pictures} == {"2"}, "the mistakes; the charts are vector graphics"


def test_the_menu_prints_the_report_and_it_is_gone_afterwards(visit, tmp_path):
    with our_server(DEMO) as url:
        page = visit(url, script=PRINTED)
        takes_keys(page)
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("button", name="Print report").click()
        becomes(page, lambda: page.evaluate("prints"), 1)
        assert len(printed(page, tmp_path)) == 2
        becomes(page, page.locator("#report").count, 0)
        assert page.locator("#view-overview").is_visible()


@pytest.mark.parametrize("paper", PAPER)
def test_controls_are_not_printed_and_nothing_is_cut_off(visit, tmp_path, counts, paper):
    """With a token, in the dark theme."""
    with controlled(tmp_path) as (url, _):
        page = visit(url, script="localStorage.setItem('theme', 'dark');")
        page.get_by_role("button", name="New run").wait_for()
        open_view(page, "#mistakes")
        see(page, "#mistakes [data-part=count]", "in 20,000 images")
        takes_print(page)
        width = PAPER[paper] - 2 * MARGIN
        page.set_viewport_size({"width": width, "height": 900})
        becomes(page, lambda: page.locator(CONTROLS).count() > 100, True)
        page.emulate_media(media="print")
        page.locator("#report .confusion td").first.wait_for()
        becomes(page, page.locator(CONTROLS).count, 0)
        assert re.findall(STRAY, page.locator("body").inner_text()) == []
        fits(page, width)
        for cell in page.locator("#report .confusion :is(th, td)").all():
            box = cell.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width
        cut = "sheets => sheets.map((sheet) => sheet.scrollHeight - sheet.clientHeight)"
        assert max(page.locator("#report .sheet").evaluate_all(cut)) <= 0
        assert page.locator("#report h1").evaluate("e => getComputedStyle(e).color") == "rgb(26, 31, 40)"  # on white
        assert page.locator("#report .train b").first.evaluate("e => getComputedStyle(e).color") == "rgb(26, 31, 40)"


@pytest.mark.parametrize("paper", PAPER)
def test_a_run_with_much_to_say_takes_two_pages_too(visit, tmp_path, paper):
    """Long names, many settings, a long error, two other runs on the charts."""
    config = {f"a_rather_long_name_of_option_{number}": "a value " * 9 for number in range(70)}
    name = "a name that takes much place " * 7
    log = write_run(tmp_path, status="failed", error="A long reason. " * 40, name=name, config=config)
    runs = [{"run_id": log["run_id"], "path": "", "name": log["name"], "status": "failed"}]
    for number in range(2):
        run_id = f"20260101-00000{number}-aaaa"
        write_run(tmp_path / "runs" / run_id, status="completed", run_id=run_id, name=f"{number} {name}")
        runs.append({"run_id": run_id, "path": f"runs/{run_id}/", "name": f"{number} {name}", "status": "completed"})
    write_json(tmp_path / RUNS_INDEX, {"schema": 1, "runs": runs})
    with our_server(tmp_path) as url:
        page = visit(f"{url}#with={runs[1]['run_id']},{runs[2]['run_id']}")
        page.locator("[data-measure=loss] .others small", has_text="n = 2").wait_for()
        first, second = printed(page, tmp_path, paper)
    assert "epoch" in first and re.search(r"Accuracy|Error rate", first)
    assert "and 31 more" in second


def test_a_live_run_and_any_file_server_print_the_report(visit, tmp_path):
    write_run(copy_page(tmp_path / "site"), status="running")
    with any_server(tmp_path / "site") as url:
        page = visit(url)
        status(page, "running|stalled")
        first, second = printed(page, tmp_path)
    assert re.search(r"Running|Stalled", first)
    assert re.search(r"^Settings", second, re.MULTILINE), "the defaults are not known"
    assert re.search(r"Epochs\s+3", second)


def test_the_empty_page_is_printed_as_it_is(visit, tmp_path):
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, "#welcome h1", "No run yet")
        page.pdf(path=tmp_path / "page.pdf")
    assert "No run yet" in poppler("pdftotext", tmp_path / "page.pdf", "-")
