"""The scrubber in a real browser: it drives charts, numbers, matrix, digits, filters and pad together."""

import json
import re
import shutil

import pytest

from digits.files import write_json
from digits.runlog.contract import LAYER_WEIGHTS, TEST_SAMPLES, TRAINING_LOG
from tests.support.browser import our_server, write_run
from tests.support.pad import ANSWER, draw, strokes_of
from tests.support.pages import becomes, becomes_true, reach, see, status
from tests.test_page_mistakes import SLIDER, counts_become, recount, run  # noqa: F401

WHERE = "[data-measure=loss] [data-part=where]"
WHICH = "#scrubber output"


@pytest.mark.usefixtures("run")
def test_one_slider_moves_curves_numbers_and_matrix(visit, tmp_path):
    predictions = json.loads((tmp_path / "predictions.json").read_text())["validation"]
    log = json.loads((tmp_path / TRAINING_LOG).read_text())
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, WHICH, "^Latest: epoch 3$")
        page.locator(SLIDER).press("Home")
        see(page, WHICH, "^Epoch 1 of 3$")
        see(page, WHERE, "^epoch 1.00 · step 40$")
        accuracy = log["epochs"]["val_accuracy"][0]
        see(page, "#numbers .tile >> nth=0", f"{100 * accuracy:.2f}")
        reach(page, "#mistakes")
        counts_become(page, recount(predictions["labels"], predictions["epochs"][0]["predictions"]))
        page.wait_for_url(f"{url}#view=mistakes&epoch=1")
        page.get_by_role("button", name="Next epoch").click()
        see(page, "#mistakes [data-part=which]", "Validation after epoch 2")
        page.keyboard.press(".")
        see(page, WHICH, "^Latest: epoch 3$")
        page.keyboard.press(",")
        page.wait_for_url(f"{url}#view=mistakes&epoch=2")
        page.reload()
        see(page, "#mistakes [data-part=which]", "Validation after epoch 2")


def test_a_replay_visits_the_epochs_and_ends_at_the_latest(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, WHICH, "^Latest: epoch 3$")
        script = """() => {
            window.visited = [];
            const which = document.querySelector('#scrubber output');
            new MutationObserver(() => visited.push(which.textContent)).observe(which, { childList: true });
        }"""
        page.evaluate(script)
        page.get_by_role("button", name="Replay the run in 20 s").click()
        page.get_by_role("button", name="Stop the replay").wait_for()
        page.get_by_role("button", name="Replay the run in 20 s").wait_for()
        becomes(page, lambda: page.evaluate("visited"), ["Epoch 1 of 3", "Epoch 2 of 3", "Latest: epoch 3"])


def test_digits_and_filters_follow_where_the_run_kept_them(visit, tmp_path):
    log = write_run(tmp_path, status="completed")
    write_json(tmp_path / TRAINING_LOG, log | {"files": [*log["files"], TEST_SAMPLES, LAYER_WEIGHTS]})
    samples = json.loads((tmp_path / TEST_SAMPLES).read_text())
    first = [[1.0 if digit == 4 else 0.0 for digit in range(10)] for _ in samples["samples"]]
    history = [{"epoch": 1, "temperature": 1.2, "probabilities": first}]
    write_json(tmp_path / TEST_SAMPLES, samples | {"history": history})
    weights = json.loads((tmp_path / LAYER_WEIGHTS).read_text())
    negative = [-abs(value) for value in weights["filters"]["values"]]
    weights["epochs"][0]["filters"] = negative
    write_json(tmp_path / LAYER_WEIGHTS, weights)
    with our_server(tmp_path) as url:
        page = visit(url)
        reach(page, "#samples")
        see(page, WHICH, "^Latest: epoch 3$")
        page.locator(SLIDER).press("Home")
        see(page, "#samples h2", "after epoch 1$")
        becomes(page, lambda: set(page.locator("#samples strong").all_inner_texts()), {"4"})
        page.get_by_role("button", name="Next epoch").click()
        see(page, "#samples h2", "Predictions of epoch 2 are not kept: these are of epoch 1")
        reach(page, "#weights")
        page.locator(SLIDER).press("Home")
        see(page, "#weights h2", "after epoch 1")
        gray = "c => c.getContext('2d').getImageData(0, 0, 1, 1).data[0]"
        becomes(page, lambda: page.locator(".filters canvas").first.evaluate(gray) < 127, True)
        page.get_by_role("button", name="Next epoch").click()
        see(page, "#weights [data-part=instead]", "Filters of epoch .* are not kept")


def test_the_pad_computes_with_the_weights_of_the_chosen_epoch(visit, trained):
    with our_server(trained) as url:
        page = visit(url)
        draw(page, strokes_of(3))
        see(page, ANSWER, r"\d")
        ten = page.locator("#pad .ten")
        latest = ten.inner_text()
        page.locator(SLIDER).press("Home")
        see(page, "#pad", "Weights after epoch 1")
        becomes(page, lambda: ten.inner_text() != latest, True)
        page.locator(SLIDER).press("End")
        see(page, "#pad", "Weights after epoch 3")
        becomes(page, ten.inner_text, latest)


def test_the_pad_says_which_weights_are_not_kept(visit, trained, tmp_path):
    results = shutil.copytree(trained, tmp_path / "results")
    (results / "network-epochs.bin").write_bytes(b"")
    with our_server(results) as url:
        page = visit(f"{url}#view=try&epoch=1")
        see(page, "#pad", "Weights after epoch 3. Weights of epoch 1 are not kept.")


@pytest.mark.usefixtures("run")
def test_the_matrix_is_one_tab_stop_with_arrow_keys(visit, tmp_path):
    with our_server(tmp_path) as url:
        page = visit(f"{url}#view=mistakes")
        see(page, "#mistakes", "recall")
        becomes(page, page.locator("#mistakes table button[tabindex='0']").count, 1)
        focused = "document.activeElement.dataset.cell"
        page.locator("#mistakes table button[tabindex='0']").focus()
        becomes_true(page, f"{focused} === '00'")
        for key in ("ArrowDown", "ArrowRight"):
            before = page.evaluate(focused)
            page.keyboard.press(key)
            becomes_true(page, f"{focused} !== '{before}'")
            after = page.evaluate(focused)
            assert after > before and after[key == "ArrowDown"] == before[key == "ArrowDown"]
        page.keyboard.press("Enter")
        label, prediction = page.evaluate(focused)
        see(page, "#mistakes [data-part=title]", f"^{label} (predicted as {prediction}|classified correctly)")
        page.wait_for_url(re.compile(f"cell={label}{prediction}$"))


@pytest.mark.usefixtures("run")
def test_the_most_frequent_confusions_are_ranked(visit, tmp_path):
    with our_server(tmp_path) as url:
        page = visit(f"{url}#view=mistakes")
        items = page.locator("#mistakes [data-part=confusions] li")
        items.first.wait_for()
        becomes(page, items.count, 10)
        counts = [
            int(re.fullmatch(r"\d read as \d: (\d+)\s+since epoch \d", text)[1]) for text in items.all_inner_texts()
        ]
        assert counts == sorted(counts, reverse=True)
        text = items.first.inner_text()
        items.first.get_by_role("button").click()
        see(page, "#mistakes [data-part=title]", f"^{text[0]} predicted as {text[10]}: {counts[0]} images")


def test_a_live_run_is_called_live_and_an_ended_one_latest(visit, tmp_path):
    write_run(tmp_path, status="running")
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, WHICH, "^Live: epoch 3$")
        write_run(tmp_path, status="completed")
        status(page, "Completed")
        see(page, WHICH, "^Latest: epoch 3$")
