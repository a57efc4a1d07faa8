"""Questions to the page, answered in a real browser within four clicks and two scrolls: the answer is on the screen."""

import json
from collections import Counter

from digits.files import write_json
from digits.paths import DEMO
from digits.runlog.contract import PREDICTIONS
from tests.support import PROJECT
from tests.support.browser import our_server, write_run
from tests.support.pages import Training, status, wait_for_steps

MOST_CLICKS, MOST_SCROLLS = 4, 2
COUNT = """
window.made = { clicks: 0, scrolls: 0 };
addEventListener('click', (event) => { if (event.isTrusted && event.detail) window.made.clicks += 1; }, true);
addEventListener('wheel', () => { window.made.scrolls += 1; }, true);
"""
ON_SCREEN = """(element) => {
  const { top, bottom, left, right } = element.getBoundingClientRect();
  const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return top >= 0 && bottom <= innerHeight && left >= 0 && right <= innerWidth && Boolean(at?.closest('body *'))
    && (element.contains(at) || at.contains(element));
}"""


def on_screen(page, selector: str, text: str) -> str:
    """The text of the first such element with this text; waits until it is wholly in the viewport and not covered."""
    element = page.locator(selector, has_text=text).first
    element.wait_for()
    page.wait_for_function(ON_SCREEN, arg=element.element_handle())
    return element.inner_text()


def assert_quickly_found(page) -> None:
    made = page.evaluate("made")
    assert made["clicks"] <= MOST_CLICKS and made["scrolls"] <= MOST_SCROLLS, made


def confusions(answers: list[str], labels: str) -> list[tuple[str, int, int]]:
    """(5 read as 3, how often in the last epoch, the epoch from which on it was there in every one), most first."""
    pairs = [Counter(pair for pair in zip(labels, given) if pair[0] != pair[1]) for given in answers]
    found = []
    for pair, count in pairs[-1].most_common():
        gaps = [epoch for epoch, counts in enumerate(pairs) if not counts[pair]]
        found.append((f"{pair[0]} read as {pair[1]}", count, max(gaps, default=-1) + 1))
    return found


def test_which_digits_does_it_confuse_since_when_and_what_did_it_see(visit):
    finished = json.loads((PROJECT / DEMO / PREDICTIONS).read_text())["validation"]
    epochs = [epoch["epoch"] for epoch in finished["epochs"]]
    expected = confusions([epoch["predictions"] for epoch in finished["epochs"]], finished["labels"])
    most = expected[0][1]
    with our_server(PROJECT / DEMO) as url:
        page = visit(url, script=COUNT)
        status(page, "Completed")
        page.get_by_role("link", name="Mistakes").click()
        first = page.locator("[data-confusion]").first
        first.wait_for()
        shown = on_screen(page, "[data-confusion]", "read as").replace("\n", " ")
        possible = [f"{name}: {count} since epoch {epochs[since]}" for name, count, since in expected if count == most]
        assert shown in possible, possible
        first.click()
        label, prediction = shown.split(":")[0].split(" read as ")
        heading = on_screen(page, "#mistakes [data-part=title]", f"{label} predicted as {prediction}: {most} images")
        assert "highest confidence first" in heading
        card = page.locator("#mistakes .digits .sample").first
        card.locator(".crop").wait_for()
        on_screen(page, "#mistakes .digits .sample", f"{label}")
        assert card.locator(".crop").evaluate("crop => getComputedStyle(crop).backgroundImage") != "none"
        assert_quickly_found(page)


def test_is_it_alive_how_good_is_it_and_is_it_learning(visit, tmp_path):
    with our_server(tmp_path) as url, Training(tmp_path):
        page = visit(url, script=COUNT)
        before = wait_for_steps(page, 30)
        assert on_screen(page, "#header [data-part=word]", "Running")
        assert "left" in on_screen(page, "#header [data-part=figures]", "Epoch")
        assert wait_for_steps(page, before) > before, "alive: the page goes on with the run"
        number = "#numbers .tile"
        assert on_screen(page, number, "Validation accuracy").count("%") >= 1
        assert "▲" in on_screen(page, f"{number} .trend", "points"), "learning: better than the epoch before"
        for measure in ("loss", "accuracy"):
            on_screen(page, f"[data-measure={measure}] .canvas", "")
        assert page.evaluate("made") == {"clicks": 0, "scrolls": 0}


def test_a_run_that_no_longer_learns_says_so(visit, tmp_path):
    log = write_run(tmp_path, status="running")
    count = len(log["epochs"]["epoch"])
    flat = {name: [0.5] * count for name in ("train_loss", "val_loss")} | {"val_accuracy": [0.9] * count}
    write_json(tmp_path / "training_log.json", log | {"epochs": log["epochs"] | flat})
    with our_server(tmp_path) as url:
        page = visit(url, script=COUNT)
        assert "= 0.00 points" in on_screen(page, "#numbers .trend", "points")
        assert page.evaluate("made") == {"clicks": 0, "scrolls": 0}
