"""`python mnist_cnn.py predict`, and the predictor."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import mnist_cnn
from digits.config import Config
from digits.data import mnist, synthetic
from digits.inference import files as inference_files
from digits.inference import images, predict
from digits.inference.images import DecodedImage
from digits.inference.prediction import UNCERTAIN
from digits.inference.preprocess import from_pixels, prepare
from digits.models import builders, weights_file
from tests.support import PROJECT
from tests.support.training import command


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A lenet5 that memorized a few synthetic digits."""
    images, labels = synthetic.draw(300, seed=5)
    torch.manual_seed(0)
    network = builders.build_model("lenet5")
    optimizer = torch.optim.Adam(network.parameters(), 0.003)
    for _ in range(40):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(mnist.normalize(images)), labels.long()).backward()
        optimizer.step()
    path = tmp_path_factory.mktemp("weights") / "mnist_cnn.pth"
    path.write_bytes(weights_file.weights_file(network, Config.from_options(model="lenet5"), run_id="x", epoch=1))
    return path


@pytest.fixture(scope="module")
def digits():
    images, labels = synthetic.draw(300, seed=5)
    return images.numpy(), labels.tolist()


@pytest.fixture
def files(tmp_path, digits):
    """Ten images of digits, dark on light, and their labels."""
    images, labels = digits
    paths = []
    for number in range(10):
        sheet = Image.new("L", (90, 70), 255)
        sheet.paste(Image.fromarray(255 - images[number]).resize((56, 56)), (20, 7))
        paths.append(tmp_path / f"digit {number}.png")
        sheet.save(paths[-1])
    return paths, labels[:10]


def invoke(*arguments):
    return CliRunner().invoke(mnist_cnn.cli, ["predict", *map(str, arguments)])


def test_digits_are_read_from_files(files, weights):
    paths, labels = files
    result = invoke(*paths, "--weights", weights, "--json")
    assert result.exit_code == 0
    answers = json.loads(result.output)
    assert [answer["file"] for answer in answers] == [str(path) for path in paths]
    assert sum(int(answer["label"]) == label for answer, label in zip(answers, labels)) >= 9
    for answer in answers:
        assert sum(answer["probabilities"]) == pytest.approx(1)
        assert answer["predictions"][0] == {"label": answer["label"], "score": answer["score"]}
        assert answer["score"] == max(answer["probabilities"]) == answer["probabilities"][int(answer["label"])]
        assert [one["score"] for one in answer["predictions"]] == sorted(answer["probabilities"], reverse=True)
        assert answer["preprocessing"]["inverted"] is True
        assert np.shape(answer["preprocessing"]["pixels"]) == (28, 28)


def test_the_report_is_a_line_and_an_ascii_image(files, weights):
    paths, _ = files
    output = invoke(paths[0], "--weights", weights).output
    first, *picture = output.rstrip("\n").split("\n")
    assert first.startswith(f"{paths[0]}: ") and "%), then " in first
    assert 5 <= len(picture) <= 14
    assert max(map(len, picture)) <= 32
    assert any(letter in "".join(picture) for letter in "#%@")


def test_the_probabilities_are_those_of_the_network(digits, weights):
    images, _ = digits
    prepared = [prepare(DecodedImage(np.dstack([image / 255] * 3 + [np.ones((28, 28))]), 1.0)) for image in images[:20]]
    answers = predict.Predictor.open(weights).predict(prepared)
    network = weights_file.load_network(weights)
    with torch.no_grad():
        expected = network(mnist.normalize(torch.from_numpy(np.stack([one.pixels for one in prepared])))).softmax(1)
    assert torch.allclose(torch.tensor([answer.probabilities for answer in answers]), expected, atol=1e-6)


@pytest.fixture
def number(tmp_path, digits):
    """A picture of three digits that differ in size, its path, their labels and their boxes."""
    images, labels = digits
    sheet = Image.new("L", (260, 120), 250)
    boxes = []
    for left, number, side in ((20, 4, 84), (110, 5, 56), (180, 6, 70)):
        sheet.paste(Image.fromarray(255 - images[number]).resize((side, side)), (left, 15))
        rows, columns = (np.nonzero(images[number].max(axis))[0] for axis in (1, 0))
        boxes.append(
            [
                round(offset + edge * side / 28)
                for offset, edge in ((left, columns[0]), (15, rows[0]), (left, columns[-1] + 1), (15, rows[-1] + 1))
            ]
        )
    path = tmp_path / "house.png"
    sheet.save(path)
    return path, "".join(str(label) for label in labels[4:7]), boxes


