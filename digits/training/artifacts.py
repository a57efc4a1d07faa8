"""Artifacts of a run besides its log: images, samples, predictions, weight histograms, snapshots and weights."""

import io
import re
from collections.abc import Callable
from dataclasses import fields

import torch
from PIL import Image
from torch import Tensor

from digits.config import Config
from digits.data.mnist import CLASSES, Dataset, Split
from digits.evaluation.evaluation import Calibration, Evaluation
from digits.files import is_number, read_bytes, read_json
from digits.models import weights_file
from digits.models.history import ModelHistory, downsample, kept_rows
from digits.models.weight_stats import WeightHistograms
from digits.renames import present_fields
from digits.runlog import contract
from digits.runlog.run_log import RunLog
from digits.training.embeddings import EmbeddingWriter
from digits.training.sample_history import SampleHistory
from digits.training.trainer import Trainer

MAX_MISTAKES = 1000  # the most confident ones, with probabilities
MAX_DOUBTS = 100  # the least confident correct predictions, likewise
_PER_ROW = 100  # images in a row of a mosaic
_COMPRESSION = 4  # of PNG: 3 % larger than with the default, 6, in 0.6 of the time, which is a tenth of the preset fast


class ArtifactWriter:
    """Collects a run's artifacts and writes them through the log."""

    def __init__(self, log: RunLog, config: Config, dataset: Dataset, trainer: Trainer):
        self._log, self._config, self._dataset, self._trainer = log, config, dataset, trainer
        self._predictions = Predictions(dataset.validation, dataset.test)
        self._weights = WeightHistograms()
        self._history = ModelHistory()
        self._calibration = Calibration()  # of the last validation
        self._sample_history = SampleHistory()
        self._sampled = choose_samples(config.samples, len(dataset.test), config.seed)
        self._embedding = EmbeddingWriter(log, dataset, trainer, config.seed, self._sampled)

    def save_images(self) -> None:
        """Save validation and test images as mosaics, for the page's gallery."""
        if len(self._dataset.validation):
            self._log.save_shared(contract.VALIDATION_IMAGES, mosaic(self._dataset.validation.images))
        self._log.save_shared(contract.TEST_IMAGES, mosaic(self._dataset.test.images))

    def restore(self, epoch: int, warn: Callable[[str], None]) -> None:
        """Continue the files that an earlier process wrote, up to `epoch`.

        Only the page needs them, so a damaged file is dropped with a warning and restarts with the next epoch.
        """
        if not epoch or self._trainer.group.rank:
            return
        parts = {
            contract.PREDICTIONS: self._predictions.restore,
            contract.LAYER_WEIGHTS: self._weights.restore,
            contract.TEST_SAMPLES: self._restore_samples,
            contract.NETWORK: self._restore_history,
            contract.EMBEDDING: self._embedding.restore,
        }
        for file, restore in parts.items():
            if file == contract.EMBEDDING and not (self._log.folder / file).exists():  # of an earlier version
                continue
            try:
                saved = read_json(self._log.folder / file)
                if not isinstance(saved, dict) or saved.get("run_id") != self._log.run_id:
                    raise ValueError("it is missing, damaged or belongs to another run")
                restore(saved, epoch)
            except ValueError as error:
                warn(f"{file} can't be used: {error}. It restarts with the next epoch.")

    def _restore_samples(self, saved: dict, epoch: int) -> None:
        if [row.get("index") for row in saved.get("samples", [])] == self._sampled.tolist():
            self._sample_history.restore(saved, epoch)

    def _restore_history(self, saved: dict, epoch: int) -> None:
        present = present_fields(saved)
        known = {field.name: present.get(field.name) for field in fields(Calibration)}
        self._calibration = Calibration(**{name: value if is_number(value) else None for name, value in known.items()})
        self._history.restore(saved, read_bytes(self._log.folder / contract.NETWORK_EPOCHS), epoch)

    def save_epoch(self, epoch: int, validation: Evaluation | None, calibration: Calibration) -> None:
        """Save everything that changes with an epoch, with probabilities calibrated on its validation images.

        The test samples are for display: nothing is measured or selected by them.
        """
        self._calibration = calibration
        if validation is not None:
            self._predictions.add_epoch(epoch, validation, calibration.temperature)
        self._log.save_json(contract.PREDICTIONS, self._predictions.as_json())
        self._weights.add_epoch(epoch, self._trainer.eval_model)
        self._log.save_json(contract.LAYER_WEIGHTS, self._weights.as_json())
        self._history.add_epoch(epoch, self._trainer.eval_model, **calibration.as_json())
        self._save_history()
        self._embedding.save_epoch(epoch, validation)
        self._save_samples(epoch, final=False)

    def save_final(self, epoch: int, validation: Evaluation | None, test: Evaluation, calibration: Calibration) -> None:
        """Save predictions, samples and weights after the test."""
        self._calibration = calibration
        if self._trainer.eval_model.views > 1:  # otherwise it is the network of the last epoch
            self._history.set_current(epoch, self._trainer.eval_model)
            self._save_history()
        self._predictions.set_test(test, calibration.temperature)
        self._log.save_json(contract.PREDICTIONS, self._predictions.as_json())
        self._embedding.save_final(validation, test)
        self._save_samples(epoch, final=True)
        self._save_weights(epoch, test_accuracy=test.accuracy)

    def save_snapshot(self, epoch: int) -> None:
        """Save the current weights, with the calibration of the last validation."""
        self._save_weights(epoch)

    def _save_weights(self, epoch: int, **results: float) -> None:
        facts = {"run_id": self._log.run_id, "epoch": epoch, "step": self._trainer.steps, "dataset": self._dataset.name}
        content = weights_file.weights_file(
            self._trainer.eval_model, self._config, **facts, **results, **self._calibration.as_json()
        )
        self._log.save(contract.WEIGHTS, content)

    def _save_history(self) -> None:
        """Write the numbers first: a reader tries again if the checksums in network.json don't match them."""
        self._log.save(contract.NETWORK_NUMBERS, self._history.current)
        self._log.save(contract.NETWORK_EPOCHS, self._history.history)
        self._log.save_json(contract.NETWORK, self._history.as_json(self._calibration.as_json()))

    def _save_samples(self, epoch: int, final: bool) -> None:
        if not len(self._sampled):
            return
        samples = self._dataset.test[self._sampled]
        evaluation = self._trainer.evaluate(samples)
        content = samples_json(self._sampled, samples, evaluation, self._calibration.temperature, epoch, final)
        self._sample_history.add_epoch(epoch, content["temperature"], evaluation.probabilities(content["temperature"]))
        self._log.save_json(contract.TEST_SAMPLES, content | {"history": self._sample_history.as_json()})


