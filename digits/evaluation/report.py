"""Report of the command evaluate: metrics of trained weights on a test set, as a dict and as text."""

import math
import os
from dataclasses import asdict
from pathlib import Path

from digits.data import datasets
from digits.data.datasets import ProgressFactory
from digits.errors import UserError
from digits.evaluation import metrics
from digits.evaluation.evaluation import Calibration, Evaluation, evaluate_split
from digits.files import named_by_user
from digits.models import precision, weights_file
from digits.models.precision import Precision
from digits.number_format import decimal, percent
from digits.paths import short_path
from digits.renames import present_fields


def evaluate(
    weights: Path, dataset: str | None, data_dir: Path, device: str, progress: ProgressFactory
) -> tuple[dict, str | None]:
    """Evaluate weights on a test set: the report as JSON values, and the data set's notice, if there is one.

    `accuracy_one_view` is the accuracy without the mean over views; None for weights that predict from one view.
    Without `dataset` the test set belongs to the weights' training images. Raises UserError for unusable weights.
    """
    chosen = precision.choose_device(device)
    network, content = weights_file.open_trained(named_by_user(weights))
    about = present_fields(content)
    images = datasets.load_test(dataset or about.get("dataset") or "auto", data_dir, progress)
    # float32, regardless of the training precision: the result is the same on every machine, up to rounding
    numbers = Precision(chosen)
    evaluation = evaluate_split(network.to(chosen), images.test, numbers)
    views, one_view = network.views, None
    if views > 1:
        network.views = 1
        one_view = evaluate_split(network, images.test, numbers).accuracy
    if not math.isfinite(evaluation.loss):
        raise UserError(f"{weights} contains NaN or infinite weights: {weights_file.REMEDY}")
    calibration = Calibration(about.get("temperature"), about.get("ood_threshold"))
    report = {
        "weights": os.fspath(weights),
        "run_id": about.get("run_id"),
        "epoch": about.get("epoch"),
        "trained_on": about.get("dataset"),
        "model": about["model"]["name"],
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "device": chosen.type,
        **numbers.describe(),
        "dataset": images.name,
        "views": views,
        "accuracy_one_view": one_view,
        **_metrics(evaluation, calibration),
        "ood_threshold": calibration.ood_threshold,
    }
    return report, images.notice


def _metrics(evaluation: Evaluation, calibration: Calibration) -> dict:
    """`calibration_error` is uncalibrated; `ece_calibrated` is None without a temperature."""
    confidences = [metrics.mean_confidence(evaluation.probabilities(t)) for t in (None, calibration.temperature)]
    rows = metrics.per_class(evaluation.confusion)
    return {
        "images": evaluation.total,
        "loss": evaluation.loss,
        "accuracy": evaluation.accuracy,
        "accuracy_95": metrics.wilson_interval(evaluation.correct, evaluation.total),
        "correct": evaluation.correct,
        **calibration.metrics(evaluation),
        "mean_confidence": confidences[0],
        "calibrated_confidence": None if calibration.temperature is None else confidences[1],
        "digits": [asdict(row) for row in rows],
        "mean": {
            name: metrics.mean_of_known([getattr(row, name) for row in rows]) for name in ("precision", "recall", "f1")
        },
        "confusion": evaluation.confusion.tolist(),
    }


def as_text(report: dict) -> str:
    """Report for the terminal, at most 80 columns wide except for the path of the weights."""
    low, high = map(percent, report["accuracy_95"])
    mistakes = report["images"] - report["correct"]
    how = f"{report['images']:,} images, evaluated on {report['device']} in {report['precision']}"
    confidence = f"mean confidence {percent(report['mean_confidence'])}, uncalibrated"
    lines = [
        f"{short_path(Path(report['weights']))}: {report['model']} with {report['parameters']:,} parameters",
        f"run {report['run_id'] or 'unknown'}, trained on {report['trained_on'] or 'unknown images'}",
        f"test set of {report['dataset']}: {how}",
        "",
        f"loss                {decimal(report['loss'])}",
        f"accuracy           {_percent(report['accuracy'])}   95 % interval {low} to {high} (Wilson)",
        *_one_view(report),
        f"calibration error  {_percent(report['calibration_error'])}   {metrics.BINS} bins; {confidence}",
        f"  calibrated       {_percent(report['ece_calibrated'])}   {_calibration(report)}",
        f"accepted as digits {_percent(report['accepted'])}   {_acceptance(report)}",
        "",
        "digit  images  precision    recall        F1  most frequent confusion",
        *map(_digit_line, report["digits"]),
        _line("all", report["images"], report["mean"], f"{mistakes:,} misclassified"),
        "",
        "precision: correct fraction of the images classified as the digit",
        "recall: correct fraction of the images that show the digit",
        "F1: harmonic mean of both; all: unweighted mean over the ten digits",
    ]
    return "\n".join(lines)


def _one_view(report: dict) -> list[str]:
    """The line about the accuracy without views; none if there is only one."""
    if report["accuracy_one_view"] is None:
        return []
    views = f"without the mean over {report['views']} views, in 1/{report['views']} of the time"
    return [f"  one view         {_percent(report['accuracy_one_view'])}   {views}"]


def _calibration(report: dict) -> str:
    if report["temperature"] is None:
        return "no temperature in the weights file"
    return f"temperature {report['temperature']:.2f}; mean confidence {percent(report['calibrated_confidence'])}"


def _acceptance(report: dict) -> str:
    if report["accepted"] is None:
        return "no OOD threshold in the weights file"
    return f"OOD score at most {report['ood_threshold']:.2f}"


def _digit_line(row: dict) -> str:
    confusion = f"{row['digit']} read as {row['misread_as']}: {row['misread']:,}" if row["misread"] else ""
    return _line(row["digit"], row["images"], row, confusion)


def _line(title: str | int, images: int, figures: dict, last: str) -> str:
    cells = "  ".join(_percent(figures[name]) for name in ("precision", "recall", "f1"))
    return f"{title:>5}  {images:>6,}   {cells}  {last}".rstrip()


def _percent(fraction: float | None) -> str:
    """A percentage, eight characters wide."""
    return "       -" if fraction is None else f"{percent(fraction):>8}"
