"""The embedding of images: principal components, nearest images, and the files of a run."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from digits.data import synthetic
from digits.data.mnist import Split
from digits.evaluation import embedding
from digits.evaluation.evaluation import Evaluation, evaluate_split, hidden_features
from digits.models.builders import build_model
from digits.models.precision import Precision
from digits.runlog import contract
from digits.training import embeddings
from tests.support.training import killed, trained

SHORT = ["--epochs", "3", "--batch-size", "64", "--quiet"]


def features(rows: int, columns: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, generator=generator) * torch.arange(1, columns + 1) ** 0.5 + 3


@pytest.mark.parametrize("shape", [(50, 8), (12, 40), (3, 2)])
def test_the_projection_is_that_of_scipy(shape):
    from scipy.linalg import svd

    given = features(*shape)
    centered = given.double().numpy() - given.double().numpy().mean(0)
    left, scales, _ = svd(centered, full_matrices=False)
    expected = (left * scales)[:, :2] / ((left * scales)[:, 0].std(ddof=1))
    found = embedding.fit(given)(given).numpy()
    for axis in (0, 1):  # the sign of a component is arbitrary
        sign = np.sign(found[:, axis] @ expected[:, axis])
        np.testing.assert_allclose(found[:, axis], sign * expected[:, axis], atol=1e-6)


def test_the_largest_weight_of_each_component_is_positive():
    weights = embedding.fit(features(30, 5)).weights
    assert all(row[row.abs().argmax()] > 0 for row in weights)


@pytest.mark.parametrize("given", [torch.zeros(5, 4), torch.ones(3, 1)])
def test_images_with_equal_features_have_one_position(given):
    positions = embedding.fit(given)(given)
    assert positions.isfinite().all()
    torch.testing.assert_close(positions, positions[:1].expand_as(positions), rtol=0, atol=1e-6)


def test_positions_are_turned_to_those_before_like_scipy_does():
    from scipy.linalg import orthogonal_procrustes

    wanted = embedding.fit(features(20, 4))(features(20, 4))
    mirrored = wanted @ torch.tensor([[0.6, 0.8], [0.8, -0.6]], dtype=torch.double)
    rotation = embedding.rotation_to(mirrored, wanted)
    np.testing.assert_allclose(rotation, orthogonal_procrustes(mirrored.numpy(), wanted.numpy())[0], atol=1e-9)
    torch.testing.assert_close(mirrored @ rotation, wanted)


def test_a_turned_projection_gives_turned_positions():
    given, rotation = features(9, 4), torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.double)
    projection = embedding.fit(given)
    torch.testing.assert_close(projection.turned(rotation)(given), projection(given) @ rotation)


def test_the_nearest_images_have_the_wanted_label():
    others = torch.tensor([[0.0], [1.0], [2.0], [3.0], [10.0]])
    labels = torch.tensor([7, 3, 7, 7, 3])
    found = embedding.nearest(torch.tensor([[1.9], [9.0]]), others, labels, torch.tensor([7, 3]), 3)
    assert found.tolist() == [[2, 3, 0], [4, 1, -1]]
    assert embedding.nearest(others[:1], others, labels, torch.tensor([5]), 6).tolist() == [[-1] * 6]


def test_hidden_features_are_the_inputs_of_the_last_layer_without_dropout():
    network = build_model("lenet5", dropout=0.5).train()
    images = torch.randint(0, 256, (7, 28, 28), dtype=torch.uint8)
    precision = Precision(torch.device("cpu"))
    hidden = hidden_features(network, images, precision)
    logits = evaluate_split(network, Split(images, torch.zeros(7, dtype=torch.long)), precision).logits
    with torch.inference_mode():
        torch.testing.assert_close(network[-1](hidden), logits, rtol=1e-5, atol=1e-5)
    assert network.training
    assert hidden_features(torch.nn.Sequential(torch.nn.Flatten()), images, precision) is None


# -- a run ------------------------------------------------------------------------------------------------------------


def saved(folder) -> dict:
    return json.loads((folder / contract.EMBEDDING).read_text())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run of three epochs."""
    folder = tmp_path_factory.mktemp("embedding")
    trained(folder, *SHORT)
    return folder


def test_every_epoch_has_positions_of_the_mistakes_and_of_random_images(run):
    content = saved(run)
    predictions = json.loads((run / contract.PREDICTIONS).read_text())
    assert [row["epoch"] for row in content["epochs"]] == [1, 2, 3]
    for row, answers in zip(content["epochs"], predictions["validation"]["epochs"]):
        assert row["index"] == [*range(100)]  # all validation images
        assert np.std(row["x"], ddof=1) == pytest.approx(1, abs=0.5)  # turned towards the epoch before
        assert len(row["projection"]["x"]) == content["width"]
        assert answers["epoch"] == row["epoch"]
    labels, found = predictions["test"]["labels"], predictions["test"]["predictions"]
    wrong = [place for place, (label, answer) in enumerate(zip(labels, found)) if label != answer]
    index = content["test"]["index"]
    assert index == sorted(set(index)) and 500 <= len(index) <= 600
    assert len(set(wrong) & set(index)) >= min(len(wrong), embeddings.MAX_MISTAKES)


