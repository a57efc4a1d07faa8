"""Rules by which a run pauses itself after an epoch, in this process."""

import contextlib
import csv
import json

import pytest

from digits.config import Config
from digits.runlog import contract, training_log
from digits.runlog.control_actions import send
from digits.runlog.run_log import RunLog
from digits.training.pause_rules import PauseRules
from tests.support.training import after, at_steps, command, killed_when, trained

SHORT = ["--epochs", "3", "--batch-size", "64", "--quiet"]  # 30 steps


def log_of(folder) -> dict:
    return json.loads((folder / contract.TRAINING_LOG).read_text())


def events(log: dict, kind: str) -> list[dict]:
    return [event for event in log["events"] if event["kind"] == kind]


def losses(folder) -> list[str]:
    with open(folder / contract.BATCHES, newline="") as file:
        return [row["loss"] for row in csv.DictReader(file)]


@contextlib.contextmanager
def continuing(folder, *further):
    """Send `continue`, after `further` commands, whenever the run pauses."""

    def answer(log):
        if training_log.read(folder)["phase"] == contract.PAUSED:
            for words in (*further, ("continue",)):
                send(folder, *words, run_id=log.run_id)

    with after(RunLog.phase, answer):
        yield


@pytest.mark.parametrize(
    ("options", "accuracies", "expected"),
    [
        ({}, [0.9, 0.8], None),
        ({"pause_each_epoch": True}, [0.9], "paused after epoch 7, as after each epoch"),
        ({"pause_each_epoch": True}, [], "paused after epoch 7, as after each epoch"),
        ({"pause_on_fall": True}, [0.9], None),
        ({"pause_on_fall": True}, [0.9, 0.9], None),
        ({"pause_on_fall": True}, [0.99, 0.8, 0.85], None),
        ({"pause_on_fall": True}, [None, 0.85], None),
        ({"pause_on_fall": True}, [0.85, None], None),
        (
            {"pause_on_fall": True, "pause_each_epoch": True},
            [0.8, 0.9912, 0.985],
            "paused after epoch 7: validation accuracy fell from 99.12 % to 98.50 %",
        ),
    ],
)
def test_a_run_pauses_when_a_rule_that_is_on_says_so(options, accuracies, expected):
    assert PauseRules(Config(**options)).reason(7, accuracies) == expected


def test_a_run_pauses_after_each_epoch_but_the_last_and_learns_the_same(tmp_path):
    plain, paused = tmp_path / "plain", tmp_path / "paused"
    trained(plain, *SHORT)
    with continuing(paused):
        trained(paused, *SHORT, "--pause-each-epoch")
    log = log_of(paused)
    assert [event["kind"] for event in log["events"]] == ["paused", "continued"] * 2
    assert [(event["step"], event["text"]) for event in events(log, "paused")] == [
        (10, "paused after epoch 1, as after each epoch"),
        (20, "paused after epoch 2, as after each epoch"),
    ]
    assert losses(paused) == losses(plain)
    assert log["name"] == log_of(plain)["name"]
    assert "The first 30 steps repeat" in command("verify", paused, "--steps", "100").output


def test_a_fall_of_the_validation_accuracy_pauses_the_run(tmp_path, monkeypatch):
    accuracies = {1: 0.912, 2: 0.905, 3: 0.9, 4: 0.95}
    write = RunLog.epoch
    monkeypatch.setattr(
        RunLog, "epoch", lambda log, epoch, **row: write(log, epoch, **row | {"val_accuracy": accuracies[epoch]})
    )
    with continuing(tmp_path):
        trained(tmp_path, *SHORT, "--epochs", "4", "--pause-on-fall")
    assert [(event["step"], event["text"]) for event in events(log_of(tmp_path), "paused")] == [
        (20, "paused after epoch 2: validation accuracy fell from 91.20 % to 90.50 %"),
        (30, "paused after epoch 3: validation accuracy fell from 90.50 % to 90.00 %"),
    ]


def test_the_rules_are_changed_while_it_trains_and_the_log_has_their_state(tmp_path):
    acts = {3: "on", 4: "off", 5: True}

    def ask(log):
        if log.step in acts:
            send(tmp_path, "pause_each_epoch", acts[log.step], run_id=log.run_id)

    with after(RunLog.batch, ask), continuing(tmp_path, ("pause_each_epoch", False)):
        trained(tmp_path, *SHORT)
    log = log_of(tmp_path)
    changed = events(log, "pause rule changed")
    assert [(event["step"], event["value"], event["text"]) for event in changed] == [
        (3, True, "pauses after each epoch"),
        (4, False, "no longer pauses after each epoch"),
        (5, True, "pauses after each epoch"),
        (10, False, "no longer pauses after each epoch"),
    ]
    assert [event["step"] for event in events(log, "paused")] == [10]
    assert log["config"]["pause_each_epoch"] is False


def test_a_run_without_validation_images_does_not_wait_for_its_accuracy_to_fall(tmp_path):
    with at_steps({3: lambda log: send(tmp_path, "pause_on_fall", True, run_id=log.run_id)}):
        trained(tmp_path, *SHORT, "--validation", "0")
    (event,) = events(log_of(tmp_path), "refused")
    assert event["text"] == "pause_on_fall: this run has no validation images"


def test_a_run_that_was_killed_in_its_pause_resumes_with_its_rules(tmp_path):
    killed_when(contract.PAUSED, tmp_path, *SHORT, "--pause-each-epoch")
    assert log_of(tmp_path)["epochs"]["epoch"] == [1]
    with continuing(tmp_path):
        trained(tmp_path, "--resume", "--quiet")
    log = log_of(tmp_path)
    assert (log["status"], log["epochs"]["epoch"]) == ("completed", [1, 2, 3])
    assert [event["step"] for event in events(log, "paused")][-1] == 20
    assert "The first 30 steps repeat" in command("verify", tmp_path, "--steps", "100").output


def test_the_terminal_says_why_the_run_pauses_and_how_to_continue(tmp_path):
    with continuing(tmp_path):
        output = trained(tmp_path, "--epochs", "2", "--batch-size", "64", "--pause-each-epoch")
    assert "Paused after epoch 1, as after each epoch\nContinue: " in output
    assert output.count("control continue") == 1
