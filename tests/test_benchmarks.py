"""Benchmark infrastructure: results files, README's tables, measured runs. No test asserts a time."""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys

import click
import machine
import pytest
import runs
import table
from click.testing import CliRunner
from figures import Quantity, Results

from tests.support import PROJECT
from tests.support.benchmarks import BENCHMARKS, PARTS, PROGRAMS, content

ACCURACY = Quantity("accuracy", "test accuracy", "%", at_least=99.0)
SECONDS = Quantity("seconds", "total time", "s", 1, at_most=60.0)


def results(folder, add=False, options=None, name="one", title="One", **more):
    return Results(name, title, (ACCURACY, SECONDS), options or {"threads": 2}, add, folder=folder, **more)


def test_every_repetition_is_saved_immediately_with_mean_and_standard_deviation(tmp_path):
    kept = results(tmp_path)
    values = [99.1, 98.7, 99.5]
    for seed, value in enumerate(values, start=1):
        kept.add(seed, {"accuracy": value, "seconds": 10.0 * seed})
        row, other = content(tmp_path)["rows"]
        assert list(row["values"].values()) == values[:seed]
        assert row["n"] == seed
        assert row["mean"] == pytest.approx(statistics.fmean(values[:seed]))
        assert row["spread"] == (pytest.approx(statistics.stdev(values[:seed])) if seed > 1 else None)
    assert (row["least"], row["greatest"]) == (98.7, 99.5)
    assert (row["target"], row["target_is"], row["reached"]) == (99.0, "at least", True)
    assert (other["target"], other["target_is"], other["reached"]) == (60.0, "at most", True)


def test_a_results_file_has_machine_and_versions(tmp_path):
    results(tmp_path).add(1, {"accuracy": 99.0})
    head = content(tmp_path)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", head["measured_at"])
    assert (head["schema"], head["machine"], head["versions"]) == (1, machine.name(), machine.versions())
    assert head["options"] == {"threads": 2}
    assert set(head) <= set(re.findall(r"`(\w+)`", (BENCHMARKS / "README.md").read_text()))
    assert set(head["rows"][0]) <= set(re.findall(r"`(\w+)`", (BENCHMARKS / "README.md").read_text()))


