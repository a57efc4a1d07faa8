"""Validation of the JSON files in a results folder, also of another trainer's, against results/schema.json.

    python -m digits.runlog.check FOLDER

prints one line per violation: file, JSON path, expectation. Exit codes: 0 valid, 1 violations, 2 not checked.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from digits.errors import UserError
from digits.files import JSON_BYTES, read_file
from digits.paths import PAGE
from digits.runlog import contract

SCHEMA_FILE = PAGE / "results" / "schema.json"
_MOST = 20  # violations printed per file
_LENGTH = 60  # characters printed of a value


def violations(folder: Path) -> dict[str, list[str]]:
    """The violations in each file of the contract in `folder`; none for a valid file.

    Raises UserError without jsonschema or a training log, OSError for a file that can't be read.
    """
    if not (folder / contract.TRAINING_LOG).is_file():
        raise UserError(f"There is no {contract.TRAINING_LOG} in {folder}.")
    files = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))["$defs"]
    names = [name for name in files if name.endswith(".json") and (folder / name).is_file()]
    return {name: list(violations_of(name, read_file(folder / name, JSON_BYTES))) for name in names}


def violations_of(name: str, content: bytes) -> Iterator[str]:
    """Violations in the `content` of the file `name`: JSON path and expectation."""
    try:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match
    except ImportError:
        remedy = f"{sys.executable} -m pip install jsonschema"
        raise UserError(f"The package jsonschema is not installed: {remedy}") from None
    try:
        value = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as failure:
        yield f"$: expected strict JSON: {failure}"
        return
    contract = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    validator = Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": contract["$defs"]})
    errors = sorted(validator.iter_errors(value), key=lambda error: error.json_path)
    for error in errors:
        cause = best_match([error])
        expected = _expectation(cause.validator, cause.validator_value, cause.message, cause.instance)
        yield f"{cause.json_path}: {expected}"
    if not errors and name in _LENGTHS:
        yield from _LENGTHS[name](value)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number, use null")


def _expectation(keyword: str, wanted: object, message: str, found: object) -> str:
    if keyword in ("required", "additionalProperties"):
        return message
    named = {"type": "type", "enum": "one of", "const": "the value", "pattern": "text like"}.get(keyword, keyword)
    words = " or ".join(map(str, wanted)) if isinstance(wanted, list) else json.dumps(wanted)[:_LENGTH]
    return f"expected {named} {words}, found {_short(found)}"


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}..."


# Constraints that JSON Schema can't express: equal lengths and ascending order.


def _check_log(log: dict) -> Iterator[str]:
    for curve, key in (("batches", "step"), ("epochs", "epoch")):
        columns = {field: column for field, column in log[curve].items() if isinstance(column, list)}
        yield from _unequal(f"$.{curve}", {field: len(column) for field, column in columns.items()})
        if any(first >= second for first, second in pairwise(columns[key])):
            yield f"$.{curve}.{key}: expected ascending numbers"


def _check_predictions(predictions: dict) -> Iterator[str]:
    validation, test = predictions["validation"], predictions["test"]
    for place, answers in enumerate(validation["epochs"]):
        yield from _check_answers(f"$.validation.epochs[{place}]", len(validation["labels"]), answers)
    yield from _check_answers("$.test", len(test["labels"]), test)


def _check_answers(path: str, images: int, answers: dict) -> Iterator[str]:
    given = [key for key in ("predictions", "confidences") if answers.get(key) is not None]
    yield from _unequal(path, {"labels": images} | {key: len(answers[key]) for key in given})
    if notable := answers.get("notable"):
        yield from _unequal(f"{path}.notable", {key: len(notable[key]) for key in ("index", "probabilities")})
        if max(notable["index"], default=-1) >= images:
            yield f"{path}.notable.index: expected numbers below {images}"


def _check_samples(samples: dict) -> Iterator[str]:
    size = samples.get("rows", 28) * samples.get("columns", 28)
    for place, sample in enumerate(samples["samples"]):
        yield from _unequal(f"$.samples[{place}]", {"rows times columns": size, "pixels": len(sample["pixels"])})


def _check_weights(weights: dict) -> Iterator[str]:
    if filters := weights["filters"]:
        size = filters["count"] * filters["rows"] * filters["columns"]
        yield from _unequal("$.filters", {"count times rows times columns": size, "values": len(filters["values"])})


def _check_embedding(embedding: dict) -> Iterator[str]:
    for place, row in enumerate(embedding["epochs"]):
        yield from _unequal(f"$.epochs[{place}]", {key: len(row[key]) for key in ("index", "x", "y")})
        weights = {key: len(row["projection"][key]) for key in ("x", "y")}
        yield from _unequal(f"$.epochs[{place}].projection", {"width": embedding["width"]} | weights)
    if test := embedding["test"]:
        yield from _unequal("$.test", {key: len(test[key]) for key in ("index", "x", "y")})


_LENGTHS = {
    contract.TRAINING_LOG: _check_log,
    contract.PREDICTIONS: _check_predictions,
    contract.TEST_SAMPLES: _check_samples,
    contract.LAYER_WEIGHTS: _check_weights,
    contract.EMBEDDING: _check_embedding,
}


def _unequal(path: str, lengths: dict[str, int]) -> Iterator[str]:
    if len(set(lengths.values())) > 1:
        yield f"{path}: expected equal lengths, found {', '.join(f'{key} {length}' for key, length in lengths.items())}"


def main(words: list[str] | None = None) -> int:
    """Print the violations in the folder that the command line names; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m digits.runlog.check", description="Validate the JSON files of a results folder."
    )
    parser.add_argument("folder", type=Path, help="folder with a training_log.json")
    folder = parser.parse_args(words).folder
    try:
        found = violations(folder)
    except (UserError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    for name, lines in found.items():
        for line in lines[:_MOST]:
            print(f"{name}: {line}")
        if len(lines) > _MOST:
            print(f"{name}: {len(lines) - _MOST} more")
    invalid = [name for name, lines in found.items() if lines]
    if not invalid:
        print(f"Valid: {', '.join(found)}")
    return 1 if invalid else 0


if __name__ == "__main__":
    sys.exit(main())
