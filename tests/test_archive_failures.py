"""Archiving runs while files cannot be moved, read or deleted."""

import errno
import json
import os
from pathlib import Path

import pytest

from digits.runlog import contract, runs
from digits.runlog.run_log import RunLog
from tests.test_archive import names, run


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "results"


def refusing(monkeypatch, is_refused):
    """Renames of files fail if `is_refused(source)`."""

    def replace(source, target, real=os.replace):
        if is_refused(Path(source)):
            raise PermissionError(13, "Permission denied", str(source), None, str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name in contract.FILES}


FILES = [contract.TEST_IMAGES, contract.WEIGHTS]


@pytest.mark.parametrize("refused", [contract.BATCHES, contract.WEIGHTS, contract.TRAINING_LOG])
def test_a_move_that_fails_for_one_file_is_undone(folder, monkeypatch, refused):
    first = run(folder, "first", files=FILES)
    before = contents(folder)
    refusing(monkeypatch, lambda source: source == folder / refused)
    with pytest.raises(PermissionError) as raised, RunLog(folder, name="second"):
        pass
    assert raised.value.filename == str(folder / refused)
    assert contents(folder) == before
    assert not (folder / contract.RUNS / first).exists()
    monkeypatch.undo()
    run(folder, "second")
    assert contents(folder / contract.RUNS / first) == before


@pytest.mark.parametrize("resume", [False, True])
def test_a_move_that_could_not_be_undone_is_repaired_by_the_next_start(folder, monkeypatch, resume):
    first = run(folder, "first", files=FILES)
    before = contents(folder)
    target = folder / contract.RUNS / first
    refusing(monkeypatch, lambda source: source == folder / contract.WEIGHTS or source.parent == target)
    with pytest.raises(PermissionError), RunLog(folder, name="second"):
        pass
    monkeypatch.undo()
    assert contents(folder) != before
    with RunLog(folder, name="next", resume=resume):
        whole = contents(folder if resume else target)
    assert whole.keys() == before.keys()
    assert all(whole[file] == before[file] for file in FILES)
    assert target.exists() is not resume


def test_two_unreadable_logs_of_the_same_age_are_both_kept(folder):
    folder.mkdir()
    for content in (b"one", b"two"):
        (folder / contract.TRAINING_LOG).write_bytes(content)
        os.utime(folder / contract.TRAINING_LOG, (1e9, 1e9))
        with RunLog(folder, name="no batch"):
            pass
        (folder / contract.TRAINING_LOG).unlink()
        (folder / contract.BATCHES).unlink()
    found = [(path / contract.TRAINING_LOG).read_bytes() for path in (folder / contract.RUNS).iterdir()]
    assert sorted(found) == [b"one", b"two"]


@pytest.fixture
def unreadable(monkeypatch):
    """A function that makes files of that path unreadable, with that error."""

    def begin(path, number):
        def refuse(file, flags, *rest, real=os.open, **named):
            if os.path.realpath(file) == os.path.realpath(path):
                raise OSError(number, os.strerror(number), os.fspath(file))
            return real(file, flags, *rest, **named)

        monkeypatch.setattr(os, "open", refuse)

    return begin


ERRORS = [errno.EACCES, errno.EIO, errno.EMFILE]


@pytest.mark.parametrize("number", ERRORS)
@pytest.mark.parametrize("resume", [False, True])
def test_a_run_whose_log_is_temporarily_unreadable_stays_in_place(folder, monkeypatch, unreadable, number, resume):
    first = run(folder, "first", files=FILES)
    before = contents(folder)
    unreadable(folder / contract.TRAINING_LOG, number)
    with pytest.raises(OSError, match="training_log") as raised, RunLog(folder, name="second", resume=resume):
        pass
    monkeypatch.undo()
    assert (raised.value.errno, raised.value.filename) == (number, str(folder / contract.TRAINING_LOG))
    assert contents(folder) == before and not (folder / contract.RUNS).exists()
    run(folder, "third")
    assert os.listdir(folder / contract.RUNS) == [first]


@pytest.mark.parametrize("number", ERRORS)
def test_an_earlier_run_that_is_temporarily_unreadable_stays_in_the_index(folder, monkeypatch, unreadable, number):
    first = run(folder, "first")
    run(folder, "second")
    run(folder, "third")
    listed = json.loads((folder / contract.RUNS_INDEX).read_text())
    unreadable(folder / contract.RUNS / first / contract.TRAINING_LOG, number)
    assert runs.write_index(folder) == listed
    monkeypatch.undo()
    assert names(folder) == ["third", "second", "first"]


