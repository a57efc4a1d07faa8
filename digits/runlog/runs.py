"""Archive and index of runs: moved to runs/ when the next one starts, listed, deleted beyond the number to keep."""

import contextlib
import errno
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from digits.files import (
    SMALL_BYTES,
    finite,
    load_json,
    naming,
    read_file,
    read_json,
    remove_temporaries,
    rename,
    replace,
    sync_folder,
    write_json,
)
from digits.runlog import lock, schema
from digits.runlog.status import liveness_of_earlier

INDEX_LOCK = f".{schema.RUNS_INDEX}.lock"
CONTROL_LOCK = f".{schema.CONTROL}.lock"  # held while a request is added
# A default run leaves about 20 MB, twice that while a file is replaced; with less free it would fail at its end instead
# of its start.
_ROOM = 48 << 20
# All that a run has written before its first batch: what is older or more is worth keeping.
_AT_START = {schema.TRAINING_LOG, schema.BATCHES, schema.VALIDATION_IMAGES, schema.TEST_IMAGES, schema.LABEL}
_READ = ("model", "dataset", "progress", "epochs", "batches", "test")  # sections that a foreign log may lack


def check_free_space(folder: Path) -> None:
    """Raise OSError unless the folder can be written and has room for a run; changes nothing."""
    with naming(folder), tempfile.TemporaryFile(dir=folder, prefix=f".{schema.TRAINING_LOG}.", suffix=".tmp"):
        if shutil.disk_usage(folder).free < _ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def mend(folder: Path) -> None:
    """Remove what killed writers left behind, and bring back what a move that was cut short took away.

    For the holder of the folder's lock, at every start.
    """
    if os.path.lexists(folder / CONTROL_LOCK):  # otherwise nobody has ever asked
        with lock.lock_file(folder / CONTROL_LOCK):
            remove_temporaries(folder, (schema.CONTROL,))
    with index_lock(folder):
        remove_temporaries(folder, (*schema.FILES, schema.RUNS_INDEX))
        for path in _candidates(folder):
            remove_temporaries(path, schema.FILES)
        log = _read_log(folder)
        if log is not None:
            _bring_back(folder / schema.RUNS / log["run_id"], folder)


def archive_run(folder: Path, keep: int) -> None:
    """Move what the last run left in `folder` to runs/<run_id>/, then forget all but the newest `keep` earlier runs
    and those that are marked to be kept.

    A run that `holds_nothing` is dropped. What is no log is kept under another name; with a log that can't be read at
    the moment nothing is moved, and OSError is raised.
    """
    with index_lock(folder):
        _move_earlier_run(folder)
        _forget(folder, keep)


def _move_earlier_run(folder: Path) -> None:
    left = [file for file in schema.FILES if os.path.lexists(folder / file)]
    if left == [schema.LABEL]:  # of a run that was deleted at that moment
        (folder / schema.LABEL).unlink()
    elif left:
        log = _read_log(folder)
        if holds_nothing(folder):
            for file in left:
                (folder / file).unlink()
        else:
            name = log["run_id"] if log else _name_for_unreadable(folder, left[-1])
            _move(folder, folder / schema.RUNS / name, left)
            # was for a crash in the midst of the run
            (folder / schema.RUNS / name / schema.CHECKPOINT_BEFORE).unlink(missing_ok=True)


def _move(folder: Path, target: Path, files: list[str]) -> None:
    """All files, or none where one can't be moved."""
    target.mkdir(parents=True, exist_ok=True)
    moved = []
    try:
        for file in files:
            rename(folder / file, target / file)
            moved.append(file)
    except OSError:
        for file in moved:
            with contextlib.suppress(OSError):  # `mend` tries again at the next start
                rename(target / file, folder / file)
        with contextlib.suppress(OSError):
            target.rmdir()
        raise
    sync_folder(target)
    sync_folder(folder)


