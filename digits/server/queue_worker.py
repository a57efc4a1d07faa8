"""The queue's worker: starts the next queued run whenever no trainer is running."""

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

from digits.runlog import run_queue
from digits.server.trainer_process import AlreadyRunning, NotStarted, TrainerProcess, log_tail

_POLL_S = 1.0  # a run may end, or another program may have started one
_NO_FAILURE = (None, 0, 129, 130, 141, 143)  # unknown, success, or ended by a signal: stopped by a user


class QueueWorker:
    """Runs the queue in `results`; several servers on one folder exclude each other by the trainer's lock."""

    def __init__(self, results: Path, trainer: TrainerProcess, fixed_args: Callable[[], list[str]]):
        self._results, self._trainer, self._fixed_args = results, trainer, fixed_args
        self._started: dict | None = None  # the run that this worker started last, until it has ended
        self._news = threading.Event()

    def start(self) -> None:
        """Start a thread that works until the process ends."""
        threading.Thread(target=self._run, daemon=True).start()

    def wake(self) -> None:
        """Check the queue now, since it has changed."""
        self._news.set()

    def step(self) -> None:
        """Start the next run if none is running. Raises OSError if the folder can't be read or written."""
        run = next(iter(run_queue.read(self._results)["runs"]), None)
        if (run is None and self._started is None) or self._trainer.is_training():
            return
        self._note_end()
        if run is not None:
            self._start(run)

    def _run(self) -> None:
        while True:
            with contextlib.suppress(OSError):  # it may be readable, or have room, in a second
                self.step()
            self._news.wait(_POLL_S)
            self._news.clear()

    def _start(self, run: dict) -> None:
        """Start a run and remove it from the queue; one that can't be started becomes a failure."""
        from digits.server.options_schema import InvalidOption, to_argv

        try:
            self._trainer.start([*to_argv(run["options"]), *self._fixed_args()])
        except AlreadyRunning:  # it remains the next one
            return
        except (InvalidOption, NotStarted) as error:
            run_queue.add_failure(self._results, run, f"It could not be started: {error}.")
            return
        self._started = run
        with contextlib.suppress(run_queue.NoSuchEntry):  # it has just been canceled
            run_queue.remove(self._results, run["id"])

    def _note_end(self) -> None:
        """Record the reason of a failure before the next trainer overwrites this one's output."""
        run, self._started = self._started, None
        code = self._trainer.exit_code()
        if run is not None and code not in _NO_FAILURE:
            last = log_tail(self._results, self._trainer.pid)[-1:]
            run_queue.add_failure(self._results, run, " ".join([f"Exit code {code}.", *last]))
