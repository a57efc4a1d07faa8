"""Entry of a run in runs.json, made of its log and label."""

from collections.abc import Sequence

from digits.files import finite, is_number
from digits.runlog import contract
from digits.runlog.status import liveness_of_earlier
from digits.runlog.training_log import section

MAX_SETTINGS = 200  # of a run, in the list of runs; those of this project's trainer are 50
MAX_SETTING_LENGTH = 300


def entry(log: dict, label: dict, path: str) -> dict | None:
    """The entry of runs.json for a run with this log and `label`, at `path`; None without a valid run id."""
    facts = facts_of(log)
    return labeled(facts, label, path) if facts else None


def labeled(facts: dict, label: dict, path: str) -> dict:
    """The entry of a run with these facts and `label`, at `path`."""
    labeled = {
        "run_id": facts["run_id"],
        "path": path,
        "name": label.get("name") or facts["name"],
        "hidden": label.get("hidden") is True,
        "pinned": label.get("pinned") is True,
        "status": liveness_of_earlier(facts) if path else facts["status"],
    }
    return labeled | {key: value for key, value in facts.items() if key not in labeled}


def facts_of(log: dict | None) -> dict | None:
    """The entry of runs.json as far as it depends on the log; None without a valid run id."""
    log = with_id(log)
    if log is None:
        return None
    model, epochs = section(log, "model"), section(log, "epochs")
    accuracies = _numbers(epochs.get("val_accuracy"))
    facts = {
        "run_id": log["run_id"],
        "name": log.get("name"),
        "status": log.get("status"),
        "started_at": log.get("started_at"),
        "updated_at": log.get("updated_at"),
        "seconds": max(_numbers(section(log, "batches").get("seconds")), default=None),
        "model": model.get("name"),
        "parameters": model.get("parameters"),
        "dataset": section(log, "dataset").get("name"),
        "epochs": max(_numbers(epochs.get("epoch")), default=0),
        "best_val_accuracy": max(accuracies, default=None),
        "last_val_accuracy": accuracies[-1] if accuracies else None,
        "test_accuracy": section(log, "test").get("accuracy"),
        "config": _settings(log),
        "metrics": _metrics(log),
    }
    return finite(facts)  # a foreign log may have NaN or infinite numbers


def _settings(log: dict) -> dict:
    """The settings of a run; of a foreign log only as many, and only such values, as a list of runs can show."""
    settings = list(section(log, "config").items())[:MAX_SETTINGS]
    return {name: value for name, value in settings if len(str(value)) <= MAX_SETTING_LENGTH}


def _metrics(log: dict) -> dict[str, float]:
    """The latest value of each metric of the epochs, and the numbers of the test."""
    columns = {name: _numbers(column) for name, column in section(log, "epochs").items()}
    latest = {name: column[-1] for name, column in columns.items() if column and contract.METRIC.fullmatch(name)}
    return latest | {f"test_{name}": value for name, value in section(log, "test").items() if is_number(value)}


def _numbers(column: object) -> Sequence[float]:
    return [value for value in column if isinstance(value, (int, float))] if isinstance(column, list) else []


def with_id(log: dict | None) -> dict | None:
    """The log; None unless it has a valid run id."""
    run_id = log and log.get("run_id")
    return log if isinstance(run_id, str) and contract.RUN_ID.fullmatch(run_id) else None
