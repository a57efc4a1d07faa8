"""Training log of a run: its content while it is trained, and reading one from a results folder."""

import copy
import platform
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from digits.files import every_second, finite, is_number, load_json, rounded
from digits.runlog import contract
from digits.runlog.batches import Buckets, columns
from digits.runlog.throughput import Throughput

_KEPT_ON_RESUME = (
    "run_id", "started_at", "command", "environment", "dataset", "model", "files", "epochs", "events", "test",
)  # fmt: skip
_POSITION = ("epoch", "batch", "step")


class TrainingLog:
    """Content of training_log.json while its run is trained. Not thread-safe: its owner holds a lock.

    A resumed log keeps its entries until `restore` says from which step the run continues.
    """

    def __init__(self, name: str, config: dict, command: str):
        self.content = _new_content(name, config, command)
        self.buckets = Buckets()
        self.throughput = Throughput()
        self._earlier: dict | None = None  # the content of a resumed log until `restore`

    @property
    def is_running(self) -> bool:
        return self.content["status"] == "running"

    @property
    def is_restored(self) -> bool:
        """Whether the entries are those of this process; not so a resumed log before `restore`."""
        return self._earlier is None

    @property
    def step(self) -> int:
        return self.content["progress"]["step"]

    @property
    def position(self) -> dict[str, int]:
        return {key: self.content["progress"][key] for key in _POSITION}

    def resume(self, earlier: dict) -> None:
        """Adopt the content of an `earlier` log, except damaged values: those of an unexpected type."""
        for key in _KEPT_ON_RESUME:
            kind = dict if self.content[key] is None else type(self.content[key])
            if isinstance(earlier.get(key), kind):
                self.content[key] = copy.deepcopy(earlier[key])
        progress = section(earlier, "progress")
        self.content["progress"] |= {key: value for key, value in progress.items() if is_number(value)}
        self.content["phase"] = "resuming"
        self._earlier = earlier or None

    def state(self) -> dict:
        """State for `restore`, as plain values: curves and events so far."""
        log = copy.deepcopy({key: self.content[key] for key in ("epochs", "events")})
        state = {"position": self.position, "elapsed": self.throughput.elapsed, "buckets": self.buckets.state()}
        return state | log

    def restore(self, state: dict | None) -> None:
        """Go back to `state`, or to the beginning of the run."""
        self.buckets = Buckets()
        self._earlier = None
        self.content |= {"epochs": {field: [] for field in contract.EPOCH_FIELDS}, "events": [], "test": None}
        self.content["progress"] |= dict.fromkeys(_POSITION, 0)
        if state:
            self.buckets.restore(state["buckets"])
            self.throughput.resume(state["elapsed"])
            self.content |= copy.deepcopy({key: state[key] for key in ("epochs", "events")})
            self.content["progress"] |= state["position"]

    def describe(self, sections: dict[str, dict]) -> None:
        """Add fields to sections. Raises ValueError for a section that the contract doesn't have."""
        if unknown := set(sections) - set(contract.SECTIONS):
            raise ValueError(f"The run log has no section {', '.join(sorted(unknown))}.")
        for name, values in sections.items():
            self.content[name] = (self.content[name] or {}) | finite(values)

    def set_totals(self, epochs: int, batches: int, steps: int | None) -> None:
        self.content["progress"].update(epochs=epochs, batches=batches, steps=steps or epochs * batches)
        if self.content["phase"] == "starting":
            self.content["phase"] = "training"

    def count_batch(self, epoch: int) -> int:
        """Count a batch of that epoch; returns its step."""
        progress = self.content["progress"]
        progress["batch"] = 1 if epoch != progress["epoch"] else progress["batch"] + 1
        progress["epoch"] = epoch
        progress["step"] = step = progress["step"] + 1
        return step

    def add_epoch(self, epoch: int, metrics: dict[str, float | None]) -> None:
        """Append the metrics of an epoch. Raises ValueError for one that the contract doesn't allow."""
        unknown = [
            name for name in metrics if name not in contract.EPOCH_FIELDS and not contract.METRIC.fullmatch(name)
        ]
        if unknown:
            raise ValueError(f"Unknown metric {', '.join(unknown)}: names begin with train_ or val_.")
        row = {"epoch": epoch, "step": self.step} | {key: rounded(value) for key, value in metrics.items()}
        so_far = self.content["epochs"]
        missing = [None] * len(so_far["epoch"])
        longer = {field: [*so_far.get(field, missing), row.get(field)] for field in so_far | row}
        if len(longer["epoch"]) > contract.EPOCHS_KEPT:
            longer = {field: every_second(column) for field, column in longer.items()}
        self.content["epochs"] = longer

    def add_event(self, kind: str, text: str, facts: dict[str, str | float | None]) -> None:
        events = self.content["events"]
        event = {"kind": kind[: contract.MAX_EVENT_LENGTH], "text": text[: contract.MAX_EVENT_LENGTH]}
        more = {key: finite(value) for key, value in facts.items() if value is not None}
        events.append({"step": self.step, "time": contract.timestamp(), **event, **more})
        if len(events) > contract.MAX_EVENTS:  # events that a replay needs are kept longest
            del events[next((place for place, event in enumerate(events) if "value" not in event), 0)]

    def announce(self, file: str) -> None:
        if file not in self.content["files"]:
            self.content["files"].append(file)

    def end(self, status: str, error: str | None) -> None:
        phase = "done" if status == "completed" else self.content["phase"]
        self.content.update(status=status, error=error, phase=phase)
        self.content["progress"]["eta_s"] = None

    def snapshot(self) -> Callable[[], dict]:
        """A function that builds the log as of now, which takes a while and needs no lock."""
        if self._earlier is not None and not self.is_running:  # it ended before it changed anything
            earlier = self._earlier
            return lambda: earlier
        log = self.content
        if self.is_running:
            progress = log["progress"]
            progress["images_per_second"] = rounded(self.throughput.images_per_second, 4)
            progress["eta_s"] = self.throughput.seconds_left((progress["steps"] or 0) - progress["step"])
        log["updated_at"] = contract.timestamp()
        copied = log | {"progress": log["progress"].copy(), "events": log["events"][:], "files": log["files"][:]}
        buckets, earlier_curve = self.buckets.snapshot(), self._earlier and self._earlier.get("batches")
        return lambda: copied | {"batches": earlier_curve or columns(buckets)}


