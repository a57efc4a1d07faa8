"""docs/commands.md: every command is there, its examples are valid, those on runs work, and shells complete them."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import click
import pytest
from click.shell_completion import ShellComplete

from digits.data import datasets
from digits.runlog import runs
from mnist_cnn import cli
from tests.support import PROJECT, many_runs
from tests.support.training import command
from tests.test_documents import text_of

TEXT = text_of("docs/commands.md")
EXAMPLES = re.findall(r"^python mnist_cnn\.py(?: (.*))?$", TEXT, re.MULTILINE)
ON_RUNS = [line for line in EXAMPLES if line.split()[0] in ("runs", "compare", "clean", "watch", "log", "export")]


def test_every_command_has_a_section_and_an_example():
    headings = re.findall(r"^## ([a-z]+)$", TEXT, re.MULTILINE)
    assert set(headings) == set(cli.commands)
    assert {line.split()[0] for line in EXAMPLES if not line.startswith("-")} == set(cli.commands)


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_has_valid_arguments(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line)
    group: click.Command = cli
    if words[0].startswith("-"):
        words = ["train", *words]
    while isinstance(group, click.Group):
        group = group.commands[words.pop(0)]
    group.make_context("mnist_cnn.py", words)  # it raises for what is invalid


@pytest.mark.parametrize("line", ON_RUNS)
def test_an_example_on_runs_works(line, finished_run, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "SYNTHETIC_TEST", 400)
    results = tmp_path / "results"
    many_runs.write(results, [{"lr": 0.01}, {"lr": 0.02}], [1, 2])
    archived = results / "runs" / "finished"
    shutil.copytree(finished_run, archived)
    run_id = runs.read_log(archived)["run_id"]
    archived.rename(archived.with_name(run_id))
    monkeypatch.chdir(tmp_path)
    names = {"RUN": "000000-made", "OTHER": "000002-made"}
    if line.startswith("export"):  # of a run with weights
        names["RUN"] = run_id
        results = results if "RUN" in line else results / "runs" / run_id
    words = [names.get(word, word) for word in shlex.split(line)]
    code, output, errors = command(*words, "--results-dir", results)
    assert (code, errors, output != "") == (0, "", True)


def complete(words: list[str], incomplete: str) -> list[str]:
    shell = ShellComplete(cli, {}, "mnist-cnn", "_MNIST_CNN_COMPLETE")
    return [item.value for item in shell.get_completions(words, incomplete)]


def test_commands_options_values_and_runs_are_completed(tmp_path):
    ids = many_runs.write(tmp_path, [{"lr": 0.01}], [1, 2])
    assert {"train", "export", "watch"} <= {*complete([], "")}
    assert complete([], "exp") == ["export"]
    assert complete([], "--epo") == complete(["train"], "--epo") == complete(["--seed", "2"], "--epo") == ["--epochs"]
    assert complete(["export", "--format"], "s") == ["safetensors"]
    assert complete(["log"], "") == ["export"]
    assert complete(["compare", "--results-dir", str(tmp_path)], "2026") == ids[::-1]
    assert complete(["log", "export", "--results-dir", str(tmp_path)], ids[0][:-5]) == [ids[0]]


@pytest.mark.process
def test_a_shell_gets_the_script_that_the_document_names(tmp_path):
    variable, instruction = re.search(r"(_MNIST_CNN_COMPLETE)=(bash_source) mnist-cnn", TEXT).groups()
    program = tmp_path / "mnist-cnn"  # as pip installs it
    program.write_text(f"import sys\nsys.path.insert(0, {str(PROJECT)!r})\nimport mnist_cnn\nmnist_cnn.main()\n")
    environment = os.environ | {variable: instruction, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([sys.executable, program], env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "complete " in done.stdout and "mnist-cnn" in done.stdout
    words = {variable: "bash_complete", "COMP_WORDS": "mnist-cnn wat", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, program], env=environment | words, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split(",")[-1].strip() == "watch"
