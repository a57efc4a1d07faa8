"""Archive of runs: when a run starts, the previous one moves to runs/, and the oldest ones are deleted."""

import contextlib
import errno
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from digits.files import naming, read_file, remove_temporaries, rename, replace, sync_folder
from digits.runlog import contract, lock, runs
from digits.runlog.training_log import section

# A default run takes about 20 MB, and twice that while files are replaced. With less free space it fails at once rather
# than at its end.
_FREE_BYTES = 48 << 20
# The files that a run writes before its first batch; a run with any other file is worth keeping.
_AT_START = {contract.TRAINING_LOG, contract.BATCHES, contract.VALIDATION_IMAGES, contract.TEST_IMAGES, contract.LABEL}


def check_free_space(folder: Path) -> None:
    """Raise OSError unless the folder can be written and has room for a run; changes nothing."""
    with naming(folder), tempfile.TemporaryFile(dir=folder, prefix=f".{contract.TRAINING_LOG}.", suffix=".tmp"):
        if shutil.disk_usage(folder).free < _FREE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def clean_up(folder: Path) -> None:
    """Remove temporary files of killed writers, and undo an interrupted move.

    Called at every start by the holder of the folder's lock.
    """
    if os.path.lexists(folder / contract.CONTROL_LOCK):  # otherwise no command has ever been sent
        with lock.lock_file(folder / contract.CONTROL_LOCK):
            remove_temporaries(folder, (contract.CONTROL,))
    with runs.index_lock(folder):
        remove_temporaries(folder, (*contract.FILES, contract.RUNS_INDEX))
        for path in runs.candidates(folder):
            remove_temporaries(path, contract.FILES)
        log = runs.read_log(folder)
        if log is not None:
            _move_back(folder / contract.RUNS / log["run_id"], folder)


def archive_run(folder: Path, keep: int) -> None:
    """Move the last run in `folder` to runs/<run_id>/, then delete all but the newest `keep` and the pinned runs.

    A run that `holds_nothing` is deleted. A run whose log is not valid, or whose id is taken in runs/, moves to a
    folder of another name. If the log can't be read at the moment, nothing moves and OSError is raised.
    """
    with runs.index_lock(folder):
        _move_last_run(folder)
        _delete_oldest(folder, keep)


def holds_nothing(folder: Path) -> bool:
    """Whether the run in `folder` ended before its first batch and left nothing worth keeping."""
    log = runs.read_log(folder)
    if log is None or _has_trained(log):
        return False
    files = {file for file in contract.FILES if os.path.lexists(folder / file)}
    return files <= _AT_START and not _is_pinned(folder, log["run_id"])


def hardlink_if_unchanged(folder: Path, file: str, content: bytes) -> bool:
    """Hard-link `file` to that of the newest earlier run if its bytes are the same; returns whether it did."""
    temporary = folder / f".{file}.link.tmp"
    for run in runs.earlier_runs(folder)[:1]:
        try:
            if read_file(run / file, len(content)) == content:
                os.link(run / file, temporary)
                replace(temporary, folder / file)
                return True
        except OSError:  # a file system without hard links
            pass
        finally:
            temporary.unlink(missing_ok=True)  # rename() does nothing if both names are the same file already
    return False


def _move_last_run(folder: Path) -> None:
    files = [file for file in contract.FILES if os.path.lexists(folder / file)]
    if files == [contract.LABEL]:  # of a run that was deleted meanwhile
        (folder / contract.LABEL).unlink()
    elif files and holds_nothing(folder):
        for file in files:
            (folder / file).unlink()
    elif files:
        log = runs.read_log(folder)
        target = _free_folder(folder, files[-1], log["run_id"] if log else None)
        _move(folder, target, files)
        (target / contract.CHECKPOINT_BEFORE).unlink(missing_ok=True)  # only for a crash within the run


def _free_folder(folder: Path, last_file: str, run_id: str | None) -> Path:
    """The folder in runs/ for the run; without a run id it is named after the modification time of `last_file`.

    `last_file` is the last file to move. An existing folder without it holds the first part of an interrupted move,
    which this one completes; with it, the folder holds another run with the same id, and the name gets a suffix.
    """
    name = run_id or f"unreadable-{int((folder / last_file).lstat().st_mtime)}"
    is_taken = os.path.lexists(folder / contract.RUNS / name / last_file)
    return folder / contract.RUNS / (f"{name}-{secrets.token_hex(3)}" if is_taken else name)


def _move(folder: Path, target: Path, files: list[str]) -> None:
    """Move all files, or none if one can't be moved."""
    target.mkdir(parents=True, exist_ok=True)
    moved = []
    try:
        for file in files:
            rename(folder / file, target / file)
            moved.append(file)
    except OSError:
        for file in moved:
            with contextlib.suppress(OSError):  # `clean_up` tries again at the next start
                rename(target / file, folder / file)
        with contextlib.suppress(OSError):
            target.rmdir()
        raise
    sync_folder(target)
    sync_folder(folder)


def _move_back(target: Path, folder: Path) -> None:
    """Undo an interrupted move to `target`. The log moves last: without it, the rest of the run is in `folder`."""
    if target.is_symlink() or os.path.lexists(target / contract.TRAINING_LOG):
        return
    for file in contract.FILES:
        if os.path.lexists(target / file) and not os.path.lexists(folder / file):
            rename(target / file, folder / file)
    with contextlib.suppress(OSError):  # it doesn't exist, or holds more
        target.rmdir()


def _delete_oldest(folder: Path, keep: int) -> None:
    """Delete all but the newest `keep` runs and the pinned ones.

    Runs that ended before their first batch are counted separately: aborted starts never delete a trained run.
    """
    trained: list[Path] = []
    aborted: list[Path] = []
    for path in runs.earlier_runs(folder):
        log = runs.read_log(path)
        (aborted if log and not _has_trained(log) else trained).append(path)
    for path in [*trained[keep:], *aborted[keep:]]:
        if not _is_pinned(path, path.name):
            with contextlib.suppress(OSError):  # it holds other files or, on Windows, one that is being read
                runs.delete_files(path)
                path.rmdir()


def _has_trained(log: dict) -> bool:
    return section(log, "progress").get("step") != 0 or section(log, "epochs").get("epoch") != []


def _is_pinned(folder: Path, run_id: str) -> bool:
    """Whether the run is pinned; True if its label can't be read at the moment, so that nothing is deleted."""
    try:
        return runs.read_label(folder, run_id).get("pinned") is True
    except OSError:
        return True