def test_a_number_is_read_digit_by_digit(number, weights):
    path, text, boxes = number
    (answer,) = json.loads(invoke(path, "--weights", weights, "--json").output)
    assert (answer["text"], answer["label"], answer["status"], answer["reason"]) == (text, text, "ok", None)
    assert [digit["label"] for digit in answer["digits"]] == list(text)
    assert np.allclose([digit["box"] for digit in answer["digits"]], boxes, atol=4)
    product = np.prod([digit["score"] for digit in answer["digits"]])
    assert answer["predictions"] == [{"label": text, "score": answer["score"]}]
    assert answer["score"] == pytest.approx(product) and answer["probabilities"] is None


def test_the_report_of_a_number_has_a_line_for_each_digit(number, weights):
    path, text, _ = number
    first, *lines = invoke(path, "--weights", weights).output.splitlines()
    assert first == f"{path}: {text}; uncalibrated"
    assert [line.split(" (")[0].strip() for line in lines] == list(text)
    assert all("%) in " in line and line.count(", ") == 3 for line in lines)


def test_a_number_with_rejected_digits_names_them(number, weights, tmp_path):
    path, text, _ = number
    reading = predict.Predictor.open(weights).read(images.decode(path.read_bytes()))
    energies = sorted(digit.energy for digit in reading.digits)
    strict = limited(weights, tmp_path, sum(energies[1:]) / 2)
    (answer,) = json.loads(invoke(path, "--weights", strict, "--json").output)
    worst = max(range(3), key=lambda at: reading.digits[at].energy)
    assert (answer["text"], answer["status"]) == (text, "not_a_digit")
    assert answer["reason"] == f"digit {worst + 1} of 3: unlike any digit"
    assert [digit["status"] for digit in answer["digits"]].count("not_a_digit") == 1
    report = invoke(path, "--weights", strict).output
    assert report.startswith(f"{path}: not a number ({answer['reason']}); nearest: {text}\n")


def test_lines_are_joined_by_a_newline(number, weights, tmp_path):
    path, text, _ = number
    line = Image.open(path)
    page = Image.new("L", (260, 240), 250)
    page.paste(line, (0, 0))
    page.paste(line, (0, 120))
    page.save(tmp_path / "page.png")
    (answer,) = json.loads(invoke(tmp_path / "page.png", "--weights", weights, "--json").output)
    assert answer["text"] == f"{text}\n{text}"
    assert invoke(tmp_path / "page.png", "--weights", weights).output.startswith(
        f"{tmp_path / 'page.png'}: {text} / {text}"
    )


def test_one_digit_has_its_text_too(files, weights):
    paths, _ = files
    (answer,) = json.loads(invoke(paths[0], "--weights", weights, "--json").output)
    assert answer["text"] == answer["label"]
    assert answer["digits"] == [
        {"label": answer["label"], "score": answer["score"], "status": "ok", "box": answer["preprocessing"]["box"]}
    ]


def limited(weights, tmp_path, limit):
    """The same weights with that OOD threshold."""
    path = tmp_path / "limited.pth"
    path.write_bytes(weights_file.serialize(weights_file.load(weights) | {"ood_threshold": limit}))
    return path


def test_out_of_distribution_images_are_rejected(files, weights, tmp_path):
    (file, *_), _ = files
    (before,) = json.loads(invoke(file, "--weights", weights, "--json").output)
    assert (before["status"], before["reason"]) == ("ok", None)
    (after,) = json.loads(invoke(file, "--weights", limited(weights, tmp_path, -99.0), "--json").output)
    rejected = [digit | {"status": "not_a_digit"} for digit in before["digits"]]
    assert after == before | {"status": "not_a_digit", "reason": "unlike any digit", "digits": rejected}
    text = invoke(file, "--weights", limited(weights, tmp_path, -99.0)).output
    assert text.startswith(f"{file}: not a digit (unlike any digit); nearest: {before['label']}\n    ")
    assert "%" not in text.splitlines()[0]


def test_the_reason_for_an_outlier_at_the_edge_names_the_edge(digits, weights, tmp_path):
    image = np.kron(digits[0][0], np.ones((4, 4), np.uint8))
    rows, columns = np.nonzero(image.max(1))[0], np.nonzero(image.max(0))[0]
    Image.fromarray(image[rows[0] : rows[-1], columns[0] : columns[-1]]).save(tmp_path / "cut.png")
    path = limited(weights, tmp_path, -99.0)
    (answer,) = json.loads(invoke(tmp_path / "cut.png", "--weights", path, "--json").output)
    assert (answer["status"], answer["reason"]) == ("not_a_digit", "touches the edge")
    line = invoke(tmp_path / "cut.png", "--weights", path).output.splitlines()[0]
    label = answer["label"]
    likely, doubtful = f"looks like {label}, but touches the edge", f"not a digit (touches the edge); nearest: {label}"
    assert line.endswith(likely if answer["score"] >= UNCERTAIN else doubtful)