class Predictions:
    """predictions.json: labels once, then a prediction and its confidence per image, after each epoch and at the end.

    The `temperature` of each entry is what its probabilities are calibrated with; None: they are uncalibrated.
    """

    def __init__(self, validation: Split, test: Split):
        self._validation: dict = {"labels": _digits(validation.labels), "epochs": []}
        later = dict.fromkeys(("temperature", "predictions", "confidences", "notable"))
        self._test: dict = {"labels": _digits(test.labels), **later}

    def restore(self, saved: dict, epoch: int) -> None:
        """Continue an earlier process's file, up to `epoch`. Raises ValueError if it is damaged or of other images."""
        validation = saved.get("validation")
        if not isinstance(validation, dict) or validation.get("labels") != self._validation["labels"]:
            raise ValueError("its validation images differ")
        rows = kept_rows(validation.get("epochs"), epoch)
        if not all(_is_valid(row, len(self._validation["labels"])) for row in rows):
            raise ValueError("its predictions are damaged")
        self._validation["epochs"] = rows

    def add_epoch(self, epoch: int, evaluation: Evaluation, temperature: float | None) -> None:
        row = {"epoch": epoch, **predictions_json(evaluation, temperature)}
        self._validation["epochs"] = downsample([*self._validation["epochs"], row])

    def set_test(self, evaluation: Evaluation, temperature: float | None) -> None:
        self._test |= predictions_json(evaluation, temperature)

    def as_json(self) -> dict:
        return {"validation": self._validation, "test": self._test}


