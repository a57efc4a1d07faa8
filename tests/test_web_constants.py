"""Constants of the page's modules, compared to those of the Python packages that they repeat."""

import json

import pytest

from digits.config import OPTIONS as OPTION_TYPES
from digits.config import names_of
from digits.data import datasets
from digits.data.mnist import MNIST_FILES
from digits.inference import division, input_checks, prediction, preprocess, stroke
from digits.runlog import contract, control_actions
from digits.training.schedule import Schedule
from tests.support import PROJECT
from tests.support.node import exported

LENGTH = {"epochs": 3, "steps": 0, "batch_size": 100, "train_limit": 0, "validation": 5000}
OPTIONS = LENGTH | {"lr": 0.01, "warmup_steps": 50, "cooldown": 0.4}


def test_input_checks_have_the_same_limits_and_reasons():
    limits = exported("pad/input-checks.js", "m.LIMITS")
    assert limits == {name: getattr(input_checks, name) for name in limits}
    assert exported("pad/input-checks.js", "m.REASONS") == input_checks.REASONS
    assert tuple(exported("pad/input-checks.js", "m.IMAGE_FLAWS")) == input_checks.IMAGE_FLAWS
    assert limits.keys() == {name for name in vars(input_checks) if name.startswith("MAX_")} | {"WINDOW"}


def test_images_are_framed_in_the_same_sizes():
    sizes = exported("pad/frame.js", "{SIZE: m.SIZE, BOX: m.BOX, CENTER: m.CENTER}")
    assert sizes == {name: getattr(preprocess, name) for name in sizes}
    assert exported("pad/prepare.js", "m.STEPS") == list(preprocess.STEPS)


def test_strokes_are_widened_to_the_same_width():
    widths = exported("pad/stroke.js", "{ ...m }")
    numbers = ("WIDEN_BELOW", "TARGET_WIDTH", "MIN_SIDE")
    assert widths == {name: getattr(stroke, name) for name in numbers}


def test_numbers_are_divided_with_the_same_penalties():
    penalties = exported("pad/division.js", "m.PENALTIES")
    assert penalties == {name: getattr(division, name) for name in penalties}


def test_predictions_are_uncertain_below_the_same_probability():
    assert exported("pad/verdict.js", "m.UNCERTAIN") == prediction.UNCERTAIN


def test_the_contract_has_the_same_fields():
    fields = exported("core/contract.js", "{schema: m.SCHEMA, epochs: m.EPOCH_FIELDS, batches: m.BATCH_FIELDS}")
    assert (fields["schema"], fields["epochs"]) == (contract.SCHEMA, list(contract.EPOCH_FIELDS))
    log = json.loads((PROJECT / "tests" / "fixtures" / "golden" / contract.TRAINING_LOG).read_text())
    assert set(fields["batches"]) == set(log["batches"])
    assert exported("charts/rows.js", "m.COLUMNS") == list(contract.BATCH_FIELDS)


def test_statuses_and_the_limit_of_a_heartbeat_are_the_same():
    status = exported("core/status.js", "{status: m.STATUSES, liveness: m.LIVENESSES, silent: m.SILENT_AFTER_MS}")
    assert status["status"] == list(contract.STATUSES)
    assert status["liveness"] == list(contract.LIVENESSES)
    assert status["silent"] == 1000 * contract.SILENT_AFTER_S


def test_a_learning_rate_needs_confirmation_above_the_same_factor():
    assert exported("control/state.js", "m.FAR_ABOVE") == control_actions.FAR_ABOVE


def test_the_preview_of_the_schedule_is_that_of_the_trainer():
    plan = exported("control/schedule.js", f"m.planOf({json.dumps(OPTIONS)})")
    assert plan["images"] == datasets.SYNTHETIC_TRAIN - OPTIONS["validation"]
    schedule = Schedule(plan["lr"], plan["warmupSteps"], plan["cooldown"], plan["total"])
    rates = exported("control/schedule.js", f"m.lineOf({json.dumps(plan)})")
    assert [rate for _, rate in rates] == pytest.approx([schedule(step) for step, _ in rates])


def test_the_schedule_is_previewed_for_as_many_images():
    images = exported("control/schedule.js", "m.IMAGES")
    assert images == datasets.SYNTHETIC_TRAIN == MNIST_FILES[0].shape[0] == OPTION_TYPES["train_limit"].type.max


def test_options_that_do_not_change_what_is_learned_are_left_out_of_a_comparison():
    assert set(exported("runs/groups.js", "[...m.IGNORED]")) == {*OPTION_TYPES} - {*names_of("identifies"), "model"}


def test_every_label_is_of_an_option_or_a_field_of_the_log_and_no_two_options_share_one():
    labels = exported("core/field-labels.js", "m.LABELS")
    facts = {"device_name", "torch", "torchvision", "sha256", "ece", "ece_calibrated"}
    assert labels.keys() - OPTION_TYPES.keys() == facts
    names = exported("core/field-labels.js", f"{json.dumps(list(OPTION_TYPES))}.map(m.labelOf)")
    assert len(set(names)) == len(OPTION_TYPES)
    assert all(name[0].isupper() and "_" not in name for name in names)
