"""The run log: what a trainer writes into its results folder. results/README.md documents the same files.

Any trainer gets the page by writing these files, with this class or without it. The class knows no torch:

    with RunLog("results", name="my network", config={"lr": 0.1}) as log:
        log.set_totals(epochs=2, batches=100)
        for epoch in (1, 2):
            for ... in ...:
                log.batch(epoch, loss=0.5, accuracy=0.9, lr=0.1, images=32)
            log.epoch(epoch, train_loss=0.5, val_loss=0.6)
"""

import copy
import shlex
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from digits.files import finite, load_json, rounded, write_atomically, write_json
from digits.runlog import runs, schema
from digits.runlog.buckets import Buckets, columns
from digits.runlog.csv_log import BatchCsv
from digits.runlog.lifetime import Lifetime, only_inside
from digits.runlog.lock import FolderLock
from digits.runlog.schema import timestamp
from digits.runlog.throughput import Throughput
from digits.runlog.writer import LogWriter


@only_inside
class RunLog:
    """Writes one run; a context manager that ends it as completed, stopped, interrupted or failed.

    Entering takes the folder's lock (Busy names the holder), tries that it can be written (OSError otherwise, and
    nothing is changed), moves an earlier run to runs/, and starts the heartbeat. A file that can't be written later
    raises OSError from the next call. Methods may be called from any thread, but only inside the `with` block, which is
    entered once: RuntimeError otherwise.

    With `resume` the run in the folder goes on under its own run_id: what it had logged stands until `restore` says
    from where. Its config is replaced by the one given here. A `with` block that ends before `restore` leaves the log
    as it was.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        name: str,
        config: dict | None = None,
        command: str | None = None,
        keep: int = 20,
        resume: bool = False,
    ):
        self.folder = Path(folder)
        self.keep = keep
        self.resume = resume
        self.ending = "completed"
        self._log = schema.new_log(
            name, finite(config or {}), command if command is not None else shlex.join(["python", *sys.argv])
        )
        self.run_id = self._log["run_id"]
        self._buckets = Buckets()
        self._earlier: dict | None = None  # the log of a resumed run, until it is known from where it goes on
        self._withheld = False
        self._pace = Throughput()
        self._state = threading.RLock()  # guards all above
        self._life = Lifetime("run log")
        self._writer = LogWriter(self._write)

    # -- life ---------------------------------------------------------------------------------------------------------

    def __enter__(self) -> "RunLog":
        with self._life.beginning(), ExitStack() as opened:
            self.folder.mkdir(parents=True, exist_ok=True)
            holder = {key: self._log[key] for key in ("run_id", "name", "started_at", "process")}
            opened.callback(FolderLock(self.folder, holder).release)
            runs.check_free_space(self.folder)
            runs.mend(self.folder)
            if self.resume:
                self._load_for_resume(finite(load(self.folder) or {}))
            else:
                runs.archive_run(self.folder, self.keep)
            (self.folder / schema.CONTROL).unlink(missing_ok=True)  # asked of a run before
            self._csv = BatchCsv(self.folder / schema.BATCHES, schema.BATCH_FIELDS, self.resume)
            opened.callback(self._csv.close)
            self.announce(schema.BATCHES)
            self._write()
            self._update_index()
            self._writer.start()
            opened.callback(self._writer.close)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, kind, error, trace) -> None:
        status, sentence = self.ending, None
        if kind is not None:
            status = "interrupted" if issubclass(kind, KeyboardInterrupt) else "failed"
            sentence = None if status == "interrupted" else one_sentence(error)
        try:
            self.end(status, sentence)
        except OSError:
            if kind is None:  # otherwise the first error is the one to tell
                raise
        finally:
            self._life.end()
            self._opened.close()

    def end(self, status: str, error: str | None = None) -> None:
        """Write the last state. Called by itself at the end of the `with` block; a second call changes nothing."""
        with self._state:
            if self._log["status"] != "running":
                return
            self._withheld = False
            self._log.update(status=status, error=error, phase="done" if status == "completed" else self._log["phase"])
            self._log["progress"]["eta_s"] = None
        self._writer.clear_error()
        try:
            # The log first: it is what readers trust, and gets the last bytes of a full disk. Whoever wrote the list
            # from the log before has left the list's lock when this writes it.
            self._writer.flush()
        finally:
            self._update_index()

    def _load_for_resume(self, earlier: dict) -> None:
        """Values of another type than this class writes are left out: the file may be damaged or another program's."""
        kept = (
            "run_id",
            "started_at",
            "command",
            "environment",
            "dataset",
            "model",
            "files",
            "epochs",
            "events",
            "test",
        )
        for key in kept:
            kind = dict if self._log[key] is None else type(self._log[key])
            if isinstance(earlier.get(key), kind):
                self._log[key] = copy.deepcopy(earlier[key])
        progress = earlier.get("progress") if isinstance(earlier.get("progress"), dict) else {}
        self._log["progress"] |= {key: value for key, value in progress.items() if isinstance(value, (int, float))}
        self._log["phase"] = "resuming"
        self.run_id = self._log["run_id"]
        self._earlier = earlier or None

    def stop(self) -> None:
        """Ask that the run, when its `with` block ends without an error, is called stopped instead of completed."""
        self.ending = "stopped"

    # -- what is known before training --------------------------------------------------------------------------------

    def describe(self, **sections) -> None:
        """Set or extend `config`, `environment`, `dataset` or `model`, each a dict of plain values."""
        unknown = set(sections) - set(schema.SECTIONS)
        if unknown:
            raise ValueError(f"The run log has no section {', '.join(sorted(unknown))}.")
        with self._state:
            for section, values in sections.items():
                self._log[section] = (self._log[section] or {}) | finite(values)
        self._writer.flush()
        if "model" in sections:
            self._update_index()

    def set_totals(self, epochs: int, batches: int, steps: int | None = None) -> None:
        """How many epochs of how many batches are to come, `steps` in all: the page's progress and time left."""
        with self._state:
            self._log["progress"].update(epochs=epochs, batches=batches, steps=steps or epochs * batches)
            self._log["phase"] = "training" if self._log["phase"] == "starting" else self._log["phase"]
        self._writer.flush()

    def plan(self, epochs: int, batches: int, steps: int | None = None) -> None:
        """The former name of `set_totals`."""
        self.set_totals(epochs, batches, steps)

    def state(self) -> dict:
        """The curves and events so far as plain values, for `restore`. All rows of batches.csv are on the disk then."""
        self._writer.flush()
        self._csv.sync()
        with self._state:
            log = copy.deepcopy({key: self._log[key] for key in ("epochs", "events")})
            state = {"position": self.position, "elapsed": self._pace.elapsed, "buckets": self._buckets.state()}
            return state | log

    def restore(self, state: dict | None) -> None:
        """Go back to that state of this run, or to its beginning; only for a log that resumes."""
        with self._state:
            self._buckets = Buckets()
            self._earlier = None
            self._log |= {"epochs": {field: [] for field in schema.EPOCH_FIELDS}, "events": [], "test": None}
            self._log["progress"] |= dict.fromkeys(("epoch", "batch", "step"), 0)
            if state:
                self._buckets.restore(state["buckets"])
                self._pace.resume(state["elapsed"])
                self._log |= copy.deepcopy({key: state[key] for key in ("epochs", "events")})
                self._log["progress"] |= state["position"]
            found = self._csv.truncate_rows(self.step)
            if found < self.step:
                self.event("rows lost", f"of its first {self.step:,} rows batches.csv has {found:,}")
        self._writer.flush()

    # -- what happens -------------------------------------------------------------------------------------------------

    def phase(self, phase: str) -> None:
        """What the trainer is doing now, in one or two words; also starts the batch clock anew after a pause."""
        with self._state:
            self._log["phase"] = phase
            self._pace.restart()
        self._writer.flush()

    def paused(self, seconds: float) -> None:
        """So long nothing was trained, until now: the run's time and what is left of it do not count that."""
        with self._state:
            self._pace.exclude(seconds)

    def batch(
        self,
        epoch: int,
        loss: float,
        accuracy: float | None = None,
        lr: float | None = None,
        images: int = 0,
        together: int = 1,
    ) -> None:
        """One optimiser step is done. Some microseconds: the file follows within a second.

        Of steps whose numbers came `together` from an accelerator each took its part of the time.
        """
        with self._state:
            rate = self._pace.update(images, together)
            progress = self._log["progress"]
            progress["step"] += 1
            progress["batch"] = 1 if epoch != progress["epoch"] else progress["batch"] + 1
            progress["epoch"] = epoch
            self._buckets.add(progress["step"], epoch, loss, accuracy, lr, rate, self._pace.elapsed)
            self._csv.append(progress["step"], epoch, loss, accuracy, lr, rate)
        self._writer.mark_dirty()

    def epoch(self, epoch: int, seconds: float | None = None, lr: float | None = None, **metrics: float | None) -> None:
        """An epoch is over; `metrics` are train_loss, train_accuracy, val_loss, val_accuracy, as far as known."""
        unknown = set(metrics) - set(schema.EPOCH_FIELDS)
        if unknown:
            raise ValueError(f"An epoch has no field {', '.join(sorted(unknown))}.")
        with self._state:
            row = {"epoch": epoch, "step": self.step}
            row |= {key: rounded(value) for key, value in ({"lr": lr, "seconds": seconds} | metrics).items()}
            columns_so_far = self._log["epochs"]
            longer = {field: [*columns_so_far[field], row.get(field)] for field in schema.EPOCH_FIELDS}
            if len(longer["epoch"]) > schema.EPOCHS_KEPT:
                longer = {field: column[::-1][::2][::-1] for field, column in longer.items()}
            self._log["epochs"] = longer
        self._writer.flush()

    def event(self, kind: str, text: str, **facts: str | float | None) -> None:
        """Something worth a mark on the chart, at the present step; `facts` are more about it, for programs."""
        with self._state:
            events = self._log["events"]
            event = {"kind": kind[: schema.EVENT_KEPT], "text": text[: schema.EVENT_KEPT]}
            more = {key: finite(value) for key, value in facts.items() if value is not None}
            events.append({"step": self.step, "time": timestamp(), **event, **more})
            if len(events) > schema.EVENTS_KEPT:  # what the run is repeated by stays longest
                del events[next((place for place, event in enumerate(events) if "value" not in event), 0)]
        self._writer.mark_dirty()

    def test(self, loss: float, accuracy: float, correct: int, total: int, **judged: float | None) -> None:
        """The test set was read, once; `judged` as digits/evaluation/calibration.py and ood.py define it."""
        with self._state:
            numbers = {"loss": rounded(loss), "accuracy": rounded(accuracy), "correct": correct, "total": total}
            self._log["test"] = numbers | {name: rounded(value) for name, value in judged.items()}
        self._writer.flush()

    def save_json(self, file: str, value) -> None:
        """Write one of the contract's JSON files, with schema and run_id in front, and announce it."""
        write_json(self.folder / file, {"schema": schema.SCHEMA, "run_id": self.run_id} | finite(value))
        self.announce(file)

    def save(self, file: str, content: bytes) -> None:
        """Write one of the contract's other files, and announce it."""
        write_atomically(self.folder / file, content)
        self.announce(file)

    def save_shared(self, file: str, content: bytes) -> None:
        """Like `save`, for a file that is often the same from run to run: then it is linked, not written again."""
        if not runs.hardlink_if_unchanged(self.folder, file, content):
            write_atomically(self.folder / file, content)
        self.announce(file)

    def announce(self, file: str) -> None:
        """Tell readers that `file` exists, so that nobody asks for what is not there."""
        with self._state:
            if file not in self._log["files"]:
                self._log["files"].append(file)
        self._writer.mark_dirty()

    @property
    def step(self) -> int:
        """Batches done, of all epochs."""
        return self._log["progress"]["step"]

    @property
    def position(self) -> dict[str, int]:
        """How far the run is: `batch` batches of `epoch`, `step` of all epochs."""
        return {key: self._log["progress"][key] for key in ("epoch", "batch", "step")}

    # -- writing ------------------------------------------------------------------------------------------------------

    @contextmanager
    def withheld(self):
        """What is logged in this block is shown to readers only after it, all at once."""
        self._withheld = True
        try:
            yield
        finally:
            self._withheld = False
            self._writer.mark_dirty()

    def _write(self) -> None:
        with self._state:
            log, withheld = self._whole(), self._withheld
            rows = self._csv.drain()
        try:
            if not withheld:
                self._latest = log()
                write_json(self.folder / schema.TRAINING_LOG, self._latest)
        finally:
            self._csv.write(rows)

    def _update_index(self) -> None:
        """What the latest log says, also where that could not be written."""
        with runs.index_lock(self.folder):
            runs.write_index(self.folder, self._latest)

    def _whole(self) -> Callable[[], dict]:
        """The log as it is now; it is put together when it is called, which needs no lock."""
        if self._earlier is not None and self._log["status"] != "running":  # it ended before it changed anything
            earlier = self._earlier
            return lambda: earlier
        state, buckets = self._snapshot(), self._buckets.buckets()
        batches = self._earlier and self._earlier.get("batches")
        return lambda: state | {"batches": batches or columns(buckets)}

    def _snapshot(self) -> dict:
        """A copy that later calls don't change."""
        log = self._log
        progress = log["progress"]
        if log["status"] == "running":
            progress["images_per_second"] = rounded(self._pace.images_per_second, 4)
            progress["eta_s"] = self._pace.seconds_left((progress["steps"] or 0) - progress["step"])
        log["updated_at"] = timestamp()
        return log | {"progress": dict(progress), "events": list(log["events"]), "files": list(log["files"])}


def read(folder: str | Path) -> dict | None:
    """The training log in `folder`; None where there is none, or none that can be read."""
    with suppress(OSError):
        return load(folder)
    return None


def load(folder: str | Path) -> dict | None:
    """The same, but raises OSError where the log can't be read at the moment."""
    log = load_json(Path(folder) / schema.TRAINING_LOG, schema.LOG_BYTES)
    return log if isinstance(log, dict) else None


def events_of(log: dict) -> list[dict]:
    """Its events, whatever else a damaged or foreign log has in their place."""
    events = log.get("events")
    return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []


def short(log: dict) -> dict:
    """What somebody who only wants to know how it goes needs of a log: progress and the last numbers."""
    last = {}
    for section in ("batches", "epochs"):
        columns_of = log.get(section) if isinstance(log.get(section), dict) else {}
        last |= {key: column[-1] for key, column in columns_of.items() if isinstance(column, list) and column}
    keys = ("run_id", "name", "status", "phase", "started_at", "updated_at", "progress", "test", "error")
    return {key: log.get(key) for key in keys} | {"last": last}


def one_sentence(error: BaseException) -> str:
    """The error as one line a person can read."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[: schema.TEXT_KEPT]
