"""Contract of a results folder: checks of the files of a run."""

import json
from pathlib import Path

from digits.runlog import check, contract

RUN_LOG_FILES = (contract.TRAINING_LOG, contract.RUNS_INDEX)
TRAINER_FILES = (*RUN_LOG_FILES, contract.TEST_SAMPLES, contract.PREDICTIONS, contract.LAYER_WEIGHTS, contract.NETWORK)


def violations(results: Path, files: tuple[str, ...] = TRAINER_FILES) -> dict[str, list[str]]:
    """Violations of results/schema.json in those `files` that `results` contains."""
    there = [name for name in files if (results / name).is_file()]
    found = {name: list(check.violations_of(name, (results / name).read_bytes())) for name in there}
    return {name: lines for name, lines in found.items() if lines}


def saved(folder: Path, file: str = contract.TRAINING_LOG) -> dict:
    """The file's content, which must be strict JSON."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads((folder / file).read_text(), parse_constant=refuse)