def test_a_picture_at_the_ood_threshold_is_a_digit_and_one_beyond_is_none(digits, weights, tmp_path):
    image = torch.from_numpy(digits[0][:1])
    found = -predict.Predictor.open(weights).logits(image).logsumexp(1).item()
    for limit, status in [(found, "ok"), (np.nextafter(found, -np.inf), "not_a_digit"), (None, "ok")]:
        reader = predict.Predictor.open(limited(weights, tmp_path, limit if limit is None else float(limit)))
        assert reader.predict([from_pixels(image[0])])[0].status == status


def test_a_blot_is_rejected_whatever_the_network_says(weights, tmp_path):
    blot = Image.new("L", (90, 90), 255)
    blot.paste(0, (20, 20, 70, 70))
    blot.save(tmp_path / "blot.png")
    (answer,) = json.loads(invoke(tmp_path / "blot.png", "--weights", weights, "--json").output)
    assert (answer["status"], answer["reason"]) == ("not_a_digit", "far too much ink")
    assert answer["label"] in "0123456789" and len(answer["probabilities"]) == 10


def test_an_empty_image_has_no_prediction(tmp_path, weights):
    Image.new("RGB", (40, 40), (200, 190, 180)).save(tmp_path / "blank.png")
    assert invoke(tmp_path / "blank.png", "--weights", weights).output == (
        f"{tmp_path / 'blank.png'}: no strokes were found above the background\n"
    )
    answer = json.loads(invoke(tmp_path / "blank.png", "--weights", weights, "--json").output)[0]
    assert (answer["status"], answer["label"], answer["probabilities"], answer["predictions"]) == (
        "empty",
        None,
        None,
        [],
    )
    assert (answer["text"], answer["digits"]) == ("", [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read: No such file"), (b"text", "Not a valid PNG, JPEG, GIF, BMP, WEBP or TIFF image")],
)
def test_unreadable_files_are_reported_in_one_line(tmp_path, weights, content, reason):
    file = tmp_path / "seven.png"
    if content:
        file.write_bytes(content)
    result = invoke(file, "--weights", weights)
    assert result.exit_code == 1
    assert reason in result.output and result.output.count("\n") == 1


@pytest.mark.parametrize("as_json", [False, True])
def test_one_unreadable_file_among_several_leaves_the_others_their_answers(files, weights, tmp_path, as_json):
    (first, second, *_), _ = files
    (tmp_path / "text.png").write_bytes(b"text")
    given = [tmp_path / "none.png", first, tmp_path / "text.png", second]
    code, output, errors = command("predict", *given, "--weights", weights, *["--json"][: int(as_json)])
    assert code == 1
    errors = errors.splitlines()
    assert [line.split(".png")[0] for line in errors] == [f"Error: {tmp_path / 'none'}", f"Error: {tmp_path / 'text'}"]
    if as_json:
        entries = json.loads(output)
        assert [entry["file"] for entry in entries] == [str(file) for file in given]
        assert [f"Error: {entry['error']}" for entry in entries if "error" in entry] == errors
        alone = json.loads(invoke(first, second, "--weights", weights, "--json").stdout)
        assert [entry for entry in entries if "error" not in entry] == alone
    else:
        assert output == invoke(first, second, "--weights", weights).stdout


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="this system has no such device")
def test_an_endless_file_is_rejected_as_too_large(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(inference_files, "MAX_FILE_BYTES", 1000)
    result = command("predict", "/dev/zero", "--weights", weights)
    assert result == (1, "", "Error: /dev/zero: The image has more than 1,000 bytes.\n")


def test_missing_weights_are_reported_with_a_remedy(files, tmp_path):
    result = invoke(files[0][0], "--weights", tmp_path / "none.pth")
    assert result.exit_code == 1
    assert "train a network" in result.output and result.output.count("\n") == 1


def test_without_a_file_the_error_names_the_missing_argument():
    result = invoke()
    assert result.exit_code == 2


LOADED = """
import sys
from pathlib import Path
from digits.inference import load
answer = load(Path(sys.argv[2])).read(sys.argv[1])
print(answer.text, *(name for name in sys.modules if name.startswith(("click", "torchvision", "digits."))))
"""


def test_a_prediction_imports_nothing_of_training_data_or_the_command_line(files, weights):
    command = [sys.executable, "-c", LOADED, files[0][0], weights]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=300)
    label, *modules = done.stdout.split()
    assert label in "0123456789"
    unneeded = {"training", "cli", "server", "torchrun"}
    data = {name.split(".")[2] for name in modules if name.startswith("digits.data.")}
    assert not {name.split(".")[1] for name in modules if name.startswith("digits.")} & unneeded
    assert data == {"mnist", "resize"}
    assert not [name for name in modules if not name.startswith("digits.")]
