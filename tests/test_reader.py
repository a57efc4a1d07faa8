"""`digits.inference.load` and the pictures that its reader takes."""

import doctest
import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from digits import inference
from digits.errors import UserError
from digits.inference import load
from digits.models.history import ModelHistory
from digits.models.weights_file import load_network
from digits.runlog import contract
from digits.runlog.run_log import RunLog
from tests.support import PROJECT
from tests.test_predict import digits, files, weights  # noqa: F401  (fixtures)


@pytest.fixture(scope="module")
def reader(weights):  # noqa: F811
    return load(weights)


def test_every_form_of_the_same_picture_has_the_same_answer(reader, files, tmp_path):  # noqa: F811
    (path, *_), _ = files
    image = Image.open(path)
    gray = np.array(image)
    expected = reader.read(path)
    color = np.stack([gray] * 3, axis=2)
    forms = [
        str(path),
        path.read_bytes(),
        image,
        image.convert("RGB"),
        gray,
        gray[..., None],
        color,
        np.dstack([color, np.full_like(gray, 255)]),
        gray / 255,
        gray.astype(np.float32),
        gray.astype(np.int64),
        torch.from_numpy(gray),
        torch.from_numpy(gray).float() / 255,
    ]
    for form in forms:
        answer = reader.read(form)
        assert (answer.label, answer.status) == (expected.label, expected.status)
        assert answer.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
        assert answer.score == answer.probabilities[answer.label]


def test_a_batch_gives_a_list(reader, digits):  # noqa: F811
    images, _ = digits
    expected = [reader.read(image).probabilities for image in images[:3]]
    batch = torch.from_numpy(images[:3])
    for form in (batch, batch.numpy(), batch[:, None].float() / 255, batch[..., None].expand(3, 28, 28, 3)):
        answers = reader.read(form)
        assert isinstance(answers, list)
        for answer, probabilities in zip(answers, expected, strict=True):
            assert answer.probabilities == pytest.approx(probabilities, abs=1e-6)


def test_an_mnist_image_is_seen_as_in_training(reader, digits):  # noqa: F811
    images, _ = digits
    for form in (images[0], images[0] / 255, torch.from_numpy(images[0]).float() / 255):
        assert (reader.read(form).whole.prepared.pixels == images[0]).all()


def test_an_image_is_rotated_as_its_exif_says(reader, files):  # noqa: F811
    image = Image.open(files[0][0])
    exif = Image.Exif()
    exif[0x0112] = 8  # to be shown rotated by 90 degrees
    stream = io.BytesIO()
    image.rotate(-90, expand=True).save(stream, "PNG", exif=exif)
    assert (
        reader.read(Image.open(stream)).whole.prepared.pixels.tolist()
        == reader.read(image).whole.prepared.pixels.tolist()
    )


@pytest.mark.parametrize(
    ("picture", "error", "words"),
    [
        ([[0]], TypeError, "not list"),
        (np.zeros(784), ValueError, r"has the shape \(H, W\)"),
        (np.zeros((0, 28)), ValueError, "is not a picture"),
        (np.array([["x"]]), ValueError, "is not a picture"),
        (np.full((28, 28), -0.4242), ValueError, "undo their normalization"),
        (np.full((28, 28), np.nan), ValueError, "undo their normalization"),
        (b"text", ValueError, "Not a valid"),
        ("none.png", FileNotFoundError, "none.png"),
    ],
)
def test_an_invalid_picture_is_an_error(reader, picture, error, words):
    with pytest.raises(error, match=words):
        reader.read(picture)


def test_a_missing_network_is_an_error_with_a_remedy(tmp_path):
    for path in (tmp_path, tmp_path / "none.pth"):
        with pytest.raises(UserError, match="train a network"):
            load(path)


def test_a_folder_stands_for_the_newest_network_of_its_run(weights, tmp_path):  # noqa: F811
    kept = ModelHistory()
    with RunLog(tmp_path, name="resumed") as log:
        log.batch(1, loss=0.5)
        log.save(contract.WEIGHTS, weights.read_bytes())  # of epoch 1 of the run x
        for epoch, run_id, expected in ((3, "another", 1), (1, "x", 1), (2, "x", 2)):
            kept.add_epoch(epoch, load_network(weights))
            log.save(contract.NETWORK_NUMBERS, kept.current)
            log.save_json(contract.NETWORK, kept.as_json({"temperature": 0.5}) | {"run_id": run_id})
            assert load(tmp_path).about["epoch"] == expected


def test_the_example_in_the_documentation_runs(weights, digits, tmp_path, monkeypatch):  # noqa: F811
    images, labels = digits
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / contract.WEIGHTS).write_bytes(weights.read_bytes())
    Image.fromarray(images[labels.index(7)]).save(tmp_path / "seven.png")
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(inference)
    assert result.attempted > 0 and not result.failed


@pytest.mark.process
def test_torch_is_imported_when_a_network_is_loaded():
    program = "import sys, digits.inference; print('torch' in sys.modules, 'PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
