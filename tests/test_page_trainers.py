"""The page on unusual runs: a trainer without a network, a million batches, twenty runs."""

import re
import subprocess
import sys

import pytest

from digits.runlog.contract import BATCH_FIELDS, BATCHES
from digits.runlog.run_log import RunLog
from tests.support import PROJECT
from tests.support.browser import any_server, our_server
from tests.support.pages import becomes, fits, open_view, reach, see, status, walk

WHERE = "[data-measure=loss] [data-part=where]"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The results of examples/any_trainer.py, without its pauses."""
    folder = tmp_path_factory.mktemp("another trainer")
    for name in ("digits", "web", "index.html"):
        (folder / name).symlink_to(PROJECT / name)
    (folder / "examples").mkdir()
    (folder / "results").mkdir()
    text = (PROJECT / "examples" / "any_trainer.py").read_text()
    (folder / "examples" / "any_trainer.py").write_text(text.replace("time.sleep(0.005)", "pass"))
    subprocess.run([sys.executable, folder / "examples" / "any_trainer.py"], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("ours", [True, False])
def test_a_trainer_without_a_network_gets_its_curves_and_no_empty_sections(visit, example, ours):
    with our_server(example / "results") if ours else any_server(example) as url:
        page = visit(url)
        status(page, "completed")
        see(page, WHERE, "epoch 5.00 · step 1,000")
        see(page, "#settings dd", "^0.02$")
        for section in ("layers", "weights", "samples", "mistakes"):
            page.locator(f"#{section}").wait_for(state="hidden")


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    """A million batches in 2,000 epochs, at most 1,000 of each in the log, with one spike."""
    folder = tmp_path_factory.mktemp("a million batches")
    with RunLog(folder, name="a million batches") as log:
        log.set_totals(2000, 500)
        for step in range(1_000_000):
            log.batch(1 + step // 500, 7.5 if step == 654_321 else 0.5, 0.9, 0.001, 128)
            if step % 500 == 499:
                log.epoch(1 + step // 500, train_loss=0.5, val_loss=0.4, val_accuracy=0.95)
    return folder


def test_a_million_batches_are_shown_in_buckets_and_individually(visit, million):
    """The spike of one batch is an event, and visible when zoomed in."""
    with our_server(million) as url:
        page = visit(f"{url}#x=step&outliers=1")
        see(page, WHERE, "step 1,000,000")
        see(page, "[data-part=name]", "a million batches")
        with page.expect_response(lambda answer: answer.url.endswith(BATCHES) and answer.status == 206):
            page.evaluate("location.hash = '#x=step&outliers=1&zoom=654300,654400'")
        walk(page, 22, "step 654,322")
        see(page, "[data-measure=loss] [data-part=batch]", r"^7\.500$")
        assert (million / BATCHES).read_text().startswith(",".join(BATCH_FIELDS))


def test_twenty_runs_are_listed_and_ten_overlaid(visit, tmp_path):
    for number in range(1, 21):
        with RunLog(tmp_path, name=f"run {number}, a name that says what was changed") as log:
            log.batch(1, loss=1 / number)
            log.epoch(1, train_loss=1 / number, val_loss=1 / number, val_accuracy=1 - 0.1 / number)
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, "#runs .name", "^run 20")
        becomes(page, page.locator("#runs .run").count, 20)
        for number in range(1, 11):
            page.get_by_label(re.compile(f"^Compare with run {number},")).check()
        one_more = page.get_by_label(re.compile("^Compare with run 17,"))
        one_more.click()
        see(page, "#runs [role=status]", "^At most 10 runs can be overlaid")
        assert not one_more.is_checked()
        page.locator("#learning [data-measure=loss] .others li").nth(9).wait_for()
        becomes(page, page.locator("#learning [data-measure=loss] .others li").count, 10)
        reach(page, "#compare")
        page.locator("#compare .sides li").nth(10).wait_for()
        becomes(page, page.locator("#compare .sides li").count, 11)
        open_view(page, "#learning")
        assert page.get_by_label(re.compile("^Compare with run 1,")).is_checked()  # none gave way
        page.get_by_label(re.compile("^Compare with run 5,")).uncheck()
        one_more.check()
        page.locator("#learning [data-measure=loss] .others", has_text="run 17").wait_for()
        becomes(page, page.locator("#runs [role=status]").inner_text, "")
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page, width)
