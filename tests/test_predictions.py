import io
import math

import pytest
import torch
from PIL import Image

from digits.data.mnist import Split
from digits.evaluation.evaluation import Evaluation
from digits.models.history import ROWS_KEPT
from digits.training import artifacts


def split(count):
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (count, 28, 28), generator=generator, dtype=torch.uint8)
    return Split(images, torch.arange(count) % 10)


def evaluation(count):
    logits = torch.rand(count, 10, generator=torch.Generator().manual_seed(2))
    return Evaluation(logits, torch.arange(count) % 10)


def decoded(png):
    """Rows of bytes of a gray PNG."""
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.mode) == ("PNG", "L")
    return [image.crop((0, row, image.width, row + 1)).tobytes() for row in range(image.height)]


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
def test_image_n_is_in_row_n_div_100_and_column_n_mod_100_of_the_mosaic(count):
    images = split(count).images
    rows = decoded(artifacts.mosaic(images))
    assert (len(rows), len(rows[0])) == (28 * -(-count // 100), 2800)
    for n in {0, count // 2, count - 1}:
        top, left = 28 * (n // 100), 28 * (n % 100)
        assert b"".join(row[left : left + 28] for row in rows[top : top + 28]) == bytes(images[n].numpy())


def test_predictions_hold_a_digit_and_a_confidence_per_image():
    collected = artifacts.Predictions(split(30), split(20))
    assert collected.as_json()["test"]["predictions"] is None
    collected.add_epoch(1, evaluation(30), None)
    collected.set_test(evaluation(20), None)
    content = collected.as_json()
    assert content["validation"]["labels"] == "0123456789" * 3
    epoch = content["validation"]["epochs"][0]
    expected = evaluation(30).probabilities().max(dim=1)
    assert epoch["predictions"] == "".join(map(str, expected.indices.tolist()))
    assert epoch["confidences"] == pytest.approx(expected.values.tolist(), abs=0.0005)
    assert len(content["test"]["predictions"]) == len(content["test"]["confidences"]) == 20


def test_mistakes_and_low_confidence_images_have_all_ten_probabilities(monkeypatch):
    monkeypatch.setattr(artifacts, "MAX_MISTAKES", 4)
    monkeypatch.setattr(artifacts, "MAX_DOUBTS", 2)
    collected = artifacts.Predictions(split(30), split(200))
    collected.set_test(evaluation(200), None)
    probabilities, labels = evaluation(200).probabilities(), split(200).labels
    confidence, predicted = probabilities.max(dim=1)
    wrong = sorted((i for i in range(200) if predicted[i] != labels[i]), key=lambda i: -confidence[i])[:4]
    doubted = sorted((i for i in range(200) if predicted[i] == labels[i]), key=lambda i: confidence[i])[:2]
    notable = collected.as_json()["test"]["notable"]
    assert notable["index"] == sorted(wrong + doubted)
    for index, saved in zip(notable["index"], notable["probabilities"]):
        assert saved == pytest.approx(probabilities[index].tolist(), abs=0.0005)


def test_a_network_without_mistakes_has_only_low_confidence_images():
    probabilities = torch.eye(10)[torch.arange(20) % 10] * 0.9 + 0.01
    collected = artifacts.Predictions(split(20), split(1))
    collected.add_epoch(1, Evaluation(probabilities.log(), torch.arange(20) % 10), None)
    (epoch,) = collected.as_json()["validation"]["epochs"]
    assert epoch["notable"]["index"] == list(range(20))


def test_of_many_epochs_some_are_saved_and_always_the_last():
    collected = artifacts.Predictions(split(3), split(3))
    for epoch in range(1, 1001):
        collected.add_epoch(epoch, evaluation(3), None)
    epochs = [entry["epoch"] for entry in collected.as_json()["validation"]["epochs"]]
    assert len(epochs) <= ROWS_KEPT
    assert epochs == sorted(epochs)
    assert epochs[-1] == 1000


def test_samples_are_random_distinct_and_the_same_for_the_same_seed():
    first, again, other = (artifacts.choose_samples(10, 10_000, seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len(set(first.tolist())) == 10
    assert artifacts.choose_samples(10, 4, 1).tolist() == [0, 1, 2, 3]


def test_a_sample_has_its_pixels_and_ten_probabilities():
    indices, images = torch.tensor([5, 17]), split(2)
    content = artifacts.samples_json(indices, images, evaluation(2), None, epoch=3, final=True)
    assert (content["epoch"], content["final"], content["rows"], content["columns"]) == (3, True, 28, 28)
    for place, sample in enumerate(content["samples"]):
        assert (sample["index"], sample["label"]) == (indices[place], images.labels[place])
        assert sample["pixels"] == images.images[place].flatten().tolist()
        assert sum(sample["probabilities"]) == pytest.approx(1, abs=1e-3)
        assert sample["probabilities"][sample["prediction"]] == max(sample["probabilities"])


@pytest.mark.parametrize("temperature", [None, 0.5, 2.0])
def test_all_probabilities_use_the_temperature_in_the_same_file(temperature):
    given = evaluation(20)
    expected = (given.probabilities().log() / (temperature or 1)).softmax(1)
    collected = artifacts.Predictions(split(20), split(20))
    collected.add_epoch(1, given, temperature)
    collected.set_test(given, temperature)
    content = collected.as_json()
    for answers in (content["validation"]["epochs"][0], content["test"]):
        assert answers["temperature"] == temperature
        assert answers["confidences"] == pytest.approx(expected.max(1).values.tolist(), abs=0.0005)
        for index, saved in zip(answers["notable"]["index"], answers["notable"]["probabilities"]):
            assert saved == pytest.approx(expected[index].tolist(), abs=0.0005)
    samples = artifacts.samples_json(torch.arange(20), split(20), given, temperature, epoch=1, final=False)
    assert samples["temperature"] == temperature
    for sample, row in zip(samples["samples"], expected):
        assert sample["probabilities"] == pytest.approx(row.tolist(), abs=1e-8)


DAMAGED_ANSWERS = [{"predictions": value} for value in (None, 5, "12", "x" * 30)]
DAMAGED_ANSWERS += [{"temperature": value} for value in ("1", [], math.inf)]
DAMAGED_ANSWERS += [{"confidences": value} for value in (None, [0.5], ["0.5"] * 30, [None] * 30, [True] * 30)]
DAMAGED_ANSWERS += [{"notable": value} for value in (None, [], {}, {"index": [1], "probabilities": []})]
DAMAGED_ANSWERS += [{"notable": {"index": [30], "probabilities": [[0.1] * 10]}}]
DAMAGED_ANSWERS += [{"notable": {"index": [1], "probabilities": [row]}} for row in (5, [0.1], ["x"] * 10)]


@pytest.mark.parametrize("damage", DAMAGED_ANSWERS)
def test_damaged_predictions_are_ignored(damage):
    before, after = artifacts.Predictions(split(30), split(20)), artifacts.Predictions(split(30), split(20))
    before.add_epoch(1, evaluation(30), 1.5)
    content = before.as_json()
    after.restore(content, 1)
    assert after.as_json() == content
    content["validation"]["epochs"][0] |= damage
    after = artifacts.Predictions(split(30), split(20))
    with pytest.raises(ValueError, match="damaged"):
        after.restore(content, 1)
    assert after.as_json()["validation"]["epochs"] == []


@pytest.mark.parametrize("validation", [None, 5, {}, {"labels": "0123456789" * 3, "epochs": [7]}])
def test_predictions_of_other_images_or_without_rows_are_ignored(validation):
    with pytest.raises(ValueError, match=r"damaged|its validation images differ"):
        artifacts.Predictions(split(30), split(20)).restore({"validation": validation}, 1)
