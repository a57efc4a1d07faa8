"""The charts in a real browser: axes, smoothing, export, links, overlaid runs."""

import json

import pytest

from digits.files import write_json
from digits.runlog.contract import BATCHES, PREDICTIONS, RUNS_INDEX, TRAINING_LOG
from tests.support.browser import our_server, write_run
from tests.support.pages import becomes, reach, see, wait_for_polls, walk

WHERE = "[data-measure=loss] [data-part=where]"


def test_curves_can_be_drawn_over_epochs_steps_and_time(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, WHERE, "epoch 3.00 · step 120")
        page.locator("[data-part=axis]").select_option("step")
        see(page, WHERE, "^Latest: step 120$")
        page.locator("[data-part=axis]").select_option("time")
        see(page, WHERE, r"^Latest: 2\.\d\ss · step 120$")
        becomes(page, page.locator("figure.chart").count, 4)


NEXT_FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def pixels(page):
    page.evaluate(NEXT_FRAME)  # it is drawn in one
    return page.evaluate("document.querySelector('[data-measure=loss] canvas').toDataURL()")


def test_smoothing_log_scale_and_clipping_can_be_switched_on_and_off(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, WHERE, "step 120")
        page.locator("[data-part=smoothing]").fill("0")  # it is smoothed at first
        plain = pixels(page)
        page.locator("[data-part=smoothing]").fill("0.8")
        smooth = pixels(page)
        page.locator("[data-part=smoothing]").fill("0")
        page.locator("[data-part=log]").check()
        logarithmic = pixels(page)
        page.locator("[data-part=log]").uncheck()
        page.locator("[data-part=outliers]").uncheck()
        everything = pixels(page)
        page.locator("[data-part=outliers]").check()
        assert len({plain, smooth, logarithmic, everything}) == 4
        assert pixels(page) == plain


def test_one_chart_can_be_enlarged_and_linked(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(f"{url}#panel=accuracy")
        see(page, "[data-measure=accuracy] [data-part=where]", "step 120")
        becomes(page, page.locator("figure.chart:visible").count, 1)
        wide = page.locator("[data-measure=accuracy] canvas").bounding_box()
        page.get_by_role("button", name="Restore").click()
        becomes(page, page.locator("figure.chart:visible").count, 4)
        usual = page.locator("[data-measure=accuracy] canvas").bounding_box()
        assert wide["width"] > 1.5 * usual["width"] and wide["height"] > 1.2 * usual["height"]


@pytest.mark.parametrize("kind", ["PNG", "SVG", "CSV"])
def test_a_chart_can_be_saved(visit, tmp_path, kind):
    log = write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, WHERE, "step 120")
        pixels(page)
        with page.expect_download() as download:
            page.locator(f"[data-measure=loss] [data-save={kind}]").click()
        assert download.value.suggested_filename == f"golden-run-3-epochs-loss.{kind.lower()}"
        content = download.value.path().read_bytes()
    if kind == "PNG":
        assert content.startswith(b"\x89PNG") and len(content) > 5000
    elif kind == "SVG":
        text = content.decode()
        assert text.startswith("<svg ") and ">validation</text>" in text and text.count("<path") > 10
    else:
        head, *rows = [line.split(",") for line in content.decode().splitlines()]
        assert head == ["kind", "step", "epoch", "loss", "least", "greatest", "training", "validation"]
        batches = [row for row in rows if row[0] == "batches"]
        assert [int(row[1]) for row in batches] == log["batches"]["step"]
        assert [float(row[3]) if row[3] else None for row in batches] == log["batches"]["loss"]
        assert [float(row[7]) for row in rows if row[0] == "epoch"] == log["epochs"]["val_loss"]


