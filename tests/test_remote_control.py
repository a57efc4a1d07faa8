"""Remote control of a running trainer: commands, answering events, reproducibility."""

import csv
import json
import math
import signal
import threading
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from digits.config import Config
from digits.files import write_atomically, write_json
from digits.runlog import contract, training_log
from digits.runlog import control_actions as control_file
from digits.runlog.control_actions import send
from digits.runlog.run_log import RunLog
from digits.training.distributed import Group
from digits.training.remote_control import RemoteControl
from digits.training.schedule import Schedule
from digits.training.verify import replay_schedule
from tests.support.training import Finished, Trainer, after, at_steps, command, killed, trained


def events(log: dict, kind: str) -> list[dict]:
    return [event for event in log.get("events", ()) if event["kind"] == kind]


def steps(log: dict) -> int:
    return log.get("progress", {}).get("step") or 0


def losses(folder) -> list[str]:
    with open(folder / contract.BATCHES, newline="") as file:
        return [row["loss"] for row in csv.DictReader(file)]


def rates(folder) -> list[float]:
    with open(folder / contract.BATCHES, newline="") as file:
        return [float(row["lr"]) for row in csv.DictReader(file)]


SHORT = ["--epochs", "3", "--batch-size", "64", "--quiet"]  # 30 steps


def control(folder, *words: object) -> Finished:
    return command("control", *words, "--results-dir", folder)


def log_of(folder) -> dict:
    return json.loads((folder / contract.TRAINING_LOG).read_text())


def steered(folder, requests: dict[int, list[tuple]], *options: str) -> dict:
    """The log of a run that was sent these requests after these steps."""

    def ask(log, wishes):
        for words in wishes:
            send(folder, *words, run_id=log.run_id)

    with at_steps({step: partial(ask, wishes=wishes) for step, wishes in requests.items()}):
        trained(folder, *(options or SHORT))
    return log_of(folder)


@pytest.fixture
def training(tmp_path):
    """A trainer in a process of its own, on its way."""
    with Trainer(tmp_path, "--epochs", "4000", "--batch-size", "16", "--quiet") as trainer:
        trainer.wait_for(lambda log: steps(log) >= 5)
        yield trainer


@pytest.mark.process
def test_the_control_command_pauses_continues_and_stops_a_trainer(training):
    assert control(training.results, "pause").exit_code == 0
    training.wait_for(lambda log: log["phase"] == "paused")
    assert "paused already" in control(training.results, "pause").errors
    before = steps(training.log())
    assert control(training.results, "snapshot").exit_code == 0
    assert steps(training.log()) == before
    assert control(training.results, "continue").exit_code == 0
    training.wait_for(lambda log: steps(log) > before and log["phase"] == "training")
    assert "not paused" in control(training.results, "continue").errors
    done = control(training.results, "stop")
    assert (done.exit_code, done.errors) == (0, "") and "stopped after" in done.output
    assert training.finish() == (0, "", "")
    log = training.log()
    assert [event["kind"] for event in log["events"]] == [
        *("paused", "refused", "snapshot", "continued", "refused", "stopped")
    ]
    assert log["status"] == "stopped" and log["error"] is None
    assert steps(log) == len(losses(training.results)) == events(log, "stopped")[0]["step"]


def test_a_stopped_run_resumes_under_its_own_id(tmp_path):
    log = steered(tmp_path, {7: [("stop",)]})
    assert (log["status"], steps(log), len(losses(tmp_path))) == ("stopped", 7, 7)
    trained(tmp_path, "--resume", "--quiet")
    again = log_of(tmp_path)
    assert (again["status"], again["run_id"]) == ("completed", log["run_id"])
    assert [event["step"] for event in events(again, "resumed")] == [7]


def test_a_pause_is_not_counted_as_time_of_training(tmp_path):
    """The time between the two answers is the pause; the run's own clock stands still in it."""
    released = threading.Event()

    def release(log):
        if training_log.read(tmp_path)["phase"] == "paused" and not released.is_set():
            released.set()
            threading.Timer(2, lambda: send(tmp_path, "continue", run_id=log.run_id)).start()

    with after(RunLog.phase, release):
        log = steered(tmp_path, {5: [("pause",)]})
    moments = [contract.seconds_of(events(log, kind)[0]["time"]) for kind in ("paused", "continued")]
    whole = contract.seconds_of(log["updated_at"]) - contract.seconds_of(log["started_at"])
    assert events(log, "paused")[0]["step"] == events(log, "continued")[0]["step"] == 5
    assert moments[1] - moments[0] <= whole - sum(log["epochs"]["seconds"])
    assert moments[1] - moments[0] <= whole - log["batches"]["seconds"][-1]


