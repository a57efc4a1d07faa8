"""The section Mistakes in a real browser: every number is recounted and leads to its images."""

import json
import random

import pytest

from digits.files import write_json
from digits.runlog.contract import PREDICTIONS, TEST_IMAGES, TEST_SAMPLES, TRAINING_LOG
from tests.support.browser import our_server, write_run
from tests.support.pages import becomes, reach, see

IMAGES = 400
SLIDER = "#scrubber [data-part=slider]"


def answers(labels, rng, wrong):
    predictions = [label if rng.random() > wrong else rng.randrange(10) for label in labels]
    confidences = [round(rng.uniform(0.3, 1), 3) for _ in labels]
    known = [index for index, label in enumerate(labels) if predictions[index] != label]
    probabilities = [
        [confidences[index] if digit == predictions[index] else 0.01 for digit in range(10)] for index in known
    ]
    notable = {"index": known, "probabilities": probabilities}
    return {"predictions": "".join(map(str, predictions)), "confidences": confidences, "notable": notable}


@pytest.fixture
def run(tmp_path):
    """Predictions of an example run that learns."""
    rng = random.Random(4)
    log = write_run(tmp_path, status="completed")
    labels = [rng.randrange(10) for _ in range(IMAGES)]
    text = "".join(map(str, labels))
    epochs = [{"epoch": epoch, **answers(labels, rng, 0.6 / epoch)} for epoch in (1, 2, 3)]
    content = {
        "schema": 1,
        "run_id": log["run_id"],
        "validation": {"labels": text, "epochs": epochs},
        "test": {"labels": text, **answers(labels, rng, 0.1)},
    }
    write_json(tmp_path / PREDICTIONS, content)
    (tmp_path / TEST_IMAGES).write_bytes(b"")
    write_json(tmp_path / TRAINING_LOG, log)
    return content


def show_test_set(page):
    page.get_by_role("button", name="Test", exact=True).click()
    see(page, "#mistakes [data-part=which]", "Test set")


def recount(labels, predictions):
    counts = [[0] * 10 for _ in range(10)]
    for label, predicted in zip(labels, predictions):
        counts[int(label)][int(predicted)] += 1
    return counts


def counts_become(page, counts):
    becomes(page, lambda: shown_counts(page), counts)


def shown_counts(page):
    rows = page.locator("#mistakes tbody tr").all()
    cells = [[cell.inner_text().strip() for cell in row.locator("td").all()[:10]] for row in rows]
    return [[0 if text == "·" else int(text.replace(",", "")) for text in row] for row in cells]


def test_the_matrix_matches_a_recount_after_every_epoch(visit, tmp_path, run):
    with our_server(tmp_path) as url:
        page = visit(url)
        reach(page, "#mistakes")
        see(page, "#mistakes [data-part=which]", "Validation after epoch 3")
        show_test_set(page)
        counts_become(page, recount(run["test"]["labels"], run["test"]["predictions"]))
        wrong = sum(a != b for a, b in zip(run["test"]["labels"], run["test"]["predictions"]))
        see(page, "#mistakes [data-part=count]", f"^{wrong} mistakes in 400 images$")
        page.get_by_role("button", name="Validation", exact=True).click()
        for place, epoch in enumerate(run["validation"]["epochs"]):
            page.locator(SLIDER).fill(str(place))
            see(page, "#mistakes [data-part=which]", f"Validation after epoch {place + 1}")
            counts = recount(run["validation"]["labels"], epoch["predictions"])
            counts_become(page, counts)
            recall = counts[3][3] / sum(counts[3])
            shown = page.locator("#mistakes tbody tr").nth(3).locator("td").last
            becomes(page, shown.inner_text, f"{100 * recall:.1f}\u00a0%")
            precision = counts[3][3] / sum(row[3] for row in counts)
            becomes(page, page.locator("#mistakes tfoot td").nth(3).inner_text, f"{100 * precision:.1f}\u00a0%")
        show_test_set(page)
        page.locator(SLIDER).press("Home")
        see(page, "#mistakes [data-part=note]", "evaluated once, after training")
        counts_become(page, recount(run["test"]["labels"], run["test"]["predictions"]))


def test_the_slider_follows_the_live_run_and_resets_for_another_run(visit, tmp_path, run):
    def write(epochs, **changes):
        validation = run["validation"] | {"epochs": run["validation"]["epochs"][:epochs]}
        write_json(tmp_path / PREDICTIONS, {"schema": 1, "validation": validation})
        log = json.loads((tmp_path / TRAINING_LOG).read_text())
        write_json(tmp_path / TRAINING_LOG, log | {"updated_at": f"2026-11-20T12:00:0{epochs}Z"} | changes)

    which, slider = "#mistakes [data-part=which]", SLIDER
    write(2)
    with our_server(tmp_path) as url:
        page = visit(url)
        reach(page, "#mistakes")
        see(page, which, "after epoch 2")
        see(page, "#scrubber output", "Latest")
        page.locator(slider).press("Home")
        see(page, which, "after epoch 1")
        page.locator(slider).press("End")
        see(page, which, "after epoch 2")
        write(3)
        see(page, which, "after epoch 3")
        page.locator(slider).press("Home")
        page.locator("[data-pick=doubts]").click()
        write(2, run_id="another")
        see(page, which, "after epoch 2")
        see(page, "#mistakes [data-part=title]", "^Mistakes")


