"""embedding.json and neighbors.png: positions of images by the last hidden layer, and training images near others."""

import io
import json
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from digits.data.mnist import Dataset, Split
from digits.evaluation import embedding
from digits.evaluation.embedding import Projection
from digits.evaluation.evaluation import Evaluation, hidden_features
from digits.files import every_second, is_number, rounded
from digits.models.history import kept_rows
from digits.runlog import contract
from digits.runlog.run_log import RunLog
from digits.training.trainer import Trainer

POINTS = 500  # random images of a split
MAX_MISTAKES = 100  # of a split, the most confident ones, beside these
MIN_POINTS = 3  # for two components
MAX_WIDTH = 4096  # features, with two weights each in the file
MAX_BYTES = 270_000  # of the epochs and neighbors.png: every second epoch is dropped above that
EXPLAINED = 40  # mistakes of a split, the most confident ones, and test samples, with nearest training images
AMONG = 5_000  # training images: features of all 55,000 take more than a second, and the preset fast trains for two
PER_CLASS = 3  # nearest images
_DECIMALS, _DIGITS = 3, 4  # of positions, whose standard deviation is 1, and of weights


class EmbeddingWriter:
    """Collects the embedding after each epoch and writes it through the log; nothing without validation images."""

    def __init__(self, log: RunLog, dataset: Dataset, trainer: Trainer, seed: int, samples: Tensor):
        """`samples`: indices of the test samples, which get nearest training images whether correct or not."""
        self._log, self._dataset, self._trainer = log, dataset, trainer
        self._seed, self._samples = seed, samples
        self._rows: list[dict] = []

    def restore(self, saved: dict, epoch: int) -> None:
        """Continue what an earlier process wrote, up to `epoch`. Raises ValueError if damaged."""
        rows = kept_rows(saved.get("epochs"), epoch)
        if not all(_is_valid(row, len(self._dataset.validation)) for row in rows):
            raise ValueError("its positions are damaged")
        self._rows = rows

    def save_epoch(self, epoch: int, validation: Evaluation | None) -> None:
        if validation is None or self._trainer.group.rank:
            return
        index = self._chosen(validation)
        features = self._features(self._dataset.validation[index])
        if features is None or len(features) < MIN_POINTS or features.shape[1] > MAX_WIDTH:
            return
        projection = embedding.fit(features)
        if self._rows:
            projection = projection.turned(_rotation(self._rows[-1], index, projection(features)))
        row = {"epoch": epoch, **_positions(index, projection(features)), "projection": _projection_json(projection)}
        self._rows.append(row)
        self._thin(MAX_BYTES)
        self._save()

    def save_final(self, validation: Evaluation | None, test: Evaluation) -> None:
        """Add the test images, in the projection of the last epoch, and the training images nearest to some."""
        if not self._rows or self._trainer.group.rank:
            return
        index = self._chosen(test)
        features = self._features(self._dataset.test[index])
        assert features is not None  # there was a hidden layer after an epoch
        positions = _positions(index, _projection_of(self._rows[-1])(features))
        neighbors, sheet = self._neighbors({"validation": validation, "test": test})
        if neighbors:
            self._log.save(contract.NEIGHBORS, sheet)
        self._thin(MAX_BYTES - len(sheet))
        self._save(positions, neighbors)

    def _thin(self, most: int) -> None:
        """Drop every second epoch until the rest takes at most so many bytes; the last stays."""
        while len(json.dumps(self._rows)) > most and len(self._rows) > 1:
            self._rows = every_second(self._rows)

    def _save(self, test: dict | None = None, neighbors: dict | None = None) -> None:
        width = len(self._rows[-1]["projection"]["x"])
        content = {"width": width, "epochs": self._rows, "test": test, "neighbors": neighbors}
        self._log.save_json(contract.EMBEDDING, content)

    def _chosen(self, evaluation: Evaluation) -> Tensor:
        """Indices, ascending: the same random images every time, and the most confident mistakes."""
        generator = torch.Generator().manual_seed(self._seed)
        sample = torch.randperm(evaluation.total, generator=generator)[:POINTS]
        return torch.cat([sample, mistakes(evaluation, MAX_MISTAKES)]).unique()

    def _features(self, split: Split) -> Tensor | None:
        return hidden_features(self._trainer.eval_model, split.images, self._trainer.precision)

    def _neighbors(self, evaluations: dict[str, Evaluation | None]) -> tuple[dict | None, bytes]:
        """For mistakes and test samples, training images of both classes, and neighbors.png; (None, empty) without any.

        A correct sample has them of its one class, and -1 for those of a wrongly predicted one.
        """
        train = self._dataset.train[:AMONG]
        known = self._features(train)
        rows: list[dict] = []
        for name, evaluation in evaluations.items():
            if evaluation is None or known is None or not len(index := self._explained(name, evaluation)):
                continue
            features = self._features(getattr(self._dataset, name)[index])
            assert features is not None
            true, predicted = evaluation.labels[index], evaluation.logits[index].argmax(dim=1)
            labels, predictions = (
                embedding.nearest(features, known, train.labels.cpu(), wanted, PER_CLASS).tolist()
                for wanted in (true, predicted.where(predicted != true, -1))
            )
            for place, (label, prediction) in zip(index.tolist(), zip(labels, predictions)):
                rows.append({"set": name, "index": place, "label": label, "prediction": prediction})
        if not rows:
            return None, b""
        shown = torch.tensor([row["label"] + row["prediction"] for row in rows])  # (rows, 6)
        return {"among": len(train), "rows": rows}, _sheet(train.images.cpu(), shown)

    def _explained(self, name: str, evaluation: Evaluation) -> Tensor:
        """Indices of the most confident mistakes; of the test set, followed by the other samples."""
        index = mistakes(evaluation, EXPLAINED)
        if name != "test":
            return index
        samples = self._samples[:EXPLAINED]
        return torch.cat([index, samples[~torch.isin(samples, index)]])


