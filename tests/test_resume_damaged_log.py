"""Resuming from a log that is damaged or of another program."""

import json

import pytest

from digits.errors import UserError
from digits.runlog import contract
from digits.runlog.run_log import RunLog
from digits.training.resume import load_for_resume


@pytest.mark.parametrize("field", ["config", "environment", "progress", "events", "files", "epochs", "batches", "test"])
@pytest.mark.parametrize(
    "value", [None, 5, "x", [], {}, [5], {"step": "x", "steps": [], "threads": "many", "epochs": "x"}]
)
def test_a_damaged_log_is_reported_in_one_line_or_harmless(finished_run, tmp_path, field, value):
    log = json.loads((finished_run / contract.TRAINING_LOG).read_text()) | {field: value}
    (tmp_path / contract.TRAINING_LOG).write_text(json.dumps(log))
    problem = "no run that this version can read"
    try:
        load_for_resume(tmp_path, {"epochs": 9})
    except UserError as error:
        problem = str(error)
    assert "no run that this version can read" in problem
    with RunLog(tmp_path, name="resumed", resume=True) as resumed:
        resumed.announce(contract.TEST_SAMPLES)
    assert json.loads((tmp_path / contract.TRAINING_LOG).read_text()) == log
    with RunLog(tmp_path, name="resumed", resume=True) as resumed:
        resumed.restore(None)
        resumed.batch(1, loss=0.5)
        resumed.announce(contract.TEST_SAMPLES)


@pytest.mark.parametrize(
    ("option", "value"), [("epochs", "many"), ("epochs", []), ("lr", {}), ("channels", 5), ("seed", None)]
)
def test_a_log_with_an_option_of_another_kind_is_of_no_run_of_this_version(finished_run, tmp_path, option, value):
    log = json.loads((finished_run / contract.TRAINING_LOG).read_text())
    log["config"][option] = value
    (tmp_path / contract.TRAINING_LOG).write_text(json.dumps(log))
    with pytest.raises(UserError, match="no run that this version can read"):
        load_for_resume(tmp_path, {"epochs": 9})
