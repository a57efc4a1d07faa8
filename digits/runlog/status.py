"""Status of a run, decided from its log, heartbeat, lock and process."""

import os
import platform
import time
from pathlib import Path

from digits.runlog import contract, lock


def liveness(log: dict, folder: Path, now: float | None = None) -> str:
    """One of contract.LIVENESSES for the live run of `folder`.

    A run whose log says running is
      crashed   if its lock is free or, without a lock, if its heartbeat has stopped and its process is gone;
      stalled   if its heartbeat has stopped, but its process lives or can't be checked from here;
      paused    in the phase of that name;
      running   otherwise.
    """
    if log.get("status") != "running":
        return liveness_of_earlier(log)
    holder = lock.holder_of(folder)
    held = lock.is_held(folder) if holder and holder.get("run_id") == log.get("run_id") else None
    if held is False:
        return "crashed"
    heartbeat = contract.seconds_of(last_sign_of_life(log, folder))
    silent = heartbeat is None or (time.time() if now is None else now) - heartbeat > contract.SILENT_AFTER_S
    if not silent:
        return contract.PAUSED if log.get("phase") == contract.PAUSED else "running"
    return "stalled" if held or _process_lives(log.get("process")) else "crashed"


def liveness_of_earlier(log: dict) -> str:
    """Liveness of an archived run: since no process writes to it, it has crashed if its log says running."""
    status = log.get("status")
    if status == "running":
        return "crashed"
    return status if isinstance(status, str) and status in contract.STATUSES else "failed"


def is_alive(liveness: str | None) -> bool:
    """Whether a trainer is working, or may be working, on the run."""
    return liveness in ("running", contract.PAUSED, "stalled")


def last_sign_of_life(log: dict, folder: Path) -> str | None:
    """When the live run of `folder` was last updated: `updated_at` or, without it, the log's modification time."""
    if not log or contract.seconds_of(log.get("updated_at")) is not None:
        return log.get("updated_at")
    try:
        return contract.timestamp((folder / contract.TRAINING_LOG).stat().st_mtime)
    except OSError:
        return None


def _process_lives(process: object) -> bool:
    """Whether the process lives; True if that can't be determined, as on another host or on Windows."""
    process = process if isinstance(process, dict) else {}
    pid = process.get("pid")
    if os.name != "posix" or process.get("host") != platform.node() or not isinstance(pid, int) or pid <= 0:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
