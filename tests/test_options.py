"""The command line: validation and help."""

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

import mnist_cnn
from digits import config as configuration
from digits.architectures import ARCHITECTURES
from digits.config import OPTIONS, Config
from digits.option_types import Channels, Number, flag
from digits.option_types import as_text as plain
from digits.paths import PROJECT
from digits.presets import PRESETS

PROMISED = ["--model", "--channels", "--epochs", "--batch-size", "--lr", "--optimizer", "--weight-decay", "--seed"]
PROMISED += ["--device", "--dataset", "--data-dir", "--results-dir", "--name", "--validation", "--samples", "--quiet"]
PROMISED += ["--dropout", "--norm"]


@pytest.fixture
def seen(monkeypatch):
    """Capture the configuration instead of training."""
    configs = []
    monkeypatch.setattr(mnist_cnn, "train_and_test", lambda config, log, terminal, previous: configs.append(config))
    return configs


def invoke(*arguments, **environment):
    return CliRunner(env={"MNIST_DATA_DIR": None, **environment}).invoke(mnist_cnn.cli, arguments)


@pytest.fixture
def results(tmp_path):
    return ["--results-dir", str(tmp_path / "results")]


def test_help_lists_every_promised_option_with_its_default():
    text = " ".join(invoke("--help").output.split())
    for option in PROMISED:
        assert f"{option} " in text
    for default in (
        "default: 10;",
        "default: cnn4",
        "(depends on the model)",
        "default: 5000;",
        "default: auto",
        "MNIST_DATA_DIR",
    ):
        assert default in text


def test_train_may_be_named_explicitly():
    assert invoke("train", "--help").output == invoke("--help").output


def test_help_names_the_other_commands():
    text = " ".join(invoke("--help").output.split())
    others = ", ".join(sorted(set(mnist_cnn.cli.commands) - {"train"}))
    assert "evaluate" in others
    assert f"Other commands, each with its own --help: {others}." in text


def test_every_option_has_a_help_text_that_ends_like_a_sentence():
    assert all(option.help.endswith(".") for option in OPTIONS.values())


def test_without_arguments_it_trains_with_the_defaults(seen, tmp_path, monkeypatch):
    monkeypatch.setattr(configuration, "PROJECT", tmp_path)
    result = invoke("--results-dir", str(tmp_path))
    assert result.exit_code == 0, result.output
    (config,) = seen
    assert (config.model, config.channels, config.epochs) == ("cnn4-valid", (24, 48, 64, 128), 4)
    assert (config.optimizer, config.lr, config.ema, config.rotation) == ("muon", 0.004, 0.998, 10.0)
    assert (config.name, config.validation, config.samples) == ("cnn4-valid", 5000, 10)


def test_options_reach_training(seen, results):
    arguments = "--channels 8,8,16,16 --epochs 3 --batch-size 64 --lr 0.5 --optimizer sgd --seed 7 --name a --quiet"
    assert invoke(*arguments.split(), *results).exit_code == 0
    (config,) = seen
    assert (config.channels, config.epochs, config.batch_size, config.lr) == ((8, 8, 16, 16), 3, 64, 0.5)
    assert (config.optimizer, config.seed, config.name, config.quiet) == ("sgd", 7, "a", True)


def test_a_run_without_a_name_is_named_after_its_non_default_options(seen, results):
    invoke(*results, "--quiet", "--keep-runs", "3")
    invoke(*results, "--lr", "0.5", "--seed", "2", "--channels", "8,8,16,16")
    assert [config.name for config in seen] == ["cnn4-valid", "cnn4-valid, channels 8-8-16-16, lr 0.5, seed 2"]


def test_settings_that_are_not_given_are_the_defaults_of_the_model_and_are_logged():
    for name, own in ARCHITECTURES.items():
        config = Config.from_options(model=name)
        assert (config.channels, config.dropout, config.norm) == (own.channels, own.dropout, own.norm)
        assert config.as_json()["norm"] == own.norm
        assert config.name == name
    assert Config.from_options(model="cnn6", dropout=0.0).dropout == 0.0