def _bring_back(target: Path, folder: Path) -> None:
    """The log is the last file that is moved: a folder without it holds the part of a run whose rest is in `folder`."""
    if target.is_symlink() or os.path.lexists(target / schema.TRAINING_LOG):
        return
    for file in schema.FILES:
        if os.path.lexists(target / file) and not os.path.lexists(folder / file):
            rename(target / file, folder / file)
    with contextlib.suppress(OSError):  # there is none, or it holds more
        target.rmdir()


def holds_nothing(folder: Path) -> bool:
    """Whether the run in `folder` ended before its first batch, left no more than its start, and may be forgotten."""
    log = _read_log(folder)
    if log is None or _has_trained(log):
        return False
    files = {file for file in schema.FILES if os.path.lexists(folder / file)}
    return files <= _AT_START and read_label(folder, log["run_id"]).get("kept") is not True


def index_lock(folder: Path):
    """For a `with`: nobody else moves, names or lists runs there meanwhile. Trainer and server both do."""
    return lock.lock_file(folder / INDEX_LOCK)


def write_index(folder: Path, live: dict | None = None) -> dict:
    """runs.json: a line for the live run, and one for each earlier run, newest first. Gives what was written.

    `live` is the live run's log where the file is not yet as it will be. To be called `alone`. An earlier run that
    can't be read at the moment keeps its line.
    """
    earlier = []
    for path in _candidates(folder):
        address = f"{schema.RUNS}/{path.name}/"
        try:
            earlier.append(_entry(path, address))
        except OSError:
            earlier += [run for run in _listed(folder) if isinstance(run, dict) and run.get("path") == address]
    earlier = sorted(filter(None, earlier), key=_age, reverse=True)
    entries = [_entry(folder, "", live), *earlier]
    runs = [finite(entry) for entry in entries if entry]  # a log of another kind may hold what JSON has no name for
    index = {"schema": schema.SCHEMA, "runs": runs}
    write_json(folder / schema.RUNS_INDEX, index)
    return index


def corrected_index(folder: Path, log: dict) -> dict | None:
    """What runs.json should say where it says another status of the live run than its `log`, else None.

    The log is written first: a trainer that was killed between the two leaves them so.
    """
    runs = _listed(folder)
    for place, run in enumerate(runs):
        is_live = isinstance(run, dict) and run.get("path") == "" and run.get("run_id") == log.get("run_id")
        if is_live and run.get("status") != log.get("status"):
            with contextlib.suppress(OSError):
                runs[place] = finite(_entry(folder, "", log))
                return {"schema": schema.SCHEMA, "runs": runs}
    return None


def _listed(folder: Path) -> list:
    """The lines of runs.json as they are."""
    index = read_json(folder / schema.RUNS_INDEX)
    runs = index.get("runs") if isinstance(index, dict) else None
    return runs if isinstance(runs, list) else []


def run_folder(folder: Path, run_id: str) -> Path | None:
    """Where the files of that run lie: `folder` itself for the live one; None for a run that is not there."""
    log = _read_log(folder)
    if log is not None and log["run_id"] == run_id:
        return folder
    return next((path for path in earlier_runs(folder) if path.name == run_id), None)


def delete_run(path: Path) -> None:
    """Remove a run's own files, the log last, so that a run of which half is gone can still be named."""
    for file in schema.FILES:
        (path / file).unlink(missing_ok=True)


def hardlink_if_unchanged(folder: Path, file: str, content: bytes) -> bool:
    """Let the newest earlier run share its `file` where it holds the same bytes: no second copy on the disk."""
    temporary = folder / f".{file}.link.tmp"
    for run in earlier_runs(folder)[:1]:
        try:
            if read_file(run / file, len(content)) == content:
                os.link(run / file, temporary)
                replace(temporary, folder / file)
                return True
        except OSError:  # a file system without hard links
            pass
        finally:
            temporary.unlink(missing_ok=True)  # renaming one name of a file to another of the same file does nothing
    return False


