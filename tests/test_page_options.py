"""The form's computations match the trainer: defaults, learning rates, commands."""

import itertools
import json
import shlex
import subprocess
from dataclasses import fields

import pytest

from digits.architectures import ARCHITECTURES
from digits.config import DEFAULT_LR, OPTIONS, Config
from digits.presets import PRESETS
from digits.server import options_schema
from digits.server.options_schema import SETTABLE
from digits.training.schedule import Schedule, batches_per_epoch, total_steps
from tests.support import PROJECT
from tests.support.node import node

MODULES = PROJECT / "web" / "control"
READ = "import { readFileSync } from 'node:fs'; const { given, cases } = JSON.parse(readFileSync(0, 'utf8'));"


def computed(script: str, cases: list) -> list:
    """The value of `script` for each case: an expression over the case `one` and the server's options `given`."""
    names = {"defaults": "defaultsOf", "schedule": "planOf, rateAt"}
    names["validation"] = "commandOf, different, problemOf, valueOf"
    imports = "".join(f"import {{ {what} }} from '{(MODULES / name).as_uri()}.js';" for name, what in names.items())
    program = f"{READ}{imports} console.log(JSON.stringify(cases.map((one) => {script})));"
    given = json.dumps({"given": options_schema.options_schema(), "cases": cases})
    command = [node(), "--input-type=module", "--eval", program]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_form_has_a_part_for_each_group_and_the_first_options_of_all_are_in_one():
    groups = [option.get("group") for option in options_schema.options_schema()["options"]]
    assert list(dict.fromkeys(group for group in groups if group)) == [
        "Network",
        "Learning",
        "Augmentation",
        "Data",
    ]
    assert groups[0] == "Network" and None in groups


def test_each_option_has_its_default_for_every_preset_model_and_optimizer():
    cases = [
        {key: value for key, value in zip(("preset", "model", "optimizer"), choice) if value}
        for choice in itertools.product(PRESETS, (None, *ARCHITECTURES), (None, *DEFAULT_LR))
    ]
    for case, usual in zip(cases, computed("defaultsOf(given, one)", cases), strict=True):
        recipe = PRESETS[case["preset"]].options
        config = Config(**{name: recipe[name] for name in ("model", "optimizer") if name in recipe} | case)
        expected = config.defaults()
        expanded = {name: list(value) if isinstance(value, tuple) else value for name, value in expected.items()}
        assert usual == {name: expanded[name] for name in SETTABLE}, case


def test_the_schedule_preview_matches_the_schedule():
    settings = [
        {},
        {"epochs": 1, "batch_size": 1},
        {"epochs": 3, "batch_size": 60_000, "warmup_steps": 7},
        {"cooldown": 0.0, "warmup_steps": 0},
        {"cooldown": 1.0, "steps": 333},
        {"train_limit": 640, "validation": 100, "batch_size": 32, "warmup_steps": 10_000},
        {"train_limit": 59_000, "validation": 59_000, "lr": 1e-7},
    ]
    configs = [Config.from_options(**setting) for setting in settings]
    cases = [config.as_json() for config in configs]
    steps = [0, 1, 5, 99, 200, 332, 2000]
    script = f"[planOf(one), {steps}.map((step) => rateAt(planOf(one), step))]"
    for config, (plan, rates) in zip(configs, computed(script, cases), strict=True):
        images = min(60_000 - config.validation, config.train_limit or 60_000)
        batches = batches_per_epoch(images, config.batch_size)
        schedule = Schedule(
            config.lr, min(config.warmup_steps, batches // 2), config.cooldown, total_steps(config, images)
        )
        assert (plan["images"], plan["batches"], plan["total"]) == (images, batches, schedule.total)
        assert rates == pytest.approx([schedule(step) for step in steps], rel=1e-12)


def test_the_command_equals_that_of_the_server():
    cases = [
        {},
        {"epochs": 3, "lr": 0.001, "channels": [4, 4, 8, 8], "deterministic": True},
        {"preset": "fast", "name": 'it\'s a "name" with $HOME; `x` and --flags'},
        {"model": "lenet5", "lr": 1e-05, "seed": 2**32 - 1},
    ]
    for case, command in zip(
        cases, computed("commandOf({ ...given, fixed_args: ['--results-dir', 'a folder'] }, one)", cases), strict=True
    ):
        words = shlex.split(command)
        assert words[:2] == ["python", "mnist_cnn.py"] and words[-2:] == ["--results-dir", "a folder"]
        theirs, ours = pairs(words[2:-2]), pairs(options_schema.to_argv(case))
        assert theirs.keys() == ours.keys()
        for flag, value in theirs.items():
            assert value == ours[flag] or float(value) == float(ours[flag]), flag


def pairs(words: list[str]) -> dict:
    """Each option with its value; a flag with none."""
    ours = iter(words)
    return {word: None if word == "--deterministic" else next(ours) for word in ours}


def test_page_and_server_reject_the_same_values():
    texts = ["0", "1", "-1", "5.5", "1e3", "nan", "inf", "60000", "60001", "99999999999", "0.999", "1.0", "0x10"]
    texts += ["1_000", "1,5", "x"]
    texts += [" 7 ", "\uff14", "4,4,8,8", "4,4", "0,1,2,3", "4097,1,1,1", "a\u202eb", "W" * 81, "true"]
    names = [item.name for item in fields(Config) if item.name in SETTABLE and OPTIONS[item.name].default is not False]
    cases = [{"name": name, "text": text} for name in names for text in texts]
    option = "given.options.find(({ name }) => name === one.name)"
    context = "{ model: 'cnn4-quick', convolutions: 4 }"
    for case, problem in zip(cases, computed(f"problemOf({option}, one.text, {context})", cases), strict=True):
        try:
            options_schema.to_argv({case["name"]: case["text"]})
            refused = False
        except options_schema.InvalidOption:
            refused = True
        if refused:
            assert problem, f"the page lets {case} pass"
        else:  # the page may be stricter about how numbers are written
            assert not problem or not case["text"].isascii() or "_" in case["text"], (case, problem)