@pytest.mark.process
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_paused_run(training, signum):
    assert control(training.results, "pause").exit_code == 0
    training.interrupt(signum)
    assert training.process.returncode == 128 + signum
    assert training.log()["status"] == "interrupted"


def test_a_new_learning_rate_applies_from_the_next_batch_on(tmp_path):
    log = steered(tmp_path, {5: [("lr", "0.0001")]})
    (event,) = events(log, "lr changed")
    assert (event["step"], event["value"]) == (5, 0.0001) and "to 0.0001" in event["text"]
    found = rates(tmp_path)
    assert found[5] == pytest.approx(0.0001) and found[4] > 0.0002


def test_a_learning_rate_far_above_the_current_one_gets_a_warning(tmp_path):
    log = steered(
        tmp_path, {1: [("lr", "0.001")], 2: [("lr", "0.1")]}, *SHORT, "--warmup-steps", "0", "--optimizer", "sgd"
    )
    usual, high = events(log, "lr changed")
    assert "times" not in usual["text"] and "to 0.1 (100 times as high)" in high["text"]


def test_control_warns_of_a_rate_far_above_the_present_one(tmp_path):
    running = {"status": "running", "batches": {"lr": [0.001]}}
    write_json(tmp_path / contract.TRAINING_LOG, running)
    assert control(tmp_path, "lr", "0.1").errors.startswith("Warning: 0.1 is 100 times the present learning rate")
    assert "Warning" not in control(tmp_path, "lr", "0.002").errors


RATES = {5: 0.004, 6: 0.003, 7: 0.002}


def test_more_epochs_and_fewer(tmp_path):
    requests = [("epochs", "+5"), ("epochs", "-6"), ("epochs", "-20"), ("epochs", "4")]
    log = steered(tmp_path, {15: requests})
    assert [event["value"] for event in events(log, "epochs changed")] == [8, 2, 4]
    assert [event["text"] for event in events(log, "refused")] == [
        "epochs: -18 epochs in all is not possible in epoch 2 of 2"
    ]
    assert log["progress"]["epochs"] == log["config"]["epochs"] == 4
    assert (log["status"], log["epochs"]["epoch"]) == ("completed", [1, 2, 3, 4])


def test_a_snapshot_holds_the_weights_of_its_step_and_the_latest_calibration(tmp_path):
    from digits.models.weights_file import load_trained

    found = []

    def load(log):
        found.append(load_trained(tmp_path / contract.WEIGHTS)[1])

    with at_steps(
        {5: lambda log: send(tmp_path, "snapshot"), 6: load, 15: lambda log: send(tmp_path, "snapshot"), 16: load}
    ):
        trained(tmp_path, *SHORT)
    early, late = found
    assert early["run_id"] == log_of(tmp_path)["run_id"]
    assert (early["step"], late["step"]) == (5, 15)
    assert late["temperature"] > 0 and math.isfinite(late["ood_threshold"]), "as the last validation fitted them"


def test_a_steered_run_repeats_bit_for_bit_and_resumes_after_a_kill(tmp_path):
    requests = {5: ("lr", "0.001"), 6: ("epochs", "4"), 7: ("lr", "0.0005")}
    acts = {step: partial(lambda log, words: send(tmp_path, *words), words=words) for step, words in requests.items()}
    with at_steps(acts):
        killed(20, tmp_path, *SHORT)
    trained(tmp_path, "--resume", "--quiet")
    assert (log_of(tmp_path)["status"], log_of(tmp_path)["epochs"]["epoch"]) == ("completed", [1, 2, 3, 4])
    assert "The first 40 steps repeat" in command("verify", tmp_path, "--steps", "100000").output
    trained(tmp_path, "--resume", "--epochs", "5", "--quiet")
    assert log_of(tmp_path)["epochs"]["epoch"] == [1, 2, 3, 4, 5]
    assert "The first 50 steps repeat" in command("verify", tmp_path, "--steps", "100000").output