def test_an_address_restores_the_view(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(f"{url}#x=step&smooth=0.6&log=1&zoom=20,60")
        see(page, WHERE, "^Latest: step 120$")
        becomes(page, page.locator("[data-part=smoothing]").input_value, "0.6")
        becomes(page, page.locator("[data-part=log]").is_checked, True)
        page.locator("[data-measure=loss] canvas").focus()
        page.keyboard.press("Home")
        see(page, WHERE, "^step 20$")
        page.locator("[data-part=reset]").first.wait_for()


def test_an_address_restores_the_view_on_an_open_page_too(visit, tmp_path):
    log = write_run(tmp_path, status="completed")
    earlier = tmp_path / "runs" / "20260101-000000-aaaa"
    write_run(earlier, status="completed", run_id=earlier.name, name="the other")
    runs = [{"run_id": log["run_id"], "path": ""}, {"run_id": earlier.name, "path": f"runs/{earlier.name}/"}]
    write_json(tmp_path / RUNS_INDEX, {"schema": 1, "runs": runs})
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, WHERE, "^Latest")
        page.goto(f"{url}#run={earlier.name}&x=step&zoom=20,60")
        see(page, "h1", "the other")
        wait_for_polls(page)
        page.locator("[data-measure=loss] canvas").focus()
        page.keyboard.press("Home")
        see(page, WHERE, "^step 20$")
        page.locator("#runs a[href='#live']").click()
        see(page, "h1", "golden")
        becomes(page, page.locator("[data-part=reset]:visible").count, 0)


def test_two_runs_are_overlaid_and_compared(visit, tmp_path):
    """The other run classifies one more digit in ten correctly, with another learning rate."""
    log = write_run(tmp_path, status="completed")
    earlier = tmp_path / "runs" / "20260101-000000-aaaa"
    config = log["config"] | {"lr": 0.5}
    other = write_run(earlier, status="completed", run_id=earlier.name, name="the other", config=config)
    predictions = json.loads((earlier / PREDICTIONS).read_text())
    predictions["test"]["predictions"] = predictions["test"]["labels"]
    write_json(earlier / PREDICTIONS, predictions)
    runs = [
        {"run_id": run["run_id"], "path": path, "name": run["name"], "status": "completed"}
        for run, path in ((log, ""), (other, f"runs/{earlier.name}/"))
    ]
    write_json(tmp_path / RUNS_INDEX, {"schema": 1, "runs": runs})
    with our_server(tmp_path) as url:
        page = visit(url)
        page.get_by_label("Compare with the other").check()
        reach(page, "#compare")
        see(page, "#compare .answers", "classifies 1 (more|fewer) of the 10 test images correctly .* probability 1 ")
        page.get_by_text("Settings and results of each run").click()
        see(page, "#view-compare tbody", r"Learning rate\s*0.01\s*0.5")
        assert "Epochs" not in page.locator("#view-compare tbody th").all_inner_texts(), "equal settings are left out"
        expected = json.loads((earlier / TRAINING_LOG).read_text())["epochs"]["val_loss"][-1]
        see(page, "[data-measure=loss] .others", f"the other.*{expected:.4f}")
        page.get_by_role("link", name="the other").click()
        see(page, "h1", "the other")
        see(page, "#compare .suggestions", "compare this run with")  # a run is not compared with itself
        page.locator("#runs a[href='#live']").click()
        see(page, "#compare .sides", "the other")
        page.get_by_label("Compare with the other").uncheck()
        page.locator("#compare .sides").wait_for(state="hidden")


def test_zooming_in_reads_every_batch_by_range(visit, tmp_path):
    """The log has a bucket for every 200 batches; zoomed in, single batches are shown."""
    steps = 200_000
    buckets = list(range(200, steps + 1, 200))
    columns = {"step": buckets, "epoch": [1] * len(buckets), "loss": [0.5] * len(buckets)}
    write_run(tmp_path, status="completed", batches=columns, epochs={}, events=[], progress={"steps": steps})
    rows = (f"{step},1,{0.5 + step % 10 / 100:.9f},0.9,0.01,1000" for step in range(1, steps + 1))
    head = "step,epoch,loss,accuracy,lr,images_per_second"
    (tmp_path / BATCHES).write_text("\n".join([head, *rows, ""]))
    with our_server(tmp_path) as url:
        page = visit(f"{url}#x=step")
        see(page, WHERE, "step 200,000")
        with page.expect_response(lambda answer: answer.url.endswith(BATCHES) and answer.status == 206) as answer:
            page.evaluate("location.hash = '#x=step&zoom=100000,100100'")
        assert int(answer.value.headers["content-length"]) < 400_000
        walk(page, 1, "step 100,001")
        see(page, "[data-measure=loss] [data-part=batch]", "^0.5100$")
