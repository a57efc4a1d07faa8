"""Commands to a running trainer: the file, its parsing, and the answers in the log."""

import json
import os

import pytest

from digits.errors import UserError
from digits.files import write_json
from digits.runlog import contract, lock
from digits.runlog import control_actions as control_file
from digits.runlog.control_actions import CommandQueue, InvalidCommand, lr_warning, parse_command, send
from digits.runlog.run_log import RunLog


def test_without_a_known_learning_rate_there_is_no_warning(tmp_path):
    for log in (None, {}, {"batches": 5}, {"batches": {"lr": []}, "config": {}}, {"batches": {"lr": [None]}}, []):
        (tmp_path / contract.TRAINING_LOG).write_text(json.dumps(log))
        assert lr_warning(tmp_path, "5") is None
    (tmp_path / contract.TRAINING_LOG).write_text(json.dumps({"batches": {"lr": [0.006]}}))
    assert lr_warning(tmp_path, "0.06") is lr_warning(tmp_path, "no number") is None
    assert lr_warning(tmp_path, "5") == "5 is 833 times the present learning rate, 0.006: training may diverge."


@pytest.mark.parametrize(
    "strange", [{}, {"events": None}, {"events": [5, {"request": 7}]}, {"run_id": 5}, {"events": [{"step": "x"}]}]
)
def test_a_foreign_log_without_the_expected_fields_is_handled(tmp_path, monkeypatch, strange):
    write_json(tmp_path / contract.TRAINING_LOG, {"status": "running"} | strange)
    monkeypatch.setattr(lock, "is_held", lambda folder: None)
    monkeypatch.setattr(control_file, "TIMEOUT_S", 0.1)
    with pytest.raises(UserError, match="No answer yet"):
        control_file.send_and_wait(tmp_path, "stop")


def test_an_event_without_step_or_text_is_reported(tmp_path, monkeypatch):
    log = {"status": "running", "events": [{"request": "a1"}]}
    write_json(tmp_path / contract.TRAINING_LOG, log)
    monkeypatch.setattr(lock, "is_held", lambda folder: None)
    monkeypatch.setattr(control_file, "send", lambda *command: "a1")
    assert control_file.send_and_wait(tmp_path, "stop") == "Step None: None."


@pytest.mark.parametrize(
    ("action", "value", "found"),
    [
        ("lr", 0.5, (0.5, True)),
        ("lr", "1e-3", (0.001, True)),
        ("epochs", "+5", (5, False)),
        ("epochs", "-3", (-3, False)),
        ("epochs", 20, (20, True)),
        ("stop", None, (None, False)),
    ],
)
def test_valid_commands_are_parsed(action, value, found):
    request = parse_command({"id": "x", "action": action, "value": value}, 0)
    assert (request.id, request.action, request.value, request.whole) == ("x", action, *found)


@pytest.mark.parametrize(
    "given",
    [None, 5, "stop", [], {}, {"action": "start"}, {"action": ["stop"]}, {"action": "stop", "value": 1}]
    + [{"action": "lr", "value": value} for value in (None, 0, -1, "nan", "inf", True, [], "1e999", "", "0" * 60 + "1")]
    + [{"action": "epochs", "value": value} for value in (None, 0, 1.5, "+0", "many", True, 1e9, {})],
)
def test_invalid_commands_are_rejected(given):
    with pytest.raises(InvalidCommand):
        parse_command(given, 0)


def test_each_command_is_delivered_once_and_only_to_its_run(tmp_path):
    inbox = CommandQueue(tmp_path, "mine")
    first, second = send(tmp_path, "pause", run_id="mine"), send(tmp_path, "continue", run_id="mine")
    assert [request.id for request in inbox.poll()] == [first, second]
    assert inbox.poll() == []
    third = send(tmp_path, "lr", "0.1", run_id="mine")
    assert [request.id for request in inbox.poll()] == [third]
    send(tmp_path, "stop", run_id="another's")
    assert inbox.poll() == []
    with pytest.raises(InvalidCommand):
        send(tmp_path, "lr", "fast")


def test_commands_written_by_hand_need_no_id(tmp_path):
    inbox = CommandQueue(tmp_path, "mine")

    def write(*requests):
        (tmp_path / contract.CONTROL).write_text(json.dumps({"requests": requests}))
        return [request.action for request in inbox.poll()]

    pause, go_on, stop = ({"action": action} for action in ("pause", "continue", "stop"))
    assert write(pause) == ["pause"]
    assert write(go_on) == ["continue"]
    assert write(pause) == ["pause"]
    assert write(pause, stop) == ["stop"]
    assert write(pause, stop) == []
    assert write() == []
    assert write(pause) == ["pause"]
    (tmp_path / contract.CONTROL).unlink()
    assert inbox.poll() == []
    assert write(pause) == ["pause"]
    assert write(pause | {"id": None}) == ["pause"]
    assert write(stop | {"id": None}) == ["stop"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders")
def test_a_pipe_in_place_of_the_control_file_does_not_block(tmp_path):
    os.mkfifo(tmp_path / contract.CONTROL)
    (refused,) = CommandQueue(tmp_path, "mine").poll()
    assert str(refused) == "control.json can't be read"


def test_a_command_to_a_finished_run_is_answered(tmp_path, monkeypatch):
    write_json(tmp_path / contract.TRAINING_LOG, {"run_id": "mine", "status": "running", "events": []})
    monkeypatch.setattr(lock, "is_held", lambda folder: None)  # a file system without locks
    monkeypatch.setattr(control_file, "POLL_S", 0)

    def end(folder, *asked):
        write_json(folder / contract.TRAINING_LOG, {"run_id": "mine", "status": "completed"})
        return "a1"

    monkeypatch.setattr(control_file, "send", end)
    with pytest.raises(UserError, match="ended before it received"):
        control_file.send_and_wait(tmp_path, "stop")


def test_an_answer_is_reported_although_the_run_ended_with_it(tmp_path, monkeypatch):
    log = RunLog(tmp_path, name="a run")

    def send_and_end(*_):
        log.event("stopped", "stopped", request="a1")
        log.__exit__(None, None, None)  # the lock is free before the answer is read
        return "a1"

    monkeypatch.setattr(control_file, "send", send_and_end)
    log.__enter__()
    assert control_file.send_and_wait(tmp_path, "stop") == "Step 0: stopped."
