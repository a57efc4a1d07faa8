"""The comparison of runs in a real browser: from the list of runs to what they say about a difference."""

import json

import pytest

from digits.runlog.contract import PREDICTIONS, TRAINING_LOG
from tests.support import many_runs
from tests.support.browser import our_server
from tests.support.pages import becomes, fits, see

A, B, C = {"rotation": 10.0}, {"rotation": 0.0}, {"lr": 0.02}
ROTATED, UNROTATED = "cnn4-quick, rotation 10.0", "cnn4-quick, rotation 0.0"
CLICKS = """
window.clicks = 0;
addEventListener('click', (event) => { if (event.isTrusted && event.detail) window.clicks += 1; }, true);
"""


@pytest.fixture
def results(tmp_path):
    """Three settings with three seeds each, the last of them shown."""
    many_runs.write(tmp_path, (A, B, C))
    return tmp_path


def group(page, name):
    return page.get_by_label(f"Compare with the 3 runs of {name}")


def test_whether_b_is_better_than_a_over_three_seeds_takes_three_clicks(visit, results):
    with our_server(results) as url:
        page = visit(url, script=CLICKS)
        group(page, ROTATED).click()
        group(page, UNROTATED).click()
        page.get_by_role("link", name="Compare").click()
        answer = "#compare .answers li:first-child"
        see(page, answer, f"{UNROTATED} has a .* than {ROTATED}, by .* over the 3 seeds that both have; 95.%.interval")
        answer = page.locator(answer)
        assert answer.bounding_box()["y"] + answer.bounding_box()["height"] <= 900, "without scrolling"
        assert page.evaluate("window.clicks") <= 4


def test_whether_b_is_better_than_a_for_two_single_runs_takes_two_clicks(visit, tmp_path):
    many_runs.write(tmp_path, (A, B), (1,))
    with our_server(tmp_path) as url:
        page = visit(url, script=CLICKS)
        page.get_by_label(f"Compare with {ROTATED}").click()
        page.get_by_role("link", name="Compare").click()
        see(page, "#compare .answers li", r"of the 400 test images correctly .*\(exact McNemar test\)\.$")
        see(page, "#compare", "to compare settings, train several seeds of each")
        assert page.evaluate("window.clicks") == 2


def test_a_side_has_chips_dots_mean_deviation_and_interval(visit, results):
    values = [json.loads(log.read_text())["test"]["accuracy"] for log in results.glob(f"runs/*/{TRAINING_LOG}")]
    with our_server(results) as url:
        page = visit(f"{url}#view=compare")
        for name in (ROTATED, UNROTATED):
            group(page, name).check()
        side = page.locator("#compare .sides li", has_text=UNROTATED)
        see(page, "#compare .sides li", r"rotation 0.0\s*n\s=\s3\s*Learning rate 0.004\s*Rotation 0Mean")
        see(
            page,
            "#compare .sides li",
            r"Mean ± sd\s*9\d\.\d\d\s±\s\d\.\d\d\s%\s*95 % interval\s*\d\d\.\d\d\s% to \d+\.\d\d\s%",
        )
        shown = [
            title.replace("\xa0%", "")
            for title in side.locator(".dot").evaluate_all("dots => dots.map((dot) => dot.title)")
        ]
        assert len(shown) == 3 and set(shown) <= {f"{100 * value:.2f}" for value in values}
        page.locator("#view-compare [data-measure=accuracy] .others li", has_text="n\xa0=\xa03").nth(1).wait_for()


def test_the_result_and_the_baseline_can_be_chosen(visit, results):
    with our_server(results) as url:
        page = visit(f"{url}#view=compare")
        for name in (ROTATED, UNROTATED):
            group(page, name).check()
        see(page, "#compare .answers li", f"than {ROTATED}")
        page.get_by_label("Baseline").select_option(label=UNROTATED)
        see(page, "#compare .answers li", f"than {UNROTATED}")
        page.locator("[data-part=metric]").select_option(label="Validation loss")
        see(page, "#compare .answers li", "validation loss")


def test_without_a_choice_other_groups_are_offered_with_all_their_seeds(visit, results):
    with our_server(results) as url:
        page = visit(f"{url}#view=compare")
        page.get_by_role("button", name=f"{UNROTATED}, 3 seeds").click()
        see(page, "#compare .answers li", "over the 3 seeds that both have")
        becomes(page, page.locator("#compare .sides li").count, 2)


def test_further_seeds_of_a_side_are_added(visit, results):
    first = sorted((results / "runs").iterdir())[0].name
    with our_server(results) as url:
        page = visit(f"{url}#view=compare&with={first}")
        page.locator("#compare .sides li", has_text=ROTATED).get_by_role("button", name="+ 2 more seeds").click()
        see(page, "#compare .sides li", r"rotation 10.0\s*n\s=\s3")
        becomes(page, page.locator("#compare .sides li", has_text=ROTATED).get_by_role("button").count, 0)


def test_the_comparison_fits_two_screens_and_a_phone(visit, results):
    ids = ",".join(sorted(run.name for run in (results / "runs").iterdir()))
    with our_server(results) as url:
        page = visit(f"{url}#view=compare&with={ids}")
        see(page, "#compare .answers li", "interval")
        page.locator("#view-compare canvas").nth(1).wait_for()
        assert page.evaluate("document.documentElement.scrollHeight") <= 3 * 900, "two screens of scrolling"
        page.set_viewport_size({"width": 390, "height": 844})
        fits(page, 390)


def test_runs_on_other_test_images_are_compared_by_their_numbers(visit, tmp_path):
    many_runs.write(tmp_path, (A, B), (1,))
    file = tmp_path / PREDICTIONS
    predictions = json.loads(file.read_text())
    predictions["test"]["labels"] = predictions["test"]["labels"][::-1]
    file.write_text(json.dumps(predictions))
    with our_server(tmp_path) as url:
        page = visit(url)
        page.get_by_label(f"Compare with {ROTATED}").check()
        page.get_by_role("link", name="Compare").click()
        see(page, "#compare .answers li", "^One run each. .* test accuracy")


def test_the_chosen_result_and_baseline_are_in_the_address(visit, results):
    ids = sorted(run.name for run in (results / "runs").iterdir())
    with our_server(results) as url:
        page = visit(f"{url}#view=compare&with={','.join(ids)}")
        page.locator("#compare [data-part=metric]").select_option(label="Validation loss")
        page.get_by_label("Baseline").select_option(label=UNROTATED)
        baseline = page.get_by_label("Baseline").input_value()
        page.wait_for_url(f"**&result=val_loss&baseline={baseline}")
        page.reload()
        see(page, "#compare .answers li", "validation loss")
        assert page.locator("#compare [data-part=metric]").input_value() == "val_loss"
        assert page.get_by_label("Baseline").input_value() == baseline
