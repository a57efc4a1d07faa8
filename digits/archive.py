"""Earlier runs: moved out of the way of the next one, listed, and in time forgotten."""

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

from digits import contract, lock
from digits.files import finite, read_json, remove_temporaries, replace, write_json

INDEX_LOCK = f".{contract.RUNS_INDEX}.lock"
# A default run leaves about 20 MB, twice that while a file is replaced; with less free it would fail at its end instead
# of its start.
_ROOM = 48 << 20
_READ = ("model", "dataset", "progress", "epochs", "batches", "test")  # sections that a foreign log may lack


def ensure_room(folder: Path) -> None:
    """Raise OSError unless the folder can be written and has room for a run; changes nothing."""
    with tempfile.TemporaryFile(dir=folder):
        if shutil.disk_usage(folder).free < _ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def move_earlier_run(folder: Path, keep: int) -> None:
    """Move what the last run left in `folder` to runs/<run_id>/, then forget all but the newest `keep` earlier runs
    and those that are marked to be kept.

    A run that never came to its first batch is dropped: it holds nothing. A log that can't be read is kept.
    """
    with alone(folder):
        _move_earlier_run(folder)
        _forget(folder, keep)


def _move_earlier_run(folder: Path) -> None:
    for file in (*contract.FILES, contract.RUNS_INDEX):
        remove_temporaries(folder / file)
    left = [file for file in contract.FILES if (folder / file).is_file()]
    if left == [contract.LABEL]:  # of a run that was deleted at that moment
        (folder / contract.LABEL).unlink()
    elif left:
        log = _read_log(folder)
        if log is not None and log["progress"].get("step") == 0 and log["epochs"].get("epoch") == []:
            for file in left:
                (folder / file).unlink()
        else:
            target = folder / contract.RUNS / (log["run_id"] if log else _name_for_unreadable(folder / left[-1]))
            target.mkdir(parents=True, exist_ok=True)
            for file in left:
                if file == contract.CHECKPOINT_BEFORE:  # was for a crash in the midst of the run
                    (folder / file).unlink()
                else:
                    replace(folder / file, target / file)


def alone(folder: Path):
    """For a `with`: nobody else moves, names or lists runs there meanwhile. Trainer and server both do."""
    return lock.briefly(folder / INDEX_LOCK)


def write_index(folder: Path, live: dict | None = None) -> dict:
    """runs.json: a line for the live run, and one for each earlier run, newest first. Gives what was written.

    `live` is the live run's log where the file is not yet as it will be. To be called `alone`.
    """
    paths = {path: f"{contract.RUNS}/{path.name}/" for path in earlier_runs(folder)}
    entries = [_entry(folder, "", live)] + [_entry(path, address) for path, address in paths.items()]
    runs = [finite(entry) for entry in entries if entry]  # a log of another kind may hold what JSON has no name for
    index = {"schema": contract.SCHEMA, "runs": runs}
    write_json(folder / contract.RUNS_INDEX, index)
    return index


def run_folder(folder: Path, run_id: str) -> Path | None:
    """Where the files of that run lie: `folder` itself for the live one; None for a run that is not there."""
    log = _read_log(folder)
    if log is not None and log["run_id"] == run_id:
        return folder
    return next((path for path in earlier_runs(folder) if path.name == run_id), None)


def forget(path: Path) -> None:
    """Remove a run's own files, the log last, so that a run of which half is gone can still be named."""
    for file in contract.FILES:
        (path / file).unlink(missing_ok=True)


def link_from_earlier_run(folder: Path, file: str, content: bytes) -> bool:
    """Let the newest earlier run share its `file` where it holds the same bytes: no second copy on the disk."""
    temporary = folder / f".{file}.link.tmp"
    for run in earlier_runs(folder)[:1]:
        try:
            if (run / file).read_bytes() == content:
                os.link(run / file, temporary)
                replace(temporary, folder / file)
                return True
        except OSError:  # a file system without hard links
            pass
        finally:
            temporary.unlink(missing_ok=True)  # renaming one name of a file to another of the same file does nothing
    return False


def earlier_runs(folder: Path) -> list[Path]:
    """Folders of earlier runs, newest first; what is not a run of ours is left out, and so left alone, and so is what
    lies elsewhere, by way of a link.
    """
    runs = os.path.realpath(folder / contract.RUNS)
    try:
        candidates = list((folder / contract.RUNS).iterdir())
    except OSError:
        return []
    dated = []
    for path in candidates:
        log = _read_log(path)
        if log is not None and log["run_id"] == path.name and os.path.realpath(path) == os.path.join(runs, path.name):
            dated.append((str(log.get("started_at")), path.name, path))
    return [path for *_, path in sorted(dated, reverse=True)]


def _forget(folder: Path, keep: int) -> None:
    for path in earlier_runs(folder)[keep:]:
        if read_label(path, path.name).get("kept") is True:
            continue
        with contextlib.suppress(OSError):  # notes of somebody's own in there stay; what is being read, on Windows, too
            forget(path)
            path.rmdir()


def read_label(folder: Path, run_id: str) -> dict:
    """What a person said of that run (manage.py); {} where nobody did."""
    label = read_json(folder / contract.LABEL)
    return label if isinstance(label, dict) and label.get("run_id") == run_id else {}


def _read_log(folder: Path) -> dict | None:
    return _checked(read_json(folder / contract.TRAINING_LOG))


def _checked(log) -> dict | None:
    """With all sections that are asked for; None for what is no log of a run that can be named."""
    run_id = log.get("run_id") if isinstance(log, dict) else None
    if not isinstance(run_id, str) or not contract.RUN_ID.fullmatch(run_id):
        return None
    return log | {section: log[section] if isinstance(log.get(section), dict) else {} for section in _READ}


def _entry(folder: Path, path: str, log: dict | None = None) -> dict | None:
    log = _checked(log) if log else _read_log(folder)
    if log is None:
        return None
    label = read_label(folder, log["run_id"])
    return {
        "run_id": log["run_id"],
        "path": path,
        "name": label.get("name") or log.get("name"),
        "hidden": label.get("hidden") is True,
        "kept": label.get("kept") is True,
        # nobody writes to an earlier run any more: one that still says it is running has crashed
        "status": "crashed" if path and log.get("status") == "running" else log.get("status"),
        "started_at": log.get("started_at"),
        "updated_at": log.get("updated_at"),
        "seconds": max(_numbers(log["batches"].get("seconds")), default=None),
        "model": log["model"].get("name"),
        "parameters": log["model"].get("parameters"),
        "dataset": log["dataset"].get("name"),
        "epochs": max(_numbers(log["epochs"].get("epoch")), default=0),
        "best_val_accuracy": max(_numbers(log["epochs"].get("val_accuracy")), default=None),
        "test_accuracy": log["test"].get("accuracy"),
    }


def _numbers(column) -> list:
    return [value for value in column if isinstance(value, (int, float))] if isinstance(column, list) else []


def _name_for_unreadable(file: Path) -> str:
    return f"unreadable-{int(file.stat().st_mtime)}"
