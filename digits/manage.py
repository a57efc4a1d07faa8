"""What a person does to runs on the page: name, hide, keep, delete. The server's side of it.

A run's log stays as its trainer wrote it. Its name, and whether it is hidden or to be kept, stand beside it in
label.json, which only this module writes, also while the trainer runs; runs.json tells all three.
"""

import contextlib
from pathlib import Path

from digits import archive, contract, runlog
from digits.files import write_json
from digits.liveness import is_alive, liveness
from digits.lock import Busy, FolderLock


class NoSuchRun(Exception):
    """There is no run of that id."""


class StillRunning(Exception):
    """A run that is being trained can't be deleted."""


def label(results: Path, run_id: str, wish: dict) -> dict:
    """Give a run another `name` ("": its own again), or say whether it is `hidden`, and `kept` for good.

    What `wish` does not name stays. Gives the list of runs as it is then. Raises NoSuchRun, and OSError where the
    folder can't be written.
    """
    with archive.alone(results):
        folder = _folder_of(results, run_id)
        changed = archive.read_label(folder, run_id) | wish
        write_json(folder / contract.LABEL, {"schema": contract.SCHEMA, "run_id": run_id} | changed)
        return archive.write_index(results)


def delete(results: Path, run_id: str) -> dict:
    """Remove a run's files for good; what is no file of the contract stays. Gives the list of runs as it is then.

    Raises NoSuchRun, StillRunning, and OSError where the folder can't be written.
    """
    with archive.alone(results):
        folder = _folder_of(results, run_id)
        if folder == results:
            _delete_latest(results)
        else:
            archive.forget(folder)
            with contextlib.suppress(OSError):  # somebody keeps notes of their own in there
                folder.rmdir()
        return archive.write_index(results)


def _delete_latest(results: Path) -> None:
    """The latest run lies where the next one will: the folder's lock keeps trainers out meanwhile."""
    if is_alive(liveness(runlog.read(results) or {}, results)):
        raise StillRunning
    holder = {"name": "the server, deleting a run", "started_at": contract.timestamp()}
    try:
        held = FolderLock(results, holder | {"process": contract.this_process()})
    except Busy:
        raise StillRunning from None
    try:
        archive.forget(results)
    finally:
        held.release()


def _folder_of(results: Path, run_id: str) -> Path:
    folder = archive.run_folder(results, run_id)
    if folder is None:
        raise NoSuchRun(run_id)
    return folder
