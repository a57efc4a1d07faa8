"""Renaming, hiding and deleting runs through the server."""

import errno
import json
import os
import threading

import pytest

from digits.runlog import contract, lock, runs
from digits.runlog.lock import FolderLock
from digits.runlog.run_log import RunLog
from tests.support.http_client import ask

BAD = {
    "no JSON": b"name=x",
    "a list": b'["name"]',
    "nothing": b"{}",
    "another field": b'{"name": "x", "path": "../.."}',
    "a number for a name": b'{"name": 7}',
    "a name too long": b'{"name": "%s"}' % (b"x" * (contract.MAX_LABEL_LENGTH + 1)),
    "a word for hidden": b'{"hidden": "yes"}',
    "a number for hidden": b'{"hidden": 1}',
    "no name and nothing else": b'{"name": null}',
    "nothing for kept": b'{"pinned": null, "name": "x"}',
    "a word for kept": b'{"pinned": "yes"}',
}


def train(folder, name, keep=20):
    with RunLog(folder, name=name, keep=keep) as log:
        log.batch(1, loss=0.5)
    return log.run_id


def change(server, run_id, method="POST", headers=None, **body):
    body = json.dumps(body).encode()
    return ask(server, f"/runs/{run_id}", method=method, headers=headers or {}, body=body, token=server.token)


def listed(folder):
    return {run["run_id"]: run for run in json.loads((folder / contract.RUNS_INDEX).read_text())["runs"]}


def test_a_renamed_run_keeps_its_log(live):
    earlier, latest = train(live.results, "earlier"), train(live.results, "latest")
    for run_id in (earlier, latest):
        answer = change(live, run_id, name=f" named\n{run_id} ")
        assert answer.status == 200
        assert answer.json() == json.loads((live.results / contract.RUNS_INDEX).read_text())
    assert {run_id: run["name"] for run_id, run in listed(live.results).items()} == {
        earlier: f"named {earlier}",
        latest: f"named {latest}",
    }
    assert json.loads((live.results / contract.TRAINING_LOG).read_text())["name"] == "latest"
    change(live, latest, name="")
    assert listed(live.results)[latest]["name"] == "latest"


def test_hiding_and_naming_leave_each_other_alone_and_stay_when_the_next_run_begins(live):
    run_id = train(live.results, "first")
    change(live, run_id, hidden=True)
    change(live, run_id, name="hidden one")
    train(live.results, "second")
    entry = listed(live.results)[run_id]
    assert (entry["name"], entry["hidden"], entry["path"]) == ("hidden one", True, f"runs/{run_id}/")
    change(live, run_id, hidden=False)
    assert listed(live.results)[run_id]["hidden"] is False


def test_a_pinned_run_is_never_removed_and_others_are(live):
    first, second = train(live.results, "first"), train(live.results, "second")
    assert change(live, first, pinned=True).json()["runs"][-1]["pinned"] is True
    for number in range(5):
        train(live.results, f"run {number}", keep=2)
    assert set(listed(live.results)) > {first} and second not in listed(live.results)
    assert listed(live.results)[first]["pinned"] is True and len(listed(live.results)) == 4
    change(live, first, pinned=False)
    train(live.results, "the last", keep=2)
    assert first not in listed(live.results)


def test_a_label_of_another_run_is_ignored(live):
    run_id = train(live.results, "mine")
    (live.results / contract.LABEL).write_text(json.dumps({"run_id": "another", "name": "not mine"}))
    assert runs.write_index(live.results)["runs"][0]["name"] == "mine"
    assert listed(live.results)[run_id]["hidden"] is False


def test_a_deleted_run_leaves_only_foreign_files(live):
    noted, earlier, latest = (train(live.results, name) for name in ("noted", "earlier", "latest"))
    notes = live.results / contract.RUNS / noted / "notes.txt"
    notes.write_text("mine")
    for run_id in (noted, earlier, latest):
        assert change(live, run_id, "DELETE").status == 200
    assert listed(live.results) == {}
    assert os.listdir(live.results / contract.RUNS) == [noted]
    assert os.listdir(notes.parent) == ["notes.txt"]
    assert not any((live.results / file).exists() for file in contract.FILES)
    assert change(live, earlier, "DELETE").status == 404


def test_a_run_in_training_can_be_named_and_not_be_deleted(live):
    with RunLog(live.results, name="alive") as log:
        log.batch(1, loss=0.5)
        answer = change(live, log.run_id, "DELETE")
        assert answer.status == 409
        assert "still being trained" in answer.json()["error"]
        assert change(live, log.run_id, name="known").status == 200
        assert listed(live.results)[log.run_id]["name"] == "known"
    assert listed(live.results)[log.run_id]["name"] == "known"  # the trainer wrote the list once more
    assert change(live, log.run_id, "DELETE").status == 200


def test_the_latest_run_is_not_deleted_while_another_trainer_begins(live):
    run_id = train(live.results, "ended")
    lock = FolderLock(live.results, {"run_id": "the next one"})
    assert change(live, run_id, "DELETE").status == 409
    lock.release()
    assert (live.results / contract.TRAINING_LOG).exists()
    assert change(live, run_id, "DELETE").status == 200
    train(live.results, "next")  # the folder is free again


