"""Copies of runs without weights, checkpoints and private names, reduced step by step to a number of bytes."""

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from digits.errors import UserError
from digits.files import finite, read_file
from digits.paths import short_path
from digits.runlog import contract, entries, runs, training_log
from digits.runlog.status import liveness
from digits.runlog.training_log import section
from digits.sharing.pictures import keep_images, without_metadata
from digits.sharing.privacy import Scrubber

MAX_FILE_BYTES = 32 << 20  # of one file of a run: ten times what can be handed on
NETWORK_FILES = (contract.NETWORK, contract.NETWORK_NUMBERS, contract.NETWORK_EPOCHS)
_NOT_COPIED = (contract.WEIGHTS, *contract.CHECKPOINTS, contract.LABEL, contract.TRAINING_LOG)
_COPIED = tuple(name for name in contract.FILES if name not in _NOT_COPIED)
_CORRECT_OF_DIGIT = 60  # images that the page shows first of a cell of the confusion matrix
_SAMPLE = 200  # images of each mosaic that are kept whatever they are, for the pad
_PICTURES = {contract.VALIDATION_IMAGES: "validation", contract.TEST_IMAGES: "test"}

Size = Callable[[str, bytes], int]  # bytes that a file of this name and content takes where it is copied to


@dataclass
class RunCopy:
    """A run's log, the entry of the list of runs, and the other files by name."""

    log: dict
    label: dict
    files: dict[str, bytes]

    @property
    def run_id(self) -> str:
        return self.log["run_id"]

    @property
    def name(self) -> str:
        return self.label.get("name") or self.log.get("name") or self.run_id

    def json(self, name: str) -> dict:
        """The content of a JSON file; {} if it is missing."""
        content = json.loads(self.files.get(name, b"{}"))
        return content if isinstance(content, dict) else {}

    def all_files(self) -> dict[str, bytes]:
        """The files by name, the log with the list of those beside it."""
        log = self.log | {"files": [name for name in _COPIED if name in self.files]}
        return {contract.TRAINING_LOG: _packed(log), **self.files}


def copy_of(folder: Path, *, with_network: bool, with_paths: bool, number: int = 1) -> RunCopy:
    """A copy of the run in `folder`. Raises UserError if it holds none that can be read.

    A run without an id is named after its `number` among the copied ones.
    """
    log = training_log.load(folder)
    if log is None:
        raise UserError(f"{short_path(folder)} contains no run that can be read: name the folder of a run.")
    run_id = log.get("run_id")
    if not isinstance(run_id, str) or not contract.RUN_ID.fullmatch(run_id):
        log = log | {"run_id": f"run-{number}"}
    scrubber = None if with_paths else Scrubber(log, folder)
    wanted = [
        name for name in _COPIED if name in _list(log.get("files")) and (with_network or name not in NETWORK_FILES)
    ]
    files = {name: content for name in wanted if (content := _content(folder, name, scrubber))}
    label = runs.read_label(folder, log["run_id"])
    name, state, log = str(label.get("name") or ""), liveness(log, folder), finite(log)
    if scrubber:
        name, log = scrubber.text(name), scrubber.log(log)
    return RunCopy(_as_copied(log, state), {"name": name}, files)


def index_of(copies: Sequence[RunCopy]) -> bytes:
    """runs.json: the first run at the top, the others in runs/."""
    paths = ["", *(f"{contract.RUNS}/{copy.run_id}/" for copy in copies[1:])]
    listed = [entries.entry(copy.log, copy.label, path) for copy, path in zip(copies, paths)]
    runs_as_copied = [entry | {"status": copy.log.get("status")} for entry, copy in zip(listed, copies) if entry]
    return _packed({"schema": contract.SCHEMA, "runs": runs_as_copied})


def _content(folder: Path, name: str, scrubber: Scrubber | None) -> bytes:
    """The content of a file as it is handed on; empty if it is missing, too large or no valid file of its kind."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        content = read_file(folder / name, MAX_FILE_BYTES)
        if name.endswith(".png"):
            return without_metadata(content)
        if name.endswith(".csv"):
            return scrubber.table(content) if scrubber else content
        if not name.endswith(".json"):
            return content
        if isinstance(json.loads(content), dict):
            return scrubber.json(content) if scrubber else content
    return b""


def _as_copied(log: dict, state: str) -> dict:
    """The log of a run in this liveness: readers of a copy can't tell that no process writes to it any more."""
    if state != "crashed":
        return log
    return log | {"status": "failed", "error": log.get("error") or "Its process ended without writing a reason."}


