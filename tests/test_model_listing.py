"""`python mnist_cnn.py models`: its output."""

import re

import pytest
from click.testing import CliRunner

import mnist_cnn
from digits.architectures import ARCHITECTURES


def listed(*arguments):
    return CliRunner().invoke(mnist_cnn.cli, ["models", *arguments])


def shown(*arguments) -> str:
    result = listed(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_all_models_are_listed_with_shape_size_and_a_description():
    text = shown()
    for name, architecture in ARCHITECTURES.items():
        channels = "-".join(map(str, architecture.channels))
        assert re.search(rf"^{name} +1x28x28 +{channels} +[\d,]+ +[\d,]+\n  \S.*$", text, re.MULTILINE), name
        assert architecture.about in text
    assert re.search(r"^cnn4-wide .* 422,026 +10,139,392$", text, re.MULTILINE)


@pytest.mark.parametrize("arguments", [[], *([name] for name in ARCHITECTURES)], ids=lambda a: a[0] if a else "all")
def test_it_fits_into_80_columns_and_no_line_ends_in_spaces(arguments):
    lines = [line for line in shown(*arguments).splitlines() if "mnist_cnn.py" not in line]  # the path as typed
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


def test_one_model_is_shown_layer_by_layer_with_totals_sizes_and_source():
    text = shown("cnn4-wide")
    assert text.startswith("cnn4-wide: ")
    assert "channels 32-64-128-256, dropout 0.5, norm none" in text
    assert re.search(r"^conv2 +Conv2d 3x3 +64x14x14 +18,496 +3,612,672$", text, re.MULTILINE)
    assert re.search(r"^relu2 +ReLU +64x14x14 +- +-$", text, re.MULTILINE)
    assert re.search(r"^total +422,026 +10,139,392$", text, re.MULTILINE)
    assert re.search(r"^trainable +422,026$", text, re.MULTILINE)
    for size in ("input +3.14 kB", "forward/backward pass +831 kB", "parameters +1.69 MB", "total +2.52 MB"):
        assert re.search(f"^  {size}$", text, re.MULTILINE)
    assert "Network In Network" in text


def test_columns_of_the_table_are_aligned():
    lines = shown("cnn6").splitlines()
    rows = [line for line in lines if re.match(r"(layer|conv|linear|total)", line)]
    assert len({len(line) for line in rows}) == 1


def test_model_settings_can_be_overridden():
    text = shown("lenet5", "--channels", "8,32", "--dropout", "0.25", "--norm", "none")
    assert "channels 8-32, dropout 0.25, norm none" in text
    assert "8x28x28" in text and "Dropout 0.25" in text and "BatchNorm2d" not in text
    assert "channels 6-16, dropout 0, norm batch" in shown("lenet5", "--dropout", "0")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("resnet", "'resnet' is not one of 'cnn4', "),
        ("cnn4 --channels 1,2", "cnn4 has 4 convolutions, and 1,2 names 2."),
        ("cnn4 --channels many", "--channels"),
        ("cnn4 --dropout 1", "--dropout"),
        ("cnn4 --norm layer", "--norm"),
        ("--dropout 0", "These options are settings of one model: name it, too."),
        ("cnn4 lenet5", "lenet5"),
        ("--epochs 3", "--epochs"),
    ],
)
def test_an_invalid_argument_is_rejected_in_one_line(arguments, reason):
    result = listed(*arguments.split())
    assert result.exit_code == 2
    (line,) = result.output.splitlines()
    assert line.startswith("Error: ") and reason in line
