"""The queue of runs: its file, its worker, and its API."""

import json
import threading
from types import SimpleNamespace

import pytest

from digits.runlog import contract, run_queue, training_log
from digits.runlog.lock import is_held
from digits.runlog.run_log import RunLog
from digits.server.queue_worker import QueueWorker
from digits.server.trainer_process import AlreadyRunning, NotStarted, TrainerProcess
from tests.support.contract import violations
from tests.support.control import end_trainer
from tests.support.http_client import ask, eventually
from tests.test_control_api import SMALL, post, state
from tests.test_startup import fetch, started


def queued(server) -> list[str]:
    return [run["name"] for run in ask(server, "/queue").json()["runs"]]


def delete(server, path: str):
    return ask(server, path, method="DELETE", token=server.token)


# -- the file ---------------------------------------------------------------------------------------------------------


def test_a_queue_keeps_its_order_and_its_entries_have_ids_of_their_own(tmp_path):
    folder = tmp_path / "new"
    run_queue.add(folder, [{"name": "a", "options": {}}, {"name": "b", "options": {"seed": 2}}])
    runs = run_queue.add(folder, [{"name": "c", "options": {}}])["runs"]
    assert [run["name"] for run in runs] == ["a", "b", "c"]
    assert len({run["id"] for run in runs}) == 3
    assert run_queue.remove(folder, runs[1]["id"])["runs"] == [runs[0], runs[2]]
    with pytest.raises(run_queue.NoSuchEntry):
        run_queue.remove(folder, runs[1]["id"])
    assert run_queue.clear(folder)["runs"] == run_queue.read(folder)["runs"] == []


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "5", "null", "[" * 100_000, "x" * 300_000),
        *('{"runs": 5, "failures": {}}', '{"runs": [5, {}, {"id": "a"}, {"id": "a/b", "name": "x", "options": {}}]}'),
        *('{"runs": [{"id": "a", "name": "x", "options": []}], "failures": [{"id": "a", "name": "x"}]}',),
    ],
)
def test_damaged_entries_are_left_out(tmp_path, content):
    (tmp_path / contract.QUEUE).write_text(content)
    assert run_queue.read(tmp_path) == {"schema": 1, "runs": [], "failures": []}
    assert [run["name"] for run in run_queue.add(tmp_path, [{"name": "a", "options": {}}])["runs"]] == ["a"]


def test_additions_of_many_at_once_are_all_kept(tmp_path):
    threads = [
        threading.Thread(target=run_queue.add, args=(tmp_path, [{"name": str(number), "options": {}}]))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(run["name"]) for run in run_queue.read(tmp_path)["runs"]) == list(range(20))


def test_the_last_failures_are_kept(tmp_path):
    for number in range(run_queue.MAX_FAILURES + 3):
        run_queue.add_failure(tmp_path, {"id": f"a{number}", "name": "x"}, "y" * 1000)
    failures = run_queue.read(tmp_path)["failures"]
    assert [failure["id"] for failure in failures] == [f"a{number}" for number in range(3, run_queue.MAX_FAILURES + 3)]
    assert len(failures[0]["reason"]) < 1000


# -- the worker -------------------------------------------------------------------------------------------------------


class Trainers:
    """In place of TrainerProcess: starts nothing, and notes what would have been started."""

    def __init__(self):
        self.started, self.running, self.code, self.refusal, self.pid = [], False, None, None, 5

    def is_training(self):
        return self.running

    def exit_code(self):
        return self.code

    def start(self, words):
        if self.refusal:
            raise self.refusal
        self.started.append(words)
        self.running = True
        return self.pid


@pytest.fixture
def trainers():
    return Trainers()


@pytest.fixture
def worker(tmp_path, trainers):
    """A worker on a folder with three queued runs."""
    run_queue.add(tmp_path, [{"name": f"seed {seed}", "options": {"seed": seed}} for seed in (2, 3, 4)])
    return QueueWorker(tmp_path, trainers, lambda: ["--fixed"])


