"""The form for a new run, in a real browser."""

import os
import signal

import pytest

from digits.config import Config
from digits.runlog import run_queue, training_log
from tests.support.browser import write_run
from tests.support.control import controlled, new_run, press, refuse
from tests.support.pages import becomes, becomes_true, see, status, wait_for_steps

SMALL = {
    "Channels": "4,4,8,8",
    "Batch_size": "32",
    "Data_set": "synthetic",
    "Validation_images": "100",
    "Limit_of_training_images": "640",
}


def test_a_run_is_set_up_started_stopped_resumed_and_deleted(visit, tmp_path):
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        dialog = new_run(page, **SMALL, Epochs="90000", Name="from the <b>page</b>")
        see(page, "dialog code", r"^python mnist_cnn.py --channels 4,4,8,8 --epochs 90000 --batch-size 32")
        dialog.get_by_role("button", name="Start").click()
        dialog.wait_for(state="hidden")
        status(page, "running")
        see(page, "[data-part=name]", "^from the <b>page</b>$")
        wait_for_steps(page, 0)
        press(page, "Stop")
        status(page, "stopped")
        see(page, "#runs .hint", r"[\d.]+.[MGT]B free")
        see(
            page,
            "#notices",
            "The run was stopped at .*on request.*Saved: the curves up to step .*a checkpoint to resume from",
        )
        steps = training_log.read(tmp_path)["progress"]["step"]
        press(page, "Resume this run")
        status(page, "running")
        see(page, "#events .kind", "^resumed$")
        page.locator("button:enabled", has_text="Stop").wait_for()
        press(page, "Stop")
        status(page, "stopped")
        log = training_log.read(tmp_path)
        assert log["progress"]["step"] > steps
        assert log["config"]["channels"] == [4, 4, 8, 8]
        page.get_by_role("button", name="Change from the").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete permanently").click()
        see(page, "#welcome h1", "No run yet")
        page.get_by_role("button", name="New run").wait_for()


def test_defaults_follow_preset_model_and_optimizer(visit, tmp_path):
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        dialog = new_run(page, Epochs="7")
        value = {
            label: dialog.get_by_label(label, exact=True).input_value
            for label in ("Channels", "Learning rate", "Epochs", "Rotation", "Optimizer")
        }
        some = ("Channels", "Learning rate")
        becomes(page, lambda: [value[label]() for label in some], ["24,48,64,128", "0.004"])
        see(page, ".schedule figcaption", "^Up to 0.004 within 80 steps.* 2,009 steps")
        dialog.get_by_label("Preset").select_option("fast")
        becomes(page, lambda: [one() for one in value.values()], ["16,32,64,64", "0.02", "7", "0", "muon"])
        see(page, ".schedule figcaption", "^Up to 0.02 within 16 steps")
        dialog.get_by_label("Optimizer").select_option("sgd")
        dialog.get_by_label("Model").select_option("lenet5")
        becomes(page, lambda: [value[label]() for label in some], ["6,16", "0.1"])
        chosen = "--preset fast --model lenet5 --epochs 7 --optimizer sgd"
        see(page, "dialog code", rf"^python mnist_cnn.py {chosen} --results-dir \S+$")
        dialog.get_by_label("Epochs").fill("")
        dialog.locator("#option-epochs[placeholder='1']").wait_for()


def test_invalid_fields_are_highlighted_and_nothing_starts(visit, tmp_path):
    with controlled(tmp_path) as (url, _):
        page = visit(url, allowed=("400",))
        dialog = new_run(page, Epochs="0", Channels="4,4")
        see(page, "#option-epochs-problem", r"^A whole number from 1 to 1,000,000\.$")
        see(page, "#option-channels-problem", r"^cnn4-valid has 4 convolutions: this is 2\.$")
        dialog.locator("#option-epochs[aria-invalid=true]").wait_for()
        dialog.get_by_role("button", name="Start").click()
        becomes_true(page, "document.activeElement.id === 'option-channels'")
        dialog.get_by_label("Channels").fill("4,4,8,8")
        dialog.get_by_label("Epochs").fill("1")
        refuse(page, {"error": "Nobody knows why.", "field": "seed"})
        dialog.get_by_role("button", name="Start").click()
        see(page, "dialog [role=alert]", "^Nobody knows why.$")
        see(page, "#option-seed-problem", "^Nobody knows why.$")
        becomes_true(page, "document.activeElement.id === 'option-seed'")
        assert not training_log.read(tmp_path)


STRIP = """() => {
  const canvas = document.querySelector('.strip canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return Array.from(data).filter((_, at) => at % 4 === 0);
}"""


