"""Management of runs by the server: rename, hide, pin, delete.

A run's log stays as its trainer wrote it. Its name, and whether it is hidden or to be kept, stand beside it in
label.json, which only this module writes, also while the trainer runs; runs.json tells all three.
"""

import contextlib
from pathlib import Path

from digits.files import write_json
from digits.runlog import run_log, runs, schema
from digits.runlog.lock import FolderLock, FolderLocked
from digits.runlog.status import is_alive, liveness


class NoSuchRun(Exception):
    """There is no run of that id."""


class StillRunning(Exception):
    """A run that is being trained can't be deleted."""


def label(results: Path, run_id: str, wish: dict) -> dict:
    """Give a run another `name` ("": its own again), or say whether it is `hidden`, and `kept` for good.

    What `wish` does not name stays. Gives the list of runs as it is then. Raises NoSuchRun, and OSError where the
    folder can't be written.
    """
    with runs.index_lock(results):
        folder = _folder_of(results, run_id)
        changed = runs.read_label(folder, run_id) | wish
        write_json(folder / schema.LABEL, {"schema": schema.SCHEMA, "run_id": run_id} | changed)
        return runs.write_index(results)


def delete(results: Path, run_id: str) -> dict:
    """Remove a run's files for good; what is no file of the contract stays. Gives the list of runs as it is then.

    Raises NoSuchRun, StillRunning, and OSError where the folder can't be written.
    """
    with runs.index_lock(results):
        folder = _folder_of(results, run_id)
        if folder == results:
            _delete_latest(results)
        else:
            runs.delete_run(folder)
            with contextlib.suppress(OSError):  # somebody keeps notes of their own in there
                folder.rmdir()
        return runs.write_index(results)


def _delete_latest(results: Path) -> None:
    """The latest run lies where the next one will: the folder's lock keeps trainers out meanwhile."""
    if is_alive(liveness(run_log.read(results) or {}, results)):
        raise StillRunning
    holder = {"name": "the server, deleting a run", "started_at": schema.timestamp()}
    try:
        held = FolderLock(results, holder | {"process": schema.this_process()})
    except FolderLocked:
        raise StillRunning from None
    try:
        runs.delete_run(results)
    finally:
        held.release()


def _folder_of(results: Path, run_id: str) -> Path:
    folder = runs.run_folder(results, run_id)
    if folder is None:
        raise NoSuchRun(run_id)
    return folder