def test_an_extended_controlled_run_continues_from_the_change(tmp_path):
    """A change during cooldown: an extended run continues from there."""
    changed = events(steered(tmp_path, {25: [("lr", "0.001")]}), "lr changed")
    before = losses(tmp_path)
    trained(tmp_path, "--resume", "--epochs", "4", "--quiet")
    log = log_of(tmp_path)
    assert events(log, "lr changed") == changed and len(changed) == 1
    assert [event["step"] for event in events(log, "resumed")] == [25]
    found = rates(tmp_path)
    assert len(found) == 40 and losses(tmp_path)[:25] == before[:25]  # the next step has the longer run's augmentation
    assert found[25] == pytest.approx(0.001) and found[25:] == sorted(found[25:], reverse=True)
    assert "The first 40 steps repeat" in command("verify", tmp_path, "--steps", "100000").output


def test_an_acknowledged_command_survives_a_kill(tmp_path):
    acts = {step: partial(lambda log, rate: send(tmp_path, "lr", rate), rate=rate) for step, rate in RATES.items()}
    with at_steps(acts):
        killed(8, tmp_path, *SHORT)
    asked = events(log_of(tmp_path), "lr changed")
    trained(tmp_path, "--resume", "--quiet")
    assert events(log_of(tmp_path), "lr changed") == asked and len(asked) == 3


DAMAGED_CHANGES = [{"step": value} for value in (None, "5", -1, 2.5)]
DAMAGED_CHANGES += [{"value": value} for value in (None, "x", 0, math.nan, [], True)]


@pytest.mark.parametrize("damage", DAMAGED_CHANGES)
@pytest.mark.parametrize("kind", ["lr changed", "epochs changed", "resumed"])
def test_a_damaged_event_changes_no_schedule(kind, damage):
    schedule = Schedule(lr=1.0, warmup_steps=4, cooldown=0.5, total=20)
    whole = {"kind": kind, "step": 5, "value": 3}
    assert control_file.changes([whole]) == [whole]
    assert replay_schedule(schedule, [whole | damage], batches=10) == schedule


def test_a_stop_sent_before_the_run_began_is_dropped(tmp_path):
    send(tmp_path, "stop")
    trained(tmp_path, *SHORT)
    assert log_of(tmp_path)["status"] == "completed"


def test_a_stop_sent_before_the_first_batch_of_a_resumed_run_stops_it(tmp_path):
    killed(5, tmp_path, *SHORT)

    def stop(log):
        if training_log.read(tmp_path)["phase"] == "preparing":
            send(tmp_path, "stop", run_id=log.run_id)

    with after(RunLog.phase, stop):
        trained(tmp_path, "--resume", "--quiet")
    assert log_of(tmp_path)["status"] == "stopped"


def test_a_malformed_control_file_is_refused_in_the_log_and_training_continues(tmp_path):
    contents = [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"requests": 5}', b"[" * 100_000, b"x" * 300_000]
    requests = [{"action": "fly"}, 7, {"action": "lr", "value": "much"}, {"action": "stop"}]
    contents.append(json.dumps({"requests": requests}).encode())
    acts = {
        step: partial(lambda log, content: write_atomically(tmp_path / contract.CONTROL, content), content=content)
        for step, content in enumerate(contents, start=1)
    }
    with at_steps(acts):
        trained(tmp_path, *SHORT)
    log = log_of(tmp_path)
    texts = [event["text"] for event in events(log, "refused")]
    assert len(texts) == 8 + 3 and "no such action" in texts[-3] and "finite number" in texts[-1]
    assert (log["status"], steps(log)) == ("stopped", 9)


def test_without_a_trainer_control_fails(tmp_path):
    done = control(tmp_path, "stop")
    assert done.exit_code == 1 and "No trainer is running in" in done.errors and len(done.errors.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_requests_after_a_stop_are_refused_in_the_log(tmp_path):
    log = steered(tmp_path, {1: [("stop",), ("snapshot",), ("pause",)]})
    assert log["status"] == "stopped"
    assert [event["text"] for event in events(log, "refused")] == [
        f"{action}: the training was stopped" for action in ("snapshot", "pause")
    ]


class Several:
    """A fake process group on accelerators, for commands."""

    rank, size, device, waiting, shared_with = 0, 2, torch.device("cuda"), False, 0
    skip_sync = Group.skip_sync

    def broadcast(self, value):
        self.shared_with += 1
        return value


def test_processes_do_not_synchronize_at_every_batch_for_commands(tmp_path):
    group = Several()
    log = SimpleNamespace(folder=tmp_path, run_id="mine")
    control = RemoteControl(log, SimpleNamespace(group=group), checkpoints=None, save_snapshot=None, config=Config())
    for _ in range(320):
        control.poll()
    assert group.shared_with == 10
    group.waiting = True
    control.poll()
    assert group.shared_with == 11