def names(folder) -> list[str]:
    return [run["name"] for run in run_queue.read(folder)["runs"]]


def test_runs_start_in_order_and_one_at_a_time(tmp_path, worker, trainers):
    worker.step()
    worker.step()
    assert (trainers.started, names(tmp_path)) == ([["--seed", "2", "--fixed"]], ["seed 3", "seed 4"])
    trainers.running, trainers.code = False, 0
    worker.step()
    worker.step()
    assert (trainers.started[1:], names(tmp_path)) == ([["--seed", "3", "--fixed"]], ["seed 4"])
    assert run_queue.read(tmp_path)["failures"] == []


@pytest.mark.parametrize(
    ("code", "is_failure"), [(0, False), (None, False), (130, False), (143, False), (1, True), (3, True), (137, True)]
)
def test_a_failed_run_is_listed_with_its_last_words_and_does_not_block_the_next(
    tmp_path, worker, trainers, code, is_failure
):
    worker.step()
    (tmp_path / contract.TRAINER_LOG).write_text("MNIST\nError: the disk burns\n")
    trainers.running, trainers.code = False, code
    worker.step()
    failures = run_queue.read(tmp_path)["failures"]
    assert [one["reason"] for one in failures] == ([f"Exit code {code}. Error: the disk burns"] if is_failure else [])
    assert names(tmp_path) == ["seed 4"]
    assert len(trainers.started) == 2


@pytest.mark.parametrize("refusal", [NotStarted("No memory"), None])
def test_a_run_that_cannot_start_is_a_failure(tmp_path, trainers, refusal):
    options = {"seed": 1} if refusal else {"seed": "none"}
    run_queue.add(tmp_path, [{"name": "bad", "options": options}, {"name": "good", "options": {}}])
    worker = QueueWorker(tmp_path, trainers, list)
    trainers.refusal = refusal
    worker.step()
    trainers.refusal = None
    worker.step()
    (failure,) = run_queue.read(tmp_path)["failures"]
    assert failure["name"] == "bad" and failure["reason"].startswith("It could not be started: ")
    assert trainers.started == [[]]


def test_a_run_waits_while_another_server_starts_one(tmp_path, worker, trainers):
    trainers.refusal = AlreadyRunning()
    worker.step()
    assert names(tmp_path) == ["seed 2", "seed 3", "seed 4"]


def test_a_run_that_a_terminal_started_is_not_disturbed(tmp_path):
    run_queue.add(tmp_path, [{"name": "next", "options": SMALL}])
    with RunLog(tmp_path, name="by hand"):
        QueueWorker(tmp_path, TrainerProcess(tmp_path), list).step()
        assert names(tmp_path) == ["next"]


def test_an_empty_queue_asks_for_no_trainer(tmp_path):
    QueueWorker(tmp_path, SimpleNamespace(), list).step()
    assert list(tmp_path.iterdir()) == []


# -- the API ----------------------------------------------------------------------------------------------------------


def test_one_run_is_queued_with_its_automatic_name(live):
    answer = post(live, "/queue", options={"epochs": 3})
    assert answer.status == 201
    (run,) = answer.json()["runs"]
    assert (run["name"], run["options"]) == ("cnn4-valid, epochs 3", {"epochs": 3})
    assert state(live)["queue"] == {"runs": [{"id": run["id"], "name": run["name"]}], "failures": []}
    assert "queue" not in ask(live, "/control").json()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "cnn4-valid, seed {}"),
        ({"epochs": 2, "seed": 7}, "cnn4-valid, epochs 2, seed {}"),
        ({"name": "mine"}, "mine, seed {}"),
        ({"name": "mine, seed 4"}, "mine, seed {}"),
        ({"name": "x" * 80}, "x" * 72 + ", seed {}"),
    ],
)
def test_repetitions_have_names_that_differ_by_their_seeds(live, options, expected):
    runs = post(live, "/queue", options=options, seeds=[1, 2, 3]).json()["runs"]
    assert [run["name"] for run in runs] == [expected.format(seed) for seed in (1, 2, 3)]
    assert [run["options"]["name"] for run in runs] == queued(live)
    assert [run["options"]["seed"] for run in runs] == [1, 2, 3]


