"""The command evaluate: metrics of trained weights on a test set, as a dict and as text."""

import math
import os
from dataclasses import asdict
from pathlib import Path

from digits.data import datasets
from digits.data.mnist import Dataset
from digits.errors import UserError
from digits.evaluation import calibration, metrics, ood
from digits.evaluation.evaluation import evaluate_split
from digits.files import named_by_user, short_path
from digits.models import precision, weights_file
from digits.models.precision import Precision
from digits.renames import present_fields


def evaluate(weights: Path, dataset: str | None, data_dir: Path, device: str, terminal) -> dict:
    """All that is known of `weights` after they read the test set, ready for JSON.

    Without `dataset` it is that of the images they were trained on. Raises UserError for weights that are none.
    """
    chosen = precision.choose_device(device)
    network, content = weights_file.open_trained(named_by_user(weights))
    about = present_fields(content)
    images = datasets.load_test(dataset or about.get("dataset") or "auto", data_dir, terminal.progress)
    if images.notice:
        terminal.warn(images.notice)
    # float32, whatever it was trained in: the same answers on every machine, but for the last digits
    numbers = Precision(chosen)
    read = evaluate_split(network.to(chosen), images.test, numbers)
    if not math.isfinite(read.loss):
        raise UserError(f"{weights} holds numbers that are not finite: {weights_file.REMEDY}")
    return {
        "weights": os.fspath(weights),
        "run_id": about.get("run_id"),
        "epoch": about.get("epoch"),
        "trained_on": about.get("dataset"),
        "model": about["model"]["name"],
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "device": chosen.type,
        **numbers.describe(),
        **_metrics(read, images, about.get("temperature")),
        "ood_threshold": about.get("ood_threshold"),
        "accepted": ood.in_distribution_rate(read.energies, about.get("ood_threshold")),
    }


def _metrics(read, images: Dataset, temperature: float | None) -> dict:
    """`mean_confidence` and `calibration_error` are uncalibrated; `calibrated_...` are None without a temperature."""
    sure = None if temperature is None else calibration.calibrated(read.probabilities, temperature)
    labels, confusion = images.test.labels, metrics.confusion_matrix(read.probabilities.argmax(1), images.test.labels)
    rows = metrics.per_class(confusion)
    return {
        "dataset": images.name,
        "images": read.total,
        "loss": read.loss,
        "accuracy": read.accuracy,
        "accuracy_95": metrics.wilson_interval(read.correct, read.total),
        "correct": read.correct,
        **calibration.calibration_metrics(read.probabilities, labels, temperature),
        "mean_confidence": metrics.mean_confidence(read.probabilities),
        "calibrated_confidence": None if sure is None else metrics.mean_confidence(sure),
        "digits": [asdict(row) for row in rows],
        "mean": {
            name: metrics.mean_of_known([getattr(row, name) for row in rows]) for name in ("precision", "recall", "f1")
        },
        "confusion": confusion.tolist(),
    }


def report(found: dict) -> str:
    """For a person, at most 80 columns wide but for the name of the file."""
    low, high = (f"{100 * end:.2f}" for end in found["accuracy_95"])
    lines = [
        f"{short_path(Path(found['weights']))}: {found['model']} with {found['parameters']:,} parameters",
        f"run {found['run_id'] or 'unknown'}, trained on {found['trained_on'] or 'images unknown'}",
        f"test set of {found['dataset']}, {found['images']:,} images, "
        f"read on {found['device']} in {found['precision']}",
        "",
        f"loss                {found['loss']:.4f}",
        f"accuracy           {_percent(found['accuracy'])}   95 % interval {low} to {high} % (Wilson)",
        f"calibration error  {_percent(found['calibration_error'])}   "
        f"{metrics.BINS} bins; mean confidence {100 * found['mean_confidence']:.2f} %, uncalibrated",
        f"calibrated         {_percent(found['ece_calibrated'])}   " + _calibration(found),
        f"accepted           {_percent(found['accepted'])}   "
        + ("as digits" if found["accepted"] is not None else "since no limit came with the weights"),
        "",
        "digit  images  precision    recall        F1  most often misread as",
        *map(_digit_line, found["digits"]),
        _line("all", found["images"], found["mean"], f"{found['images'] - found['correct']:,} misread in all"),
        "",
        "precision: of the images read as a digit, the part that show it",
        "recall: of the images that show it, the part read as it; F1: between the two",
        "all: the mean over the ten digits, each counting the same",
    ]
    return "\n".join(lines)


def _calibration(found: dict) -> str:
    if found["temperature"] is None:
        return "since no temperature came with the weights"
    return f"at temperature {found['temperature']:.2f}; mean confidence {100 * found['calibrated_confidence']:.2f} %"


def _digit_line(row: dict) -> str:
    confused = f"{row['misread_as']}: {row['misread']:,}" if row["misread"] else ""
    return _line(row["digit"], row["images"], row, confused)


def _line(title, images: int, figures: dict, last: str) -> str:
    cells = "  ".join(_percent(figures[name]) for name in ("precision", "recall", "f1"))
    return f"{title:>5}  {images:>6,}   {cells}  {last}".rstrip()


def _percent(part: float | None) -> str:
    """Eight characters wide."""
    return "       -" if part is None else f"{100 * part:6.2f} %"
