"""Runs of a results folder: their list in runs.json, and rename, hide, pin and delete.

The log of a run stays as its trainer wrote it. Its name on the page, and whether it is hidden or pinned, are in
label.json beside it, which only this module writes, also while the trainer runs; runs.json repeats all three.
"""

import contextlib
import functools
import os
from contextlib import AbstractContextManager
from pathlib import Path

from digits.files import SMALL_BYTES, load_json, read_json, write_json
from digits.renames import present_fields
from digits.runlog import contract, lock, training_log
from digits.runlog.entries import facts_of, labeled, with_id
from digits.runlog.status import is_alive, liveness


class NoSuchRun(Exception):
    """No run has that id."""


class StillRunning(Exception):
    """A run can't be deleted while it is trained."""


# -- changes ----------------------------------------------------------------------------------------------------------


def label(results: Path, run_id: str, changes: dict) -> dict:
    """Change a run's `name` ("" restores its own), `hidden` or `pinned`; returns the new list of runs.

    Raises NoSuchRun, and OSError if the folder can't be written.
    """
    with index_lock(results):
        folder = _folder_of(results, run_id)
        changed = read_label(folder, run_id) | changes
        write_json(folder / contract.LABEL, {"schema": contract.SCHEMA, "run_id": run_id} | changed)
        return write_index(results)


def delete(results: Path, run_id: str) -> dict:
    """Delete the files of a run; others in its folder stay. Returns the new list of runs.

    Raises NoSuchRun, StillRunning, and OSError if the folder can't be written.
    """
    with index_lock(results):
        folder = _folder_of(results, run_id)
        if folder == results:
            _delete_latest(results)
        else:
            delete_files(folder)
            with contextlib.suppress(OSError):  # it holds other files
                folder.rmdir()
        return write_index(results)


def delete_files(folder: Path) -> None:
    """Delete a run's files, the log last, so that a run of which half is gone still has a name."""
    for file in contract.FILES:
        (folder / file).unlink(missing_ok=True)


def _delete_latest(results: Path) -> None:
    """Delete the run in `results` itself. The folder's lock keeps trainers, which start there, out meanwhile."""
    if is_alive(liveness(training_log.read(results) or {}, results)):
        raise StillRunning
    holder = {"name": "the server, deleting a run", "started_at": contract.timestamp()}
    try:
        held = lock.FolderLock(results, holder | {"process": contract.this_process()})
    except lock.FolderLocked:
        raise StillRunning from None
    try:
        delete_files(results)
    finally:
        held.release()


# -- lookup -----------------------------------------------------------------------------------------------------------


def run_folder(results: Path, run_id: str) -> Path | None:
    """The folder with a run's files: `results` itself for the latest run; None if no run has that id."""
    log = read_log(results)
    if log is not None and log["run_id"] == run_id:
        return results
    for path in candidates(results):
        if path.name == run_id:
            with contextlib.suppress(OSError):  # can't be read at the moment
                log = read_log(path)
                return path if log is not None and log["run_id"] == run_id else None
    return None


def _folder_of(results: Path, run_id: str) -> Path:
    folder = run_folder(results, run_id)
    if folder is None:
        raise NoSuchRun(run_id)
    return folder


def earlier_runs(results: Path) -> list[Path]:
    """Folders of earlier runs, newest first, except foreign ones and those that can't be read at the moment."""
    dated = []
    for path in candidates(results):
        with contextlib.suppress(OSError):
            log = read_log(path)
            if log is not None and log["run_id"] == path.name:
                dated.append((_age(log), path))
    return [path for _, path in sorted(dated, reverse=True)]