def mistakes(evaluation: Evaluation, most: int) -> Tensor:
    """Indices of the most confident mistakes, the most confident first."""
    confidence, prediction = evaluation.probabilities().max(dim=1)
    order = confidence.argsort(descending=True, stable=True)
    return order[prediction[order] != evaluation.labels[order]][:most]


def _rotation(row: dict, index: Tensor, positions: Tensor) -> Tensor:
    """Turns the positions of the images `index` toward those of an earlier row: a scrubber moves few of them far."""
    before = {at: (x, y) for at, x, y in zip(row["index"], row["x"], row["y"])}
    common = [place for place, at in enumerate(index.tolist()) if at in before]
    if len(common) < 2:
        return torch.eye(2, dtype=torch.double)
    wanted = torch.tensor([before[at] for at in index[common].tolist()], dtype=torch.double)
    return embedding.rotation_to(positions[common], wanted)


def _positions(index: Tensor, positions: Tensor) -> dict:
    x, y = ([round(value, _DECIMALS) for value in axis] for axis in positions.T.tolist())
    return {"index": index.tolist(), "x": x, "y": y}


def _projection_json(projection: Projection) -> dict:
    x, y = ([rounded(value, _DIGITS) for value in axis] for axis in projection.weights.tolist())
    return {"x": x, "y": y, "offset": [rounded(value, 6) for value in projection.offset.tolist()]}


def _projection_of(row: dict) -> Projection:
    saved = row["projection"]
    weights = torch.tensor([saved["x"], saved["y"]], dtype=torch.double)
    return Projection(weights, torch.tensor(saved["offset"], dtype=torch.double))


def _is_valid(row: dict, images: int) -> bool:
    """Whether `save_epoch` may have written that row."""
    index, projection = row.get("index"), row.get("projection")
    if not isinstance(index, list) or not isinstance(projection, dict):
        return False
    columns: list[Any] = [row.get("x"), row.get("y"), *(projection.get(key) for key in ("x", "y", "offset"))]
    if not all(isinstance(column, list) and all(map(is_number, column)) for column in columns):
        return False
    x, y, weights_x, weights_y, offset = map(len, columns)
    return (
        all(type(at) is int and 0 <= at < images for at in index)
        and len(index) == x == y
        and weights_x == weights_y > 0
        and offset == 2
    )


def _sheet(images: Tensor, shown: Tensor) -> bytes:
    """Gray PNG of the images at the indices `shown` (rows, columns); blank where an index is -1."""
    picked = images[shown.clamp(min=0)] * (shown >= 0)[:, :, None, None]  # (rows, columns, 28, 28)
    rows, columns, height, width = picked.shape
    sheet = picked.transpose(1, 2).reshape(rows * height, columns * width)
    png = io.BytesIO()
    Image.fromarray(sheet.to(torch.uint8).numpy()).save(png, "PNG")
    return png.getvalue()
