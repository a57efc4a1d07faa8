"""Contract of a results folder: what tests hold the files of a run to."""

from pathlib import Path

from digits.runlog import check, schema, training_log


def assert_valid(results: Path, artifacts: bool = True) -> None:
    """The log in `results`, the list of runs and the artifacts that the log lists satisfy results/schema.json."""
    log = training_log.read(results)
    if log is None:
        return
    files = {schema.TRAINING_LOG, schema.RUNS_INDEX, *(log["files"] if artifacts else ())}
    violations = check.violations(results)
    assert {name: found for name, found in violations.items() if found and name in files} == {}
