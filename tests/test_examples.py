"""The examples of trainers write logs that follow the contract, as their comments say they do."""

import json
import re
import subprocess
import sys

import pytest

from digits.runlog import training_log
from tests.support import PROJECT
from tests.support.contract import violations
from tests.support.node import node

EXAMPLES = PROJECT / "examples"
pytestmark = pytest.mark.process


def run(folder, *words) -> str:
    done = subprocess.run([*map(str, words)], cwd=folder, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_trainer_in_nodejs_writes_a_valid_log(tmp_path):
    text = (EXAMPLES / "any_trainer.mjs").read_text()
    assert len(text.splitlines()) <= 40
    assert re.findall(r"from '(?!node:)", text) == []  # no packages
    fast = tmp_path / "any_trainer.mjs"
    fast.write_text(text.replace("await pause(250);", ""))
    assert fast.read_text() != text
    run(tmp_path, node(), fast, "logs")
    assert violations(tmp_path / "logs") == {}
    log = training_log.read(tmp_path / "logs")
    assert (log["status"], log["progress"]["step"]) == ("completed", 1000)
    assert log["batches"]["step"] == [*range(1, 1001)]
    assert log["epochs"]["epoch"] == [1, 2, 3, 4, 5]
    assert log["epochs"]["train_loss"][-1] < log["epochs"]["train_loss"][0]
    entries = json.loads(
        run(PROJECT, sys.executable, "mnist_cnn.py", "runs", "--results-dir", tmp_path / "logs", "--json")
    )
    assert [entry["name"] for entry in entries] == ["linear regression in Node.js"]


def test_a_plain_pytorch_loop_is_logged_by_five_lines(tmp_path):
    text = (EXAMPLES / "plain_pytorch.py").read_text()
    assert len(re.findall(r"# log$", text, re.MULTILINE)) == 5
    output = run(tmp_path, sys.executable, EXAMPLES / "plain_pytorch.py")
    assert violations(tmp_path / "results") == {}
    log = training_log.read(tmp_path / "results")
    assert (log["status"], log["epochs"]["epoch"]) == ("completed", [*range(1, 11)])
    assert len(log["batches"]["step"]) == 560
    assert log["epochs"]["val_accuracy"][-1] > 0.9
    assert f"validation accuracy {log['epochs']['val_accuracy'][-1]:.2%}" in output


def test_without_the_marked_lines_it_is_the_same_loop(tmp_path):
    lines = (EXAMPLES / "plain_pytorch.py").read_text().splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("with RunLog"))
    inside = [line.removeprefix("    ") for line in lines[start + 1 :]]
    plain = [line for line in [*lines[:start], *inside] if not line.endswith("# log")]
    (tmp_path / "plain.py").write_text("\n".join(plain))
    with_log = run(tmp_path, sys.executable, EXAMPLES / "plain_pytorch.py")
    assert run(tmp_path, sys.executable, "plain.py") == with_log
