"""results/schema.json accepts what trainers write, in this version and in earlier ones, and refuses damaged files."""

import copy
import json

import pytest
from jsonschema import Draft202012Validator

from digits.runlog import batches, check, contract, control_actions
from tests.support import PROJECT, golden

CONTRACT = json.loads((PROJECT / "results" / "schema.json").read_text(encoding="utf-8"))
DEFINITIONS = CONTRACT["$defs"]
LOG, RUNS, PREDICTIONS, SAMPLES = "training_log.json", "runs.json", "predictions.json", "test_samples.json"
WEIGHTS, NETWORK, CONTROL, LABEL = "weights.json", "network.json", "control.json", "label.json"
QUEUE, EMBEDDING = "queue.json", "embedding.json"
DOCUMENTS = {
    name: json.loads((golden.FIXTURE / name).read_text())
    for name in (LOG, RUNS, PREDICTIONS, SAMPLES, WEIGHTS, EMBEDDING)
}
DOCUMENTS[CONTROL] = {
    "run_id": "a1",
    "requests": [
        {"id": "1", "action": "lr", "value": 0.001},
        {"action": "epochs", "value": "+5"},
        {"action": "stop"},
        {"action": "pause_on_fall", "value": False},
    ],
}
DOCUMENTS[LABEL] = {"schema": 1, "run_id": "a1", "name": "mine", "hidden": False, "pinned": True}
DOCUMENTS[QUEUE] = {
    "schema": 1,
    "runs": [{"id": "a1", "name": "cnn4, seed 3", "options": {"seed": 3}, "added_at": "2026-09-21T14:13:20Z"}],
    "failures": [{"id": "a0", "name": "cnn4, seed 2", "reason": "Exit code 1."}],
}
DOCUMENTS[NETWORK] = {
    "schema": 1, "run_id": "a1", "epoch": 2, "labels": list("0123456789"), "temperature": 1.1, "ood_threshold": -3.5,
    "input": {"rows": 28, "columns": 28, "mean": 0.13, "std": 0.3},
    "layers": [
        {"name": "conv", "type": "conv", "in": 1, "out": 4, "kernel": 3, "stride": 1, "padding": 1, "groups": 1,
         "weight": 0, "bias": None},
        {"name": "relu", "type": "relu"},
    ],
    "numbers": 36, "crc32": 4_000_000_000, "epochs": [1, 2], "ood_thresholds": [None, -3.5], "temperatures": [1.0, 1.1],
    "epochs_crc32": 0,
}  # fmt: skip
MISSING = object()


def changed(name: str, path: str, value: object) -> dict:
    """A copy of the document with another value at "a.0.b"; MISSING removes it."""
    document = copy.deepcopy(DOCUMENTS[name])
    *outer, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    holder = document
    for part in outer:
        holder = holder[part]
    if value is MISSING:
        del holder[last]
    else:
        holder[last] = value
    return document


def is_valid(name: str, document: object) -> bool:
    return not list(check.violations_of(name, json.dumps(document).encode()))