def earlier_runs(folder: Path) -> list[Path]:
    """Folders of earlier runs, newest first; what is not a run of ours is left out, and so left alone, and so is one
    that can't be read at the moment.
    """
    dated = []
    for path in _candidates(folder):
        with contextlib.suppress(OSError):
            log = _read_log(path)
            if log is not None and log["run_id"] == path.name:
                dated.append((_age(log), path))
    return [path for _, path in sorted(dated, reverse=True)]


def _candidates(folder: Path) -> list[Path]:
    """What may be an earlier run; nothing that lies elsewhere, by way of a link."""
    runs = folder / schema.RUNS
    root = os.path.realpath(runs)
    try:
        return [path for path in runs.iterdir() if os.path.realpath(path) == os.path.join(root, path.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _age(run: dict) -> tuple[str, str]:
    return str(run.get("started_at")), run["run_id"]


def _has_trained(log: dict) -> bool:
    return log["progress"].get("step") != 0 or log["epochs"].get("epoch") != []


def _forget(folder: Path, keep: int) -> None:
    """Delete all but the newest `keep` runs. Those that ended before their first batch are counted by themselves: no
    trained run is deleted for the sake of aborted starts.
    """
    trained, aborted = [], []
    for path in earlier_runs(folder):
        log = _read_log(path)
        (aborted if log and not _has_trained(log) else trained).append(path)
    for path in [*trained[keep:], *aborted[keep:]]:
        with contextlib.suppress(OSError):  # notes of somebody's own in there stay; what is being read, on Windows, too
            if read_label(path, path.name).get("kept") is not True:
                delete_run(path)
                path.rmdir()


def read_label(folder: Path, run_id: str) -> dict:
    """What a person said of that run (manage.py), {} where nobody did. Raises OSError where it can't be read now."""
    label = load_json(folder / schema.LABEL, SMALL_BYTES)
    return label if isinstance(label, dict) and label.get("run_id") == run_id else {}


def _read_log(folder: Path) -> dict | None:
    """None where there is no log of a run that can be named. Raises OSError where it can't be read at the moment."""
    return _checked(load_json(folder / schema.TRAINING_LOG, schema.LOG_BYTES))


def _checked(log) -> dict | None:
    """With all sections that are asked for; None for what is no log of a run that can be named."""
    run_id = log.get("run_id") if isinstance(log, dict) else None
    if not isinstance(run_id, str) or not schema.RUN_ID.fullmatch(run_id):
        return None
    return log | {section: log[section] if isinstance(log.get(section), dict) else {} for section in _READ}


def _entry(folder: Path, path: str, log: dict | None = None) -> dict | None:
    log = _checked(log) if log else _read_log(folder)
    if log is None or (path and log["run_id"] != folder.name):
        return None
    label = read_label(folder, log["run_id"])
    return {
        "run_id": log["run_id"],
        "path": path,
        "name": label.get("name") or log.get("name"),
        "hidden": label.get("hidden") is True,
        "kept": label.get("kept") is True,
        "status": liveness_of_earlier(log) if path else log.get("status"),
        "started_at": log.get("started_at"),
        "updated_at": log.get("updated_at"),
        "seconds": max(_numbers(log["batches"].get("seconds")), default=None),
        "model": log["model"].get("name"),
        "parameters": log["model"].get("parameters"),
        "dataset": log["dataset"].get("name"),
        "epochs": max(_numbers(log["epochs"].get("epoch")), default=0),
        "best_val_accuracy": max(_numbers(log["epochs"].get("val_accuracy")), default=None),
        "last_val_accuracy": next(reversed(_numbers(log["epochs"].get("val_accuracy"))), None),
        "test_accuracy": log["test"].get("accuracy"),
    }


def _numbers(column) -> list:
    return [value for value in column if isinstance(value, (int, float))] if isinstance(column, list) else []


def _name_for_unreadable(folder: Path, file: str) -> str:
    """From the time of `file`, the last that is moved: the next start goes on with a move that was cut short."""
    name = f"unreadable-{int((folder / file).lstat().st_mtime)}"
    is_taken = os.path.lexists(folder / schema.RUNS / name / file)
    return f"{name}-{secrets.token_hex(3)}" if is_taken else name
