"""results/README.md and what is really written are held together: every field is documented, no field is made up."""

import json
import re

import pytest
import torch

from digits.config import Config
from digits.runlog import schema
from tests.support import PROJECT, golden

TEXT = (PROJECT / "results" / "README.md").read_text(encoding="utf-8")
WORDS = set(re.findall(r"`([^`]+)`", TEXT))


def section(title):
    return TEXT.split(f"## {title}\n")[1].split("\n## ")[0]


def keys(value):
    """All keys at any depth, but not those of free-form options."""
    if isinstance(value, dict):
        inner = (keys(item) for key, item in value.items() if key != "config")
        return set(value).union(*inner)
    if isinstance(value, list):
        return set().union(*map(keys, value))
    return set()


@pytest.mark.parametrize("file", [*schema.FILES, schema.RUNS_INDEX, ".lock"])
def test_every_file_is_documented(file):
    assert f"`{file}`" in TEXT


@pytest.mark.parametrize(
    "file", ["training_log.json", "test_samples.json", "predictions.json", "weights.json", "runs.json"]
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


def test_every_phase_is_documented():
    code = "".join((PROJECT / "digits" / "training" / file).read_text() for file in ("run.py", "remote_control.py"))
    row = next(line for line in section("training_log.json").splitlines() if line.startswith("| `phase`"))
    phases = {schema.PAUSED, *re.findall(r'log\.phase\("([^"]+)"\)', code)}
    assert {"training", "calibrating"} < phases <= set(re.findall(r"`([^`]+)`", row))


def test_every_documented_field_of_the_log_is_written():
    rows = re.findall(r"^\| (`.*?`) \|", section("training_log.json"), re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert documented == set(json.loads((golden.FIXTURE / schema.TRAINING_LOG).read_text()))


def test_columns_limits_and_statuses_match_the_code():
    assert set(schema.BATCH_FIELDS) | set(schema.EPOCH_FIELDS) <= WORDS
    assert set(schema.STATUSES) <= WORDS
    assert f"{schema.EPOCHS_KEPT:,} epochs" in TEXT
    assert f"the last {schema.EVENTS_KEPT}" in TEXT
    assert f"no sign of life for\n{schema.SILENT_AFTER_S:.0f} s" in TEXT
    assert f"at most {schema.LABEL_KEPT} characters" in TEXT
    assert schema.HEARTBEAT_S + schema.WRITE_EVERY_S <= 5
