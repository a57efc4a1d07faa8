"""Lookup of runs that a user names: by folder, id, name, or the beginning of either."""

from collections.abc import Callable
from pathlib import Path

from digits.errors import UserError
from digits.paths import invocation, short_path
from digits.runlog import contract, runs

_MOST = 6  # runs listed in an error


def entry_folder(results: Path, entry: dict) -> Path:
    """The folder of an entry of the list of runs."""
    return results / entry["path"]


def find_run(results: Path, word: str) -> Path:
    """The folder of the run that `word` names: a folder, else a run in `results` by id or name, or their beginning.

    Raises UserError if there is none, or more than one.
    """
    folder = Path(word)
    if (folder / contract.TRAINING_LOG).is_file():
        return folder
    return entry_folder(results, find_entry(runs.index_of(results)["runs"], results, word))


def find_entry(entries: list[dict], results: Path, word: str) -> dict:
    """The entry of the list of runs that `word` names. Raises UserError unless it is exactly one."""
    if not entries:
        raise UserError(f"{short_path(results)} contains no run: start one with {invocation('mnist_cnn')}.")
    for names in _WAYS:
        found = [entry for entry in entries if names(entry, word)]
        if len(found) == 1:
            return found[0]
        if found:
            raise UserError(f"{len(found)} runs are named {word!r}: use an id ({_ids(found)}).")
    raise UserError(f"No run is named {word!r}: choose one of {_listed(entries)}.")


# Ways to name a run, the most exact first.
_WAYS: tuple[Callable[[dict, str], bool], ...] = (
    lambda entry, word: entry["run_id"] == word,
    lambda entry, word: entry["name"] == word,
    lambda entry, word: entry["run_id"].startswith(word) or entry["run_id"].endswith(f"-{word}"),
    lambda entry, word: str(entry["name"]).lower().startswith(word.lower()),
)


def _ids(entries: list[dict]) -> str:
    more = ["..."] if len(entries) > _MOST else []
    return ", ".join([*(entry["run_id"] for entry in entries[:_MOST]), *more])


def _listed(entries: list[dict]) -> str:
    more = [f"... ({len(entries) - _MOST} more: list them with the command runs)"] if len(entries) > _MOST else []
    return ", ".join([*(f"{entry['name']} ({entry['run_id']})" for entry in entries[:_MOST]), *more])
