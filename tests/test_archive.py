import json
import os
import time

import pytest

from digits.runlog import archive, contract, runs
from digits.runlog.run_log import RunLog


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "results"


def run(folder, name, batches=1, keep=20, files=()):
    with RunLog(folder, name=name, keep=keep) as log:
        for _ in range(batches):
            log.batch(1, loss=0.5)
        for file in files:
            log.save_shared(file, b"the same picture")
    time.sleep(0.002)  # so that started_at differs
    return log.run_id


def names(folder):
    return [run["name"] for run in json.loads((folder / contract.RUNS_INDEX).read_text())["runs"]]


def test_an_earlier_run_moves_out_of_the_way_whole(folder):
    first = run(folder, "first")
    second = run(folder, "second")
    moved = folder / contract.RUNS / first
    assert json.loads((moved / contract.TRAINING_LOG).read_text())["run_id"] == first
    assert (moved / contract.BATCHES).is_file()
    assert json.loads((folder / contract.TRAINING_LOG).read_text())["run_id"] == second


def test_the_index_lists_the_live_run_first_and_says_where_each_lies(folder):
    first = run(folder, "first")
    run(folder, "second")
    entries = json.loads((folder / contract.RUNS_INDEX).read_text())["runs"]
    assert [(entry["name"], entry["path"]) for entry in entries] == [("second", ""), ("first", f"runs/{first}/")]


def test_only_so_many_earlier_runs_are_kept_and_the_oldest_go(folder):
    for number in range(6):
        run(folder, f"run {number}", keep=3)
    assert names(folder) == ["run 5", "run 4", "run 3", "run 2"]
    assert len(os.listdir(folder / contract.RUNS)) == 3


def test_no_trained_run_goes_for_starts_that_were_aborted(folder):
    run(folder, "trained", keep=2)
    for number in range(5):  # killed before their first batch, with the checkpoint of step 0
        run(folder, f"aborted {number}", batches=0, keep=2, files=[contract.CHECKPOINT])
    assert names(folder) == ["aborted 4", "aborted 3", "aborted 2", "trained"]


def test_keep_0_keeps_none(folder):
    run(folder, "first", keep=0)
    run(folder, "second", keep=0)
    assert names(folder) == ["second"]


def test_foreign_folders_are_never_deleted(folder):
    run(folder, "first")
    foreign = folder / contract.RUNS / "thesis"
    foreign.mkdir(parents=True)
    (foreign / "training_log.json").write_text('{"run_id": "something else"}')
    partial = folder / contract.RUNS / "20200101-000000-aaaa"
    partial.mkdir()
    (partial / "batches.csv").write_text("step\n")
    for number in range(3):
        run(folder, f"run {number}", keep=0)
    assert (foreign / "training_log.json").is_file()
    assert (partial / "batches.csv").is_file()


def test_a_foreign_file_in_an_old_run_is_kept_when_the_run_is_deleted(folder):
    first = run(folder, "first")
    run(folder, "second")
    notes = folder / contract.RUNS / first / "notes.txt"
    notes.write_text("my notes")
    run(folder, "third", keep=0)
    assert notes.is_file()
    assert os.listdir(notes.parent) == ["notes.txt"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_linked_run_outside_the_folder_is_neither_listed_nor_deleted(folder, tmp_path):
    first = run(folder, "first")
    run(folder, "second")
    elsewhere = tmp_path / "elsewhere"
    os.rename(folder / contract.RUNS / first, elsewhere)
    (folder / contract.RUNS / first).symlink_to(elsewhere, target_is_directory=True)
    before = sorted(os.listdir(elsewhere))
    run(folder, "third", keep=0)
    assert names(folder) == ["third"]
    assert sorted(os.listdir(elsewhere)) == before


def test_a_run_without_a_single_batch_leaves_no_trace(folder):
    run(folder, "first")
    run(folder, "stillborn", batches=0)
    run(folder, "third")
    assert names(folder) == ["third", "first"]


@pytest.mark.parametrize("file", [contract.WEIGHTS, *contract.CHECKPOINTS[::2], contract.PREDICTIONS, contract.NETWORK])
def test_a_run_with_weights_or_a_checkpoint_is_kept_whatever_its_log_says(folder, file):
    first = run(folder, "first", batches=0)
    (folder / file).write_bytes(b"of worth")
    run(folder, "second")
    assert (folder / contract.RUNS / first / file).read_bytes() == b"of worth"
    assert names(folder) == ["second", "first"]


def test_a_pinned_run_without_a_batch_is_kept(folder):
    first = run(folder, "first", batches=0)
    runs.label(folder, first, {"pinned": True})
    run(folder, "second")
    assert names(folder) == ["second", "first"]


def test_an_interrupted_move_is_finished_by_the_next_start(folder):
    first = run(folder, "first")
    target = folder / contract.RUNS / first
    target.mkdir(parents=True)
    os.replace(folder / contract.BATCHES, target / contract.BATCHES)  # killed after the first file
    run(folder, "second")
    assert sorted(os.listdir(target)) == sorted([contract.BATCHES, contract.TRAINING_LOG])


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"run_id": "../../escape"}', b'{"run_id": 5}', b"null"])
def test_an_unreadable_log_is_archived(folder, content):
    folder.mkdir()
    (folder / contract.TRAINING_LOG).write_bytes(content)
    run(folder, "next", keep=0)
    (aside,) = (folder / contract.RUNS).iterdir()
    assert (aside / contract.TRAINING_LOG).read_bytes() == content