def test_default_model_settings_are_not_part_of_the_name_of_a_run():
    own = ARCHITECTURES["cnn4-wide"].settings
    assert Config.from_options(model="cnn4-wide", **own).name == "cnn4-wide"
    assert Config.from_options(model="cnn4-wide", norm="batch").name == "cnn4-wide, norm batch"
    assert Config.from_options(model="lenet5", channels=(8, 16)).name == "lenet5, channels 8-16"
    assert Config.from_options(model="cnn2", dropout=0.5).name == "cnn2, dropout 0.5"
    # cnn4's defaults are not those of another model
    assert Config.from_options(model="cnn6", dropout=0.0).name == "cnn6, dropout 0.0"


def test_each_optimizer_has_a_default_learning_rate(seen, results):
    invoke("--optimizer", "sgd", *results)
    assert seen[0].lr == 0.1


def test_preset_values_for_a_model_or_optimizer_do_not_apply_to_another(seen, results):
    invoke("--preset", "fast", "--model", "cnn4", *results)
    assert (seen[0].channels, seen[0].dropout) == ((16, 32, 64, 128), 0.0)
    invoke("--preset", "best", "--model", "cnn2", *results)
    assert seen[1].dropout == 0.4
    invoke("--preset", "fast", "--optimizer", "sgd", *results)
    assert seen[2].lr == 0.1
    assert not any(word in config.name for config in seen for word in ("channels", "dropout", "lr"))


@pytest.mark.parametrize(("preset", "owned"), [("fast", ["lr"]), ("best", ["lr"]), ("default", ["lr"])])
@pytest.mark.parametrize("model", ["cnn4", "cnn4-flat"])
def test_an_explicit_option_counts_even_if_it_equals_the_preset(seen, results, preset, owned, model):
    own = {key: PRESETS[preset].options[key] for key in owned}
    named = [word for key, value in own.items() for word in (flag(key), plain(value))]
    invoke("--preset", preset, "--model", model, "--optimizer", "sgd", *named, *results)
    assert {key: getattr(seen[0], key) for key in owned} == own


def test_the_data_folder_may_come_from_the_environment(seen, results, tmp_path):
    invoke(*results, MNIST_DATA_DIR=str(tmp_path / "elsewhere"))
    assert seen[0].data_dir == tmp_path / "elsewhere"


BAD = {
    "--epochs 0": "--epochs",
    "--epochs 1.5": "--epochs",
    "--epochs -3": "--epochs",
    "--epochs many": "--epochs",
    "--batch-size 0": "--batch-size",
    "--batch-size 1000000": "--batch-size",
    "--lr 0": "--lr",
    "--lr -1": "--lr",
    "--lr nan": "--lr",
    "--lr inf": "--lr",
    "--lr 1e999": "--lr",
    "--lr fast": "--lr",
    "--weight-decay nan": "--weight-decay",
    "--weight-decay -0.1": "--weight-decay",
    "--dropout 1": "--dropout",
    "--dropout -0.1": "--dropout",
    "--model resnet": "--model",
    "--channels 16,32,64": "cnn4-valid has 4 convolutions",
    "--model lenet5 --channels 16,32,64,128": "lenet5 has 2 convolutions",
    "--norm layer": "--norm",
    "--channels 16,32,64,128,256": "cnn4-valid has 4 convolutions",
    "--channels 16,32,,64": "--channels",
    "--channels 16,32,64,x": "--channels",
    "--channels 16,32,64,0": "--channels",
    "--channels 16,32,64,-1": "--channels",
    "--channels 16,32,64,99999999": "--channels",
    "--optimizer adagrad": "--optimizer",
    "--device tpu": "--device",
    "--dataset cifar": "--dataset",
    "--precision float8": "--precision",
    "--seed -1": "--seed",
    "--seed 99999999999999999999": "--seed",
    "--validation -1": "--validation",
    "--validation 60000": "--validation",
    "--samples 101": "--samples",
    "--keep-runs -1": "--keep-runs",
    "--train-limit -5": "--train-limit",
    "--train-limit 60001": "--train-limit",
    "--steps 99999999999999999999": "--steps",
    "--warmup-steps 99999999999999999999": "--warmup-steps",
    "--colour red": "--colour",
    "--epochs": "--epochs",
    "extra": "extra",
    "train extra": "extra",
}


