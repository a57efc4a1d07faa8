"""Outcome of a run: equal for two runs with the same options and machine, however one was stopped and resumed."""

import csv
import json
from pathlib import Path

from digits.models import weights_file
from digits.runlog import contract

_TIMED = ("images_per_second", "seconds")  # of the log's columns: they depend on the clock


def outcome(results: Path) -> dict:
    """Everything of a completed run that repeats bit for bit: weights, optimizer state, curves, predictions."""
    final = weights_file.load(results / contract.CHECKPOINT)
    weights = weights_file.load(results / contract.WEIGHTS)
    log = json.loads((results / contract.TRAINING_LOG).read_text())
    with open(results / contract.BATCHES) as file:
        rows = [row[:5] for row in csv.reader(file)]
    return {
        "arithmetic": [log["environment"][key] for key in ("precision", "memory_format", "threads")],
        "learner": weights_file.digest(final["learner"]),
        "weights": weights_file.digest(weights["state_dict"]),
        "batches": {key: column for key, column in log["batches"].items() if key not in _TIMED},
        "epochs": {key: column for key, column in log["epochs"].items() if key not in _TIMED},
        "test": log["test"],
        "rows": rows,
        "predictions": json.loads((results / contract.PREDICTIONS).read_text())["validation"],
        "status": log["status"],
    }


def listed(results):
    return json.loads((results / contract.RUNS_INDEX).read_text())["runs"]


def content(results) -> dict:
    """The content of all files of the run."""
    return {file: (results / file).read_bytes() for file in contract.FILES if (results / file).is_file()}