NOT_A_COUNT = (-1, 1.5, "3", "NaN", True, [])
NOT_A_NUMBER = ("NaN", "0.5", True, [], {})
NOT_A_LIST = ({}, "x", 5, None)
NOT_AN_OBJECT = ([], "x", 5)
NOT_A_TEXT = (5, [], {})
DAMAGES = {
    (LOG, "schema"): (MISSING, 2, "1"),
    (LOG, "run_id"): (5, "", "../x", ".hidden", "x" * 81, None),
    (LOG, "name"): (MISSING, *NOT_A_TEXT),
    (LOG, "status"): (MISSING, "exploded", "crashed", "Running", None),
    (LOG, "phase"): (MISSING, None, 5),
    (LOG, "started_at"): ("yesterday", 1_790_000_000, "2026-09-21"),
    (LOG, "updated_at"): ("2026-09-21T14:13:20", None),
    (LOG, "process.pid"): (0, "4242", -1),
    (LOG, "config"): (MISSING, None, *NOT_AN_OBJECT),
    (LOG, "environment"): NOT_AN_OBJECT,
    (LOG, "environment.threads"): NOT_A_COUNT,
    (LOG, "dataset"): NOT_AN_OBJECT,
    (LOG, "dataset.train"): NOT_A_COUNT,
    (LOG, "dataset.sha256"): ("abc", 5),
    (LOG, "model.layers"): NOT_A_LIST,
    (LOG, "model.layers.0.output"): ([-1], ["16"], 16),
    (LOG, "model.parameters"): NOT_A_COUNT,
    (LOG, "progress"): (MISSING, None, *NOT_AN_OBJECT),
    (LOG, "progress.step"): (MISSING, *NOT_A_COUNT),
    (LOG, "progress.eta_s"): NOT_A_NUMBER,
    (LOG, "files"): (MISSING, [5], ["a", "a"], *NOT_A_LIST),
    (LOG, "batches"): (MISSING, None, *NOT_AN_OBJECT),
    (LOG, "batches.step"): (MISSING, *NOT_A_LIST),
    (LOG, "batches.step.0"): NOT_A_COUNT,
    (LOG, "batches.loss"): (MISSING, [0.5] * 1001, *NOT_A_LIST),
    (LOG, "batches.loss.0"): NOT_A_NUMBER,
    (LOG, "batches.accuracy.0"): (1.5, -0.1, *NOT_A_NUMBER),
    (LOG, "epochs"): (MISSING, None, *NOT_AN_OBJECT),
    (LOG, "epochs.epoch"): (MISSING, *NOT_A_LIST),
    (LOG, "epochs.epoch.1"): NOT_A_COUNT,
    (LOG, "epochs.val_loss.0"): NOT_A_NUMBER,
    (LOG, "epochs.val_accuracy.0"): (97.5, *NOT_A_NUMBER),
    (LOG, "events"): (MISSING, [5], *NOT_A_LIST),
    (LOG, "events.0.step"): (MISSING, *NOT_A_COUNT),
    (LOG, "events.0.kind"): (MISSING, *NOT_A_TEXT),
    (LOG, "test"): NOT_AN_OBJECT,
    (LOG, "test.accuracy"): (MISSING, 99.1, *NOT_A_NUMBER),
    (LOG, "test.correct"): NOT_A_COUNT,
    (LOG, "test.temperature"): (0, -1, "1"),
    (LOG, "error"): NOT_A_TEXT,
    (RUNS, "schema"): (MISSING, 2),
    (RUNS, "runs"): (MISSING, [5], *NOT_A_LIST),
    (RUNS, "runs.0.run_id"): (MISSING, 5, "a/b"),
    (RUNS, "runs.0.path"): (MISSING, "/etc/", "runs/../", 5),
    (RUNS, "runs.0.status"): (MISSING, "exploded", None),
    (RUNS, "runs.0.pinned"): (1, "yes", None),
    (RUNS, "runs.0.parameters"): NOT_A_COUNT,
    (RUNS, "runs.0.test_accuracy"): (99.1, *NOT_A_NUMBER),
    (PREDICTIONS, "run_id"): (MISSING, 5),
    (PREDICTIONS, "validation"): (MISSING, None, *NOT_AN_OBJECT),
    (PREDICTIONS, "validation.labels"): (MISSING, "01x", [0, 1]),
    (PREDICTIONS, "validation.epochs.0.epoch"): (MISSING, *NOT_A_COUNT),
    (PREDICTIONS, "validation.epochs.0.confidences"): (MISSING, [1.5], ["NaN"], *NOT_A_LIST),
    (PREDICTIONS, "validation.epochs.0.notable.probabilities.0"): ([0.1] * 9, [0.1] * 11, ["0.1"] * 10),
    (PREDICTIONS, "test"): (MISSING, None, *NOT_AN_OBJECT),
    (PREDICTIONS, "test.predictions"): (5, ["0"], "ten"),
    (SAMPLES, "samples"): (MISSING, [5], *NOT_A_LIST),
    (SAMPLES, "epoch"): (MISSING, *NOT_A_COUNT),
    (SAMPLES, "samples.0.label"): (MISSING, 10, *NOT_A_COUNT),
    (SAMPLES, "samples.0.probabilities"): (MISSING, [0.1] * 9, *NOT_A_LIST),
    (SAMPLES, "samples.0.pixels"): (MISSING, [256] * 784, [0.5] * 784, *NOT_A_LIST),
    (WEIGHTS, "filters"): (MISSING, *NOT_AN_OBJECT),
    (WEIGHTS, "epochs.0.layers.0.counts"): (MISSING, [1] * 39, [1] * 41, [-1] * 40, *NOT_A_LIST),
    (WEIGHTS, "epochs.0.layers.0.std"): (MISSING, -1, "NaN"),
    (NETWORK, "layers"): (MISSING, *NOT_A_LIST),
    (NETWORK, "layers.0.type"): (MISSING, "softmax", 5),
    (NETWORK, "labels"): (MISSING, list("012345678"), "0123456789"),
    (NETWORK, "crc32"): (MISSING, -1, 1 << 32, "0"),
    (CONTROL, "requests"): (MISSING, [5], *NOT_A_LIST),
    (CONTROL, "requests.0.action"): (MISSING, "explode", 5),
    (CONTROL, "requests.0.value"): (MISSING, [], None),
    (CONTROL, "requests.2.value"): (5,),
    (CONTROL, "requests.3.value"): (MISSING, None, "maybe", 1.5),
    (EMBEDDING, "width"): (MISSING, 0, 5000, *NOT_A_COUNT),
    (EMBEDDING, "epochs.0.x.0"): NOT_A_NUMBER,
    (EMBEDDING, "epochs.0.projection"): (MISSING, None, *NOT_AN_OBJECT),
    (EMBEDDING, "epochs.0.projection.offset"): (MISSING, [1], [1, 2, 3], *NOT_A_LIST),
    (EMBEDDING, "test"): (MISSING, *NOT_AN_OBJECT),
    (EMBEDDING, "neighbors.rows.0.set"): (MISSING, "train"),
    (EMBEDDING, "neighbors.rows.0.label"): ([1], [-2, 0, 0], *NOT_A_LIST),
    (QUEUE, "runs.0.id"): (MISSING, "a/b", 5),
    (QUEUE, "runs.0.options"): (MISSING, *NOT_AN_OBJECT),
    (QUEUE, "failures"): (MISSING, [5], *NOT_A_LIST),
    (QUEUE, "failures.0.reason"): (MISSING, None, *NOT_A_TEXT),
    (LABEL, "run_id"): (MISSING, 5),
    (LABEL, "name"): (5, "x" * 121),
    (LABEL, "pinned"): (1, "yes"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_file_of_the_contract_is_valid(name):
    assert is_valid(name, DOCUMENTS[name])
    assert Draft202012Validator(CONTRACT).is_valid(DOCUMENTS[name])


@pytest.mark.parametrize(
    ("name", "path", "value"), [(*place, value) for place, values in DAMAGES.items() for value in values]
)
def test_a_damaged_file_is_refused_under_its_name_and_as_any_file(name, path, value):
    document = changed(name, path, value)
    assert not is_valid(name, document)
    assert not Draft202012Validator(CONTRACT).is_valid(document)


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("document", [None, 5, "x", [], {}])
def test_another_value_is_no_file_of_the_contract(name, document):
    assert not is_valid(name, document)


@pytest.mark.parametrize(
    ("name", "path", "value", "expected"),
    [
        (LOG, "batches.step", [1], "$.batches: expected equal lengths"),
        (LOG, "epochs.val_loss", [0.1], "$.epochs: expected equal lengths"),
        (LOG, "epochs.epoch", [1, 3, 2], "$.epochs.epoch: expected ascending numbers"),
        (PREDICTIONS, "validation.labels", "01", "$.validation.epochs[0]: expected equal lengths"),
        (PREDICTIONS, "test.confidences", [0.5], "$.test: expected equal lengths"),
        (PREDICTIONS, "test.notable.index", [10], "$.test.notable.index: expected numbers below 10"),
        (PREDICTIONS, "test.notable.probabilities", [], "$.test.notable: expected equal lengths"),
        (SAMPLES, "rows", 27, "$.samples[0]: expected equal lengths"),
        (WEIGHTS, "filters.values", [1.0], "$.filters: expected equal lengths"),
        (EMBEDDING, "epochs.0.x", [1.0], "$.epochs[0]: expected equal lengths"),
        (EMBEDDING, "epochs.0.projection.y", [1.0], "$.epochs[0].projection: expected equal lengths"),
        (EMBEDDING, "test.index", [1], "$.test: expected equal lengths"),
    ],
)
def test_lengths_that_do_not_agree_are_violations(name, path, value, expected):
    violations = list(check.violations_of(name, json.dumps(changed(name, path, value)).encode()))
    assert violations
    assert violations[0].startswith(expected)


@pytest.mark.parametrize(
    ("name", "present", "former"),
    [
        (LOG, "test.ece_calibrated", "test.calibrated_error"),
        (RUNS, "runs.0.pinned", "runs.0.kept"),
        (LABEL, "pinned", "kept"),
        (WEIGHTS, "epochs.0.layers.0.std", "epochs.0.layers.0.deviation"),
        (NETWORK, "ood_threshold", "energy_limit"),
        (NETWORK, "ood_thresholds", "energy_limits"),
    ],
)
def test_a_file_with_former_names_of_fields_is_valid(name, present, former):
    value = DOCUMENTS[name]
    for part in present.split("."):
        value = value[int(part) if part.isdigit() else part]
    document = changed(name, present, MISSING)
    *outer, last = former.split(".")
    holder = document
    for part in outer:
        holder = holder[int(part) if part.isdigit() else part]
    holder[last] = value
    assert is_valid(name, document)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        *((LOG, field, MISSING) for field in ("run_id", "started_at", "updated_at", "process", "command", "test")),
        *((LOG, field, None) for field in ("dataset", "model", "test", "error", "progress.epochs", "epochs.lr.0")),
        *((LOG, f"test.{field}", MISSING) for field in ("temperature", "calibration_error", "accepted")),
        (LOG, "weather", "fine"),
        (LOG, "epochs.val_f1", [0.5, 0.6, None]),
        (LOG, "batches.seconds", MISSING),
        (PREDICTIONS, "validation.epochs.0.temperature", MISSING),
        (PREDICTIONS, "test.notable", None),
        (SAMPLES, "temperature", MISSING),
        (WEIGHTS, "filters", None),
        (NETWORK, "temperatures", MISSING),
        (CONTROL, "run_id", MISSING),
        (CONTROL, "requests.0.id", MISSING),
        (LABEL, "name", MISSING),
    ],
)
def test_optional_and_further_fields_are_accepted(name, path, value):
    assert is_valid(name, changed(name, path, value))


