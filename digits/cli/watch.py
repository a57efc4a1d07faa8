"""Command watch: a run's curves in the terminal while it is trained."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from digits.cli.app import cli_errors
from digits.cli.runs_options import results_option
from digits.cli.table import shortened, sparkline
from digits.cli.terminal import columns, print_result
from digits.errors import UserError
from digits.files import is_number
from digits.interrupts import INTERRUPTS
from digits.number_format import decimal, duration, percent
from digits.paths import invocation, short_path
from digits.runlog import contract, training_log
from digits.runlog.status import is_alive, last_sign_of_life, liveness, liveness_of_earlier
from digits.runlog.training_log import section

_POLL_S = 1.0  # the trainer writes its log at most once a second
_WIDEST_CURVE = 40  # columns
_LABEL = 10  # columns
_FIGURES = 26  # columns after a curve


@click.command()
@results_option
def watch(results_dir: Path) -> None:
    """Show status and curves of the run in --results-dir in the terminal, until it ends.

    If standard output is not a terminal, a line per epoch is printed instead. Exit code 0 if the run is completed or
    stopped, 1 if it is interrupted, failed or crashed, 130 after Ctrl-C, which does not end the run.
    """
    with cli_errors(writes=False), INTERRUPTS.interruptible():
        is_live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        status = follow(results_dir, _Screen() if is_live else _Lines(), lambda: time.sleep(_POLL_S))
        if status not in ("completed", "stopped"):
            raise SystemExit(1)


def follow(results: Path, view: "_Screen | _Lines", wait: Callable[[], None]) -> str:
    """Show each new state of the run in `results` until it ends, or another one begins; returns its last status.

    Raises UserError without a run.
    """
    log = training_log.read(results)
    if log is None:
        command = invocation("mnist_cnn")
        raise UserError(f"{short_path(results)} contains no run: start one with {command} in another terminal.")
    run_id = log.get("run_id")
    while True:
        status = liveness(log, results)
        view.show(log, status, results)
        if not is_alive(status):
            return status
        wait()
        newer = training_log.read(results) or log
        if newer.get("run_id") != run_id:  # it was moved to runs/
            newer = training_log.read(results / contract.RUNS / str(run_id)) or log
            status = liveness_of_earlier(newer)
            view.show(newer, status, results)
            return status
        log = newer


class _Screen:
    """A few lines that are drawn over and over: a relative cursor movement and erased lines, nothing else."""

    def __init__(self) -> None:
        self._drawn = 0

    def show(self, log: dict, status: str, results: Path) -> None:
        """Replace the lines by those of `log`."""
        lines = [shortened(line, columns() - 1) for line in picture(log, status, results, columns() - 1)]
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        more = max(0, self._drawn - len(lines))  # lines of the previous picture, which become empty
        self._drawn = len(lines) + more
        print_result(up + "\n".join(f"\r\x1b[2K{line}" for line in [*lines, *[""] * more]))


class _Lines:
    """A line for each epoch, and one for the end."""

    def __init__(self) -> None:
        self._epoch = 0.0
        self._status = ""

    def show(self, log: dict, status: str, results: Path) -> None:
        """Print what is new in `log`."""
        if not self._status:
            print_result(_title(log, status))
        rows = section(log, "epochs")
        for row, epoch in enumerate(_column(rows, "epoch")):
            if is_number(epoch) and epoch > self._epoch:
                self._epoch = epoch
                print_result(_epoch_line(log, row))
        if (self._status and status != self._status) or not is_alive(status):
            print_result(_state(log, status, results))
        self._status = status


def picture(log: dict, status: str, results: Path, width: int) -> list[str]:
    """Lines of at most about `width` columns: name, progress, curves, throughput and time."""
    batches, epochs = section(log, "batches"), section(log, "epochs")
    room = max(8, min(_WIDEST_CURVE, width - _LABEL - _FIGURES))
    lines = [_title(log, status), _progress(log, width)]
    losses, accuracies = _column(batches, "loss"), _column(epochs, "val_accuracy")
    losses = losses or _column(epochs, "train_loss")
    if curve := sparkline(losses, room):
        lines.append(f"{'loss':<{_LABEL}}{curve:<{room}}  {_last(losses, decimal)}")
    if curve := sparkline(accuracies, room):
        known = [value for value in accuracies if is_number(value)]
        best = f", best {percent(max(known))}" if max(known) > known[-1] else ""
        lines.append(f"{'val acc':<{_LABEL}}{curve:<{room}}  {percent(known[-1])}{best}")
    return [*lines, _state(log, status, results)]


def _title(log: dict, status: str) -> str:
    return f"{log.get('name') or log.get('run_id') or 'run'}: {status}"


def _progress(log: dict, width: int) -> str:
    """Epoch 4/8  step 1,612/3,440  46 %."""
    progress = section(log, "progress")
    done, steps = progress.get("step"), progress.get("steps")
    parts = [f"epoch {_of(progress, 'epoch', 'epochs')}", f"step {_of(progress, 'step', 'steps')}"]
    if is_number(done) and is_number(steps) and steps:
        fraction = min(1.0, done / steps)
        text = "   ".join(parts)
        bar = min(_WIDEST_CURVE, width - len(text) - len("   []   100 %"))
        if bar >= 8:
            parts.append(f"[{'#' * int(fraction * bar):-<{bar}}]")
        parts.append(f"{int(100 * fraction)} %")
    return "   ".join(parts)


def _of(progress: dict, done: str, total: str) -> str:
    known = [f"{progress[name]:,}" for name in (done, total) if is_number(progress.get(name))]
    return "/".join(known) or "?"


def _state(log: dict, status: str, results: Path) -> str:
    """What the run is doing, or how it ended."""
    progress, test = section(log, "progress"), section(log, "test")
    if status == "completed" and is_number(test.get("accuracy")):
        return f"completed: test accuracy {percent(test['accuracy'])}{_trained(log)}"
    if status in ("stalled", "crashed"):
        since = last_sign_of_life(log, results)
        return f"{status}: no heartbeat since {since}" + ("; the process is gone" if status == "crashed" else "")
    if not is_alive(status):
        reason = f": {log['error']}" if log.get("error") else ""
        return f"{status}{reason}{_trained(log)}"
    numbers = {name: value for name, value in progress.items() if is_number(value)}
    parts = [str(log.get("phase") or status)]
    if "images_per_second" in numbers:
        parts.append(f"{numbers['images_per_second']:,.0f} images/s")
    if "eta_s" in numbers:
        parts.append(f"{duration(numbers['eta_s'], tenths=False)} left")
    return "   ".join(parts)


def _trained(log: dict) -> str:
    seconds = _last(_column(section(log, "batches"), "seconds"), duration)
    return f", trained for {seconds}" if seconds else ""


def _epoch_line(log: dict, row: int) -> str:
    """Epoch 3/8: loss 0.0621, val accuracy 99.31 %, 12 s."""
    epochs = section(log, "epochs")
    rows = {name: _column(epochs, name) for name in epochs}
    value: dict[str, float] = {
        name: column[row] for name, column in rows.items() if len(column) > row and is_number(column[row])
    }
    total = section(log, "progress").get("epochs")
    parts = []
    if "train_loss" in value:
        parts.append(f"loss {decimal(value['train_loss'])}")
    if "val_accuracy" in value:
        parts.append(f"val accuracy {percent(value['val_accuracy'])}")
    if "seconds" in value:
        parts.append(duration(value["seconds"]))
    return f"Epoch {value['epoch']:,}{f'/{total:,}' if is_number(total) else ''}: {', '.join(parts) or 'done'}"


def _column(columns: dict, name: str) -> list:
    column = columns.get(name)
    return column if isinstance(column, list) else []


def _last(values: list, text: Callable[[float], str]) -> str:
    """The last known value, formatted; "" if there is none."""
    return next((text(value) for value in reversed(values) if is_number(value)), "")
