"""The command that checks a results folder: python -m digits.runlog.check."""

import json
import subprocess
import sys
from pathlib import Path

from digits.runlog import check
from tests.support import PROJECT, golden
from tests.test_schema import LOG, SAMPLES, changed


def run_check(*words: object) -> subprocess.CompletedProcess:
    program = [sys.executable, "-m", "digits.runlog.check", *map(str, words)]
    return subprocess.run(program, cwd=PROJECT, capture_output=True, text=True, timeout=120)


def test_the_command_names_the_files_of_a_valid_folder():
    done = run_check(golden.FIXTURE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Valid: training_log.json, ")


def test_the_command_prints_file_path_and_expectation(tmp_path, capsys):
    (tmp_path / LOG).write_text(json.dumps(changed(LOG, "epochs.epoch.1", "two")))
    (tmp_path / SAMPLES).write_text(json.dumps(changed(SAMPLES, "samples", [5] * 30)))
    assert check.main([str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f'{LOG}: $.epochs.epoch[1]: expected type "integer", found "two"'
    assert lines[-1] == f"{SAMPLES}: 10 more"


def test_the_command_refuses_a_folder_without_a_log(tmp_path, capsys):
    assert check.main([str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"Error: There is no {LOG} in {tmp_path}.\n"


def test_without_jsonschema_the_command_says_how_to_install_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert check.main([str(golden.FIXTURE)]) == 2
    message = capsys.readouterr().err
    assert message.endswith("-m pip install jsonschema\n")
    assert message.count("\n") == 1


def test_a_folder_that_is_a_link_is_checked(tmp_path):
    (tmp_path / "link").symlink_to(golden.FIXTURE)
    assert check.violations(Path(tmp_path / "link"))[LOG] == []