def candidates(results: Path) -> list[Path]:
    """Folders in runs/ that may hold an earlier run, except links to other places."""
    runs = results / contract.RUNS
    root = os.path.realpath(runs)
    try:
        return [path for path in runs.iterdir() if os.path.realpath(path) == os.path.join(root, path.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def read_log(folder: Path) -> dict | None:
    """The log in `folder`; None unless it has a valid run id. Raises OSError if it can't be read at the moment."""
    return with_id(training_log.load(folder))


def read_label(folder: Path, run_id: str) -> dict:
    """The label of a run; {} if it has none. Raises OSError if it can't be read at the moment."""
    label = load_json(folder / contract.LABEL, SMALL_BYTES)
    return present_fields(label) if isinstance(label, dict) and label.get("run_id") == run_id else {}


# -- runs.json --------------------------------------------------------------------------------------------------------


def index_lock(results: Path) -> AbstractContextManager[None]:
    """The lock, for a `with` statement, under which trainer and server move, label and list runs."""
    return lock.lock_file(results / contract.INDEX_LOCK)


def write_index(results: Path, live: dict | None = None) -> dict:
    """Write runs.json, which `index_of` describes; returns what was written. The caller holds `index_lock`."""
    index = index_of(results, live)
    write_json(results / contract.RUNS_INDEX, index)
    return index


def index_of(results: Path, live: dict | None = None) -> dict:
    """The content of runs.json: the latest run, then the earlier ones, newest first.

    `live` is the live run's log if the file does not have it yet. An earlier run that can't be read at the moment keeps
    its entry.
    """
    earlier = []
    for path in candidates(results):
        address = f"{contract.RUNS}/{path.name}/"
        try:
            earlier.append(_entry(results, address))
        except OSError:
            earlier.append(_listed_entry(results, address))
    dated = sorted((entry for entry in earlier if entry), key=_age, reverse=True)
    entries = [entry for entry in (_entry(results, "", live), *dated) if entry]
    return {"schema": contract.SCHEMA, "runs": entries}


def corrected_index(results: Path, log: dict) -> dict | None:
    """runs.json corrected by the runs' logs; None if it needs no correction.

    A trainer killed between writing the live run's `log` and runs.json leaves different statuses; entries written by an
    earlier version lack settings and metrics.
    """
    listed = _listed(results)
    corrected = [_corrected(results, run, log) for run in listed]
    return {"schema": contract.SCHEMA, "runs": corrected} if corrected != listed else None


def _corrected(results: Path, run: object, log: dict) -> object:
    if not isinstance(run, dict) or run.get("path") not in ("", f"{contract.RUNS}/{run.get('run_id')}/"):
        return run
    if run["path"] == "" and run.get("run_id") == log.get("run_id") and run.get("status") != log.get("status"):
        return _entry(results, "", log) or run
    if "metrics" in run or not contract.RUN_ID.fullmatch(str(run.get("run_id"))):
        return run
    with contextlib.suppress(OSError):  # can't be read at the moment
        entry = _entry(results, run["path"])
        return entry | run if entry and entry["run_id"] == run["run_id"] else run
    return run


def _listed(results: Path) -> list:
    """The entries of runs.json as written."""
    index = read_json(results / contract.RUNS_INDEX)
    runs = index.get("runs") if isinstance(index, dict) else None
    return runs if isinstance(runs, list) else []


def _listed_entry(results: Path, path: str) -> dict | None:
    return next((run for run in _listed(results) if isinstance(run, dict) and run.get("path") == path), None)


def _age(run: dict) -> tuple[str, str]:
    return str(run.get("started_at")), run["run_id"]


def _entry(results: Path, path: str, log: dict | None = None) -> dict | None:
    """The entry of the run at `path` in `results`; None if there is no run. Raises OSError like `read_log`.

    If the label can't be read at the moment, that of the existing entry is kept.
    """
    folder = results / path
    facts = facts_of(log) if log else _facts_in(folder, _version(folder / contract.TRAINING_LOG))
    if facts is None or (path and facts["run_id"] != folder.name):
        return None
    try:
        label = read_label(folder, facts["run_id"])
    except OSError:
        label = present_fields(_listed_entry(results, path) or {})
        label = label if label.get("run_id") == facts["run_id"] else {}
    return labeled(facts, label, path)


@functools.lru_cache(maxsize=1000)  # a log has up to 256 kB: reading those of 500 runs takes seconds
def _facts_in(folder: Path, _log_version: tuple[int, ...]) -> dict | None:
    """The facts of the log in `folder`, read once for each version of it."""
    return facts_of(training_log.load(folder))


def _version(file: Path) -> tuple[int, ...]:
    """A value that differs for each version of the file; () if it is missing. Raises OSError if that is unknown."""
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