@pytest.mark.parametrize("arguments", BAD)
def test_an_invalid_value_is_rejected_in_one_line(seen, results, arguments):
    result = invoke(*arguments.split(), *([] if "extra" in arguments else results))
    assert result.exit_code == 2
    (line,) = result.output.splitlines()
    assert line.startswith("Error: ")
    assert BAD[arguments] in line
    assert not seen


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "two\nlines", "bell\a", "escape\x1b[31m"])
def test_a_name_is_one_line_of_printable_characters(seen, results, name):
    result = invoke("--name", name, *results)
    assert result.exit_code == 2
    assert "--name" in result.output


@pytest.mark.parametrize("name", ["größer", "数字", "a <b> & 'c'", "x" * 80])
def test_a_name_may_be_in_any_language(seen, results, name):
    assert invoke("--name", name, *results).exit_code == 0
    assert seen[0].name == name


def test_a_file_is_rejected_as_a_folder(seen, tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    result = invoke("--results-dir", str(path))
    assert result.exit_code == 2
    assert "--results-dir" in result.output


def test_the_configuration_is_frozen_and_fits_json():
    config = Config.from_options()
    with pytest.raises(AttributeError):
        config.epochs = 5
    assert set(config.as_json()) == {item.name for item in fields(Config)}
    assert all(not isinstance(value, Path) for value in config.as_json().values())


@pytest.mark.process
def test_nothing_heavy_is_imported_for_the_help():
    import subprocess
    import sys

    code = "import sys, mnist_cnn; assert not {'torch', 'numpy', 'torchvision'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT)


def test_an_option_without_a_type_of_its_own_still_converts():
    assert Channels().parse((1, 2)) == (1, 2)
    with pytest.raises(ValueError, match="finite"):
        Number(float, 0).parse("nan")


@pytest.mark.parametrize("preset", PRESETS)
def test_explicit_options_override_the_preset(seen, results, preset):
    options = PRESETS[preset].options
    assert set(options) <= {item.name for item in fields(Config)}
    for arguments, changes in (((), {}), (("--epochs", "7", "--lr", "0.123"), {"epochs": 7, "lr": 0.123})):
        for place in (("--preset", preset, *arguments), (*arguments, "--preset", preset)):  # in any order
            result = invoke(*place, *results)
            assert result.exit_code == 0, result.output
            for name, value in (options | changes).items():
                assert getattr(seen[-1], name) == value, name
    assert seen[0].name == (seen[0].model if preset == "default" else f"{seen[0].model}, {preset}")
    assert "epochs 7" in seen[-1].name and "lr 0.123" in seen[-1].name


def test_preset_values_of_its_model_do_not_apply_to_another_model(seen, results):
    for name, own in ARCHITECTURES.items():
        assert invoke("--preset", "fast", "--model", name, *results).exit_code == 0
        if name != PRESETS["fast"].options["model"]:
            assert (seen[-1].channels, seen[-1].dropout, seen[-1].norm) == (own.channels, own.dropout, own.norm)


def test_the_presets_are_listed_as_command_line_options(seen, results):
    listed = invoke("presets").output
    assert all(len(line) <= 80 for line in listed.splitlines())
    for name, preset in PRESETS.items():
        text = listed[listed.index(f"{name}: {preset.purpose}") :]
        typed = " ".join(text.split("\n\n")[0].splitlines()[1:]).split()
        assert invoke(*typed, *results).exit_code == 0
        assert all(getattr(seen[-1], option) == value for option, value in preset.options.items())
