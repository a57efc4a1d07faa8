"""Former names of options, presets and fields: accepted everywhere, announced once, never written."""

import json
import shutil
import subprocess

import pytest
from click.testing import CliRunner

import mnist_cnn
from digits import renames
from digits.cli.terminal import Terminal
from digits.config import OPTIONS, Config
from digits.evaluation.report import evaluate
from digits.inference.predict import Predictor
from digits.models import weights_file
from digits.models.builders import build_model
from digits.models.history import ModelHistory
from digits.models.weight_stats import WeightHistograms
from digits.option_types import as_text as plain
from digits.option_types import flag
from digits.paths import PROJECT
from digits.runlog import RunLog, contract, runs
from digits.server.options_schema import InvalidOption, to_argv
from digits.training.resume import load_for_restart, load_for_resume, previous_run
from tests.support.node import node
from tests.support.training import Trainer

FORMER_OPTIONS = {
    "warm_up": 7,
    "decay": 0.25,
    "coarse": 0.5,
    "thickness": 0.5,
    "shift": 3.0,
    "limit": 640,
    "keep": 3,
    "outliers": 0.25,
}


@pytest.fixture
def seen(monkeypatch):
    """The configurations that training would start with."""
    configs = []
    monkeypatch.setattr(mnist_cnn, "train_and_test", lambda config, *rest: configs.append(config))
    return configs


def invoke(*arguments):
    return CliRunner().invoke(mnist_cnn.cli, arguments)


def test_every_renamed_option_is_tried_here():
    assert FORMER_OPTIONS.keys() == renames.OPTIONS.keys()
    assert set(renames.OPTIONS.values()) <= OPTIONS.keys()


@pytest.mark.parametrize("former", FORMER_OPTIONS)
def test_a_former_option_sets_the_present_one_and_a_notice_names_it(seen, tmp_path, former):
    value, present = FORMER_OPTIONS[former], renames.OPTIONS[former]
    done = invoke("--results-dir", str(tmp_path), flag(former), plain(value))
    assert done.exit_code == 0, done.output
    assert getattr(seen[0], present) == value
    assert done.output == f"Warning: Renamed options: {flag(former)} is now {flag(present)}.\n"
    assert flag(former) + " " not in invoke("--help").output


@pytest.mark.parametrize("former", FORMER_OPTIONS)
def test_a_former_option_has_the_limits_of_the_present_one(seen, tmp_path, former):
    done = invoke("--results-dir", str(tmp_path), flag(former), "-1")
    assert done.exit_code == 2 and flag(former) in done.output and not seen


@pytest.mark.parametrize("former", FORMER_OPTIONS)
def test_both_names_of_an_option_at_once_are_an_error(seen, tmp_path, former):
    value, present = plain(FORMER_OPTIONS[former]), renames.OPTIONS[former]
    for words in ([flag(former), value, flag(present), value], [flag(present), value, flag(former), value]):
        done = invoke("--results-dir", str(tmp_path), *words)
        assert done.exit_code == 2 and not seen
        assert done.output == f"Error: {flag(former)} is the former name of {flag(present)}: give one of them.\n"
    with pytest.raises(InvalidOption, match="former name"):
        to_argv({former: FORMER_OPTIONS[former], present: FORMER_OPTIONS[former]})


def test_the_former_name_of_a_preset_is_read(seen, tmp_path):
    done = invoke("--results-dir", str(tmp_path), "--preset", "course")
    assert done.output == "Warning: Renamed options: --preset course is now --preset textbook.\n"
    assert (seen[0].preset, seen[0].cooldown, seen[0].name) == ("textbook", 0.7, "cnn4, textbook")
    assert "course" not in invoke("--help").output


def test_the_control_api_takes_former_names():
    assert to_argv({"warm_up": 7, "preset": "course"}) == ["--warmup-steps", "7", "--preset", "textbook"]