def _packed(value: dict) -> bytes:
    text = json.dumps(finite(value), allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")


# -- reduction --------------------------------------------------------------------------------------------------------


def reduce(copies: Sequence[RunCopy], limit: int, size: Size) -> tuple[int, list[str]]:
    """Reduce the copies in the order of `STEPS` until they take at most `limit` bytes in all.

    A content that several runs have counts once. Returns the bytes that they take then, which may still be more, and
    what was left out.
    """
    left_out = []
    for description, step in STEPS:
        before = _total(copies, size)
        if before <= limit:
            break
        step(copies)
        if _total(copies, size) < before:
            left_out.append(description)
    return _total(copies, size), left_out


def _total(copies: Sequence[RunCopy], size: Size) -> int:
    contents = {content: name for copy in copies for name, content in copy.all_files().items()}
    return sum(size(name, content) for content, name in contents.items())


Step = Callable[[Sequence[RunCopy]], None]


def _without(*names: str) -> Step:
    def drop(copies: Sequence[RunCopy]) -> None:
        for copy in copies:
            for name in names:
                copy.files.pop(name, None)

    return drop


def _only_shown_images(copies: Sequence[RunCopy]) -> None:
    """Keep the images that the views show first; runs on the same images keep sharing their pictures."""
    wanted: dict[bytes, set[int]] = {}
    for copy in copies:
        for name in _PICTURES.keys() & copy.files.keys():
            wanted.setdefault(copy.files[name], set()).update(_shown(copy, _PICTURES[name]))
    reduced = {picture: keep_images(picture, shown) for picture, shown in wanted.items()}
    for copy in copies:
        for name in _PICTURES.keys() & copy.files.keys():
            picture = copy.files[name]
            smaller = reduced[picture]
            copy.files[name] = smaller if smaller and len(smaller) < len(picture) else picture


def _shown(copy: RunCopy, split: str) -> set[int]:
    """Indices of images: mistakes, the least confident correct ones, those of the embedding, and a sample."""
    part, embedding = section(copy.json(contract.PREDICTIONS), split), copy.json(contract.EMBEDDING)
    evaluations = [part, *_dicts(part.get("epochs"))]
    placed = embedding.get("epochs") if split == "validation" else [embedding.get("test")]
    groups = [*(section(evaluation, "notable") for evaluation in evaluations), *_dicts(placed)]
    indices = {index for group in groups for index in _list(group.get("index")) if type(index) is int}
    labels = str(part.get("labels") or "")
    return (
        indices | _least_confident(labels, evaluations[-1]) | set(range(0, len(labels), max(1, len(labels) // _SAMPLE)))
    )


def _least_confident(labels: str, evaluation: dict) -> set[int]:
    """Indices of the correct predictions of each digit that the page shows first."""
    rows = zip(
        labels, str(evaluation.get("predictions") or ""), _list(evaluation.get("confidences")), range(len(labels))
    )
    correct = sorted((confidence, digit, index) for digit, guess, confidence, index in rows if digit == guess)
    of_digit = {digit: [index for _, other, index in correct if other == digit] for digit in set(labels)}
    return {index for indices in of_digit.values() for index in indices[:_CORRECT_OF_DIGIT]}


def _last_predictions(copies: Sequence[RunCopy]) -> None:
    """Keep the predictions of the last epoch and of the test."""
    for copy in copies:
        predictions = copy.json(contract.PREDICTIONS)
        validation = section(predictions, "validation")
        if epochs := _list(validation.get("epochs")):
            last = {"validation": validation | {"epochs": epochs[-1:]}}
            copy.files[contract.PREDICTIONS] = _packed(predictions | last)
    _only_shown_images(copies)


def _last_embedding(copies: Sequence[RunCopy]) -> None:
    """Keep the positions of the last epoch."""
    for copy in copies:
        embedding = copy.json(contract.EMBEDDING)
        if epochs := _list(embedding.get("epochs")):
            copy.files[contract.EMBEDDING] = _packed(embedding | {"epochs": epochs[-1:]})
    _only_shown_images(copies)


def _without_neighbors(copies: Sequence[RunCopy]) -> None:
    for copy in copies:
        copy.files.pop(contract.NEIGHBORS, None)
        if (embedding := copy.json(contract.EMBEDDING)).get("neighbors"):
            copy.files[contract.EMBEDDING] = _packed(embedding | {"neighbors": None})


def _without_embedding(copies: Sequence[RunCopy]) -> None:
    _without(contract.EMBEDDING, contract.NEIGHBORS)(copies)
    _only_shown_images(copies)


def _list(value: object) -> list:
    return value if isinstance(value, list) else []


def _dicts(value: object) -> list[dict]:
    return [item for item in _list(value) if isinstance(item, dict)]


# The least missed first. The charts need only the log, which has the series in at most 1,000 buckets.
STEPS: tuple[tuple[str, Step], ...] = (
    ("most images of correct predictions", _only_shown_images),
    ("rows of every batch", _without(contract.BATCHES)),
    ("networks of earlier epochs", _without(contract.NETWORK_EPOCHS)),
    ("embedding of earlier epochs", _last_embedding),
    ("predictions of earlier epochs", _last_predictions),
    ("nearest training images", _without_neighbors),
    ("embedding", _without_embedding),
    ("weights", _without(contract.LAYER_WEIGHTS)),
    ("network", _without(*NETWORK_FILES)),
    ("images of mistakes", _without(*_PICTURES)),
    ("predictions", _without(contract.PREDICTIONS)),
)
