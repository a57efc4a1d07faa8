"""One golden run: written here by the real writer, served by the server's tests, parsed by the page's tests.

python -m tests.support.golden        rewrites tests/fixtures/golden/ after a deliberate change of the contract
"""

import math
import os
import platform
import random
import secrets
import shutil
import time
from pathlib import Path
from unittest import mock

from digits.runlog import contract, throughput
from digits.runlog.contract import INDEX_LOCK
from digits.runlog.lock import LOCK_FILE
from digits.runlog.run_log import RunLog
from tests.support import FIXTURES

FIXTURE = FIXTURES / "golden"
EPOCHS, BATCHES = 3, 40
_START = 1_790_000_000.0  # 2026-09-21, in the afternoon
_MISTAKES = [("validation", 19), ("test", 9)]
_LAYERS = [
    ("conv", "Conv2d", "3x3", [16, 28, 28], 144, 112_896),
    ("norm", "BatchNorm2d", "", [16, 28, 28], 32, 0),
    ("relu", "ReLU", "", [16, 28, 28], 0, 0),
    ("pool", "MaxPool2d", "2x2", [16, 14, 14], 0, 0),
    ("flatten", "Flatten", "", [3136], 0, 0),
    ("linear", "Linear", "", [10], 31_370, 31_360),
]
_MODEL = {"name": "cnn4", "parameters": 31_546, "trainable": 31_546, "macs": 144_256, "input": [1, 28, 28]}
_MODEL |= {"input_mb": 0.002991, "activations_mb": 0.335037, "parameters_mb": 0.120338, "total_mb": 0.458366}


class Clock:
    """A clock that advances only on request, so that the same run gives the same bytes."""

    def __init__(self):
        self.passed = 0.0

    def time(self) -> float:
        return _START + self.passed

    def monotonic(self) -> float:
        return self.passed


def write(folder: Path) -> None:
    """Log a made-up run of 3 epochs of 40 batches, with an event, two non-finite losses, samples and a test."""
    clock = Clock()
    with (
        mock.patch.object(time, "time", clock.time),
        mock.patch.object(throughput.Throughput.__init__, "__defaults__", (clock.monotonic,)),
        mock.patch.object(secrets, "token_hex", return_value="90ld"),
        mock.patch.object(os, "getpid", return_value=4242),
        mock.patch.object(platform, "node", return_value="golden-host"),
        mock.patch.object(platform, "python_version", return_value="3.12.0"),
        RunLog(
            folder, name="golden run, 3 epochs", config={"epochs": 3, "lr": 0.01}, command="python golden.py"
        ) as log,
    ):
        _log_everything(log, clock)
    for lock in (LOCK_FILE, INDEX_LOCK):
        (folder / lock).unlink()


def _log_everything(log: RunLog, clock: Clock) -> None:
    rng = random.Random(5)
    layers = [dict(zip(("name", "type", "detail", "output", "parameters", "macs"), layer)) for layer in _LAYERS]
    log.describe(
        environment={"torch": "2.9.0", "device": "cpu", "device_name": "a processor", "threads": 2},
        dataset={"name": "mnist", "train": 5120, "validation": 20, "test": 10, "sha256": "0" * 64, "notice": None},
        model={**_MODEL, "layers": layers},
    )
    log.set_totals(EPOCHS, BATCHES)
    for epoch in range(1, EPOCHS + 1):
        log.phase("training")
        for _ in range(BATCHES):
            clock.passed += 0.02
            loss = 2.3 * math.exp(-log.step / 25) + 0.02 + rng.uniform(0, 0.02)
            if log.step in (60, 61):
                loss = math.nan
            log.batch(epoch, loss=loss, accuracy=1 - loss / 2.6, lr=0.01, images=128)
        log.phase("validating")
        clock.passed += 0.1
        metrics = {"train_loss": 0.9 / epoch, "train_accuracy": 1 - 0.3 / epoch}
        log.epoch(epoch, seconds=0.9, lr=0.01, val_loss=0.5 / epoch, val_accuracy=1 - 0.1 / epoch, **metrics)
        log.save_json(contract.TEST_SAMPLES, _samples(epoch))
        log.save_json(contract.LAYER_WEIGHTS, _weights(epoch))
    log.event("resumed", "Went on from the checkpoint of epoch 3.")
    sureness = {"temperature": 0.9, "calibration_error": 0.02, "ece_calibrated": 0.01}
    log.test(loss=0.1, accuracy=0.9, correct=9, total=10, **sureness, accepted=1.0)
    log.save_json(contract.PREDICTIONS, _predictions())
    log.save_json(contract.TEST_SAMPLES, _samples(EPOCHS, final=True))
    log.save_json(contract.EMBEDDING, _embedding())


