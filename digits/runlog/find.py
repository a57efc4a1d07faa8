"""Lookup of runs that a user names: by folder, id, name, or the beginning of either."""

from collections.abc import Callable
from pathlib import Path

from digits.errors import UserError
from digits.paths import invocation, short_path
from digits.runlog import contract, runs, training_log
from digits.runlog.groups import Run
from digits.runlog.status import liveness

_MOST = 3  # runs listed in an error

# Ways to name a run, the most exact first.
_WAYS: tuple[Callable[[Run, str], bool], ...] = (
    lambda run, word: run.run_id == word,
    lambda run, word: run.name == word,
    lambda run, word: run.run_id.startswith(word) or run.run_id.endswith(f"-{word}"),
    lambda run, word: run.name.lower().startswith(word.lower()),
)


def listed_runs(results: Path) -> list[Run]:
    """The runs of a results folder, the latest first; the status is what status.liveness concludes."""
    return [Run(_with_liveness(entry, results), results / entry["path"]) for entry in runs.index_of(results)["runs"]]


def find_run(results: Path, word: str) -> Path:
    """The folder of the run that `word` names: a folder, else a run in `results` by id or name, or their beginning.

    Raises UserError if there is none, or more than one.
    """
    found = find_runs(results, word)
    if len(found) > 1:
        raise ambiguous(word, found)
    return found[0].folder


def find_runs(results: Path, word: str, listed: list[Run] | None = None) -> list[Run]:
    """Like `find_run`, but several runs if a name or beginning is theirs; `listed`: the known result of listed_runs."""
    if (Path(word) / contract.TRAINING_LOG).is_file():
        inside = listed_runs(Path(word))
        if inside:
            return inside[:1]
        raise UserError(f"The log in {word} has no valid run_id: name another run.")
    listed = listed_runs(results) if listed is None else listed
    if not listed:
        raise UserError(f"{short_path(results)} contains no run: start one with {invocation('mnist_cnn')}.")
    for is_named in _WAYS:
        found = [run for run in listed if is_named(run, word)]
        if found:
            return found
    raise UserError(
        f"No run is named {word!r}: choose one of {_list(listed, lambda run: f'{run.name} ({run.run_id})')}."
    )


def ambiguous(word: str, found: list[Run]) -> UserError:
    """The error for a word that names several runs."""
    return UserError(f"{len(found)} runs are named {word!r}: use an id ({_list(found, lambda run: run.run_id)}).")


def _with_liveness(entry: dict, results: Path) -> dict:
    if entry["path"] or entry["status"] != "running":
        return entry
    return entry | {"status": liveness(training_log.read(results) or {}, results)}


def _list(found: list[Run], text: Callable[[Run], str]) -> str:
    more = [f"... {len(found) - _MOST} more: the command runs lists them"] if len(found) > _MOST else []
    return ", ".join([*map(text, found[:_MOST]), *more])
