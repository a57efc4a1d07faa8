"""Routes that start, resume and control training runs."""

import json
import os
import shlex
import signal
import subprocess
import sys
import threading

import pytest

from digits.paths import PROJECT
from digits.runlog import contract, lock
from digits.runlog.run_log import RunLog
from digits.server.control_api import ControlApi
from digits.server.guard import Authorization
from digits.server.http_message import Request
from digits.server.trainer_process import TrainerProcess
from tests.support.http_client import ask, eventually
from tests.test_trainer_process import is_training, log_of, running

SMALL = {"dataset": "synthetic", "train_limit": 640, "validation": 100, "channels": [4, 4, 8, 8], "batch_size": 16}
AT_ONCE = 50


def post(server, path: str, **body):
    return ask(server, path, method="POST", body=json.dumps(body).encode(), token=server.token)


def state(server) -> dict:
    return ask(server, "/control", token=server.token).json()


BODIES = [b"{", b"[]", b"3", b'"epochs"', b"null", b"\xff", b"[" * 50_000, b'{"options": []}', b'{"options": null}']
BODIES += [b'{"options": {}, "results_dir": "/tmp"}', b'{"epochs": 3}', b'{"arguments": ["--resume"]}']


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_malformed_requests_start_nothing(live, body):
    for path in ("/runs", "/resume", "/control"):
        if (path, body) != ("/resume", b'{"epochs": 3}'):  # there it is one, but there is no run
            assert ask(live, path, method="POST", body=body, token=live.token).status == 400
    assert not live.results.exists()


