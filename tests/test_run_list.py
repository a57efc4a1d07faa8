"""The list of runs: settings and metrics of each, also in lists of earlier versions."""

import json
import math

import pytest

from digits.runlog import contract, runs, training_log
from digits.runlog.entries import MAX_SETTING_LENGTH, MAX_SETTINGS
from digits.runlog.run_log import RunLog
from tests.support.http_client import ask


def train(folder, name="one", config=None, **epochs):
    with RunLog(folder, name=name, config=config or {}) as log:
        for step in (1, 2):
            log.batch(step, loss=0.5)
            log.epoch(step, **{metric: values[step - 1] for metric, values in epochs.items()})
    return log.run_id


def entries(folder):
    return {run["run_id"]: run for run in json.loads((folder / contract.RUNS_INDEX).read_text())["runs"]}


def test_a_run_is_listed_with_its_settings_and_latest_metrics(tmp_path):
    with RunLog(tmp_path, name="one", config={"seed": 3, "lr": 0.01, "channels": [8, 16], "norm": None}) as log:
        for epoch, loss in ((1, 0.4), (2, 0.3)):
            log.batch(epoch, loss=0.5)
            log.epoch(epoch, train_loss=loss, val_f1=0.9 if epoch == 1 else None)
        log.test(loss=0.1, accuracy=0.975, correct=39, total=40)
    entry = entries(tmp_path)[log.run_id]
    assert entry["config"] == {"seed": 3, "lr": 0.01, "channels": [8, 16], "norm": None}
    metrics = {"train_loss": 0.3, "val_f1": 0.9, "test_loss": 0.1, "test_accuracy": 0.975}
    assert entry["metrics"] == metrics | {"test_correct": 39, "test_total": 40}


def test_a_foreign_log_adds_only_as_many_and_as_short_settings_as_can_be_shown(tmp_path):
    config = {
        "text": "x" * (MAX_SETTING_LENGTH + 1),
        **{f"option {i}": i for i in range(2 * MAX_SETTINGS)},
    }
    run_id = train(tmp_path, config=config)
    log = training_log.load(tmp_path)
    log["epochs"] |= {"val_loss": [math.inf, 1.5], "val_wrong": "text", "other": [1, 2]}
    runs.write_index(tmp_path, log)
    entry = entries(tmp_path)[run_id]
    assert list(entry["config"])[:2] == ["option 0", "option 1"]
    assert len(entry["config"]) == MAX_SETTINGS - 1
    assert entry["metrics"] == {"val_loss": 1.5}


@pytest.mark.parametrize("place", ["live", "earlier"])
def test_a_list_of_an_earlier_version_is_served_with_settings_and_metrics(live, place):
    run_id = train(live.results, config={"seed": 1}, val_loss=(0.5, 0.4))
    if place == "earlier":
        train(live.results, "another", config={"seed": 2})
    index = json.loads((live.results / contract.RUNS_INDEX).read_text())
    former = [{key: value for key, value in run.items() if key not in ("config", "metrics")} for run in index["runs"]]
    (live.results / contract.RUNS_INDEX).write_text(json.dumps({"schema": 1, "runs": former}))
    assert entries(live.results)[run_id].keys() == former[-1].keys()
    assert ask(live, f"/results/{contract.RUNS_INDEX}").json() == index


@pytest.mark.parametrize("path", ["../outside/", "runs/../../outside/", "runs/other/", "/", None, 5])
def test_entries_with_a_path_outside_the_contract_are_served_as_they_are(live, path):
    train(live.results)
    train(live.results.parent / "outside")
    index = {"schema": 1, "runs": [{"run_id": "outside", "path": path}, "no entry", {"path": "runs/None/"}]}
    (live.results / contract.RUNS_INDEX).write_text(json.dumps(index))
    assert ask(live, f"/results/{contract.RUNS_INDEX}").json() == index


def test_logs_of_earlier_runs_are_read_once_for_each_version(tmp_path, monkeypatch):
    first = train(tmp_path, "first")
    train(tmp_path, "second")
    read = []
    load = training_log.load
    monkeypatch.setattr(training_log, "load", lambda folder: read.append(folder) or load(folder))
    runs.write_index(tmp_path)
    read.clear()
    runs.write_index(tmp_path)
    assert read == []
    file = tmp_path / contract.RUNS / first / contract.TRAINING_LOG
    log = json.loads(file.read_text()) | {"name": "edited"}
    file.write_text(json.dumps(log))
    runs.write_index(tmp_path)
    assert read == [file.parent]
    assert entries(tmp_path)[first]["name"] == "edited"