def test_ten_digits_follow_the_augmentation(visit, tmp_path):
    with controlled(tmp_path) as (url, _):
        page = visit(url, allowed=("willReadFrequently",))
        dialog = new_run(page)
        becomes(page, lambda: max(page.evaluate(STRIP)) > 200, True)  # once the image is loaded
        before = page.evaluate(STRIP)
        columns = [at % 280 // 28 for at, gray in enumerate(before) if gray > 60]
        assert set(columns) == set(range(10))
        dialog.get_by_label("Rotation", exact=True).fill("45")
        becomes(page, lambda: page.evaluate(STRIP) != before, True)


def test_a_learning_rate_far_above_the_default_needs_confirmation(visit, tmp_path):
    with controlled(tmp_path) as (url, _):
        page = visit(url, allowed=("400",))
        dialog = new_run(page)
        refuse(page, {"error": "Not today."})
        dialog.get_by_label("Learning rate", exact=True).fill("5")
        dialog.get_by_role("button", name="Start", exact=True).dblclick()
        see(page, "dialog [role=alert]", r"^5 is [\d,]+ times the default learning rate, 0[.\d]+: training may")
        dialog.get_by_role("button", name="Start anyway").click()
        see(page, "dialog [role=alert]", "^Not today.$")


def test_a_double_click_on_repeat_does_not_confirm_a_learning_rate(visit, tmp_path):
    posted = []

    def answer(route):
        posted.append(route.request.method)
        route.fulfill(status=400, body='{"error": "Not today."}')

    with controlled(tmp_path) as (url, _):
        page = visit(url, allowed=("400",))
        dialog = new_run(page)
        page.route("**/queue", answer)
        dialog.get_by_label("Learning rate", exact=True).fill("5")
        repeat = dialog.get_by_role("button", name="Repeat with seeds 1 to 5")
        repeat.dblclick()
        see(page, "dialog [role=alert]", "times the default learning rate")
        repeat.click()
        see(page, "dialog [role=alert]", "^Not today.$")
        assert posted == ["POST"], "of the last click"


def test_a_killed_trainer_is_reported_with_its_output(visit, tmp_path):
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        new_run(page, **SMALL, Epochs="90000").get_by_role("button", name="Start").click()
        see(page, "[data-measure=loss] [data-part=where]", "step")
        os.kill(training_log.read(tmp_path)["process"]["pid"], signal.SIGKILL)
        see(
            page,
            "#notices .bad",
            "^The run crashed.*machine may have run out of memory[^$]*parameters on",
        )
        becomes(page, page.locator("#notices .bad").count, 1)
        page.get_by_role("button", name="New run").wait_for()


@pytest.mark.parametrize("fixed_args", [None, "--keep-runs", [1, None, "--keep-runs", "5; rm -r /"]])
def test_the_form_opens_whatever_fixed_arguments_the_server_reports(visit, tmp_path, fixed_args):
    def answer(route):
        options = {key: value for key, value in route.fetch().json().items() if key != "fixed_args"}
        route.fulfill(json=options | ({"fixed_args": fixed_args} if fixed_args else {}))

    with controlled(tmp_path) as (url, _):
        page = visit(url)
        page.route("**/options", answer)
        new_run(page, Epochs="7")
        words = " --keep-runs '5; rm -r /'" if isinstance(fixed_args, list) else ""
        see(page, "dialog code", f"^python mnist_cnn.py --epochs 7{words}$")


def test_a_run_is_repeated_with_its_settings_and_queued_with_five_seeds(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with controlled(tmp_path) as (url, _):
        page = visit(url, allowed=("409",))
        config = Config.from_options(model="tiny", epochs=3, lr=0.001).as_json()
        page.route("**/results/training_log.json", lambda route: route.fulfill(json={"config": config}))
        press(page, "Run again…")
        see(page, "dialog code", "^python mnist_cnn.py --model tiny --epochs 3 --lr 0.001 --results-dir")
        dialog = page.get_by_role("dialog", name="Run again: ")
        dialog.get_by_label("Epochs", exact=True).fill("2")
        dialog.get_by_role("button", name="Repeat with seeds 1 to 5").click()
        dialog.wait_for(state="hidden")
        see(page, "#queue h3", "^Queue: 5$")
        assert [run["name"] for run in run_queue.read(tmp_path)["runs"]] == [
            f"tiny, epochs 2, lr 0.001, seed {seed}" for seed in (1, 2, 3, 4, 5)
        ]
        press(page, "Cancel tiny, epochs 2, lr 0.001, seed 2")
        see(page, "#queue h3", "^Queue: 4$")
        press(page, "Cancel all")
        page.locator("#queue").wait_for(state="hidden")
        becomes(page, lambda: run_queue.read(tmp_path)["runs"], [])
        press(page, "New run")
        page.get_by_role("dialog", name="New run").wait_for()
        see(page, "dialog code", r"^python mnist_cnn.py( --results-dir \S+)?$")


def test_a_run_is_queued_while_another_is_trained_and_a_failure_is_listed(visit, tmp_path):
    write_run(tmp_path, status="running", phase="training")
    run_queue.add_failure(tmp_path, {"id": "f1", "name": "<b>bad</b>"}, "Exit code 1. Error: no disk")
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        see(page, "#queue .failures li", "^<b>bad</b>Exit code 1. Error: no disk")
        dialog = new_run(page, Epochs="7")
        dialog.get_by_role("button", name="Add to queue").click()
        see(page, "#queue ol li", "^cnn4-valid, epochs 7")
        press(page, "Dismiss <b>bad</b>")
        page.locator("#queue .failures li").wait_for(state="detached")
        see(page, "#header .message", "^Queued; it starts when no other run is being trained\\.$")


def test_an_open_form_reports_a_restarted_server(visit, tmp_path):
    with controlled(tmp_path) as (url, access):
        page = visit(url)
        dialog = new_run(page, Epochs="3")
        token, access.token = access.token, "another"
        see(page, "dialog [role=alert]", "restarted.*open the URL that it printed")
        start = dialog.get_by_role("button", name="Start")
        becomes(page, start.is_disabled, True)
        dialog.get_by_label("Epochs", exact=True).fill("4")
        becomes(page, start.is_disabled, True)
        see(page, "dialog [role=alert]", "restarted")
        access.token = token
        dialog.locator("button:enabled", has_text="Start").wait_for()
        becomes(page, dialog.locator("[role=alert]").inner_text, "")
