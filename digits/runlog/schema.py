"""Names and limits of the file contract between trainer, server and page; results/README.md documents them."""

import os
import platform
import re
import secrets
import time
from datetime import datetime, timezone

SCHEMA = 1

TRAINING_LOG = "training_log.json"
BATCHES = "batches.csv"
TEST_SAMPLES = "test_samples.json"
PREDICTIONS = "predictions.json"
LAYER_WEIGHTS = "weights.json"
NETWORK = "network.json"
NETWORK_NUMBERS = "network.bin"
NETWORK_EPOCHS = "network-epochs.bin"
_NETWORKS = (NETWORK, NETWORK_NUMBERS, NETWORK_EPOCHS)
WEIGHTS = "mnist_cnn.pth"
CHECKPOINT = "checkpoint.pth"
CHECKPOINT_BEFORE = "checkpoint-before.pth"  # the last one but one: for when the last is damaged
CHECKPOINT_PLATEAU = "checkpoint-plateau.pth"  # before the rate falls: a longer run goes on from there
CHECKPOINTS = (CHECKPOINT, CHECKPOINT_BEFORE, CHECKPOINT_PLATEAU)
VALIDATION_IMAGES = "validation.png"
TEST_IMAGES = "test.png"
_PICTURES = (VALIDATION_IMAGES, TEST_IMAGES)
CONTROL = "control.json"  # what a person asks of the live run: it is read, and never moved
TRAINER_LOG = "trainer.log"  # what a trainer printed that the server started; it is never moved either
LABEL = "label.json"  # what a person calls the run; the server writes it, and the trainer only ever moves it
# The log is last: a move that is cut short leaves the log behind, and the next start goes on with it.
_FOR_THE_PAGE = (BATCHES, TEST_SAMPLES, PREDICTIONS, LAYER_WEIGHTS, *_NETWORKS, *_PICTURES)
FILES = (*_FOR_THE_PAGE, WEIGHTS, *CHECKPOINTS, LABEL, TRAINING_LOG)
RUNS = "runs"
RUNS_INDEX = "runs.json"

BATCH_FIELDS = ("step", "epoch", "loss", "accuracy", "lr", "images_per_second")
LOSS_DIGITS = 9  # tell any two float32 apart: two runs can be compared bit for bit
EPOCH_FIELDS = ("epoch", "step", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "seconds")
SECTIONS = ("config", "environment", "dataset", "model")
STATUSES = ("running", "completed", "stopped", "interrupted", "failed")
PAUSED = "paused"  # a phase, and what becomes of `running` in it
LIVENESSES = (*STATUSES, PAUSED, "stalled", "crashed")  # what server and page make of a log and its heartbeat

WRITE_EVERY_S = 1.0
HEARTBEAT_S = 4.0  # the contract promises 5
SILENT_AFTER_S = 15.0  # three heartbeats missed: no longer called running

EPOCHS_KEPT = 1000  # rows; a longer run keeps every second, fourth, ... epoch, and always the last
EVENTS_KEPT = 100
EVENT_KEPT = 160  # characters of an event's text
LOG_BYTES = 16 << 20  # that are read of a log: ours has 256 kB, another program's may be longer
TEXT_KEPT = 1000  # characters of a name or an error
LABEL_KEPT = 120  # characters of a name that a person gives a run on the page

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


def timestamp(seconds: float | None = None) -> str:
    """ISO 8601 in UTC with milliseconds, of now or of seconds since 1970."""
    moment = datetime.fromtimestamp(time.time() if seconds is None else seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(stamp) -> float | None:
    """Seconds since 1970 of a timestamp, None for anything else."""
    try:
        return datetime.fromisoformat(str(stamp).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def this_process() -> dict:
    """What readers find this process by."""
    return {"pid": os.getpid(), "host": platform.node()}


def new_log(name: str, config: dict, command: str) -> dict:
    """The training log of this process's run as it begins, without its batches."""
    now = time.time()
    return {
        "schema": SCHEMA,
        "run_id": f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(3)}",
        "name": name[:TEXT_KEPT],
        "status": "running",
        "phase": "starting",
        "started_at": timestamp(now),
        "updated_at": timestamp(now),
        "process": this_process(),
        "command": command,
        "config": config,
        "environment": {"python": platform.python_version()},
        "dataset": None,
        "model": None,
        "progress": dict.fromkeys(("epoch", "batch", "step"), 0)
        | dict.fromkeys(("epochs", "batches", "steps", "images_per_second", "eta_s")),
        "files": [],
        "epochs": {field: [] for field in EPOCH_FIELDS},
        "events": [],
        "test": None,
        "error": None,
    }