def _samples(epoch: int, final: bool = False) -> dict:
    """Ten images of slanted bars; the last one is misclassified."""
    samples = []
    for digit in range(10):
        answer = digit if digit < 9 else 4
        pixels = [255 if abs(x - y // 2 - digit) < 2 and 4 <= y < 24 else 0 for y in range(28) for x in range(28)]
        probabilities = [0.91 if other == answer else 0.01 for other in range(10)]
        sample = {"index": 7 * digit, "label": digit, "prediction": answer, "probabilities": probabilities}
        samples.append(sample | {"pixels": pixels})
    return {"epoch": epoch, "final": final, "temperature": 0.9, "rows": 28, "columns": 28, "samples": samples}


def _predictions() -> dict:
    wrong = [0.91 if digit == 4 else 0.01 for digit in range(10)]
    answers = {"temperature": 0.9, "predictions": "01234567890123456784", "confidences": [0.91] * 20}
    answers["notable"] = {"index": [19], "probabilities": [wrong]}
    test = {"temperature": 0.9, "predictions": "0123456784", "confidences": [0.91] * 10}
    test["notable"] = {"index": [9], "probabilities": [wrong]}
    epochs = [{"epoch": epoch, **answers} for epoch in range(1, EPOCHS + 1)]
    validation = {"labels": "01234567890123456789", "epochs": epochs}
    return {
        "validation": validation,
        "test": {"labels": "0123456789", **test},
    }


def _embedding() -> dict:
    """Validation images on a circle that grows with every epoch, and test images on a line."""
    angles = [math.tau * place / 20 for place in range(20)]
    epochs = [
        {
            "epoch": epoch,
            "index": [*range(20)],
            "x": [round(epoch * math.cos(angle), 3) for angle in angles],
            "y": [round(epoch * math.sin(angle), 3) for angle in angles],
            "projection": {"x": [0.5, 0.0, -0.5], "y": [0.0, 1.0, 0.0], "offset": [0.1, -0.1]},
        }
        for epoch in range(1, EPOCHS + 1)
    ]
    test = {"index": [*range(10)], "x": [place / 5 - 1 for place in range(10)], "y": [0.0] * 10}
    rows = [{"set": name, "index": at, "label": [9, 19, -1], "prediction": [4, 14, 24]} for name, at in _MISTAKES]
    return {"width": 3, "epochs": epochs, "test": test, "neighbors": {"among": 5120, "rows": rows}}


def _weights(epoch: int) -> dict:
    """Two filters, a bar each, and histograms of two layers that spread with every epoch."""
    values = [1.0 if place % 3 == which else -0.5 for which in range(2) for place in range(9)]
    filters = {"name": "conv", "count": 2, "rows": 3, "columns": 3, "values": values}
    counts = [round(100 * math.exp(-(((bar - 19.5) / 8) ** 2))) for bar in range(40)]
    epochs = [
        {
            "epoch": e,
            "layers": [
                {"name": n, "low": -e / 5, "high": e / 5, "std": e / 20, "counts": counts} for n in ("conv", "linear")
            ],
        }
        for e in range(1, epoch + 1)
    ]
    return {"filters": filters, "epochs": epochs}


if __name__ == "__main__":
    shutil.rmtree(FIXTURE, ignore_errors=True)
    write(FIXTURE)
    print(f"Wrote {', '.join(sorted(path.name for path in FIXTURE.iterdir()))} to {FIXTURE}")