def with_former_names(values: dict) -> dict:
    return {renames.FORMER.get(name, name): value for name, value in values.items()}


def without_added(options: dict) -> dict:
    """Options as version 0.2.0 logged them, which had fewer."""
    added = {option.name for option in OPTIONS.values() if option.before is not None}
    assert added
    return {name: value for name, value in options.items() if name not in added}


def as_written_before(folder) -> None:
    """Give log and checkpoints of a run the options and names that version 0.2.0 wrote."""
    path = folder / contract.TRAINING_LOG
    log = json.loads(path.read_text())
    path.write_text(json.dumps(log | {"config": with_former_names(without_added(log["config"]))}))
    for file in contract.CHECKPOINTS:
        if (folder / file).exists():
            state = weights_file.load(folder / file)
            renamed = {part: with_former_names(without_added(state[part])) for part in ("config", "schedule")}
            (folder / file).write_bytes(weights_file.serialize(state | renamed))


@pytest.fixture(scope="module")
def former_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("former")
    words = ["--epochs", "1", "--warmup-steps", "3", "--low-res", "0.5", "--stroke-width", "0.5", "--threads", "1"]
    words += ["--synthetic-ratio", "0", "--momentum", "0.95", "--hard-examples", "0"]  # which that version lacked
    words += ["--batch-size", "192"]  # the default, not part of the name
    with Trainer(folder, *words) as trainer:
        code, output, errors = trainer.finish()
    assert code == 0, (output, errors)
    as_written_before(folder)
    assert json.loads((folder / contract.TRAINING_LOG).read_text())["config"].keys() >= renames.OPTIONS.keys()
    return folder


@pytest.mark.process
@pytest.mark.parametrize("way", ["--resume", "--restart"])
def test_a_run_with_former_names_resumes_and_its_log_gets_the_present_names(former_run, tmp_path, way):
    copy = shutil.copytree(former_run, tmp_path / "copy")
    with Trainer(copy, way, "--epochs", "2", small=False) as trainer:
        code, output, errors = trainer.finish()
    assert code == 0, (output, errors)
    (notice,) = (line for line in errors.splitlines() if "Renamed options" in line)
    assert "--warm-up is now --warmup-steps" in notice
    log = json.loads((copy / contract.TRAINING_LOG).read_text())
    assert log["config"].keys() == OPTIONS.keys()
    assert (log["config"]["warmup_steps"], log["progress"]["epoch"]) == (3, 2)
    assert ("resumed" in {event["kind"] for event in log["events"]}) == (way == "--resume")


@pytest.mark.process
def test_a_run_with_former_names_is_verified(former_run):
    done = invoke("verify", str(former_run), "--steps", "3")
    assert done.exit_code == 0 and "repeat bit for bit" in done.output, done.output


@pytest.mark.process
def test_an_automatic_name_made_of_former_names_follows_the_options(former_run, tmp_path):
    copy = shutil.copytree(former_run, tmp_path / "copy")
    path = copy / contract.TRAINING_LOG
    log = json.loads(path.read_text())
    name = previous_run(copy).config.summary(renames.FORMER)
    assert "warm up 3" in name and "thickness 0.5" in name
    log["config"]["name"] = name
    path.write_text(json.dumps(log))
    for load in (load_for_resume, load_for_restart):
        renamed = load(copy, {"epochs": 2}).config.name
        assert "warmup steps 3" in renamed and "epochs 2" in renamed


def test_a_log_without_a_later_option_has_the_behavior_of_its_version():
    config = Config.from_options(synthetic_ratio=0.03, momentum=0.8, hard_examples=0.5).as_json()
    before = {"synthetic_ratio": 0.0, "momentum": 0.95, "hard_examples": 0.0, "views": 1}
    assert Config.from_json(without_added(config)).as_json() == config | before


