"""Queue of runs: queue.json, from which the server starts one run at a time.

    {"schema": 1, "runs": [{"id": "a1", "name": "cnn4-quick, seed 3", "options": {"seed": 3}}], "failures": []}

The first of `runs` starts next. `failures` are runs that were started from the queue and ended with an error.
"""

import secrets
from pathlib import Path

from digits.files import SMALL_BYTES, load_json, write_json
from digits.runlog import contract, lock

MAX_QUEUED = 100  # runs
MAX_FAILURES = 20  # older ones are dropped
_REASON_LENGTH = 400


class NoSuchEntry(Exception):
    """No entry of the queue has that id."""


class QueueFull(Exception):
    """More than MAX_QUEUED runs would wait."""


def read(folder: Path) -> dict:
    """The queue, without damaged entries. Raises OSError if it can't be read at the moment."""
    saved = load_json(folder / contract.QUEUE, SMALL_BYTES)
    saved = saved if isinstance(saved, dict) else {}
    return {
        "schema": contract.SCHEMA,
        "runs": [entry for entry in _entries(saved, "runs") if isinstance(entry.get("options"), dict)][:MAX_QUEUED],
        "failures": [entry for entry in _entries(saved, "failures") if isinstance(entry.get("reason"), str)],
    }


def add(folder: Path, runs: list[dict]) -> dict:
    """Append runs, each with `name` and `options`; returns the queue. Raises QueueFull, and OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        queue = read(folder)
        if len(queue["runs"]) + len(runs) > MAX_QUEUED:
            raise QueueFull
        now = contract.timestamp()
        queue["runs"] += [{"id": secrets.token_hex(4), "added_at": now, **run} for run in runs]
        return _write(folder, queue)


def remove(folder: Path, id: str) -> dict:
    """Remove a waiting run or a failure; returns the queue. Raises NoSuchEntry, and OSError."""
    with _locked(folder):
        queue = read(folder)
        kept = {key: [entry for entry in queue[key] if entry["id"] != id] for key in ("runs", "failures")}
        if queue == queue | kept:
            raise NoSuchEntry(id)
        return _write(folder, queue | kept)


def clear(folder: Path) -> dict:
    """Remove all waiting runs and failures; returns the queue. Raises OSError."""
    with _locked(folder):
        queue = read(folder)
        return _write(folder, queue | {"runs": [], "failures": []}) if queue["runs"] or queue["failures"] else queue


def add_failure(folder: Path, run: dict, reason: str) -> None:
    """Record why a run of the queue failed. Raises OSError."""
    with _locked(folder):
        queue = read(folder)
        failure = {"id": run["id"], "name": run["name"], "reason": reason[:_REASON_LENGTH]}
        failures = [*queue["failures"], failure | {"failed_at": contract.timestamp()}][-MAX_FAILURES:]
        _write(folder, queue | {"runs": [one for one in queue["runs"] if one["id"] != run["id"]], "failures": failures})


def _locked(folder: Path):
    return lock.lock_file(folder / contract.QUEUE_LOCK)


def _write(folder: Path, queue: dict) -> dict:
    write_json(folder / contract.QUEUE, queue)
    return queue


def _entries(saved: dict, key: str) -> list[dict]:
    entries = saved.get(key)
    entries = entries if isinstance(entries, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and _is_named(entry.get("id"), entry.get("name"))]


def _is_named(id: object, name: object) -> bool:
    return isinstance(id, str) and bool(contract.RUN_ID.fullmatch(id)) and isinstance(name, str)