def _new_content(name: str, config: dict, command: str) -> dict:
    """The log of a run that starts in this process, without its batches."""
    now = time.time()
    return {
        "schema": contract.SCHEMA,
        "run_id": f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(3)}",
        "name": name[: contract.MAX_TEXT_LENGTH],
        "status": "running",
        "phase": "starting",
        "started_at": contract.timestamp(now),
        "updated_at": contract.timestamp(now),
        "process": contract.this_process(),
        "command": command,
        "config": finite(config),
        "environment": {"python": platform.python_version()},
        "dataset": None,
        "model": None,
        "progress": dict.fromkeys(_POSITION, 0)
        | dict.fromkeys(("epochs", "batches", "steps", "images_per_second", "eta_s")),
        "files": [],
        "epochs": {field: [] for field in contract.EPOCH_FIELDS},
        "events": [],
        "test": None,
        "error": None,
    }


def read(folder: str | Path) -> dict | None:
    """The training log in `folder`; None if it is missing or unreadable."""
    with suppress(OSError):
        return load(folder)
    return None


def load(folder: str | Path) -> dict | None:
    """Like `read`, but raises OSError if the log can't be read at the moment."""
    log = load_json(Path(folder) / contract.TRAINING_LOG, contract.LOG_BYTES)
    return log if isinstance(log, dict) else None


def section(log: dict, name: str) -> dict:
    """A section of a log; {} if a foreign or damaged log lacks it."""
    value = log.get(name)
    return value if isinstance(value, dict) else {}


def events_of(log: dict) -> list[dict]:
    """The valid events of a log, which may be foreign or damaged."""
    events = log.get("events")
    return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []


def summary(log: dict) -> dict:
    """Status, progress and latest metrics of a log."""
    last: dict[str, object] = {}
    for name in ("batches", "epochs"):
        curve = section(log, name)
        last |= {key: column[-1] for key, column in curve.items() if isinstance(column, list) and column}
    keys = ("run_id", "name", "status", "phase", "started_at", "updated_at", "progress", "test", "error")
    return {key: log.get(key) for key in keys} | {"last": last}
