"""Run log of a trainer: the public API that writes a run into its results folder, as results/README.md documents it.

Any trainer gets the page by writing these files, with this class or without it. The class does not import torch:

    with RunLog("results", name="my network", config={"lr": 0.1}) as log:
        log.set_totals(epochs=2, batches=100)
        for epoch in (1, 2):
            for ... in ...:
                log.batch(epoch, loss=0.5, accuracy=0.9, lr=0.1, images=32)
            log.epoch(epoch, train_loss=0.5, val_loss=0.6)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digits.files import rounded
from digits.runlog.lifecycle import Lifecycle, only_inside


class RunLog(Lifecycle):
    """Writes one run; a context manager that ends it as completed, stopped, interrupted or failed.

    Entering locks the folder (FolderLocked names the holder), checks that it can be written (OSError otherwise, and
    nothing is changed), moves an earlier run to runs/, of which the newest `keep` stay, and starts the heartbeat. A
    file that can't be written later raises OSError from the next call. Methods may be called from any thread, but only
    inside the `with` block, which is entered once: RuntimeError otherwise.

    With `resume` the run in the folder continues under its own run_id: its entries stay until `restore` says
    from which step. The given config replaces the one in the log. A `with` block that ends before `restore` leaves the
    log as it was.

    `mirror` gets each state of the log that is written, at most one per second, in the writer's thread.
    """

    @property
    def step(self) -> int:
        """Number of finished batches in all epochs."""
        return self._log.step

    @property
    def position(self) -> dict[str, int]:
        """Progress of the run: `batch` batches of `epoch`, `step` of all epochs."""
        return self._log.position

    @property
    def val_accuracies(self) -> list[float | None]:
        """Validation accuracy after each epoch; of more than 1,000 epochs some are missing, never the last."""
        return self._log.content["epochs"]["val_accuracy"]

    @only_inside
    def describe(self, **sections: dict) -> None:
        """Set or extend `config`, `environment`, `dataset` or `model`, each a dict of plain values."""
        with self._flushing():
            self._log.describe(sections)
        if "model" in sections:
            self._update_index()

    @only_inside
    def set_totals(self, epochs: int, batches: int, steps: int | None = None) -> None:
        """Planned epochs, batches per epoch and steps of all epochs: the page's progress and time left."""
        with self._flushing():
            self._log.set_totals(epochs, batches, steps)

    @only_inside
    def plan(self, epochs: int, batches: int, steps: int | None = None) -> None:
        """Former name of `set_totals`."""
        self.set_totals(epochs, batches, steps)

    @only_inside
    def phase(self, phase: str) -> None:
        """Set the trainer's current activity, in one or two words; the next batch is timed from here."""
        with self._flushing():
            self._log.content["phase"] = phase
            self._log.throughput.restart()

    @only_inside
    def paused(self, seconds: float) -> None:
        """Exclude a pause of `seconds`, which ends now, from the training time and the estimate of the time left."""
        with self._guard:
            self._log.throughput.exclude(seconds)

    @only_inside
    def batch(
        self,
        epoch: int,
        loss: float,
        accuracy: float | None = None,
        lr: float | None = None,
        images: int = 0,
        together: int = 1,
    ) -> None:
        """Log one optimizer step. Takes some microseconds; the files are written within a second.

        Steps whose losses came `together` from an accelerator share the time since the previous ones.
        """
        log = self._log
        with self._guard:
            rate = log.throughput.update(images, together)
            step = log.count_batch(epoch)
            log.buckets.add(step, epoch, loss, accuracy, lr, rate, log.throughput.elapsed)
            self._csv.append(step, epoch, loss, accuracy, lr, rate)
        self._writer.mark_dirty()

    @only_inside
    def epoch(self, epoch: int, seconds: float | None = None, lr: float | None = None, **metrics: float | None) -> None:
        """Log a finished epoch; `metrics`: train_loss, val_accuracy and so on, and your own train_... and val_...."""
        with self._flushing():
            self._log.add_epoch(epoch, {"lr": lr, "seconds": seconds} | metrics)

    @only_inside
    def event(self, kind: str, text: str, **facts: str | float | None) -> None:
        """Log an event, marked on the charts at the current step; `facts` are details for programs."""
        with self._guard:
            self._log.add_event(kind, text, facts)
        self._writer.mark_dirty()

    @only_inside
    def test(self, loss: float, accuracy: float, correct: int, total: int, **metrics: float | None) -> None:
        """Log the result on the test set; further `metrics` are fields of the log's `test` (results/README.md)."""
        with self._flushing():
            counts = {"correct": correct, "total": total}
            rest = {name: rounded(value) for name, value in metrics.items()}
            self._log.content["test"] = {"loss": rounded(loss), "accuracy": rounded(accuracy)} | counts | rest

    @only_inside
    def state(self) -> dict:
        """State for `restore`, as plain values: curves and events so far. Flushes all rows of batches.csv to disk."""
        self._writer.flush()
        self._csv.sync()
        with self._guard:
            return self._log.state()

    @only_inside
    def restore(self, state: dict | None) -> None:
        """Go back to that state of this run, or to its beginning; only for a log that resumes."""
        with self._flushing():
            self._log.restore(state)
            found = self._csv.truncate_rows(self.step)
            if found < self.step:
                self.event("rows lost", f"batches.csv has only {found:,} of its first {self.step:,} rows")

    @contextmanager
    def _flushing(self) -> Iterator[None]:
        with self._guard:
            yield
        self._writer.flush()


class NullRunLog(RunLog):
    """The run log of a helper process: accepts the calls of RunLog and writes nothing."""

    def __init__(self, folder: str | Path):
        super().__init__(folder, name="helper process", command="")

    def __enter__(self) -> "NullRunLog":
        return self

    def __exit__(self, *_error: object) -> None: ...

    def describe(self, **sections: dict) -> None: ...

    def set_totals(self, epochs: int, batches: int, steps: int | None = None) -> None: ...

    def plan(self, epochs: int, batches: int, steps: int | None = None) -> None: ...

    def phase(self, phase: str) -> None: ...

    def paused(self, seconds: float) -> None: ...

    def batch(
        self,
        epoch: int,
        loss: float,
        accuracy: float | None = None,
        lr: float | None = None,
        images: int = 0,
        together: int = 1,
    ) -> None: ...

    def epoch(
        self, epoch: int, seconds: float | None = None, lr: float | None = None, **metrics: float | None
    ) -> None: ...

    def event(self, kind: str, text: str, **facts: str | float | None) -> None: ...

    def test(self, loss: float, accuracy: float, correct: int, total: int, **metrics: float | None) -> None: ...

    def state(self) -> dict:
        return {}

    def restore(self, state: dict | None) -> None: ...

    def stop(self) -> None: ...

    def end(self, status: str, error: str | None = None) -> None: ...

    @contextmanager
    def withheld(self) -> Iterator[None]:
        yield

    def save_json(self, file: str, value: dict) -> None: ...

    def save(self, file: str, content: bytes) -> None: ...

    def save_shared(self, file: str, content: bytes) -> None: ...

    def announce(self, file: str) -> None: ...
