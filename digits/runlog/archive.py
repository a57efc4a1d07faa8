"""Archive of runs: the run before moves to runs/ when the next one starts, and the oldest are deleted."""

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

# A default run leaves about 20 MB, twice that while a file is replaced; with less free space it would fail at its end
# instead of its start.
_FREE_BYTES = 48 << 20
# All that a run has written before its first batch: what is older or more is worth keeping.
_AT_START = {contract.TRAINING_LOG, contract.BATCHES, contract.VALIDATION_IMAGES, contract.TEST_IMAGES, contract.LABEL}


def check_free_space(folder: Path) -> None:
    """Raise OSError unless the folder can be written and has room for a run; changes nothing."""
    with naming(folder), tempfile.TemporaryFile(dir=folder, prefix=f".{contract.TRAINING_LOG}.", suffix=".tmp"):
        if shutil.disk_usage(folder).free < _FREE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def mend(folder: Path) -> None:
    """Remove temporary files of killed writers, and undo a move that was interrupted.

    For the holder of the folder's lock, at every start.
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

    A run that `holds_nothing` is deleted. A file that is not a log is kept under another name, and so is a run whose
    name in runs/ is taken. With a log that can't be read at the moment nothing is moved, and OSError is raised.
    """
    with runs.index_lock(folder):
        _move_last_run(folder)
        _delete_oldest(folder, keep)


def holds_nothing(folder: Path) -> bool:
    """Whether the run in `folder` ended before its first batch and left no more than its start."""
    log = runs.read_log(folder)
    if log is None or _has_trained(log):
        return False
    files = {file for file in contract.FILES if os.path.lexists(folder / file)}
    return files <= _AT_START and not _is_pinned(folder, log["run_id"])


def hardlink_if_unchanged(folder: Path, file: str, content: bytes) -> bool:
    """Share `file` with the newest earlier run where that has the same bytes: no second copy on the disk."""
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
            temporary.unlink(missing_ok=True)  # renaming one name of a file to another of the same file does nothing
    return False


def _move_last_run(folder: Path) -> None:
    files = [file for file in contract.FILES if os.path.lexists(folder / file)]
    if files == [contract.LABEL]:  # of a run that was deleted at that moment
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
    """Where the run moves; its name tells the time of a file that is not a log.

    `last_file` is the last one that moves. A folder of that name without it holds the first part of an interrupted
    move, which this one completes; with it, a run of the same id, of which this one is a copy.
    """
    name = run_id or f"unreadable-{int((folder / last_file).lstat().st_mtime)}"
    is_taken = os.path.lexists(folder / contract.RUNS / name / last_file)
    return folder / contract.RUNS / (f"{name}-{secrets.token_hex(3)}" if is_taken else name)


def _move(folder: Path, target: Path, files: list[str]) -> None:
    """Move all files, or none where one can't be moved."""
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


def _move_back(target: Path, folder: Path) -> None:
    """The log is the last file that moves: a folder without it holds the part of a run whose rest is in `folder`."""
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
            with contextlib.suppress(OSError):  # other files in the folder stay; on Windows, a file being read as well
                runs.delete_files(path)
                path.rmdir()


def _has_trained(log: dict) -> bool:
    return section(log, "progress").get("step") != 0 or section(log, "epochs").get("epoch") != []


def _is_pinned(folder: Path, run_id: str) -> bool:
    """Also where the label can't be read at the moment: then no file is deleted."""
    try:
        return runs.read_label(folder, run_id).get("pinned") is True
    except OSError:
        return True
