"""results/README.md against the files that are written: every field is documented, every documented field exists."""

import json
import re

import pytest
import torch

from digits.config import Config
from digits.runlog import contract, control_actions, training_log
from digits.runlog.run_log import RunLog
from tests.support import PROJECT, golden
from tests.support.training import after, trained

TEXT = (PROJECT / "results" / "README.md").read_text(encoding="utf-8")
WORDS = set(re.findall(r"`([^`]+)`", TEXT))


def section(title):
    return TEXT.split(f"## {title}\n")[1].split("\n## ")[0]


def keys(value):
    """All keys at any depth, but not those of free-form options and metrics."""
    if isinstance(value, dict):
        inner = (keys(item) for key, item in value.items() if key not in ("config", "metrics"))
        return set(value).union(*inner)
    if isinstance(value, list):
        return set().union(*map(keys, value))
    return set()


@pytest.mark.parametrize("file", [*contract.FILES, contract.RUNS_INDEX, ".lock"])
def test_every_file_is_documented(file):
    assert f"`{file}`" in TEXT


@pytest.mark.parametrize(
    "file",
    ["training_log.json", "test_samples.json", "predictions.json", "weights.json", "embedding.json", "runs.json"],
)
def test_every_field_of_a_file_is_in_its_section(file):
    documented = set(re.findall(r"`([^`]+)`", section(file)))
    written = keys(json.loads((golden.FIXTURE / file).read_text()))
    assert written <= documented


def test_the_environment_fields_are_documented():
    from digits.models import precision
    from digits.training import machine

    device = torch.device("cpu")
    written = machine.describe(Config(), device) | precision.Precision(device).describe()
    assert set(written) <= set(re.findall(r"`([^`]+)`", section("training_log.json")))


def test_every_phase_of_a_run_is_documented(tmp_path):
    phases = {contract.PAUSED}
    with after(RunLog.phase, lambda log: phases.add(training_log.read(log.folder)["phase"])):
        trained(tmp_path, "--epochs", "1", "--quiet")
        trained(tmp_path, "--resume", "--epochs", "2", "--quiet")
    row = next(line for line in section("training_log.json").splitlines() if line.startswith("| `phase`"))
    assert {"training", "calibrating"} < phases <= set(re.findall(r"`([^`]+)`", row))


def test_every_documented_field_of_the_log_is_written():
    rows = re.findall(r"^\| (`.*?`) \|", section("training_log.json"), re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert documented == set(json.loads((golden.FIXTURE / contract.TRAINING_LOG).read_text()))


def test_columns_limits_and_statuses_match_the_code():
    assert set(contract.BATCH_FIELDS) | set(contract.EPOCH_FIELDS) <= WORDS
    assert set(contract.STATUSES) <= WORDS
    assert f"{contract.EPOCHS_KEPT:,} epochs" in TEXT
    assert f"the last {contract.MAX_EVENTS}" in TEXT
    assert f"no sign of life for {contract.SILENT_AFTER_S:.0f} s" in " ".join(TEXT.split())
    assert f"at most {contract.MAX_LABEL_LENGTH} characters" in TEXT
    assert contract.HEARTBEAT_S + contract.WRITE_EVERY_S <= 5


CONTRACT = json.loads((PROJECT / "results" / "schema.json").read_text(encoding="utf-8"))["$defs"]
SECTIONS = {name: section(name) for name in CONTRACT if f"## {name}\n" in TEXT}
SECTIONS["network.json"] = section("network.json, network.bin, network-epochs.bin")


def properties(node):
    """Present names of the fields that a part of the schema describes, at any depth."""
    if isinstance(node, list):
        return set().union(*map(properties, node))
    if not isinstance(node, dict):
        return set()
    if "$ref" in node:
        return properties(CONTRACT[node["$ref"].removeprefix("#/$defs/")])
    fields = {name: part for name, part in node.get("properties", {}).items() if not part.get("deprecated")}
    inner = [part for key, part in node.items() if key in ("items", "anyOf")]
    return set(fields).union(*map(properties, [*fields.values(), *inner]))


def words(text):
    return set(re.findall(r"`([a-z][a-z0-9_]*)`", text))


def test_every_json_file_of_the_schema_has_a_section():
    assert set(SECTIONS) == {name for name in CONTRACT if name.endswith(".json")}


@pytest.mark.parametrize("file", SECTIONS)
def test_every_field_of_the_schema_is_documented(file):
    assert properties(CONTRACT[file]) <= words(SECTIONS[file])


# Words in backticks that are not fields: values, and names of commands or layers.
VALUES = {
    "training_log.json": {*contract.STATUSES, "mnist", "synthetic", "3x3", "null", "diverged", "resumed"}
    | {"starting", "resuming", "preparing", "training", "paused", "validating", "calibrating", "testing", "done"},
    "test_samples.json": {"null"},
    "predictions.json": {"null", "predict"},
    "weights.json": {"null"},
    "network.json": {"null", "pad", "conv", "scale", "relu", "pool", "linear"},
    "control.json": {*control_actions.ACTIONS, "refused", "stopped", "paused", "continued", "true", "false", "config"},
    "label.json": set(),
    "queue.json": set(),
    "embedding.json": {"null", "validation"},
    "runs.json": {"null", "crashed"},
}


@pytest.mark.parametrize("file", SECTIONS)
def test_every_documented_field_is_in_the_schema(file):
    assert words(SECTIONS[file]) - VALUES[file] <= properties(CONTRACT[file])


def test_the_command_that_validates_a_folder_is_documented():
    assert "python -m digits.runlog.check FOLDER" in TEXT
