"""Prediction of the digits in an image with a trained network."""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from digits.data.mnist import normalize
from digits.errors import UserError
from digits.evaluation.calibration import apply_temperature
from digits.evaluation.ood import energies
from digits.files import named_by_user, read_bytes, read_json
from digits.inference import reading
from digits.inference.images import DecodedImage
from digits.inference.input_checks import rejection_reason
from digits.inference.prediction import Prediction
from digits.inference.preprocess import Prepared
from digits.inference.reading import Reading
from digits.models import history
from digits.models.weights_file import DamagedFile, check_temperature, digest, open_trained
from digits.number_format import probability as format_probability
from digits.renames import present_fields
from digits.runlog import contract

_BATCH = 250  # images: 20 MB of activations
_SHADES = " .:-=+*#%@"  # ten levels of ink in ASCII


class Predictor:
    """A trained network in float32 on the CPU; `about` describes it, as mnist_cnn.pth does."""

    def __init__(self, network: nn.Module, about: dict):
        self.network, self.about = network, about

    @classmethod
    def open(cls, weights: Path) -> "Predictor":
        """The network of a mnist_cnn.pth. Raises UserError for another file."""
        network, content = open_trained(weights)
        return cls(network, present_fields(content) | {"sha256": digest(content)})

    @classmethod
    def from_history(cls, epoch: int | None, folder: Path) -> "Predictor":
        """The network after an epoch of the run in `folder` (None: the last), with the temperature of that epoch.

        The last epoch's weights are float32, earlier ones float16. Raises LookupError for an epoch that was not kept.
        """
        saved = read_json(folder / contract.NETWORK)
        try:
            saved = present_fields(saved)
            epoch, (numbers, ood_threshold, temperature, views) = _snapshot(saved, epoch, folder)
            network = history.load_snapshot(saved, numbers, views)
            threshold = None if ood_threshold is None else float(ood_threshold)
            check_temperature(temperature)
        except (AttributeError, DamagedFile, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise LookupError(f"{folder} has no network of that epoch") from error
        about = {"temperature": temperature, "ood_threshold": threshold, "run_id": saved.get("run_id"), "epoch": epoch}
        return cls(network, about | {"sha256": hashlib.sha256(numbers).hexdigest()})

    @classmethod
    def newest(cls, path: Path) -> "Predictor":
        """The network of a weights file or, in a results folder, the newest one of its run. Raises UserError."""
        if not path.is_dir():
            return cls.open(named_by_user(path))
        weights = path / contract.WEIGHTS
        final = cls.open(weights) if weights.exists() else None
        if final is None or final.is_outdated(path):
            with contextlib.suppress(LookupError):
                return cls.from_history(None, path)
        return final or cls.open(weights)  # which raises the error that names the remedy

    def is_outdated(self, folder: Path) -> bool:
        """Whether the run in `folder` has finished an epoch since this weights file of it was written.

        It was written at an earlier end of the run, which was resumed, or as a snapshot.
        """
        saved = read_json(folder / contract.NETWORK)
        if not isinstance(saved, dict) or saved.get("run_id") != self.about.get("run_id"):
            return False
        finished, own = saved.get("epoch"), self.about.get("epoch")
        if type(finished) is not int or type(own) is not int:
            return False
        return finished > own or (finished == own and "test_accuracy" not in self.about)  # a snapshot within that epoch

    @property
    def temperature(self) -> float | None:
        return self.about.get("temperature")

    @torch.inference_mode()
    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        """Logits, float32 (N, 10), of uint8 (N, 28, 28)."""
        return torch.cat([self.network(normalize(part)) for part in pixels.split(_BATCH)])

    def probabilities(self, pixels: torch.Tensor) -> torch.Tensor:
        """Calibrated probabilities, float64 (N, 10), of uint8 (N, 28, 28); uncalibrated without a temperature."""
        return apply_temperature(self.logits(pixels), self.temperature)

    def predict(self, prepared: list[Prepared]) -> list[Prediction]:
        """A prediction for each image."""
        if not prepared:
            return []
        logits = self.logits(torch.from_numpy(np.stack([one.pixels for one in prepared])))
        rows, scores = apply_temperature(logits, self.temperature).tolist(), energies(logits).tolist()
        return [
            Prediction(one, None, None, self.temperature)
            if one.empty
            else Prediction(one, row, self._rejection(one, score), self.temperature, score)
            for one, row, score in zip(prepared, rows, scores)
        ]

    def read(self, image: DecodedImage) -> Reading:
        """The digits in a picture of any size and colors."""
        return self.read_all([image])[0]

    def read_all(self, images: Sequence[DecodedImage]) -> list[Reading]:
        """The answers for several pictures, which costs less than reading them one by one."""
        return reading.read(images, self.predict)

    def _rejection(self, prepared: Prepared, energy: float) -> str | None:
        """Why it is rejected; older weights and those trained without validation images have no threshold."""
        threshold = self.about.get("ood_threshold")
        return rejection_reason(prepared, outlier=threshold is not None and energy > threshold)


def _snapshot(saved: dict, epoch: int | None, folder: Path) -> tuple[int, history.Snapshot]:
    """An epoch (None: the last) of the run in `folder`, and its network. Raises LookupError if it was not kept."""
    if epoch in (None, saved["epoch"]):
        latest = history.latest(saved, read_bytes(folder / contract.NETWORK_NUMBERS))
        if latest is not None:
            return saved["epoch"], latest
    snapshots = history.snapshots_of(saved, read_bytes(folder / contract.NETWORK_EPOCHS))
    epoch = max(snapshots) if epoch is None else epoch
    return epoch, snapshots[epoch]


def as_json(file: Path, answer: Reading | UserError) -> dict:
    """An entry of the list that `predict --json` prints."""
    if isinstance(answer, UserError):
        return {"file": os.fspath(file), "error": str(answer)}
    return {"file": os.fspath(file)} | answer.as_json(pixels=answer.whole.prepared.pixels.tolist())


def report(file: Path, answer: Reading) -> str:
    """A digit's prediction in a line, and the preprocessed image as ASCII art; a number, and a line for each digit."""
    name = os.fspath(file)
    if answer.status == "empty":
        return f"{name}: no strokes were found above the background"
    return f"{name}: {_report_digit(answer.digits[0]) if len(answer.digits) == 1 else _report_number(answer)}"


def _report_digit(answer: Prediction) -> str:
    picture = ascii_image(answer.prepared.pixels)
    first, second = answer.ranking[:2]
    if answer.reason:
        return f"{answer.explanation}\n{picture}"
    notes = "; uncertain" * (answer.status == "uncertain") + "; uncalibrated" * (answer.temperature is None)
    return f"{_percent(*first)}, then {_percent(*second)}{notes}\n{picture}"


def _report_number(answer: Reading) -> str:
    """The number, lines divided by slashes, and each digit with its confidence and box (left, top, right, bottom)."""
    text = answer.text.replace("\n", " / ")
    notes = f"; {answer.reason}" * bool(answer.reason) + "; uncalibrated" * (answer.whole.temperature is None)
    found = f"not a number ({answer.reason}); nearest: {text}" if answer.status == "not_a_digit" else f"{text}{notes}"
    boxes = (", ".join(f"{edge:g}" for edge in digit.prepared.box) for digit in answer.digits)
    lines = (f"    {_percent(*digit.ranking[0])} in {box}" for digit, box in zip(answer.digits, boxes))
    return "\n".join([found, *lines])


def ascii_image(pixels: np.ndarray) -> str:
    """(28, 28) in 14 lines, since characters are twice as high as wide; lines without ink are left out."""
    rows = pixels.reshape(14, 2, 28).mean(1)
    levels = np.rint(rows / 255 * (len(_SHADES) - 1)).astype(int)
    lines = ["".join(_SHADES[level] for level in row).rstrip() for row in levels]
    return "\n".join(f"    {line}" for line in lines if line)


def _percent(digit: int, probability: float) -> str:
    """Digit and probability, such as "7 (98.3 %)"; never 100 %, which would claim certainty."""
    return f"{digit} ({format_probability(probability)})"
