"""Names and limits of the file contract between trainer, server and page, which results/schema.json describes."""

import os
import platform
import re
import time
from datetime import datetime, timezone

SCHEMA = 1

TRAINING_LOG = "training_log.json"
BATCHES = "batches.csv"
TEST_SAMPLES = "test_samples.json"
PREDICTIONS = "predictions.json"
LAYER_WEIGHTS = "weights.json"
EMBEDDING = "embedding.json"
NEIGHBORS = "neighbors.png"
NETWORK = "network.json"
NETWORK_NUMBERS = "network.bin"
NETWORK_EPOCHS = "network-epochs.bin"
_NETWORKS = (NETWORK, NETWORK_NUMBERS, NETWORK_EPOCHS)
WEIGHTS = "mnist_cnn.pth"
CHECKPOINT = "checkpoint.pth"
CHECKPOINT_BEFORE = "checkpoint-before.pth"  # the previous one, in case the last is damaged
CHECKPOINT_PLATEAU = "checkpoint-plateau.pth"  # before the learning rate decays: a longer run continues from there
CHECKPOINTS = (CHECKPOINT, CHECKPOINT_BEFORE, CHECKPOINT_PLATEAU)
VALIDATION_IMAGES = "validation.png"
TEST_IMAGES = "test.png"
_PICTURES = (VALIDATION_IMAGES, TEST_IMAGES)
CONTROL = "control.json"  # commands to the live run; it is never moved
TRAINER_LOG = "trainer.log"  # output of a trainer that the server started; it is never moved either
QUEUE = "queue.json"  # runs that the server starts one after the other; it is never moved either
LABEL = "label.json"  # name, hidden, pinned; the server writes it, and the trainer only moves it
# The log is last: an interrupted move leaves the log behind, and the next start completes it.
_FOR_THE_PAGE = (BATCHES, TEST_SAMPLES, PREDICTIONS, LAYER_WEIGHTS, EMBEDDING, NEIGHBORS, *_NETWORKS, *_PICTURES)
FILES = (*_FOR_THE_PAGE, WEIGHTS, *CHECKPOINTS, LABEL, TRAINING_LOG)
RUNS = "runs"
RUNS_INDEX = "runs.json"
INDEX_LOCK = f".{RUNS_INDEX}.lock"  # held while the list is written
CONTROL_LOCK = f".{CONTROL}.lock"  # held while a command is added
QUEUE_LOCK = f".{QUEUE}.lock"  # held while the queue is changed

BATCH_FIELDS = ("step", "epoch", "loss", "accuracy", "lr", "images_per_second")
LOSS_DIGITS = 9  # distinguish any two float32: two runs can be compared bit for bit
EPOCH_FIELDS = ("epoch", "step", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "seconds")
METRIC = re.compile(r"(train|val)_[a-z0-9_]{1,40}")  # further columns of epochs: a trainer's own metrics
SECTIONS = ("config", "environment", "dataset", "model")
STATUSES = ("running", "completed", "stopped", "interrupted", "failed")
PAUSED = "paused"  # a phase, and the liveness of a running run in it
LIVENESSES = (*STATUSES, PAUSED, "stalled", "crashed")  # as server and page derive them from log and heartbeat

WRITE_EVERY_S = 1.0
FIRST_WRITE_S = 0.1  # after a flush
HEARTBEAT_S = 4.0  # the contract promises 5
SILENT_AFTER_S = 15.0  # three missed heartbeats: no longer reported as running

EPOCHS_KEPT = 1000  # rows; a longer run keeps every second, fourth, ... epoch, and always the last
MAX_EVENTS = 100
MAX_EVENT_LENGTH = 160  # characters of an event's text
LOG_BYTES = 16 << 20  # limit of a log: this trainer's has 256 kB, another's may be larger
MAX_TEXT_LENGTH = 1000  # characters of a name or an error
MAX_LABEL_LENGTH = 120  # characters of a name given on the page

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


def timestamp(seconds: float | None = None) -> str:
    """ISO 8601 timestamp in UTC with milliseconds: now, or that many seconds since 1970."""
    moment = datetime.fromtimestamp(time.time() if seconds is None else seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(stamp: object) -> float | None:
    """Seconds since 1970 of a timestamp, None for anything else."""
    try:
        return datetime.fromisoformat(str(stamp).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def this_process() -> dict:
    """The process id and host by which readers identify this process."""
    return {"pid": os.getpid(), "host": platform.node()}
