"""Calls of run log methods outside the `with` block, and the null log."""

import inspect
import os

import pytest

from digits.runlog import contract, lifecycle, runs
from digits.runlog.lock import FolderLocked
from digits.runlog.run_log import NullRunLog, RunLog
from tests.support.contract import saved


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "results"


CALLS = {
    "announce": ("a.json",),
    "batch": (1, 0.5),
    "describe": (),
    "end": ("completed",),
    "epoch": (1,),
    "event": ("kind", "text"),
    "paused": (1.0,),
    "phase": ("training",),
    "plan": (1, 2),
    "set_totals": (1, 2),
    "restore": (None,),
    "save": ("a.bin", b"x"),
    "save_json": ("a.json", {}),
    "save_shared": ("a.png", b"x"),
    "state": (),
    "stop": (),
    "test": (0.5, 0.5, 1, 2),
    "withheld": (),
}


def test_the_table_of_calls_has_every_public_method():
    assert set(CALLS) == {name for name in dir(RunLog) if not name.startswith("_") and callable(getattr(RunLog, name))}


@pytest.mark.parametrize("method", CALLS)
def test_outside_its_block_every_method_refuses_and_writes_nothing(folder, method):
    log = RunLog(folder, name="mine")
    with pytest.raises(RuntimeError, match=rf"{method}\(\) needs its `with` block: this run log is not entered yet"):
        getattr(log, method)(*CALLS[method])
    assert not folder.exists()
    with log:
        log.batch(1, loss=0.5)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(RuntimeError, match=rf"{method}\(\) needs its `with` block: this run log has ended"):
        getattr(log, method)(*CALLS[method])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("method", CALLS)
def test_a_log_without_the_lock_does_not_touch_the_files_of_its_owner(folder, method):
    with RunLog(folder, name="the first") as log:
        log.batch(1, loss=0.5)
        before = (folder / contract.RUNS_INDEX).read_bytes()
        second = RunLog(folder, name="the second")
        with pytest.raises(FolderLocked), second:
            pass
        with pytest.raises(RuntimeError, match="not entered yet"):
            getattr(second, method)(*CALLS[method])
        assert (folder / contract.RUNS_INDEX).read_bytes() == before
        assert not {"a.bin", "a.json", "a.png"} & set(os.listdir(folder))


def test_a_log_can_be_opened_only_once(folder):
    log = RunLog(folder, name="mine")
    with log:
        with pytest.raises(RuntimeError, match="entered before"):
            log.__enter__()
        log.batch(1, loss=0.5)  # and goes on
    for method in (log.__enter__, lambda: log.__exit__(None, None, None)):
        with pytest.raises(RuntimeError):
            method()
    assert (saved(folder)["status"], saved(folder)["progress"]["step"]) == ("completed", 1)


def test_a_log_that_could_not_be_opened_can_be_opened_later(folder):
    second = RunLog(folder, name="the second")
    with RunLog(folder, name="the first"), pytest.raises(FolderLocked), second:
        pass
    with second:
        second.batch(1, loss=0.5)
    assert saved(folder)["name"] == "the second"


def test_renaming_while_a_run_ends_does_not_revive_it(folder, monkeypatch):
    written = lifecycle.write_json

    def named_before(path, value):
        if value["status"] == "completed":
            runs.label(folder, value["run_id"], {"name": "named"})  # lists the run as the log still says it is
        written(path, value)

    monkeypatch.setattr(lifecycle, "write_json", named_before)
    with RunLog(folder, name="a run") as log:
        log.batch(1, loss=0.5)
    entry = saved(folder, contract.RUNS_INDEX)["runs"][0]
    assert (saved(folder)["status"], entry["status"], entry["name"]) == ("completed", "completed", "named")


def test_the_log_ends_although_table_and_index_cannot_be_written(folder, monkeypatch):
    full = False

    def write(handle, content, real=os.write):
        if full:
            raise OSError(28, "No space left on device")
        return real(handle, content)

    def refuse(*_):
        raise OSError(28, "No space left for the list")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match="No space"), RunLog(folder, name="a run") as log:
        log.phase("training")
        full = True
        monkeypatch.setattr(runs, "write_index", refuse)
        log.batch(1, loss=0.5)
        log.phase("validating")
    assert (saved(folder)["status"], saved(folder)["batches"]["loss"]) == ("failed", [0.5])


def test_the_index_ends_although_the_log_cannot_be_written(folder, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left for the log")

    with pytest.raises(OSError, match="for the log"), RunLog(folder, name="a run") as log:
        log.batch(1, loss=0.5)
        log.phase("training")
        monkeypatch.setattr(lifecycle, "write_json", refuse)
    assert saved(folder)["status"] == "running"
    assert saved(folder, contract.RUNS_INDEX)["runs"][0]["status"] == "completed"


def public(kind):
    """Names and signatures of the public methods of a class."""
    methods = inspect.getmembers(kind, inspect.isfunction)
    return {name: inspect.signature(method) for name, method in methods if not name.startswith("_")}


def test_the_null_log_takes_the_calls_of_the_run_log_and_writes_nothing(folder):
    assert public(NullRunLog) == public(RunLog)
    with NullRunLog(folder) as log:
        for method, values in CALLS.items():
            getattr(log, method)(*values)
        with log.withheld():
            log.batch(1, loss=0.5)
    assert not folder.exists()


@pytest.mark.parametrize("method", CALLS)
def test_the_null_log_refuses_what_the_run_log_refuses(folder, method):
    with NullRunLog(folder) as log, pytest.raises(TypeError):
        getattr(log, method)(*CALLS[method], *range(10))
