"""Benchmark infrastructure: results files, README's tables, measured runs. No test asserts a time."""

import importlib.util
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import types
from pathlib import Path

import click
import figures
import machine
import numpy as np
import pytest
import runs
import table
from click.testing import CliRunner
from figures import Quantity, Results

from digits.config import Config
from digits.inference.ink import components
from digits.models import builders, weights_file
from tests.support import PROJECT

BENCHMARKS = PROJECT / "benchmarks"
ACCURACY = Quantity("accuracy", "test accuracy", "%", at_least=99.0)
SECONDS = Quantity("seconds", "total time", "s", 1, at_most=60.0)
PROGRAMS = (
    "architectures",
    "non_digits",
    "page",
    "page_runs",
    "pictures",
    "presets",
    "reference",
    "run_log",
    "server",
    "slow_clients",
    "start",
    "synthetic",
    "table",
    "time_to_99",
    "viewers",
)


LOADED: dict[str, types.ModuleType] = {}
PARTS = ("doodles", "figures", "machine", "house_numbers", "pens", "runs", "served")  # which the programs share


def results(folder, add=False, options=None, name="one", title="One", **more):
    return Results(name, title, (ACCURACY, SECONDS), options or {"threads": 2}, add, folder=folder, **more)


def content(folder, name="one"):
    return json.loads((folder / f"{name}.json").read_text())


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
    with pytest.raises(SystemExit, match=f"has other {part}: another, now .* Omit --add"):
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


def test_readme_has_six_figures_at_most_and_names_their_machine(measured):
    lines = table.summary(table.read(measured)).splitlines()
    assert "| `--preset default`: total time | 61.0 s | 1 |" in lines
    assert len(lines) <= 2 + len(table.SUMMARY) + 2 and lines[-1] == f"Measured on {machine.name()}."


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


def program(name):
    """The module of a benchmark, under a name that hides none of the project's."""
    if name not in LOADED:
        spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
        LOADED[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(LOADED[name])
    return LOADED[name]


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_lists_its_options(name, capsys):
    assert program(name).main(["--help"], standalone_mode=False) == 0
    assert capsys.readouterr().out.startswith("Usage: ")


@pytest.mark.parametrize("path", sorted((BENCHMARKS / "results").glob("*.json")), ids=lambda path: path.stem)
def test_a_results_file_has_the_quantities_of_its_program(path):
    name = path.stem.partition("-")[0]
    if name == "faults":
        pytest.skip("written by tests/faults")
    names = {quantity.key: (quantity.what, quantity.unit) for quantity in program(name).QUANTITIES}
    for row in json.loads(path.read_text())["rows"]:
        assert names[row["key"]] == (row["what"], row["unit"])


@pytest.fixture
def weights(tmp_path):
    """An untrained network whose OOD threshold accepts everything."""
    content = weights_file.weights_file(
        builders.build_model("tiny"), Config.from_options(model="tiny"), temperature=1.0, ood_threshold=1e9
    )
    (tmp_path / "weights.pth").write_bytes(content)
    return str(tmp_path / "weights.pth")


@pytest.mark.parametrize(
    ("name", "trial", "cases"),
    [
        (
            "pictures",
            ["--images", "20", "--drawn", "20"],
            {"unchanged", "preprocessed", "inverted", "colored", "pencil", "faint scan", "lines of 2 to 8 digits"},
        ),
        ("non_digits", ["--images", "20", "--pictures", "4"], {"noise", "letters", "MNIST test digits, raw"}),
    ],
)
def test_trained_weights_are_measured(tmp_path, mnist_root, monkeypatch, weights, name, trial, cases):
    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist_root))
    monkeypatch.setenv("BENCHMARK_RESULTS", str(tmp_path))
    program(name).main([weights, *trial], standalone_mode=False)
    assert cases <= {row["of"] for row in content(tmp_path, name)["rows"]}


def test_thinning_leaves_lines_of_one_pixel_connected_as_before():
    import pens

    blobs = np.kron(np.random.default_rng(4).random((9, 9)) < 0.5, np.ones((7, 7), bool))
    padded = np.pad(blobs, 7)
    lines = pens.thin(padded)
    assert (lines <= padded).all() and (pens.thin(lines) == lines).all()
    assert components(lines)[1] == components(padded)[1]
    assert not (lines[1:, 1:] & lines[:-1, 1:] & lines[1:, :-1] & lines[:-1, :-1]).any()


def benchmark(folder, name, *arguments):
    program = [sys.executable, BENCHMARKS / f"{name}.py", *arguments]
    environment = os.environ | {"BENCHMARK_RESULTS": str(folder)}
    return subprocess.run(program, env=environment, capture_output=True, text=True, timeout=300)


SMALL = "--dataset synthetic --train-limit 300 --validation 50 --epochs 1 --channels 2,2,2,2"


@pytest.mark.process
def test_runs_are_measured_from_outside_seed_by_seed(tmp_path):
    done = benchmark(tmp_path, "presets", "default", "--seeds", "1", "--options", SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    rows = {row["key"]: row for row in content(tmp_path, "presets-default")["rows"]}
    assert set(rows) == {quantity.key for quantity in runs.QUANTITIES}
    assert all(set(row["values"]) == {"1"} and row["mean"] > 0 for row in rows.values())
    assert rows["seconds"]["mean"] > rows["train_seconds"]["mean"]

    done = benchmark(tmp_path, "presets", "default", "--seeds", "3", "--parallel", "2", "--add", "--options", SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    rows = {row["key"]: row for row in content(tmp_path, "presets-default")["rows"]}
    assert set(rows["test_accuracy"]["values"]) == {"1", "2", "3"}
    assert set(rows["seconds"]["values"]) == {"1"}  # no times of runs side by side


def test_a_failed_run_reports_its_own_error(tmp_path):
    done = benchmark(tmp_path, "presets", "default", "--seeds", "2", "--options", "--channels 1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert not Path(tmp_path, "presets-default.json").exists()


@pytest.mark.process
def test_the_recipe_and_the_preset_fast_are_measured_in_turn(tmp_path, mnist_root, monkeypatch):
    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist_root))
    trial = [
        "--seeds",
        "1",
        "--images",
        "640",
        "--epochs",
        "1",
        "--options",
        "--train-limit 300 --validation 50 --epochs 1",
    ]
    done = benchmark(tmp_path, "time_to_99", *trial)
    assert (done.returncode, done.stderr) == (0, "")
    kept = content(tmp_path, "time_to_99")
    rows = {row["key"]: row for row in kept["rows"]}
    assert {"recipe_accuracy", "fast_seconds", "fast_accuracy"} <= set(rows)
    assert "recipe_seconds" not in rows  # 640 images are not enough for 99 %
    assert kept["remarks"] == ["With seed 1 the recipe did not reach 99 % within 1 epochs: no ratio from that seed."]
    assert rows["fast_accuracy"]["reached"] is False
    assert figures.target_of(rows["fast_accuracy"]) == "at least 99.00 %"