def test_the_saved_command_contains_no_local_path(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/x/benchmarks/one.py", "--seeds", "3-5", "--data-dir", os.path.abspath("data")])
    assert machine.command() == "python benchmarks/one.py --seeds 3-5 --data-dir FOLDER"


def test_figures_that_are_missing_or_not_finite_are_left_out(tmp_path):
    kept = results(tmp_path)
    kept.add(1, {"accuracy": None, "seconds": float("nan")})
    assert content(tmp_path)["rows"] == []
    kept.add(2, {"accuracy": 98.0, "seconds": None})
    (row,) = content(tmp_path)["rows"]
    assert (row["key"], row["values"], row["reached"]) == ("accuracy", {"2": 98.0}, False)


def test_seeds_are_added_to_those_measured_before(tmp_path):
    results(tmp_path).add(1, {"accuracy": 99.0})
    more = results(tmp_path, add=True)
    assert more.has(1)
    assert not more.has(2)
    more.add(10, {"accuracy": 98.0})
    more.add(2, {"accuracy": 98.5})
    assert content(tmp_path)["rows"][0]["values"] == {"1": 99.0, "2": 98.5, "10": 98.0}


def test_without_add_the_first_new_figures_replace_the_old(tmp_path):
    results(tmp_path).add(1, {"accuracy": 99.0})
    before = content(tmp_path) | {"remarks": ["Seed 1 was slow."]}
    (tmp_path / "one.json").write_text(json.dumps(before))
    anew = results(tmp_path)
    assert not anew.has(1)
    assert content(tmp_path) == before
    anew.add(2, {"accuracy": 98.0})
    assert content(tmp_path)["rows"][0]["values"] == {"2": 98.0}
    assert content(tmp_path)["remarks"] == []


@pytest.mark.parametrize("part", ["machine", "versions", "options"])
def test_figures_of_different_machines_or_versions_are_not_mixed(tmp_path, part):
    results(tmp_path).add(1, {"accuracy": 99.0})
    (tmp_path / "one.json").write_text(json.dumps(content(tmp_path) | {part: "another"}))
    with pytest.raises(SystemExit, match=f"has other {part}: another, now .* Delete it"):
        results(tmp_path, add=True)


@pytest.mark.parametrize(("text", "seeds"), [("5", [1, 2, 3, 4, 5]), ("3-5", [3, 4, 5]), ("0-0", [0]), ("1", [1])])
def test_seeds_are_a_number_or_first_and_last(text, seeds):
    assert list(runs.Seeds().convert(text, None, None)) == seeds


@pytest.mark.parametrize("text", ["0", "-3", "5-3", "a", "", "1-2-3", "1.5", "--"])
def test_malformed_seeds_are_rejected(text):
    with pytest.raises(click.BadParameter, match="is not a number of seeds"):
        runs.Seeds().convert(text, None, None)


@pytest.fixture
def measured(tmp_path):
    """Example results files of two presets, one with two networks, and of another benchmark."""
    for name, of in (("presets-default", "`--preset default`"), ("presets-fast", "`--preset fast`")):
        kept = results(tmp_path, name=name, title=of, table="Presets")
        kept.add(1, {"accuracy": 99.0, "seconds": 61.0}, of)
        kept.add(2, {"accuracy": 99.5}, of)
    other = results(tmp_path, name="other", title="Something else", options={"more": "--epochs 1"})
    other.add(1, {"seconds": 1234.56})
    other.remark("It was slow.")
    return tmp_path


def test_the_table_has_a_row_per_network_and_a_list_of_other_figures(measured):
    lines = table.markdown(table.read(measured)).splitlines()
    assert lines[0].startswith(f"On {machine.name()}, Python {machine.versions()['python']}, torch ")
    where = lines.index("Presets:")
    assert lines[where + 2 : where + 6] == [
        "|  | test accuracy, % | total time, s | n |",
        "|---|---:|---:|---:|",
        "| `--preset fast` (threads: 2) | 99.25 ± 0.35 | 61.0 (n = 1) | 2 |",
        "| `--preset default` (threads: 2) | 99.25 ± 0.35 | 61.0 (n = 1) | 2 |",
    ]
    assert "| **Something else** (`--epochs 1`) |  |  |" in lines
    assert "| total time | 1,234.6 s | 1 |" in lines


def test_a_list_names_the_subject_of_each_group_of_figures(tmp_path):
    kept = results(tmp_path, title="Servers")
    for of, seconds in (("ours", 1.0), ("another", 2.0)):
        kept.add(1, {"seconds": seconds}, of)
    lines = table.markdown(table.read(tmp_path)).splitlines()
    where = next(place for place, line in enumerate(lines) if line.startswith("| **Servers**"))
    assert lines[where + 1 : where + 5] == [
        "| ours |  |  |",
        "| total time | 1.0 s | 1 |",
        "| another |  |  |",
        "| total time | 2.0 s | 1 |",
    ]


def test_a_missed_target_is_marked(measured):
    text = table.markdown(table.read(measured))
    assert "| `--preset fast`: test accuracy | at least 99.00 % | 99.25 ± 0.35 % | ✓ |" in text
    assert "| `--preset fast`: total time | at most 60.0 s | 61.0 s | ✗ |" in text
    assert text.endswith("\n\n- Something else: It was slow.")


def test_readme_has_six_recipes_at_most_and_names_their_machine(tmp_path):
    quantities = tuple(Quantity(key, key, "", 2) for key in table.COLUMNS)
    for name, of in (("presets-fast", "`--preset fast`"), ("presets-tiny", "`--preset tiny`"), ("peers", "LeNet-5")):
        kept = Results(name, of, quantities, {}, table=name, folder=tmp_path)
        kept.add(1, {"test_accuracy": 99.0, "parameters": 61706}, of)
        kept.add(2, {"test_accuracy": 98.0, "peer_epochs": 1.5, "parameters": 61706}, of)
    head, _, *rows, _, machines = table.summary(table.read(tmp_path)).splitlines()
    assert head == "|  | test accuracy, % | time, epochs of pytorch/examples | parameters | n |"
    cells = "98.50 ± 0.71 | 1.50 (n = 1) | 61,706.00 | 2 |"
    assert rows == [f"| `--preset fast` | {cells}", f"| {table.RECIPES['LeNet-5']} | {cells}"]
    assert len(table.RECIPES) == 6 and machines == f"Measured on {machine.name()}."


def test_figures_of_different_machines_are_in_different_tables(measured):
    (measured / "other.json").write_text(json.dumps(content(measured, "other") | {"machine": "An abacus, Wood"}))
    text = table.markdown(table.read(measured))
    assert text.count("\nMean ± ") == 2
    assert text.index("Presets:") < text.index("On An abacus, Wood") < text.index("Something else")


def test_only_the_text_between_the_markers_is_replaced():
    text = f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n"
    assert table.replaced(text, "new") == f"before\n{table.BEGIN}\nnew\n{table.END}\nafter\n"
    with pytest.raises(SystemExit, match="lacks the lines"):
        table.replaced("nothing", "new")


def test_the_documents_agree_with_the_results_files():
    result = CliRunner().invoke(table.main, ["--check"])
    assert result.exit_code == 0, result.output


def test_every_figure_in_the_results_files_follows_from_its_values():
    for row in (row for file in table.read(BENCHMARKS / "results") for row in file["rows"]):
        values = list(row["values"].values())
        assert row["mean"] == pytest.approx(statistics.fmean(values))
        assert row["spread"] == (pytest.approx(statistics.stdev(values)) if len(values) > 1 else None)
        assert (row["n"], row["least"], row["greatest"]) == (len(values), min(values), max(values))
        if "target" in row:
            better = row["mean"] >= row["target"] if row["target_is"] == "at least" else row["mean"] <= row["target"]
            assert row["reached"] == better


def test_every_program_is_listed_with_its_quantity():
    assert {path.stem for path in BENCHMARKS.glob("*.py")} == {*PROGRAMS, *PARTS}
    text = (BENCHMARKS / "README.md").read_text()
    assert all(f"{name}.py" in text for name in PROGRAMS)


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_benchmark_all_runs_every_program():
    """All programs but reference.py, which time_to_99.py runs."""
    done = subprocess.run(["make", "-n", "-C", PROJECT, "benchmark-all"], capture_output=True, text=True, check=True)
    words = set(re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"for program in(.*?); do", done.stdout, re.DOTALL))))
    assert set(PROGRAMS) - words == {"reference"}