@pytest.mark.parametrize("section", ["model", "dataset", "progress", "epochs", "test"])
@pytest.mark.parametrize("value", [None, 5, [], "x", {"epoch": 5, "val_accuracy": ["x", None]}])
def test_a_foreign_log_with_malformed_sections_is_still_listed(folder, section, value):
    run(folder, "first")
    path = folder / contract.TRAINING_LOG
    log = json.loads(path.read_text()) | {section: value}
    path.write_text(json.dumps(log))
    runs.write_index(folder)
    assert names(folder) == ["first"]


def test_an_earlier_run_whose_log_never_ended_has_crashed(folder):
    run(folder, "first")
    path = folder / contract.TRAINING_LOG
    path.write_text(path.read_text().replace('"completed"', '"running"'))
    run(folder, "second")
    entries = json.loads((folder / contract.RUNS_INDEX).read_text())["runs"]
    assert entries[1]["status"] == "crashed"


def test_runs_share_identical_images_on_disk(folder):
    first = run(folder, "first", files=[contract.TEST_IMAGES])
    run(folder, "second", files=[contract.TEST_IMAGES])
    earlier = folder / contract.RUNS / first / contract.TEST_IMAGES
    assert earlier.samefile(folder / contract.TEST_IMAGES)


def test_without_hard_links_each_run_has_its_own_copy(folder, monkeypatch):
    def refuse(*paths):
        raise OSError(95, "not supported")

    monkeypatch.setattr(os, "link", refuse)
    first = run(folder, "first", files=[contract.TEST_IMAGES])
    run(folder, "second", files=[contract.TEST_IMAGES])
    earlier = folder / contract.RUNS / first / contract.TEST_IMAGES
    assert earlier.read_bytes() == (folder / contract.TEST_IMAGES).read_bytes()


def test_a_full_disk_is_reported_before_anything_is_moved(folder, monkeypatch):
    first = run(folder, "first")
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    with pytest.raises(OSError, match="No space left"), RunLog(folder, name="second"):
        pass
    assert json.loads((folder / contract.TRAINING_LOG).read_text())["run_id"] == first


def test_a_log_with_nan_or_infinity_does_not_stop_the_next_run(folder):
    folder.mkdir()
    (folder / contract.TRAINING_LOG).write_text(
        '{"run_id": "mine", "progress": {"step": 5}, "epochs": {"epoch": [1], "val_accuracy": [NaN]}, "name": Infinity}'
    )
    run(folder, "next")
    entry = json.loads((folder / contract.RUNS_INDEX).read_text(), parse_constant=pytest.fail)["runs"][1]
    assert (entry["run_id"], entry["name"], entry["best_val_accuracy"]) == ("mine", None, None)


def test_the_index_has_best_and_last_accuracy(folder):
    with RunLog(folder, name="fell") as log:
        log.batch(1, loss=0.5)
        for epoch, accuracy in enumerate((0.9, 0.97, 0.1), 1):
            log.epoch(epoch, val_accuracy=accuracy)
    (entry,) = json.loads((folder / contract.RUNS_INDEX).read_text())["runs"]
    assert (entry["best_val_accuracy"], entry["last_val_accuracy"]) == (0.97, 0.1)


def test_the_index_has_the_training_time_without_interruptions(folder):
    run(folder, "first")
    file = folder / contract.TRAINING_LOG
    log = json.loads(file.read_text())
    file.write_text(
        json.dumps(log | {"batches": {"seconds": [1.5, 2.5, None]}, "updated_at": "2200-01-01T00:00:00.000Z"})
    )
    run(folder, "second")
    entries = json.loads((folder / contract.RUNS_INDEX).read_text())["runs"]
    assert 0 < entries[0]["seconds"] < 60 and entries[1]["seconds"] == 2.5


def test_an_old_run_that_cannot_be_deleted_does_not_stop_the_next_run(folder, monkeypatch):
    run(folder, "first")

    def refuse(self, *rest, **options):
        raise PermissionError(13, "in use")

    run(folder, "second")
    monkeypatch.setattr(archive.Path, "rmdir", refuse)
    run(folder, "third", keep=0)
    assert names(folder)[0] == "third"


def test_temporary_files_of_a_killed_writer_are_removed(folder):
    run(folder, "first")
    litter = [f".{contract.TRAINING_LOG}.ab12.tmp", f".{contract.CHECKPOINT}.cd34.tmp", f".{contract.RUNS_INDEX}.x.tmp"]
    for name in litter:
        (folder / name).write_text("half")
    (folder / ".notes.tmp").write_text("somebody's own")
    run(folder, "second")
    left = set(os.listdir(folder))
    assert not left & set(litter)
    assert ".notes.tmp" in left


def test_an_image_that_is_shared_already_leaves_no_temporary_file_behind(folder):
    run(folder, "first", files=[contract.TEST_IMAGES])
    run(folder, "second", files=[contract.TEST_IMAGES, contract.TEST_IMAGES])
    assert not [name for name in os.listdir(folder) if name.endswith(".tmp")]
    assert (folder / contract.TEST_IMAGES).read_bytes() == b"the same picture"
