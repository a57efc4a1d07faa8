"""What may be deleted in a results folder: temporary files of killed programs and, on request, runs and checkpoints.

Pinned runs, the run in the folder itself and files of a live trainer are never part of it.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from digits.files import temporaries
from digits.paths import short_path
from digits.runlog import contract, lock, runs

_DAY = 24 * 3600
_WRITTEN = (*contract.FILES, contract.RUNS_INDEX, contract.CONTROL, contract.QUEUE)
_YOUNGEST = 60.0  # seconds: a younger temporary file may be in use


class Deletable(NamedTuple):
    """Something to delete: a run, its checkpoints, or a temporary file."""

    what: str
    name: str
    path: Path
    bytes: int  # that deleting it frees


def plan(
    results: Path, *, keep: int | None = None, older_than_days: float | None = None, checkpoints: bool = False
) -> list[Deletable]:
    """What these criteria select; `keep` and `older_than_days` together only what both do. Deletes nothing."""
    found = [Deletable("temporary file", _name(path), path, _freed(path)) for path in _temporaries(results)]
    earlier = runs.earlier_runs(results)  # the newest first
    entries = {entry["run_id"]: entry for entry in runs.index_of(results)["runs"] if entry["path"]}
    deleted = set()
    if keep is not None or older_than_days is not None:
        aged = [path for path in earlier if older_than_days is None or _age_days(entries[path.name]) > older_than_days]
        beyond = set(earlier[keep or 0 :])
        for path in aged:
            if path in beyond and not entries[path.name]["pinned"]:
                deleted.add(path)
                found.append(Deletable("run", f"{entries[path.name]['name']} ({path.name})", path, _bytes(path)))
    if checkpoints:
        for path in earlier:
            entry = entries[path.name]
            files = [path / file for file in contract.CHECKPOINTS if (path / file).is_file()]
            if files and path not in deleted and entry["status"] == "completed" and not entry["pinned"]:
                name = f"{entry['name']} ({path.name})"
                found.append(Deletable("checkpoints", name, path, sum(map(_freed, files))))
    return found


def delete(results: Path, item: Deletable) -> tuple[Deletable, str] | None:
    """Delete it; on failure the item and the reason. A run that has been pinned since stays."""
    try:
        if item.what == "temporary file":
            item.path.unlink(missing_ok=True)
        elif _is_pinned(item.path):
            return item, f"{item.name} has been pinned meanwhile"
        elif item.what == "run":
            runs.delete(results, item.path.name)
        else:
            for file in contract.CHECKPOINTS:
                (item.path / file).unlink(missing_ok=True)
    except (OSError, runs.NoSuchRun, runs.StillRunning) as error:
        return item, f"{item.name} can't be deleted ({getattr(error, 'strerror', None) or type(error).__name__})"
    return None


def _is_pinned(folder: Path) -> bool:
    return runs.read_label(folder, folder.name).get("pinned") is True


def _temporaries(results: Path) -> Iterator[Path]:
    """Temporary files of killed programs; not in the folder of a live trainer, and none that may be in use."""
    folders = [*([] if lock.is_held(results) in (True, None) else [results]), *runs.candidates(results)]
    for folder in folders:
        with contextlib.suppress(OSError):
            for path in sorted(temporaries(folder, _WRITTEN)):
                if time.time() - path.lstat().st_mtime > _YOUNGEST:
                    yield path


def _age_days(entry: dict) -> float:
    """Days since the run was last updated; 0 if unknown, so that it is kept."""
    moment = contract.seconds_of(entry.get("updated_at")) or contract.seconds_of(entry.get("started_at"))
    return 0.0 if moment is None else (time.time() - moment) / _DAY


def _bytes(folder: Path) -> int:
    return sum(_freed(folder / file) for file in contract.FILES)


def _freed(path: Path) -> int:
    """Bytes that are free once the file is gone: its share, if other runs have hard links to it."""
    try:
        status = os.lstat(path)
    except OSError:
        return 0
    return status.st_size // max(1, status.st_nlink)


def _name(path: Path) -> str:
    return os.fspath(short_path(path))