BODIES = [
    {"options": []},
    {"seeds": 5},
    {"seeds": None},
    {"seeds": []},
    {"seeds": [1] * 101},
    {"seeds": [-1]},
    {"seeds": ["x"]},
]
BODIES += [{"options": {"epochs": 0}}, {"options": {"results_dir": "/tmp"}}, {"names": []}, {"options": {"model": 5}}]


@pytest.mark.parametrize("body", BODIES, ids=str)
def test_an_invalid_request_queues_nothing_and_says_why(live, body):
    answer = post(live, "/queue", **body)
    assert answer.status == 400 and answer.json()["error"].endswith(".")
    assert not live.results.exists()


def test_no_more_than_a_hundred_runs_wait(live):
    assert post(live, "/queue", seeds=[*range(99)]).status == 201
    assert post(live, "/queue", seeds=[1, 2]).status == 409
    assert post(live, "/queue").status == 201
    assert len(queued(live)) == 100


def test_runs_and_failures_are_cancelled_one_by_one_or_all(live):
    runs = post(live, "/queue", seeds=[1, 2, 3]).json()["runs"]
    answer = delete(live, f"/queue/{runs[1]['id']}")
    assert (answer.status, [run["id"] for run in answer.json()["runs"]]) == (200, [runs[0]["id"], runs[2]["id"]])
    assert delete(live, f"/queue/{runs[1]['id']}").status == 404
    run_queue.add_failure(live.results, {"id": "f1", "name": "failed"}, "Exit code 1.")
    assert delete(live, "/queue/f1").json()["failures"] == []
    assert delete(live, "/queue").json()["runs"] == queued(live) == []


CHANGES = [("POST", "/queue"), ("DELETE", "/queue"), ("DELETE", "/queue/a1")]


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_changes_need_the_token_and_the_same_origin(live, method, path):
    assert ask(live, path, method=method, body=b"{}").status == 401
    foreign = {"Origin": "http://evil.example"}
    assert ask(live, path, method=method, body=b"{}", token=live.token, headers=foreign).status == 403
    assert not (live.results / contract.QUEUE).exists()


def test_a_file_of_the_queue_is_valid(live):
    with RunLog(live.results, name="a run"):
        post(live, "/queue", options={"epochs": 3}, seeds=[1, 2])
        run_queue.add_failure(live.results, {"id": "f1", "name": "failed"}, "Exit code 1.")
    assert violations(live.results) == {}


# -- a server ---------------------------------------------------------------------------------------------------------


@pytest.mark.process
def test_a_restarted_server_works_off_the_queue_and_a_read_only_one_does_not(tmp_path):
    options = SMALL | {"epochs": 1, "batch_size": 128}
    bad = {"name": "bad", "options": options | {"precision": "float32", "device": "mps"}}
    run_queue.add(tmp_path, [bad, *({"name": f"seed {seed}", "options": options | {"seed": seed}} for seed in (2, 3))])
    try:
        with started("--port", "0", "--host", "0.0.0.0", "--results-dir", str(tmp_path)) as server:
            assert [run["name"] for run in json.loads(fetch(server.url + "queue"))["runs"]] == names(tmp_path)
        assert [path.name for path in tmp_path.iterdir() if "start" in path.name or "log" in path.name] == []
        with started("--port", "0", "--results-dir", str(tmp_path)) as server:
            assert eventually(lambda: not names(tmp_path) and finished(tmp_path) == 3 and not is_held(tmp_path), 120)
            server.terminate()
            assert "3 queued runs start, one after the other, when no other is" in server.stdout.read()
    finally:
        end_trainer(tmp_path)
    assert [failure["name"] for failure in run_queue.read(tmp_path)["failures"]] == ["bad"]


def finished(folder) -> int:
    """Seed of the latest run, once it is complete."""
    log = training_log.read(folder) or {}
    return log["config"]["seed"] if log.get("status") == "completed" else 0