def test_a_cell_shows_exactly_its_images_with_the_most_confident_first(visit, tmp_path, run):
    labels, predicted, sure = (run["test"][key] for key in ("labels", "predictions", "confidences"))
    counts = recount(labels, predicted)
    label, other = max(
        ((a, b) for a in range(10) for b in range(10) if a != b), key=lambda cell: counts[cell[0]][cell[1]]
    )
    cell = [index for index in range(IMAGES) if (labels[index], predicted[index]) == (str(label), str(other))]
    cell.sort(key=lambda index: -sure[index])
    with our_server(tmp_path) as url:
        page = visit(url)
        reach(page, "#mistakes")
        show_test_set(page)
        page.locator(f"[data-cell='{label}{other}']").click()
        see(page, "#mistakes [data-part=title]", f"^{label} predicted as {other}: {len(cell)} image")
        cards = page.locator(".digits .sample")
        names = page.locator(".digits .sample .unseen")
        becomes(page, names.all_text_contents, [f"Test image {index}:" for index in cell])
        assert f"{100 * sure[cell[0]]:.1f}" in cards.first.inner_text()
        assert cards.first.locator(".bars").get_attribute("aria-label").startswith(f"Probabilities {other}: ")
        page.locator("[data-pick=doubts]").click()
        right = [index for index in range(IMAGES) if labels[index] == predicted[index]]
        first = min(right, key=lambda index: (sure[index], index))
        see(page, "#mistakes [data-part=title]", "lowest confidence first")
        becomes(page, names.first.text_content, f"Test image {first}:")
        becomes(page, cards.count, 60)
        page.locator("[data-part=more]").click()
        becomes(page, cards.count, 120)


def test_uncalibrated_probabilities_are_marked(visit, tmp_path, run):
    """As in files of older versions; calibrated ones are not marked."""
    samples = {"run_id": run["run_id"], "samples": [{"label": 7, "prediction": 7, "probabilities": [0.1] * 10}]}
    log = json.loads((tmp_path / TRAINING_LOG).read_text())
    write_json(tmp_path / TRAINING_LOG, log | {"files": [*log["files"], TEST_SAMPLES]})
    write_json(tmp_path / TEST_SAMPLES, samples)
    with our_server(tmp_path) as url:
        page = visit(url)
        reach(page, "#samples")
        see(page, "#samples li", "10.0\u00a0% confidence, uncalibrated")
        reach(page, "#mistakes")
        show_test_set(page)
        see(page, "#mistakes .sample >> nth=0", "% confidence, uncalibrated")
        calibrated = run["test"] | {"temperature": 0.9}
        write_json(tmp_path / PREDICTIONS, run | {"test": calibrated})
        write_json(tmp_path / TEST_SAMPLES, samples | {"temperature": 0.9})
        page.reload()
        reach(page, "#samples")
        see(page, "#samples li", "10.0\u00a0% confidence(?!, )")
        reach(page, "#mistakes")
        show_test_set(page)
        see(page, "#mistakes .sample >> nth=0", "% confidence(?!, )")


def test_filters_and_weight_histograms_are_shown(visit, tmp_path, run):
    with our_server(tmp_path) as url:
        page = visit(url)
        reach(page, "#weights")
        see(page, "#weights h2", "after epoch 3")
        becomes(page, page.locator("#weights .filters canvas").count, 2)
        see(page, "#weights .spreads", r"conv.*\u22120.6000 to 0.6000\s*std. dev. 0.0500 → 0.1500")
        shades = "c => [...c.getContext('2d').getImageData(0, 0, 3, 1).data].filter((_, at) => at % 4 === 0)"
        becomes(page, lambda: page.locator(".filters canvas").first.evaluate(shades), [255, 64, 64])


def test_an_image_is_cut_out_of_the_mosaic(visit, tmp_path, run):
    log = json.loads((tmp_path / TRAINING_LOG).read_text())
    write_json(tmp_path / TRAINING_LOG, log | {"files": [*log["files"], TEST_IMAGES]})
    with our_server(tmp_path) as url:
        page = visit(url)
        reach(page, "#mistakes")
        show_test_set(page)
        crop = page.locator(".digits .crop").first
        index = int(page.locator(".digits .unseen").first.text_content().split()[2].rstrip(":"))
        address = f"results/{TEST_IMAGES}?run={log['run_id']}"
        picture = "e => getComputedStyle(e).backgroundImage"
        becomes(page, lambda: crop.evaluate(picture).endswith(f'{address}")'), True)
        side = crop.bounding_box()["width"]
        place = crop.evaluate("e => getComputedStyle(e).backgroundPosition")
        assert place == f"{-side * (index % 100):g}px {-side * (index // 100):g}px"
        assert crop.evaluate("e => getComputedStyle(e).backgroundSize").startswith(f"{100 * side:g}px")