def test_a_folder_elsewhere_is_not_deleted_through_a_link(live, tmp_path):
    run_id = train(live.results, "moved")
    train(live.results, "latest")
    folder = live.results / contract.RUNS / run_id
    folder.rename(tmp_path / run_id)
    folder.symlink_to(tmp_path / run_id, target_is_directory=True)
    assert change(live, run_id, "DELETE").status == 404
    assert change(live, run_id, name="x").status == 404
    assert not (tmp_path / run_id / contract.LABEL).exists()
    assert (tmp_path / run_id / contract.TRAINING_LOG).exists()


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_malformed_change_is_rejected(live, body):
    run_id = train(live.results, "as it was")
    assert ask(live, f"/runs/{run_id}", method="POST", body=body, token=live.token).status == 400
    assert not (live.results / contract.LABEL).exists()


@pytest.mark.parametrize("path", ["nowhere", "..", "..%2f..", "a/b", "20260101-120000-abcd/", "%00", "x" * 100])
def test_an_unknown_run_is_not_found(live, path):
    train(live.results, "one")
    for method in ("POST", "DELETE"):
        assert ask(live, f"/runs/{path}", method=method, body=b'{"name": "x"}', token=live.token).status == 404


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_page_of_another_site_changes_nothing(live, headers):
    run_id = train(live.results, "as it was")
    assert change(live, run_id, headers=headers, name="taken over").status == 403
    assert change(live, run_id, "DELETE", headers=headers).status == 403
    assert listed(live.results)[run_id]["name"] == "as it was"


def test_other_methods_get_405_with_allow(live):
    run_id = train(live.results, "one")
    for method in ("GET", "PUT", "PATCH"):
        answer = ask(live, f"/runs/{run_id}", method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "POST, DELETE")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_reported_in_one_sentence(live):
    run_id = train(live.results, "one")
    live.results.chmod(0o555)
    try:
        answer = change(live, run_id, name="x")
    finally:
        live.results.chmod(0o755)
    assert answer.status == 403
    assert "can't write" in answer.json()["error"]


def test_concurrent_renames_leave_a_complete_index(live, monkeypatch):
    monkeypatch.setattr(lock, "WAIT_S", 60)
    runs = [train(live.results, f"run {number}") for number in range(6)]
    threads = [
        threading.Thread(target=change, args=(live, run_id), kwargs={"name": f"new {run_id}"}) for run_id in runs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {run["name"] for run in listed(live.results).values()} == {f"new {run_id}" for run_id in runs}


def test_concurrent_renaming_and_hiding_are_both_applied(live, monkeypatch):
    monkeypatch.setattr(lock, "WAIT_S", 60)
    run_id = train(live.results, "one")
    for turn in range(15):
        changes = ({"name": f"turn {turn}"}, {"hidden": turn % 2 == 0})
        threads = [threading.Thread(target=change, args=(live, run_id), kwargs=body) for body in changes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        entry = listed(live.results)[run_id]
        assert (entry["name"], entry["hidden"]) == (f"turn {turn}", turn % 2 == 0)


def test_the_label_of_a_missing_run_is_removed_by_the_next_start(live):
    run_id = train(live.results, "one")
    change(live, run_id, name="x")
    label = (live.results / contract.LABEL).read_text()
    change(live, run_id, "DELETE")
    (live.results / contract.LABEL).write_text(label)
    train(live.results, "next")
    assert not (live.results / contract.LABEL).exists()
    assert not (live.results / contract.RUNS).exists() or os.listdir(live.results / contract.RUNS) == []


def test_the_end_of_a_run_is_in_the_log_before_it_is_in_the_index(live, monkeypatch):
    """Readers trust the log: the index may never be older than it."""
    statuses = []
    written = runs.write_json

    def watched(path, value):
        log = json.loads((live.results / contract.TRAINING_LOG).read_text())
        statuses.append((value["runs"][0]["status"], log["status"]))
        written(path, value)

    monkeypatch.setattr(runs, "write_json", watched)
    train(live.results, "one")
    assert statuses == [("running", "running"), ("completed", "completed")]


def test_a_stale_index_is_served_corrected_from_the_log(live):
    run_id = train(live.results, "one")
    right = json.loads((live.results / contract.RUNS_INDEX).read_text())
    stale = json.loads(json.dumps(right).replace('"completed"', '"running"'))
    (live.results / contract.RUNS_INDEX).write_text(json.dumps(stale))
    assert listed(live.results)[run_id]["status"] == "running"
    assert ask(live, f"/results/{contract.RUNS_INDEX}").json() == right


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO])
def test_a_temporarily_unreadable_file_is_not_reported_as_missing(live, monkeypatch, number):
    run_id = train(live.results, "one")
    log = live.results / contract.TRAINING_LOG

    def refuse(path, flags, *rest, real=os.open, **named):
        if os.path.realpath(path) == os.path.realpath(log):
            raise OSError(number, os.strerror(number))
        return real(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", refuse)
    for path in (f"/results/{contract.TRAINING_LOG}", "/training_status"):
        answer = ask(live, path)
        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert change(live, run_id, name="x").status == 403  # not "There is no such run any more."
    monkeypatch.undo()
    assert ask(live, "/training_status").json()["run_id"] == run_id