@pytest.mark.parametrize("number", ERRORS)
def test_a_run_whose_label_is_unreadable_is_kept(folder, unreadable, number):
    first = run(folder, "first")
    run(folder, "second")
    label = folder / contract.RUNS / first / contract.LABEL
    label.write_text(json.dumps({"run_id": first, "pinned": True}))
    unreadable(label, number)
    run(folder, "third", keep=0)
    assert (folder / contract.RUNS / first / contract.TRAINING_LOG).is_file()


@pytest.mark.parametrize("resume", [False, True])
def test_temporary_files_of_killed_writers_are_removed_at_every_start(folder, resume):
    first = run(folder, "first")
    run(folder, "second")
    files = [*contract.FILES, contract.RUNS_INDEX, contract.CONTROL]
    litter = [folder / f".{file}.ab12.tmp" for file in files]
    litter += [
        folder / f".{contract.TEST_IMAGES}.link.tmp",
        folder / contract.RUNS / first / f".{contract.LABEL}.x.tmp",
    ]
    for path in litter:
        path.write_text("half")
    (folder / contract.CONTROL_LOCK).touch()  # held by writers of control.json
    (folder / ".notes.tmp").write_text("somebody's own")
    with RunLog(folder, name="next", resume=resume):
        assert not [path for path in folder.rglob("*.tmp") if path.name != ".notes.tmp"]
    assert (folder / ".notes.tmp").read_text() == "somebody's own"


def test_the_index_is_corrected_from_the_log(folder):
    run(folder, "first")
    run(folder, "second")
    index = folder / contract.RUNS_INDEX
    right = json.loads(index.read_text())
    log = json.loads((folder / contract.TRAINING_LOG).read_text())
    assert runs.corrected_index(folder, log) is None
    assert runs.corrected_index(folder, {}) is None
    stale = json.loads(index.read_text())
    stale["runs"][0] |= {"status": "running", "epochs": 0}
    index.write_text(json.dumps(stale))
    assert runs.corrected_index(folder, log) == right


@pytest.mark.parametrize("number", ERRORS)
@pytest.mark.parametrize("resume", [False, True])
def test_a_label_that_cannot_be_read_stops_no_start(folder, monkeypatch, unreadable, number, resume):
    first = run(folder, "first")
    runs.label(folder, first, {"name": "mine", "pinned": True})
    unreadable(folder / contract.LABEL, number)
    with RunLog(folder, name="second", resume=resume) as log:
        log.batch(1, loss=0.5)
        monkeypatch.undo()
    assert names(folder) == (["mine"] if resume else ["second", "mine"])


@pytest.mark.parametrize("number", ERRORS)
def test_a_run_without_a_batch_is_kept_while_its_label_cannot_be_read(folder, monkeypatch, unreadable, number):
    first = run(folder, "first", batches=0)
    runs.label(folder, first, {"pinned": True})
    unreadable(folder / contract.LABEL, number)
    run(folder, "second")
    monkeypatch.undo()
    assert (folder / contract.RUNS / first / contract.TRAINING_LOG).is_file()


@pytest.mark.parametrize("number", ERRORS)
def test_a_label_that_cannot_be_read_at_the_moment_stays_in_the_list(folder, unreadable, number):
    first = run(folder, "first")
    run(folder, "second")
    listed = runs.label(folder, first, {"name": "mine", "hidden": True, "pinned": True})
    unreadable(folder / contract.RUNS / first / contract.LABEL, number)
    assert runs.write_index(folder) == listed


def test_a_copy_of_an_earlier_run_does_not_overwrite_it(folder):
    first = run(folder, "first", files=[contract.WEIGHTS])
    run(folder, "second")
    archived = folder / contract.RUNS / first
    before = contents(archived)
    for file in (contract.TRAINING_LOG, contract.BATCHES, contract.WEIGHTS):
        (folder / file).write_bytes((archived / file).read_bytes() + b" ")
    run(folder, "third")
    assert contents(archived) == before
    (copy,) = (path for path in (folder / contract.RUNS).iterdir() if path.name.startswith(f"{first}-"))
    assert (copy / contract.WEIGHTS).read_bytes() == before[contract.WEIGHTS] + b" "