def test_the_shortest_log_of_another_trainer_is_valid(tmp_path):
    fields = {"schema": 1, "name": "mine", "status": "running", "phase": "training", "config": {}, "files": []}
    fields |= {"progress": {"epoch": 0, "batch": 0, "step": 0}, "epochs": {"epoch": []}, "events": []}
    fields |= {"batches": {"step": [1], "epoch": [1], "loss": [2.3]}}
    (tmp_path / contract.TRAINING_LOG).write_text(json.dumps(fields))
    assert check.violations(tmp_path)[LOG] == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": NaN}', b"\xff", b"[" * 100_000])
def test_invalid_json_is_one_violation(content):
    (violation,) = check.violations_of(LOG, content)
    assert violation.startswith("$: expected strict JSON")


def test_names_and_limits_of_the_code_are_those_of_the_schema():
    log, label = DEFINITIONS[LOG]["properties"], DEFINITIONS[LABEL]["properties"]
    assert tuple(log["status"]["enum"]) == contract.STATUSES
    assert tuple(DEFINITIONS["run"]["properties"]["status"]["enum"]) == contract.LIVENESSES
    assert tuple(DEFINITIONS["epochs"]["properties"]) == contract.EPOCH_FIELDS
    assert list(DEFINITIONS["batches"]["properties"]) == list(batches.columns([]))
    assert {column["maxItems"] for column in DEFINITIONS["batches"]["properties"].values()} == {batches.BUCKETS_KEPT}
    assert {column["maxItems"] for column in DEFINITIONS["epochs"]["properties"].values()} == {contract.EPOCHS_KEPT}
    assert log["events"]["maxItems"] == contract.MAX_EVENTS
    assert log["name"]["maxLength"] == log["error"]["maxLength"] == contract.MAX_TEXT_LENGTH
    assert DEFINITIONS["event"]["properties"]["text"]["maxLength"] == contract.MAX_EVENT_LENGTH
    assert label["name"]["maxLength"] == contract.MAX_LABEL_LENGTH
    assert DEFINITIONS["run_id"]["pattern"] == f"^{contract.RUN_ID.pattern}$"
    assert DEFINITIONS["schema"]["const"] == contract.SCHEMA
    assert tuple(DEFINITIONS["request"]["properties"]["action"]["enum"]) == control_actions.ACTIONS
    assert DEFINITIONS[CONTROL]["properties"]["requests"]["maxItems"] == control_actions.MAX_REQUESTS
    assert list(DEFINITIONS["epochs"]["patternProperties"]) == [f"^{contract.METRIC.pattern}$"]
    assert set(contract.SECTIONS) <= set(log)