@pytest.mark.process
def test_the_server_describes_and_checks_options_without_click_or_torch():
    code = (
        "import sys; sys.modules |= dict.fromkeys(('click', 'torch', 'numpy'));"
        "from digits.server.options_schema import options_schema, to_argv;"
        "print(len(options_schema()['options']), to_argv({'epochs': 3}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert done.stdout.endswith("['--epochs', '3']\n"), done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_reported_in_one_sentence(live):
    live.results.mkdir()
    live.results.chmod(0o555)
    try:
        answer = post(live, "/runs", options={})
    finally:
        live.results.chmod(0o755)
    assert answer.status == 403 and "can't write" in answer.json()["error"]


# -- what there is to steer -------------------------------------------------------------------------------------------

WISHES = [
    {"action": "stop"},
    {"action": "pause"},
    {"action": "lr", "value": 0.001},
    {"action": "lr", "value": "1e-3"},
    {"action": "epochs", "value": "+5"},
    {"action": "epochs", "value": 20},
    {"action": "snapshot", "value": None},
    {"action": "pause_each_epoch", "value": True},
    {"action": "pause_on_fall", "value": "off"},
]
NO_WISHES = [
    {},
    {"action": None},
    {"action": "reboot"},
    {"action": ["stop"]},
    {"action": "stop", "value": 1},
    {"action": "stop", "run_id": "x"},
    {"action": "lr"},
    {"action": "lr", "value": 0},
    {"action": "lr", "value": "nan"},
    {"action": "lr", "value": []},
    {"action": "epochs", "value": 1.5},
    {"action": "epochs", "value": True},
    {"action": "pause_each_epoch"},
    {"action": "pause_each_epoch", "value": 1},
    {"action": "pause_on_fall", "value": "maybe"},
    {"action": "pause_on_fall", "value": []},
]


def test_valid_commands_are_written_and_invalid_ones_rejected_with_a_reason(live):
    assert [post(live, "/control", **body).status for body in WISHES] == [409] * len(WISHES)
    assert not live.results.exists()
    with RunLog(live.results, name="alive") as log:
        log.batch(1, loss=0.5)
        answers = [post(live, "/control", **body) for body in WISHES]
        assert [answer.status for answer in answers] == [202] * len(WISHES)
        content = json.loads((live.results / contract.CONTROL).read_text())
        assert [request["id"] for request in content["requests"]] == [answer.json()["id"] for answer in answers]
        assert [request["action"] for request in content["requests"]] == [body["action"] for body in WISHES]
        assert content["run_id"] == log.run_id
        for body in NO_WISHES:
            answer = post(live, "/control", **body)
            assert answer.status == 400 and answer.json()["error"][0].isupper(), body
        assert json.loads((live.results / contract.CONTROL).read_text()) == content
    assert post(live, "/control", action="stop").status == 409


def test_the_state_lists_the_possible_actions(live):
    assert state(live) | {"free_bytes": 0} == {
        "control_enabled": True,
        "authorized": True,
        "running": False,
        "resumable": False,
        "not_resumable": None,
        "free_bytes": 0,
        "last_words": [],
        "exit_code": None,
        "queue": {"runs": [], "failures": []},
    }
    assert state(live)["free_bytes"] > 0
    with RunLog(live.results, name="alive") as log:
        log.batch(1, loss=0.5)
        log.save(contract.CHECKPOINT, b"a checkpoint")
        assert (state(live)["running"], state(live)["resumable"]) == (True, False)
        assert post(live, "/runs", options={}).status == post(live, "/resume").status == 409


# How a run may have ended, and whether it is resumable.
ENDINGS = {"interrupted": True, "stopped": True, "running": True, "completed": False, "failed": False, "strange": False}


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_unfinished_run_is_resumable_if_it_has_a_checkpoint(live, ending):
    with RunLog(live.results, name="ended") as log:
        log.batch(1, loss=0.5)
        log.save(contract.CHECKPOINT, b"a checkpoint")
    path = live.results / contract.TRAINING_LOG
    path.write_text(json.dumps(log_of(live.results) | {"status": ending}))
    assert state(live)["resumable"] is ENDINGS[ending]
    assert ("fail again" in (state(live)["not_resumable"] or "")) is (ending in ("failed", "strange"))
    (live.results / contract.CHECKPOINT).unlink()
    assert state(live)["resumable"] is False
    assert ("No checkpoint" in (state(live)["not_resumable"] or "")) is (ending != "completed")
    assert post(live, "/resume").status == 409


def test_a_run_of_a_foreign_trainer_is_not_resumable(live):
    with RunLog(live.results, name="another's") as log:
        log.batch(1, loss=0.5)
        log.save(contract.CHECKPOINT, b"a checkpoint")
        log.stop()
    answer = post(live, "/resume")
    assert answer.status == 409 and "no run that this version can read" in answer.json()["error"]
    for epochs in (0, 1.5, True, "x", [], None):
        answer = post(live, "/resume", epochs=epochs)
        assert (answer.status, answer.json()["field"]) == (400, "epochs")


# -- real trainers ----------------------------------------------------------------------------------------------------


@pytest.fixture
def begun():
    """Process ids of trainers, which are killed after the test."""
    processes = []
    yield processes
    for process in filter(running, processes):
        os.kill(process, signal.SIGKILL)
    assert eventually(lambda: not any(map(running, processes)))


@pytest.mark.process
def test_one_of_many_concurrent_starts_succeeds(live, begun):
    answers, gate = [], threading.Barrier(AT_ONCE)

    def start():
        gate.wait()
        answers.append(post(live, "/runs", options=SMALL))

    threads = [threading.Thread(target=start) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    begun += [answer.json()["pid"] for answer in answers if answer.status == 201]
    assert sorted(answer.status for answer in answers) == [201] + [409] * (AT_ONCE - 1)
    assert state(live)["running"] is True


def answered(server, action: str, value=None) -> dict:
    """The event that answers a command."""
    answer = post(server, "/control", action=action, **({} if value is None else {"value": value}))
    assert answer.status == 202, answer.json()
    id = answer.json()["id"]
    find = lambda: [event for event in log_of(server.results)["events"] if event.get("request") == id]  # noqa: E731
    assert eventually(find), action
    return find()[0]


@pytest.mark.process
def test_a_run_is_started_changed_paused_stopped_and_resumed(live, begun):
    name = "--name; $(reboot) 'x'"
    answer = post(live, "/runs", options=SMALL | {"epochs": 90_000, "name": name})
    assert answer.status == 201
    begun.append(answer.json()["pid"])
    command = shlex.split(answer.json()["command"])
    assert command[:2] == ["python", "mnist_cnn.py"] and command[-2:] == ["--results-dir", str(live.results)]
    assert eventually(lambda: is_training(live.results))
    log = log_of(live.results)
    assert log["name"] == name and shlex.split(log["command"]) == command
    assert log["process"]["pid"] == answer.json()["pid"] == lock.holder_of(live.results)["process"]["pid"]

    assert answered(live, "lr", 0.0005)["kind"] == "lr changed"
    assert answered(live, "pause")["kind"] == "paused"
    assert answered(live, "pause")["kind"] == "refused"
    assert answered(live, "epochs", "-1")["kind"] == "epochs changed"
    assert answered(live, "continue")["kind"] == "continued"
    assert answered(live, "stop")["kind"] == "stopped"
    assert eventually(lambda: not state(live)["running"])
    assert eventually(lambda: state(live)["exit_code"] == 0) and state(live)["resumable"] is True
    assert any(line.startswith("Stopped after") for line in state(live)["last_words"])

    assert post(live, "/resume", epochs=3).status == 409  # shorter than planned
    answer = post(live, "/resume", epochs=95_000)
    assert answer.status == 201 and "--resume --epochs 95000" in answer.json()["command"]
    begun.append(answer.json()["pid"])
    assert eventually(lambda: is_training(live.results))
    assert (log_of(live.results)["run_id"], log_of(live.results)["config"]["epochs"]) == (log["run_id"], 95_000)
    assert answered(live, "stop")["kind"] == "stopped"
    assert eventually(lambda: not running(begun[-1]))


@pytest.mark.process
def test_a_failed_resume_shows_the_output_of_the_trainer_and_can_be_retried(live, begun):
    answer = post(live, "/runs", options=SMALL | {"epochs": 90_000})
    begun.append(answer.json()["pid"])
    assert eventually(lambda: any(live.results.glob("checkpoint.pth")))
    assert answered(live, "stop")["kind"] == "stopped"
    assert eventually(lambda: not state(live)["running"])
    for file in live.results.glob("checkpoint*.pth"):
        file.write_bytes(b"damaged")
    before = (live.results / contract.TRAINING_LOG).read_bytes()
    answer = post(live, "/resume")
    begun.append(answer.json()["pid"])
    assert eventually(lambda: state(live)["exit_code"] is not None and not state(live)["running"])
    found = state(live)
    assert (found["exit_code"], found["resumable"]) == (1, True)
    assert any("No checkpoint fits" in line for line in found["last_words"])
    assert (live.results / contract.TRAINING_LOG).read_bytes() == before


def test_the_command_does_not_name_the_default_folder(monkeypatch):
    started = []
    monkeypatch.setattr(TrainerProcess, "start", lambda _, arguments: started.append(arguments) or 7)
    access = Authorization()
    api = ControlApi(PROJECT / "results", access, TrainerProcess(PROJECT / "results"))
    request = Request("POST", "/runs", {"host": "127.0.0.1", "x-control-token": access.token})
    request.body = b'{"options": {"epochs": 3}}'
    assert json.loads(api.options(request).body)["fixed_args"] == []
    answer = json.loads(api.start(request).body)
    assert (answer, started) == ({"command": "python mnist_cnn.py --epochs 3", "pid": 7}, [["--epochs", "3"]])