def test_nearest_training_images_are_in_the_picture_row_by_row(run):
    neighbors = saved(run)["neighbors"]
    predictions = json.loads((run / contract.PREDICTIONS).read_text())
    rows = neighbors["rows"]
    assert {row["set"] for row in rows} == {"validation", "test"}
    assert neighbors["among"] == 640
    sheet = Image.open(io.BytesIO((run / contract.NEIGHBORS).read_bytes()))
    assert (sheet.mode, sheet.size) == ("L", (6 * 28, len(rows) * 28))
    images, labels = synthetic.draw(740, seed=1)
    pixels = torch.from_numpy(np.array(sheet))
    for place, row in enumerate(rows):
        answers = predictions["test"] if row["set"] == "test" else predictions["validation"]["epochs"][-1]
        true, found = (
            int(digits[row["index"]]) for digits in (predictions[row["set"]]["labels"], answers["predictions"])
        )
        assert {int(labels[at]) for at in row["label"] if at >= 0} == {true}
        assert {int(labels[at]) for at in row["prediction"] if at >= 0} == ({found} - {true})
        strip = pixels[28 * place : 28 * place + 28]
        for column, at in enumerate(row["label"] + row["prediction"]):
            expected = images[at] if at >= 0 else torch.zeros(28, 28, dtype=torch.uint8)
            assert torch.equal(strip[:, 28 * column : 28 * column + 28], expected)
    samples = json.loads((run / contract.TEST_SAMPLES).read_text())["samples"]
    assert {sample["index"] for sample in samples} <= {row["index"] for row in rows if row["set"] == "test"}


def test_the_projection_places_an_image_where_its_point_is(run):
    from digits.models.history import load_snapshot

    network = json.loads((run / contract.NETWORK).read_text())
    model = load_snapshot(network, (run / contract.NETWORK_NUMBERS).read_bytes())
    validation = synthetic.draw(740, seed=1)[0][640:]
    hidden = hidden_features(model, validation, Precision(torch.device("cpu")))
    row = saved(run)["epochs"][-1]
    weights = torch.tensor([row["projection"]["x"], row["projection"]["y"]])
    found = hidden[row["index"]] @ weights.T + torch.tensor(row["projection"]["offset"])
    torch.testing.assert_close(found, torch.tensor([row["x"], row["y"]]).T, rtol=0.01, atol=0.01)


def test_a_resumed_run_has_the_same_embedding(run, tmp_path):
    killed(15, tmp_path / "killed", *SHORT)
    trained(tmp_path / "killed", "--resume", "--quiet")
    again, first = saved(tmp_path / "killed"), saved(run)
    assert again | {"run_id": ""} == first | {"run_id": ""}


def test_both_files_take_at_most_300_kb_however_long_the_run(run, tmp_path, monkeypatch):
    sheet = (run / contract.NEIGHBORS).stat().st_size
    epoch = len(json.dumps(saved(run)["epochs"][0]))
    monkeypatch.setattr(embeddings, "MAX_BYTES", sheet + 2 * epoch)  # room for three epochs until the images come
    trained(tmp_path, *SHORT)
    rows = saved(tmp_path)["epochs"]
    assert [row["epoch"] for row in rows][-1] == 3
    assert len(json.dumps(rows)) + (tmp_path / contract.NEIGHBORS).stat().st_size <= sheet + 2 * epoch
    assert embeddings.MAX_BYTES < 300_000


def test_a_run_without_validation_images_has_no_embedding(tmp_path):
    trained(tmp_path, "--epochs", "1", "--validation", "0", "--quiet")
    assert not (tmp_path / contract.EMBEDDING).exists()
    assert "can't be used" not in trained(tmp_path, "--resume", "--epochs", "2")


def test_a_long_run_keeps_fewer_epochs_and_always_the_last(tmp_path, run, monkeypatch):
    monkeypatch.setattr(embeddings, "MAX_BYTES", 3 * len(json.dumps(saved(run)["epochs"][0])))
    trained(tmp_path, *SHORT, "--epochs", "5")
    assert [row["epoch"] for row in saved(tmp_path)["epochs"]][-1] == 5
    assert len(saved(tmp_path)["epochs"]) < 4


@pytest.mark.parametrize(
    "damage",
    [
        {"index": [-1]},
        {"index": [1000]},
        {"x": []},
        {"x": ["a"]},
        {"projection": None},
        {"projection": {"x": []}},
        {"y": 5},
    ],
    ids=str,
)
def test_damaged_positions_are_not_continued(run, damage, tmp_path):
    row = saved(run)["epochs"][0]
    dataset = type("D", (), {"validation": range(100)})()
    writer = embeddings.EmbeddingWriter(None, dataset, None, seed=1, samples=torch.arange(0))
    writer.restore({"epochs": [row]}, 1)
    with pytest.raises(ValueError, match="positions are damaged"):
        writer.restore({"epochs": [row | damage]}, 1)


def test_the_most_confident_mistakes_come_first():
    logits = torch.tensor([[5.0, 0.0], [0.0, 1.0], [0.0, 9.0], [3.0, 0.0]]).repeat(1, 5)[:, :10]
    evaluation = Evaluation(logits, torch.tensor([0, 0, 0, 1]))
    assert embeddings.mistakes(evaluation, 2).tolist() == [2, 3]