@pytest.mark.parametrize("name", sorted(OPTIONS.keys() - {"model"}))
def test_a_log_without_an_option_is_read_with_the_value_before_it(name):
    config, option = Config.from_options().as_json(), OPTIONS[name]
    del config[name]
    assert getattr(Config.from_json(config), name) == (option.default if option.before is None else option.before)


def test_a_log_without_a_model_is_no_run_of_this_program():
    with pytest.raises(KeyError):
        Config.from_json({"lr": 0.1, "epochs": 3})


def test_a_log_with_both_names_of_an_option_is_no_run_of_this_program():
    config = Config.from_options().as_json()
    assert Config.from_json(with_former_names(config)).as_json() == Config.from_json(config).as_json()
    with pytest.raises(ValueError, match="former name"):
        Config.from_json(config | {"warm_up": 200})


@pytest.mark.process
def test_the_page_has_the_same_table():
    module = (PROJECT / "web" / "core" / "renames.js").as_uri()
    program = f"import * as renames from '{module}'; console.log(JSON.stringify(renames));"
    done = subprocess.run(
        [node(), "--input-type=module", "--eval", program], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    tables = {"OPTIONS": renames.OPTIONS, "PRESETS": renames.PRESETS, "FIELDS": renames.FIELDS}
    assert json.loads(done.stdout) == tables


def test_of_two_names_of_a_field_the_present_one_counts():
    assert renames.present_fields({"pinned": True, "kept": False, "name": "x"}) == {"pinned": True, "name": "x"}
    assert renames.present_fields({"kept": True}) == {"pinned": True}


def test_a_run_pinned_by_an_earlier_version_stays_pinned(tmp_path):
    def trained(number: int) -> str:
        with RunLog(tmp_path, name=f"run {number}", keep=0 if number > 1 else 20) as log:
            log.batch(1, loss=1.0, accuracy=0.5, lr=0.1, images=10)
        return log.run_id

    first, _ = trained(0), trained(1)
    label = tmp_path / contract.RUNS / first / contract.LABEL
    label.write_text(json.dumps({"schema": 1, "run_id": first, "kept": True}))
    _, last = trained(2), trained(3)
    entries = {run["run_id"]: run for run in json.loads((tmp_path / contract.RUNS_INDEX).read_text())["runs"]}
    assert entries.keys() == {first, last}
    assert entries[first]["pinned"] is True and "kept" not in entries[first]
    runs.label(tmp_path, first, {"name": "renamed"})
    assert json.loads(label.read_text()) == {"schema": 1, "run_id": first, "pinned": True, "name": "renamed"}


def test_histograms_and_snapshots_of_an_earlier_version_are_continued():
    network = build_model("tiny")
    histograms, networks = WeightHistograms(), ModelHistory()
    histograms.add_epoch(1, network)
    networks.add_epoch(1, network, ood_threshold=-5.0)
    saved, network_file = histograms.as_json(), networks.as_json({})
    for layer in saved["epochs"][0]["layers"]:
        layer["deviation"] = layer.pop("std")
    network_file["energy_limits"] = network_file.pop("ood_thresholds")
    histograms, continued = WeightHistograms(), ModelHistory()
    histograms.restore(saved, 1)
    continued.restore(network_file, networks.history, 1)
    assert all(layer["std"] > 0 and "deviation" not in layer for layer in histograms.as_json()["epochs"][0]["layers"])
    assert continued.as_json({})["ood_thresholds"] == [-5.0]


def test_weights_of_an_earlier_version_reject_by_their_threshold(tmp_path):
    path, config = tmp_path / contract.WEIGHTS, Config.from_options(model="tiny")
    path.write_bytes(weights_file.weights_file(build_model("tiny"), config, energy_limit=-1000.0))
    assert Predictor.open(path).about["ood_threshold"] == -1000.0
    found, _ = evaluate(path, "synthetic", tmp_path, "cpu", Terminal(quiet=True).progress)
    assert (found["ood_threshold"], found["accepted"]) == (-1000.0, 0.0)
