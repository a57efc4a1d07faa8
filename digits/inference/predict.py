"""Prediction: the digit in an image, for the command predict and for the server."""

import hashlib
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

import digits.data.mnist
from digits.errors import UserError
from digits.evaluation.calibration import calibrated
from digits.evaluation.ood import energies
from digits.files import named_by_user, read_bytes, read_json
from digits.inference import images
from digits.inference.input_checks import rejection_reason
from digits.inference.preprocess import Prepared, prepare
from digits.models import history
from digits.models.weights_file import digest, open_trained
from digits.runlog import schema

UNCERTAIN = 0.6  # a lower probability of the likeliest digit comes with a warning
_AT_ONCE = 250  # images: 20 MB of activations
_MOST_BYTES, _MOST_PIXELS = 50_000_000, 80_000_000  # of a file of one's own: any camera's
_SHADES = " .:-=+*#%@"  # ten levels of ink, in any terminal


@dataclass(frozen=True)
class Prediction:
    """`probabilities` of the ten digits, by digit; of an empty picture nothing is said, and `label` is None.

    `reason`: why it is rejected as a non-digit (input_checks.py, ood.py), else None. Then label, score and
    probabilities only name the nearest digit. `temperature`: the one that the probabilities are calibrated with; None
    if the weights have none, and the probabilities are uncalibrated.
    """

    prepared: Prepared
    probabilities: list[float] | None
    reason: str | None = None
    temperature: float | None = None

    @property
    def ranking(self) -> list[int]:
        return sorted(range(10), key=lambda digit: -self.probabilities[digit]) if self.probabilities else []

    @property
    def label(self) -> int | None:
        return self.ranking[0] if self.probabilities else None

    @property
    def status(self) -> str:
        """empty, not_a_digit, uncertain or ok."""
        if not self.probabilities:
            return "empty"
        if self.reason:
            return "not_a_digit"
        return "ok" if max(self.probabilities) >= UNCERTAIN else "uncertain"

    def as_json(self, **input_image: object) -> dict:
        """`input_image`: the network's input in one form or another, added to `preprocessing`."""
        scores = [{"label": str(digit), "score": self.probabilities[digit]} for digit in self.ranking]
        return {
            "label": scores[0]["label"] if scores else None,
            "score": scores[0]["score"] if scores else None,
            "status": self.status,
            "reason": self.reason,
            "probabilities": self.probabilities,
            "temperature": self.temperature,
            "predictions": scores,
            "preprocessing": {
                "inverted": self.prepared.inverted,
                "box": list(self.prepared.box),
                "shift": list(self.prepared.shift),
                **input_image,
            },
        }


class Predictor:
    """A trained network that reads digits; `about` says what it is, as mnist_cnn.pth does."""

    def __init__(self, network: nn.Module, about: dict):
        self.network, self.about = network, about

    @classmethod
    def open(cls, weights: Path) -> "Predictor":
        """Raises UserError for weights that are none."""
        network, content = open_trained(weights)
        return cls(network, content | {"sha256": digest(content)})

    @classmethod
    def from_history(cls, epoch: int | None, folder: Path) -> "Predictor":
        """The network as it was after an epoch of the run in `folder`, None for the last one: this one as the page
        reads it, those before in half precision; each at the temperature of its epoch.

        Raises LookupError for an epoch that was not kept.
        """
        saved = read_json(folder / schema.NETWORK)
        try:
            epoch, (numbers, energy_limit, temperature) = _kept(saved, epoch, folder)
            network = history.load_snapshot(saved, numbers)
            about = {"temperature": _positive(temperature), "energy_limit": energy_limit and float(energy_limit)}
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:  # a file of another kind
            raise LookupError(f"{folder} has no network of that epoch") from error
        about |= {"run_id": saved.get("run_id"), "epoch": epoch, "sha256": hashlib.sha256(numbers).hexdigest()}
        return cls(network, about)

    @property
    def temperature(self) -> float | None:
        return self.about.get("temperature")

    @torch.inference_mode()
    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        """float32 (N, 10) of uint8 (N, 28, 28)."""
        return torch.cat([self.network(digits.data.mnist.normalize(part)) for part in pixels.split(_AT_ONCE)])

    def probabilities(self, pixels: torch.Tensor) -> torch.Tensor:
        """double (N, 10) of uint8 (N, 28, 28), at the temperature that came with the weights, if one did."""
        return self._calibrated(self.logits(pixels))

    def _calibrated(self, logits: torch.Tensor) -> torch.Tensor:
        return calibrated(logits.softmax(dim=1), self.temperature)

    def read(self, prepared: list[Prepared]) -> list[Prediction]:
        """One answer each, in float32 on the CPU: the same on every machine but for the last digits."""
        if not prepared:
            return []
        logits = self.logits(torch.from_numpy(np.stack([one.pixels for one in prepared])))
        rows, found = self._calibrated(logits).tolist(), energies(logits).tolist()
        return [
            Prediction(one, None, None, self.temperature)
            if one.empty
            else Prediction(one, row, self._rejection(one, energy), self.temperature)
            for one, row, energy in zip(prepared, rows, found)
        ]

    def _rejection(self, prepared: Prepared, energy: float) -> str | None:
        """Why it is no digit; files of before have no `energy_limit`, and runs without validation images have None."""
        limit = self.about.get("energy_limit")
        unlike = limit is not None and energy > limit
        return rejection_reason(prepared) or ("nothing like a digit" if unlike else None)


