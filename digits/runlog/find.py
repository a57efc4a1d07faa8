"""Lookup of runs that a user names: by folder, id or name."""

from pathlib import Path

from digits.errors import UserError
from digits.paths import invocation, short_path
from digits.runlog import contract, runs


def find_run(results: Path, word: str) -> Path:
    """The folder of the run that `word` names: a folder, else a run in `results` by id or name.

    Raises UserError if there is none, or more than one.
    """
    if (Path(word) / contract.TRAINING_LOG).is_file():
        return Path(word)
    found = []
    for folder in [results, *runs.earlier_runs(results)]:
        log = runs.read_log(folder)
        if log and word == log["run_id"]:
            return folder
        if log and word == (runs.read_label(folder, log["run_id"]).get("name") or log.get("name")):
            found.append((log["run_id"], folder))
    if len(found) == 1:
        return found[0][1]
    if found:
        raise UserError(
            f"{len(found)} runs are named {word!r}: use an id ({', '.join(run_id for run_id, _ in found)})."
        )
    if not (results / contract.TRAINING_LOG).is_file():
        raise UserError(f"{short_path(results)} contains no run: start one with {invocation('mnist_cnn')}.")
    raise UserError(f"No run is named {word!r} in {short_path(results)}: use the id or name that the page shows.")
