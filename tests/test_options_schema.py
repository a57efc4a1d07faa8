"""The options schema for the page, and the validation of values that it sends."""

import json
import shlex
from dataclasses import fields

import pytest

from digits.config import OPTIONS, Config
from digits.server.options_schema import SETTABLE, InvalidOption, options_schema, to_argv
from tests.support.http_client import ask

HIDDEN = {"results_dir", "data_dir", "keep_runs", "tensorboard", "quiet"}


def test_the_page_gets_every_option_that_it_may_set():
    schema = {option["name"]: option for option in options_schema()["options"]}
    assert {item.name for item in fields(Config)} - schema.keys() == HIDDEN
    for item in fields(Config):
        if item.name in schema:
            option = schema[item.name]
            assert option["flag"] == "--" + item.name.replace("_", "-") and option["help"] == OPTIONS[item.name].help
            default = option["default"]
            assert (tuple(default) if isinstance(default, list) else default) == item.default
    assert json.loads(json.dumps(options_schema(), allow_nan=False)) == options_schema()


def test_the_published_limits_are_enforced():
    for option in options_schema()["options"]:
        name, kind = option["name"], option["kind"]
        if kind == "choice":
            assert all(name == "model" or to_argv({name: choice}) for choice in option["choices"])
            outside = ["no such choice"]
        elif kind in ("int", "float"):
            low, high, step = option.get("min"), option.get("max"), 1 if kind == "int" else 0.001
            if name not in ("validation", "train_limit"):
                to_argv({name: low + step})
            outside = [low if option.get("min_open") else low - step]
            outside += [] if high is None else [high if option.get("max_open") else high + step]
        elif kind == "channels":
            outside = [[option["min"] - 1] * 4, [option["max"] + 1] * 4]
        else:
            outside = ["x" * (option["max_length"] + 1)] if kind == "text" else ["true"]
        for value in outside:
            with pytest.raises(InvalidOption) as caught:
                to_argv({name: value})
            assert caught.value.field == name, (name, value)


def test_presets_and_models_are_complete_and_selectable(site):
    schema = ask(site, "/options").json()
    assert schema == options_schema()  # the results folder is shown only with the token
    for name, preset in schema["presets"].items():
        assert to_argv({"preset": name}) == ["--preset", name] and preset["purpose"]
        assert preset["options"].keys() <= SETTABLE.keys()
        assert to_argv(preset["options"])
    for name, model in schema["models"].items():
        assert to_argv({"model": name, **{key: model[key] for key in ("channels", "dropout", "norm")}})


HOSTILE_NAMES = [
    "; rm -rf /",
    "$(reboot)",
    "`id`",
    "--resume",
    "-x",
    "--",
    "a & b | c > d",
    "quote ' and \" quote",
    "<img src=x onerror=alert(1)>",
    "%n%s\\n",
    "größer 数字 🙂",
    "../../etc/passwd",
    "=",
    "@file",
]

# Values from a page, and the corresponding arguments.
WORDS = [
    ({}, []),
    ({"epochs": 3}, ["--epochs", "3"]),
    ({"epochs": "3"}, ["--epochs", "3"]),
    ({"lr": 0.001, "optimizer": "sgd"}, ["--lr", "0.001", "--optimizer", "sgd"]),
    ({"lr": 1e-7}, ["--lr", "1e-07"]),
    ({"channels": [4, 4, 8, 8]}, ["--channels", "4,4,8,8"]),
    ({"channels": "4,4,8,8"}, ["--channels", "4,4,8,8"]),
    ({"deterministic": True}, ["--deterministic"]),
    ({"deterministic": False}, []),
    ({"seed": 2**32 - 1}, ["--seed", "4294967295"]),
    *(({"name": name}, ["--name", name]) for name in HOSTILE_NAMES),
]


@pytest.mark.parametrize(("options", "words"), WORDS, ids=range(len(WORDS)))
def test_values_become_arguments_with_the_same_meaning_as_in_a_terminal(options, words):
    assert to_argv(options) == words
    assert shlex.split(shlex.join(words)) == words


# Rejected values, and the field that is named.
REFUSED = [
    ({"epochs": 0}, "epochs"),
    ({"epochs": -1}, "epochs"),
    ({"epochs": 1.5}, "epochs"),
    ({"epochs": 1_000_001}, "epochs"),
    ({"epochs": True}, "epochs"),
    ({"epochs": None}, "epochs"),
    ({"epochs": [3]}, "epochs"),
    ({"epochs": {}}, "epochs"),
    ({"epochs": ""}, "epochs"),
    ({"epochs": "three"}, "epochs"),
    ({"epochs": "3; reboot"}, "epochs"),
    ({"epochs": "--lr"}, "epochs"),
    ({"lr": 0}, "lr"),
    ({"lr": -0.1}, "lr"),
    ({"lr": "nan"}, "lr"),
    ({"lr": "inf"}, "lr"),
    ({"lr": 1e400}, "lr"),
    ({"dropout": 1}, "dropout"),
    ({"model": "resnet"}, "model"),
    ({"model": "cnn4; reboot"}, "model"),
    ({"optimizer": "ADAM!"}, "optimizer"),
    ({"channels": []}, "channels"),
    ({"channels": [0, 1, 1, 1]}, "channels"),
    ({"channels": [4.5, 4, 4, 4]}, "channels"),
    ({"channels": ["a"]}, "channels"),
    ({"channels": [[4]]}, "channels"),
    ({"channels": [True, 4, 4, 4]}, "channels"),
    ({"channels": [4, 4]}, "channels"),
    ({"channels": [4] * 1000}, "channels"),
    ({"name": ""}, "name"),
    ({"name": " "}, "name"),
    ({"name": "x" * 81}, "name"),
    ({"name": "two\nlines"}, "name"),
    ({"name": "nul\0"}, "name"),
    ({"name": "\ud800"}, "name"),
    ({"name": "\u202eright to left"}, "name"),
    ({"name": ["x"]}, "name"),
    ({"deterministic": "yes"}, "deterministic"),
    ({"deterministic": 1}, "deterministic"),
    ({"seed": 2**32}, "seed"),
    ({"results_dir": "/tmp"}, "results_dir"),
    ({"data_dir": "/tmp"}, "data_dir"),
    ({"keep_runs": 0}, "keep_runs"),
    ({"keep": 0}, "keep_runs"),
    ({"quiet": True}, "quiet"),
    ({"resume": True}, "resume"),
    ({"help": True}, "help"),
    ({"--epochs": 3}, "--epochs"),
    ({"": 3}, ""),
    ({"epochs": 3, "no such": 1}, "no such"),
    ({"epochs": 3, "lr": -1, "seed": 1}, "lr"),
]


@pytest.mark.parametrize(("options", "field"), REFUSED, ids=range(len(REFUSED)))
def test_invalid_values_are_rejected_with_the_name_of_the_field(live, options, field):
    body = json.dumps({"options": options}).encode()
    answer = ask(live, "/runs", method="POST", body=body, token=live.token)
    problem = answer.json()
    assert (answer.status, problem["field"]) == (400, field)
    assert problem["error"][-1] == "." and problem["error"].isprintable() and len(problem["error"]) <= 302
    assert not live.results.exists()