def _kept(saved: dict, epoch: int | None, folder: Path) -> tuple[int, history.Snapshot]:
    """An epoch of the run in `folder`, None for the last one, and the network as it was then. LookupError: none."""
    if epoch in (None, saved["epoch"]):
        numbers = history.latest(saved, read_bytes(folder / schema.NETWORK_NUMBERS))
        if numbers is not None:
            return saved["epoch"], history.Snapshot(numbers, saved.get("energy_limit"), saved.get("temperature"))
    kept = history.snapshots_of(saved, read_bytes(folder / schema.NETWORK_EPOCHS))
    epoch = max(kept) if epoch is None else epoch
    return epoch, kept[epoch]


def _positive(temperature: float | None) -> float | None:
    """Raises ValueError and TypeError for what is not a temperature."""
    if temperature is not None and not 0 < temperature < math.inf:
        raise ValueError(f"{temperature} is not a temperature")
    return temperature


def predict(files: list[Path], weights: Path) -> list[tuple[Path, Prediction | UserError]]:
    """An answer for each file, in order; a UserError for one that can't be read or is not a picture.

    Raises UserError for weights that can't be read, unless no picture needs them.
    """
    prepared = [_prepared(file) for file in files]
    readable = [one for one in prepared if isinstance(one, Prepared)]
    answers = iter(Predictor.open(named_by_user(weights)).read(readable) if readable else [])
    return [(file, next(answers) if isinstance(one, Prepared) else one) for file, one in zip(files, prepared)]


def _prepared(file: Path) -> Prepared | UserError:
    try:
        with file.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)  # no more, also of a device that never ends
        return prepare(images.decode(content, _MOST_BYTES, _MOST_PIXELS))
    except OSError as error:
        return UserError(f"{file} cannot be read: {error.strerror or error}.")
    except ValueError as error:
        return UserError(f"{file}: {error}")


def as_json(file: Path, answer: Prediction | UserError) -> dict:
    """An entry of the list that `predict --json` prints."""
    if isinstance(answer, UserError):
        return {"file": os.fspath(file), "error": str(answer)}
    return {"file": os.fspath(file)} | answer.as_json(pixels=answer.prepared.pixels.tolist())


def report(file: Path, answer: Prediction) -> str:
    """For a person: what it is, how sure, what else it could be, and what the network saw."""
    picture = ascii_image(answer.prepared.pixels)
    name = os.fspath(file)
    if answer.label is None:
        return f"{name}: nothing is drawn there"
    first, second = answer.ranking[:2]
    if answer.reason:
        return f"{name}: does not look like a digit ({answer.reason}); nearest: {first}\n{picture}"
    sure = f"{name}: {first}, {_percent(answer, first)} sure (then {second}, {_percent(answer, second)})"
    doubt = "; not certain at all" if answer.status == "uncertain" else ""
    uncalibrated = "; uncalibrated" if answer.temperature is None else ""
    return f"{sure}{doubt}{uncalibrated}\n{picture}"


def ascii_image(pixels: np.ndarray) -> str:
    """The 28x28 pixels in 14 lines, letters being twice as high as wide; lines without ink are left out."""
    rows = pixels.reshape(14, 2, 28).mean(1)
    levels = np.rint(rows / 255 * (len(_SHADES) - 1)).astype(int)
    lines = ["".join(_SHADES[level] for level in row).rstrip() for row in levels]
    return "\n".join(f"    {line}" for line in lines if line)


def _percent(answer: Prediction, digit: int) -> str:
    """Never 100 % of what is not certain."""
    return f"{min(100 * answer.probabilities[digit], 99.9):.1f} %"
