"""A running trainer does what it is asked, answers each request in its log, and repeats exactly what was steered."""

import csv
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch

from digits.errors import UserError
from digits.files import write_atomically, write_json
from digits.runlog import commands as control_file
from digits.runlog import lock, schema
from digits.runlog.commands import CommandQueue, InvalidCommand, doubt, parse_command, send
from digits.training.distributed import Group
from digits.training.remote_control import RemoteControl, replay_schedule
from digits.training.schedule import Schedule
from tests.support import PROJECT
from tests.support.training import SOON, Trainer

LONG = ["--epochs", "400", "--batch-size", "16", "--quiet"]


def events(log: dict, kind: str) -> list[dict]:
    return [event for event in log.get("events", ()) if event["kind"] == kind]


def steps(log: dict) -> int:
    return log.get("progress", {}).get("step") or 0


def losses(folder) -> list[str]:
    with open(folder / schema.BATCHES, newline="") as file:
        return [row["loss"] for row in csv.DictReader(file)]


def rates(folder) -> list[float]:
    with open(folder / schema.BATCHES, newline="") as file:
        return [float(row["lr"]) for row in csv.DictReader(file)]


@pytest.fixture
def training(tmp_path):
    with Trainer(tmp_path, *LONG) as trainer:
        trainer.wait_for(lambda log: steps(log) >= 5)
        yield trainer


def control(folder, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, PROJECT / "mnist_cnn.py", "control", *words, "--results-dir", folder]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_stop_ends_the_run_after_a_batch_and_saves(training):
    done = control(training.results, "stop")
    assert (done.returncode, done.stderr) == (0, "") and "stopped after" in done.stdout
    assert training.finish(seconds=20) == (0, "", "")
    log = training.log()
    assert log["status"] == "stopped" and log["error"] is None
    assert steps(log) == len(losses(training.results)) == events(log, "stopped")[0]["step"]
    with Trainer(training.results, "--resume", "--quiet", small=False) as again:
        again.wait_for(lambda later: events(later, "resumed") and steps(later) > steps(log) + 3)
        again.interrupt()
    assert again.log()["run_id"] == log["run_id"]


def test_a_pause_lasts_until_it_is_ended_and_is_no_time_of_training(training):
    assert control(training.results, "pause").returncode == 0
    training.wait_for(lambda log: log["phase"] == "paused")
    before = steps(training.log())
    time.sleep(2)
    assert steps(training.log()) == before
    assert "paused already" in control(training.results, "pause").stderr
    assert control(training.results, "continue").returncode == 0
    training.wait_for(lambda log: steps(log) > before and log["phase"] == "training")
    assert "not paused" in control(training.results, "continue").stderr
    log = training.log()
    assert [len(events(log, kind)) for kind in ("paused", "continued", "refused")] == [1, 1, 2]
    moments = [schema.seconds_of(events(log, kind)[0]["time"]) for kind in ("paused", "continued")]
    elapsed = schema.seconds_of(log["updated_at"]) - schema.seconds_of(log["started_at"])
    assert 2 <= moments[1] - moments[0] < elapsed - sum(log["epochs"]["seconds"])
    assert log["batches"]["seconds"][-1] < elapsed - 2


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_pause_too(training, signum):
    assert control(training.results, "pause").returncode == 0
    assert training.interrupt(signum) < SOON
    assert training.process.returncode == 128 + signum
    assert training.log()["status"] == "interrupted"


def test_another_rate_holds_from_the_next_batch_on(training):
    done = control(training.results, "lr", "0.0001")
    assert done.returncode == 0 and "became 0.0001" in done.stdout
    (event,) = events(training.log(), "lr changed")
    training.wait_for(lambda log: steps(log) > event["step"] + 5)
    training.interrupt()
    found = rates(training.results)
    assert found[event["step"]] == pytest.approx(0.0001) and found[event["step"] - 1] > 0.0002
    assert event["value"] == 0.0001


def test_a_rate_far_above_the_present_one_is_warned_of_and_said_to_be_that(training):
    usual = control(training.results, "lr", "0.001")
    assert usual.stderr == "" and "times" not in usual.stdout
    done = control(training.results, "lr", "0.1")
    assert done.returncode == 0
    assert re.search("Warning: 0.1 is [0-9]+ times the present learning rate", done.stderr)  # as the log last told it
    assert "became 0.1, 100 times as high" in done.stdout