def predictions_json(evaluation: Evaluation, temperature: float | None) -> dict:
    """Predictions and confidences (three decimals) of all images, and all ten probabilities of the notable ones."""
    probabilities = evaluation.probabilities(temperature)  # (N, 10)
    confidence, prediction = probabilities.max(dim=1)
    index = _notable(confidence, prediction == evaluation.labels)
    return {
        "temperature": temperature,
        "predictions": _digits(prediction),
        "confidences": _rounded(confidence),
        "notable": {"index": index.tolist(), "probabilities": [_rounded(row) for row in probabilities[index]]},
    }


def _notable(confidence: Tensor, correct: Tensor) -> Tensor:
    """Indices, ascending, of the most confident mistakes and the least confident correct predictions."""
    order = confidence.argsort(stable=True)
    mistakes, doubts = order[~correct[order]], order[correct[order]]
    return torch.cat([mistakes[-MAX_MISTAKES:], doubts[:MAX_DOUBTS]]).sort().values


def _is_valid(row: dict, images: int) -> bool:
    """Whether the row has the form of a result of `predictions_json`."""
    predictions, confidences, notable = row.get("predictions"), row.get("confidences"), row.get("notable")
    temperature = row.get("temperature")  # older files have none
    if not isinstance(predictions, str) or not isinstance(confidences, list) or not isinstance(notable, dict):
        return False
    index, probabilities = notable.get("index"), notable.get("probabilities")
    if not isinstance(index, list) or not isinstance(probabilities, list):
        return False
    return (
        bool(re.fullmatch("[0-9]*", predictions))
        and len(predictions) == len(confidences) == images
        and all(map(is_number, confidences))
        and (temperature is None or is_number(temperature))
        and len(index) == len(probabilities)
        and all(type(place) is int and 0 <= place < images for place in index)
        and all(isinstance(ten, list) and len(ten) == CLASSES and all(map(is_number, ten)) for ten in probabilities)
    )


def choose_samples(count: int, images: int, seed: int) -> Tensor:
    """Indices of `count` random images out of `images`, ascending."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(images, generator=generator)[:count].sort().values


def samples_json(
    indices: Tensor, split: Split, evaluation: Evaluation, temperature: float | None, epoch: int, final: bool
) -> dict:
    """Content of test_samples.json. `split` and `evaluation` have only the samples, from `indices` of the test set."""
    samples = [
        {
            "index": index,
            "label": int(label),
            "prediction": int(probabilities.argmax()),
            "probabilities": [round(p, 8) for p in probabilities.tolist()],
            "pixels": image.flatten().tolist(),  # row by row
        }
        for index, image, label, probabilities in zip(
            indices.tolist(), split.images, split.labels, evaluation.probabilities(temperature)
        )
    ]
    rows, columns = split.images.shape[1:]
    when = {"epoch": epoch, "final": final, "temperature": temperature}
    return {**when, "rows": rows, "columns": columns, "samples": samples}


def mosaic(images: Tensor) -> bytes:
    """Gray PNG of uint8 images (N, H, W), 100 to a row, in order; the rest of the last row is black."""
    count, height, width = images.shape
    rows = -(-count // _PER_ROW)
    sheet = torch.zeros(rows * _PER_ROW, height, width, dtype=torch.uint8)
    sheet[:count] = images
    sheet = sheet.view(rows, _PER_ROW, height, width).transpose(1, 2).reshape(rows * height, _PER_ROW * width)
    png = io.BytesIO()
    Image.fromarray(sheet.numpy()).save(png, "PNG", compress_level=_COMPRESSION)
    return png.getvalue()


def _digits(labels: Tensor) -> str:
    return "".join(map(str, labels.tolist()))


def _rounded(numbers: Tensor) -> list[float]:
    return [round(number, 3) for number in numbers.tolist()]
