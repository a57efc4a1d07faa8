"""Finished runs of made-up curves, written at once: several settings, each with several seeds."""

import json
import math
import random
from collections.abc import Iterable
from pathlib import Path

from digits.config import Config
from digits.runlog import contract, runs

EPOCHS = 10
STEPS = 40  # of an epoch
IMAGES = 400  # of the test set
SETTINGS = ({"rotation": 10.0}, {"rotation": 0.0}, {"lr": 0.02}, {"model": "tiny"}, {"batch_size": 64})
_START = 1_790_000_000  # 2026-09-21
_LABELS = "".join(str(digit % 10) for digit in range(IMAGES))


def write(folder: Path, settings: Iterable[dict] = SETTINGS, seeds: Iterable[int] = (1, 2, 3)) -> list[str]:
    """A run for each of the settings and seeds, the last one as the latest; returns their ids."""
    ids = []
    options = [given | {"seed": seed} for given in settings for seed in seeds]
    for number, given in enumerate(options):
        run_id = f"20260921-{number:06d}-made"
        home = folder if number == len(options) - 1 else folder / contract.RUNS / run_id
        home.mkdir(parents=True, exist_ok=True)
        log, wrong = _log(number, run_id, given)
        (home / contract.TRAINING_LOG).write_text(json.dumps(log))
        (home / contract.PREDICTIONS).write_text(json.dumps(_predictions(wrong)))
        ids.append(run_id)
    runs.write_index(folder)
    return ids


def _log(number: int, run_id: str, given: dict) -> tuple[dict, set[int]]:
    """A log whose accuracy depends on its settings, and a little on its seed; the test images that it misses."""
    names = [f"{name.replace('_', ' ')} {value}" for name, value in given.items() if name != "seed" or value != 1]
    rng = random.Random(repr(given))
    level = 0.03 + random.Random(repr(given | {"seed": 0})).uniform(0, 0.02) + rng.uniform(0, 0.004)
    losses = [3 * level + 2 * math.exp(-epoch / 2) for epoch in range(1, EPOCHS + 1)]
    errors = [level + 0.2 * math.exp(-epoch / 1.5) for epoch in range(1, EPOCHS + 1)]
    steps = list(range(STEPS // 4, EPOCHS * STEPS + 1, STEPS // 4))
    batch = [3 * level + 2.3 * math.exp(-step / STEPS / 2) + rng.uniform(0, 0.1) for step in steps]
    wrong = {image for image in range(IMAGES) if random.Random(f"{image} {number}").random() < errors[-1]}
    started = _START + 60 * number
    done = {"epoch": EPOCHS, "epochs": EPOCHS, "batches": STEPS, "step": EPOCHS * STEPS, "steps": EPOCHS * STEPS}
    log = {
        "schema": 1,
        "run_id": run_id,
        "name": ", ".join(["cnn4-quick", *names]),
        "status": "completed",
        "phase": "done",
        "started_at": contract.timestamp(started),
        "updated_at": contract.timestamp(started + 50),
        "command": "python mnist_cnn.py",
        "config": Config.from_options().as_json() | given,
        "environment": {},
        "dataset": {"name": "mnist", "train": 5120, "validation": 500, "test": IMAGES},
        "model": {"name": given.get("model", "cnn4-quick"), "parameters": 246_026 + 1000 * len(names), "layers": []},
        "progress": done,
        "files": [contract.PREDICTIONS],
        "batches": {
            "step": steps,
            "epoch": [-(-step // STEPS) for step in steps],
            "loss": batch,
            "seconds": [step / 10 for step in steps],
        },
        "epochs": {
            "epoch": list(range(1, EPOCHS + 1)),
            "step": [STEPS * epoch for epoch in range(1, EPOCHS + 1)],
            "train_loss": losses,
            "train_accuracy": [1 - 2 * error for error in errors],
            "val_loss": [1.2 * loss for loss in losses],
            "val_accuracy": [1 - error for error in errors],
        },
        "events": [],
        "error": None,
        "test": {"loss": 0.1, "accuracy": 1 - len(wrong) / IMAGES, "correct": IMAGES - len(wrong), "total": IMAGES},
    }
    return log, wrong


def _predictions(wrong: set[int]) -> dict:
    answers = "".join(str((int(label) + (image in wrong)) % 10) for image, label in enumerate(_LABELS))
    none = {"index": [], "probabilities": []}
    test = {
        "labels": _LABELS,
        "temperature": 0.9,
        "predictions": answers,
        "confidences": [0.9] * IMAGES,
        "notable": none,
    }
    return {"validation": {"labels": "", "epochs": []}, "test": test}