def test_nothing_is_doubted_where_the_present_rate_is_not_known(tmp_path):
    for log in (None, {}, {"batches": 5}, {"batches": {"lr": []}, "config": {}}, {"batches": {"lr": [None]}}, []):
        (tmp_path / schema.TRAINING_LOG).write_text(json.dumps(log))
        assert doubt(tmp_path, "5") is None
    (tmp_path / schema.TRAINING_LOG).write_text(json.dumps({"batches": {"lr": [0.006]}}))
    assert doubt(tmp_path, "0.06") is doubt(tmp_path, "no number") is None
    assert doubt(tmp_path, "5") == "5 is 833 times the present learning rate, 0.006: training may diverge."


def test_more_epochs_and_fewer(training):
    assert control(training.results, "pause").returncode == 0  # or it would go on while it is asked
    assert control(training.results, "epochs", "+5").returncode == 0
    assert training.log()["progress"]["epochs"] == training.log()["config"]["epochs"] == 405
    assert control(training.results, "epochs", "-395").returncode == 0
    assert training.log()["progress"]["epochs"] == 10
    refused = control(training.results, "epochs", "-20")
    assert refused.returncode == 1 and "-10 epochs in all" in refused.stderr
    now = training.log()["progress"]["epoch"] + 1
    assert control(training.results, "epochs", str(now)).returncode == 0
    assert control(training.results, "continue").returncode == 0
    assert training.finish()[0] == 0
    assert training.log()["status"] == "completed" and training.log()["epochs"]["epoch"][-1] == now


def test_a_snapshot_can_be_read_while_training_goes_on(training):
    from digits.models.weights_file import load_trained

    assert control(training.results, "snapshot").returncode == 0
    _, content = load_trained(training.results / schema.WEIGHTS)
    assert content["run_id"] == training.log()["run_id"] and content["step"] > 0
    training.wait_for(lambda log: log["epochs"]["epoch"])
    assert control(training.results, "snapshot").returncode == 0
    _, content = load_trained(training.results / schema.WEIGHTS)
    assert content["temperature"] > 0 and math.isfinite(content["energy_limit"]), "as the last validation told them"
    assert training.log()["status"] == "running"


