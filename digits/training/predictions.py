"""Predictions as files: test samples, every prediction of a split, and the images as a mosaic."""

import re
import struct
import zlib

import torch
from torch import Tensor

from digits.data.mnist import Split
from digits.epoch_rows import downsample, kept_rows
from digits.evaluation.calibration import calibrated
from digits.evaluation.evaluation import Evaluation
from digits.files import is_number
from digits.models.builders import CLASSES

_MISTAKES, _DOUBTS = 1000, 100  # at most so many answers are told with all ten probabilities
_PER_ROW = 100  # images in a row of a mosaic


class Predictions:
    """predictions.json: labels once, then a digit and a confidence per image, after each epoch and at the end.

    Probabilities are those at the `temperature` beside them; with None they are uncalibrated.
    """

    def __init__(self, validation: Split, test: Split):
        self._labels = {"validation": validation.labels, "test": test.labels}
        self._validation = {"labels": _digits(validation.labels), "epochs": []}
        later = dict.fromkeys(("temperature", "predictions", "confidences", "notable"))
        self._test = {"labels": _digits(test.labels), **later}

    def restore(self, saved: dict, epoch: int) -> None:
        """Take what an earlier process wrote of the epochs up to `epoch`.

        Raises ValueError for what it did not write, or of other images.
        """
        validation = saved.get("validation")
        if not isinstance(validation, dict) or validation.get("labels") != self._validation["labels"]:
            raise ValueError("its validation images are others")
        rows = kept_rows(validation.get("epochs"), epoch)
        if not all(_is_answers(row, len(self._validation["labels"])) for row in rows):
            raise ValueError("its predictions are damaged")
        self._validation["epochs"] = rows

    def add_epoch(self, epoch: int, evaluation: Evaluation, temperature: float | None) -> None:
        answers = _answers(evaluation.probabilities, self._labels["validation"], temperature)
        self._validation["epochs"] = downsample([*self._validation["epochs"], {"epoch": epoch, **answers}])

    def set_test(self, evaluation: Evaluation, temperature: float | None) -> None:
        self._test |= _answers(evaluation.probabilities, self._labels["test"], temperature)

    def as_json(self) -> dict:
        return {"validation": self._validation, "test": self._test}


def _is_answers(row: dict, images: int) -> bool:
    """Whether `_answers` may have given that."""
    said, sure, notable = row.get("predictions"), row.get("confidences"), row.get("notable")
    if not isinstance(said, str) or not re.fullmatch("[0-9]*", said) or not len(said) == images == _count(sure):
        return False
    temperature = row.get("temperature")  # older files have none
    if not all(map(is_number, sure)) or not (temperature is None or is_number(temperature)):
        return False
    if not isinstance(notable, dict):
        return False
    places, ten = notable.get("index"), notable.get("probabilities")
    return (
        0 <= _count(places) == _count(ten)
        and all(type(place) is int and 0 <= place < images for place in places)
        and all(_count(row) == CLASSES and all(map(is_number, row)) for row in ten)
    )


def _count(values) -> int:
    return len(values) if isinstance(values, list) else -1


def choose_samples(count: int, images: int, seed: int) -> Tensor:
    """Indices of `count` random images out of `images`, ascending."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(images, generator=generator)[:count].sort().values


def samples_json(
    indices: Tensor, split: Split, evaluation: Evaluation, temperature: float | None, epoch: int, final: bool
) -> dict:
    """test_samples.json. `split` and `evaluation` are of just the samples, `indices` their places in the test set."""
    told = calibrated(evaluation.probabilities, temperature)
    samples = [
        {
            "index": index,
            "label": int(label),
            "prediction": int(probabilities.argmax()),
            "probabilities": [round(p, 8) for p in probabilities.tolist()],
            "pixels": image.flatten().tolist(),  # row by row
        }
        for index, image, label, probabilities in zip(indices.tolist(), split.images, split.labels, told)
    ]
    rows, columns = split.images.shape[1:]
    when = {"epoch": epoch, "final": final, "temperature": temperature}
    return {**when, "rows": rows, "columns": columns, "samples": samples}


def mosaic(images: Tensor) -> bytes:
    """A grey PNG of uint8 images (N, H, W), 100 to a row, in order; what is left of the last row stays black."""
    count, height, width = images.shape
    rows = -(-count // _PER_ROW)
    sheet = torch.zeros(rows * _PER_ROW, height, width, dtype=torch.uint8)
    sheet[:count] = images
    sheet = sheet.view(rows, _PER_ROW, height, width).transpose(1, 2).reshape(rows * height, _PER_ROW * width)
    return _grey_png(sheet)


def _grey_png(sheet: Tensor) -> bytes:
    """uint8 (H, W) as PNG (ISO/IEC 15948): 8-bit grey, each line with filter 0."""
    height, width = sheet.shape
    lines = torch.zeros(height, width + 1, dtype=torch.uint8)
    lines[:, 1:] = sheet
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.numpy())), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def _digits(labels: Tensor) -> str:
    return "".join(map(str, labels.tolist()))


def _answers(uncalibrated: Tensor, labels: Tensor, temperature: float | None) -> dict:
    """What was said of all images, with three decimals; of the notable ones with all ten probabilities (N, 10)."""
    probabilities = calibrated(uncalibrated, temperature)
    confidence, prediction = probabilities.max(dim=1)
    index = _notable(confidence, prediction.eq(labels.to(prediction.device)))
    return {
        "temperature": temperature,
        "predictions": _digits(prediction),
        "confidences": _rounded(confidence.tolist()),
        "notable": {"index": index.tolist(), "probabilities": [_rounded(row) for row in probabilities[index].tolist()]},
    }


def _notable(confidence: Tensor, right: Tensor) -> Tensor:
    """Indices, ascending: of the mistakes the most confident, of the right answers the least."""
    order = confidence.argsort(stable=True)  # the least confident first
    mistakes, doubts = order[~right[order]], order[right[order]]
    return torch.cat([mistakes[-_MISTAKES:], doubts[:_DOUBTS]]).sort().values


def _rounded(numbers: list[float]) -> list[float]:
    return [round(number, 3) for number in numbers]