def test_what_was_steered_repeats_bit_for_bit_and_goes_on_after_a_kill(training):
    for words in (["lr", "0.001"], ["epochs", "9"], ["lr", "0.0005"]):
        assert control(training.results, *words).returncode == 0
    at = steps(training.log())
    training.wait_for(lambda log: steps(log) > at + 20 or log["status"] != "running")
    training.process.kill()
    training.process.wait()
    with Trainer(training.results, "--resume", "--quiet", small=False) as again:
        assert again.finish()[0] == 0
    assert again.log()["status"] == "completed" and again.log()["epochs"]["epoch"] == list(range(1, 10))
    program = [sys.executable, PROJECT / "mnist_cnn.py", "verify", training.results, "--steps", "100000"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert f"The first {len(losses(training.results)):,} steps repeat" in done.stdout
    with Trainer(training.results, "--resume", "--epochs", "12", "--quiet", small=False) as longer:
        assert longer.finish()[0] == 0
    assert longer.log()["epochs"]["epoch"] == list(range(1, 13))
    done = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_a_steered_run_that_is_made_longer_goes_on_from_the_change(tmp_path):
    """Asked for while the rate falls: from there on a longer run goes another way, and not from before it."""
    with Trainer(tmp_path, "--epochs", "10", "--batch-size", "16", "--quiet") as trainer:
        trainer.wait_for(lambda log: steps(log) >= 100)
        assert control(tmp_path, "pause").returncode == 0
        assert control(tmp_path, "lr", "0.001").returncode == 0
        assert control(tmp_path, "continue").returncode == 0
        assert trainer.finish()[0] == 0
    (changed,), before = events(trainer.log(), "lr changed"), losses(tmp_path)
    with Trainer(tmp_path, "--resume", "--epochs", "12", "--quiet", small=False) as longer:
        assert longer.finish()[0] == 0
    assert events(longer.log(), "lr changed") == [changed]
    assert events(longer.log(), "resumed")[0]["step"] == changed["step"]
    found, at = rates(tmp_path), changed["step"]
    assert len(found) == 480 and losses(tmp_path)[: at + 1] == before[: at + 1]
    assert found[at] == pytest.approx(0.001) and found[at:] == sorted(found[at:], reverse=True)
    program = [sys.executable, PROJECT / "mnist_cnn.py", "verify", tmp_path, "--steps", "100000"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert "The first 480 steps repeat" in done.stdout, done.stderr


def test_what_was_answered_outlives_a_kill_right_then(training):
    for number, rate in enumerate((0.004, 0.003, 0.002), start=1):
        (tmp := training.results / schema.CONTROL).unlink(missing_ok=True)
        write_json(tmp, {"requests": [{"id": f"a{number}", "action": "lr", "value": rate}]})
        training.wait_for(lambda log, id=f"a{number}": any(event.get("request") == id for event in log["events"]))
    training.process.kill()
    training.process.wait()
    asked = events(training.log(), "lr changed")
    with Trainer(training.results, "--resume", "--quiet", small=False) as again:
        again.wait_for(lambda log: events(log, "resumed"))
        again.interrupt()
    assert events(again.log(), "lr changed") == asked and len(asked) == 3


@pytest.mark.parametrize(
    "strange", [{}, {"events": None}, {"events": [5, {"request": 7}]}, {"run_id": 5}, {"events": [{"step": "x"}]}]
)
def test_a_log_of_another_trainer_may_lack_all_that_is_asked_for(tmp_path, monkeypatch, strange):
    write_json(tmp_path / schema.TRAINING_LOG, {"status": "running"} | strange)
    monkeypatch.setattr(lock, "is_held", lambda folder: None)
    monkeypatch.setattr(control_file, "_PATIENCE_S", 0.1)
    with pytest.raises(UserError, match="not answered yet"):
        control_file.send_and_wait(tmp_path, "stop")


def test_an_answer_without_step_or_text_is_told_as_far_as_it_goes(tmp_path, monkeypatch):
    log = {"status": "running", "events": [{"request": "a1"}]}
    write_json(tmp_path / schema.TRAINING_LOG, log)
    monkeypatch.setattr(lock, "is_held", lambda folder: None)
    monkeypatch.setattr(control_file, "send", lambda *wish: "a1")
    assert control_file.send_and_wait(tmp_path, "stop") == "Step None: None."


DAMAGED_CHANGES = [{"step": value} for value in (None, "5", -1, 2.5)]
DAMAGED_CHANGES += [{"value": value} for value in (None, "x", 0, math.nan, [], True)]


@pytest.mark.parametrize("damage", DAMAGED_CHANGES)
@pytest.mark.parametrize("kind", ["lr changed", "epochs changed", "resumed"])
def test_a_damaged_event_changes_no_schedule(kind, damage):
    schedule = Schedule(lr=1.0, warmup_steps=4, cooldown=0.5, total=20)
    whole = {"kind": kind, "step": 5, "value": 3}
    assert control_file.changes([whole]) == [whole]
    assert replay_schedule(schedule, [whole | damage], batches=10) == schedule


def test_a_stop_that_comes_before_the_first_batch_is_heeded_and_what_lay_there_is_not(tmp_path):
    send(tmp_path, "stop")
    with Trainer(tmp_path, *LONG) as trainer:
        trainer.wait_for(lambda log: steps(log) >= 5)
        trainer.interrupt()
    with Trainer(tmp_path, "--resume", "--quiet", small=False) as trainer:
        trainer.wait_for(lambda log: log.get("status") == "running")
        send(tmp_path, "stop", run_id=trainer.log()["run_id"])
        assert trainer.finish() == (0, "", "")
    assert trainer.log()["status"] == "stopped"


def test_a_malformed_file_harms_nothing_and_is_told(training):
    file = training.results / schema.CONTROL
    contents = [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"requests": 5}', b"[" * 100_000, b"x" * 300_000]
    for number, content in enumerate(contents, start=1):
        write_atomically(file, content)
        training.wait_for(lambda log, number=number: len(events(log, "refused")) >= number)
    requests = [{"action": "fly"}, 7, {"action": "lr", "value": "much"}, {"action": "stop"}]
    write_json(file, {"requests": requests})
    assert training.finish()[0] == 0
    texts = [event["text"] for event in events(training.log(), "refused")]
    assert len(texts) == len(contents) + 3 and "no such action" in texts[-3] and "finite number" in texts[-1]
    assert training.log()["status"] == "stopped"


def test_where_nobody_trains_nobody_answers(tmp_path):
    done = control(tmp_path, "stop")
    assert done.returncode == 1 and "No trainer is running in" in done.stderr and len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "action, value, found",
    [
        ("lr", 0.5, (0.5, True)),
        ("lr", "1e-3", (0.001, True)),
        ("epochs", "+5", (5, False)),
        ("epochs", "-3", (-3, False)),
        ("epochs", 20, (20, True)),
        ("stop", None, (None, False)),
    ],
)
def test_requests_are_read(action, value, found):
    request = parse_command({"id": "x", "action": action, "value": value}, 0)
    assert (request.id, request.action, request.value, request.whole) == ("x", action, *found)


@pytest.mark.parametrize(
    "given",
    [None, 5, "stop", [], {}, {"action": "start"}, {"action": ["stop"]}, {"action": "stop", "value": 1}]
    + [{"action": "lr", "value": value} for value in (None, 0, -1, "nan", "inf", True, [], "1e999", "", "0" * 60 + "1")]
    + [{"action": "epochs", "value": value} for value in (None, 0, 1.5, "+0", "many", True, 1e9, {})],
)
def test_what_is_no_request_is_refused(given):
    with pytest.raises(InvalidCommand):
        parse_command(given, 0)


def test_each_request_is_given_once_and_only_to_its_run(tmp_path):
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


def test_requests_by_hand_need_no_id(tmp_path):
    inbox = CommandQueue(tmp_path, "mine")

    def write(*requests):
        (tmp_path / schema.CONTROL).write_text(json.dumps({"requests": requests}))
        return [request.action for request in inbox.poll()]

    pause, go_on, stop = ({"action": action} for action in ("pause", "continue", "stop"))
    assert write(pause) == ["pause"]
    assert write(go_on) == ["continue"]
    assert write(pause) == ["pause"]
    assert write(pause, stop) == ["stop"]
    assert write(pause, stop) == []
    assert write() == []
    assert write(pause) == ["pause"]
    (tmp_path / schema.CONTROL).unlink()
    assert inbox.poll() == []
    assert write(pause) == ["pause"]
    assert write(pause | {"id": None}) == ["pause"]
    assert write(stop | {"id": None}) == ["stop"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders")
def test_a_pipe_in_the_files_place_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / schema.CONTROL)
    (refused,) = CommandQueue(tmp_path, "mine").poll()
    assert str(refused) == "control.json can't be read"


def test_what_was_asked_behind_a_stop_is_answered_too(tmp_path):
    with Trainer(tmp_path, *LONG) as trainer:
        trainer.wait_for(lambda log: steps(log) >= 1)
        requests = [{"id": action, "action": action} for action in ("stop", "snapshot", "pause")]
        write_json(tmp_path / schema.CONTROL, {"requests": requests})
        assert trainer.finish() == (0, "", "")
        assert trainer.log()["status"] == "stopped"
        assert [event["request"] for event in events(trainer.log(), "refused")] == ["snapshot", "pause"]


def test_who_asks_a_run_that_has_just_ended_is_told_so(tmp_path, monkeypatch):
    write_json(tmp_path / schema.TRAINING_LOG, {"run_id": "mine", "status": "running", "events": []})
    monkeypatch.setattr(lock, "is_held", lambda folder: None)  # a disk without locks: nobody knows
    monkeypatch.setattr(control_file, "_LOOK_S", 0)

    def end(folder, *asked):
        write_json(folder / schema.TRAINING_LOG, {"run_id": "mine", "status": "completed"})
        return "a1"

    monkeypatch.setattr(control_file, "send", end)
    with pytest.raises(UserError, match="ended before it could be asked"):
        control_file.send_and_wait(tmp_path, "stop")


class Several:
    """A group of processes on accelerators, as far as requests are concerned."""

    rank, size, device, waiting, shared_with = 0, 2, torch.device("cuda"), False, 0
    skip_sync = Group.skip_sync

    def broadcast(self, value):
        self.shared_with += 1
        return value


def test_accelerators_do_not_wait_for_each_other_at_every_batch_to_ask(tmp_path):
    group = Several()
    learner = SimpleNamespace(group=group)
    log = SimpleNamespace(folder=tmp_path, run_id="mine")
    steering = RemoteControl(log, learner, checkpoints=None, epochs=1, batches=100)
    for _ in range(320):
        steering.poll()
    assert group.shared_with == 10
    group.waiting = True
    steering.poll()
    assert group.shared_with == 11
