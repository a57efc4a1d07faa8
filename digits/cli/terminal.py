"""Terminal output of a command: lines, a progress bar that erases itself, and the summary of a run."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING

import click

from digits import stdio, torchrun
from digits.config import Config
from digits.errors import UserError
from digits.number_format import decimal, duration, percent
from digits.paths import invocation, short_path
from digits.runlog import contract

if TYPE_CHECKING:
    from digits.training.run import Progress, Summary, TrainingRun

_ERASE_LINE = "\r\x1b[2K"
_WIDEST, _NARROWEST = 36, 4  # columns of the bar itself; with less room there is none
_COLUMNS = 80  # if the terminal does not report its width
_ESTIMATED_AFTER_S = 1.0  # before that, the time left would be a guess
_REDRAWS = 200  # each costs a system call or two


def print_result(text: str) -> None:
    """Print a command's result. Raises UserError if it can't be written, SystemExit without a reader."""
    try:
        click.echo(text)
    except BrokenPipeError:
        raise SystemExit(stdio.BROKEN_PIPE) from None
    except OSError as error:
        raise UserError(stdio.reason(error)) from None


class ProgressBar:
    """A one-line progress bar, drawn by `write`; `notes` returns the text after it, from long to short versions."""

    def __init__(
        self,
        title: str,
        total: int,
        write: Callable[[str], None],
        done: int = 0,
        notes: Callable[[], Sequence[str]] | None = None,
    ):
        self._title, self._total, self._write = title, total, write
        self._notes = notes or self._time_left
        self._began = time.monotonic()
        self._done = self._drawn = done
        self._draw()

    def update(self, more: int) -> None:
        """Advance by `more`, which is negative if a download restarts at the next mirror."""
        self._done += more
        if abs(self._done - self._drawn) >= max(1, self._total // _REDRAWS):
            self._draw()

    def erase(self) -> None:
        self._write(_ERASE_LINE)

    def _draw(self) -> None:
        self._drawn = self._done
        text = line(self._title, self._done / max(1, self._total), self._notes(), columns())
        self._write(_ERASE_LINE + text)

    def _time_left(self) -> Sequence[str]:
        seconds = time.monotonic() - self._began
        if seconds < _ESTIMATED_AFTER_S or not 0 < self._done < self._total:
            return ()
        return (_eta(seconds * (self._total - self._done) / self._done),)


def line(title: str, fraction: float, notes: Sequence[str], columns: int) -> str:
    """As much of title, bar, percentage and notes as fits; the last column stays free, since terminals wrap there."""
    room = columns - 1
    fraction = min(max(fraction, 0.0), 1.0)
    percentage = f"{int(100 * fraction):3d} %"
    for note in (*notes, ""):
        ending = f"{percentage} {note}".rstrip()
        bar = min(_WIDEST, room - len(f"{title} [] {ending}"))
        if bar >= _NARROWEST:
            return f"{title} [{'#' * int(fraction * bar):-<{bar}}] {ending}"
        if len(f"{title} {ending}") <= room:
            return f"{title} {ending}"
    return f"{title[: max(0, room - len(percentage) - 1)]} {percentage}"


def columns() -> int:
    """Width of the terminal that standard output, or else standard error, is connected to."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # it is a file, or the terminal is gone
            return os.get_terminal_size(stream.fileno()).columns or _COLUMNS
    return _COLUMNS


class Terminal:
    """Prints lines and progress of a run; if they can't be written, the run continues, and `check` reports it later.

    With `err` they go to standard error, since standard output is for the result.
    """

    def __init__(self, quiet: bool = False, err: bool = False):
        self.quiet, self._err = quiet, err
        stream = sys.stderr if err else sys.stdout
        is_terminal = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
        self.animated = is_terminal and not quiet
        self._colored = is_terminal and not os.environ.get("NO_COLOR")  # https://no-color.org
        self._failure: OSError | None = None

    def say(self, text: str) -> None:
        if not self.quiet:
            self._write(f"{text}\n")

    def warn(self, text: str) -> None:
        """Print a warning on standard error, with --quiet too."""
        with suppress(OSError):
            click.echo(self._styled(f"Warning: {text}", fg="yellow", bold=True), err=True)

    def check(self) -> None:
        """Raise UserError if lines were lost, unless the reader has gone away."""
        if self._failure and self._failure.errno not in stdio.NO_READER:
            raise UserError(stdio.reason(self._failure))

    def _write(self, text: str) -> None:
        try:
            click.echo(text, nl=False, err=self._err)
        except OSError as error:
            self.quiet, self.animated, self._failure = True, False, error

    def _styled(self, text: str, *, fg: str | None = None, bold: bool | None = None) -> str:
        return click.style(text, fg=fg, bold=bold) if self._colored else text

    def _command(self, program: str, *arguments: str) -> str:
        return self._styled(invocation(program, *arguments), fg="cyan")

    # -- progress

    @contextmanager
    def progress(
        self, title: str, total: int, done: int = 0, notes: Callable[[], Sequence[str]] | None = None
    ) -> Iterator[Callable[[int], None]]:
        """Show a progress bar while the block runs; yields a function that advances it."""
        if not self.animated:
            yield lambda _: None
            return
        bar = ProgressBar(title, total, self._write, done, notes)
        try:
            yield bar.update
        finally:
            bar.erase()

    @contextmanager
    def status(self, text: str) -> Iterator[None]:
        """Show one line while the block runs."""
        if self.animated:
            self._write(_ERASE_LINE + f"{text} ..."[: columns() - 1])
        try:
            yield
        finally:
            if self.animated:
                self._write(_ERASE_LINE)

    def epoch_progress(self, run: "TrainingRun") -> AbstractContextManager[Callable[[int], None]]:
        """Show loss, accuracy and time left while an epoch is trained."""
        return self.progress(epoch_title(run), run.batches_in_epoch, run.state.batch, lambda: _notes(run.progress()))

    def validation_status(self, run: "TrainingRun") -> AbstractContextManager[None]:
        """Show that an epoch is being validated."""
        return self.status(f"{epoch_title(run)} validating")

    # -- a run

    def show_start(self, run: "TrainingRun") -> None:
        """Print network, images, where a resumed run continues, and the command that shows the page."""
        trainer, dataset, state = run.trainer, run.dataset, run.state
        parameters = sum(parameter.numel() for parameter in trainer.network.parameters())
        precision = ", ".join(trainer.precision.describe().values())
        splits = {"training": dataset.train, "validation": dataset.validation, "test": dataset.test}
        images = ", ".join(f"{len(split):,} {name}" for name, split in splits.items())
        self.say(f"{run.config.model} with {parameters:,} parameters on {trainer.precision.device.type}, {precision}")
        self.say(f"{dataset.name}: {images} images")
        if state.step:
            batches = f" after {state.batch:,} of {len(run.batches):,} batches" if state.batch else ""
            self.say(f"Resuming at epoch {state.epoch}{batches}")
        self.say(f"Watch it: {self._command('server', *_results_dir(run.config))}")

    def show_epoch(self, run: "TrainingRun") -> None:
        accuracy = f", val accuracy {percent(run.validation.accuracy)}" if run.validation else ""
        self.say(f"{epoch_title(run)}: loss {decimal(run.state.mean.loss)}{accuracy}, {duration(run.state.seconds)}")

    def show_pause(self, run: "TrainingRun") -> None:
        """Print why the run pauses before its next epoch, if it does, and the command that continues it."""
        if run.control.pause_reason:
            reason = run.control.pause_reason
            self.say(f"{reason[0].upper()}{reason[1:]}")
            self.say(f"Continue: {self._command('mnist_cnn', 'control', 'continue', *_results_dir(run.config))}")

    def show_interruption(self, run: "TrainingRun", saved: bool) -> None:
        """Print whether an interrupted run was saved, and the command that resumes it."""
        self.say(
            f"Interrupted in epoch {run.state.epoch} after {run.state.step:,} steps: "
            + ("a checkpoint was saved." if saved else "the checkpoint could not be saved; the previous one is kept.")
        )
        self._show_resume(run.config)

    def show_stop(self, run: "TrainingRun") -> None:
        self.say(f"Stopped after {run.state.step:,} steps: a checkpoint was saved.")
        self._show_resume(run.config)

    def _show_resume(self, config: Config) -> None:
        arguments = ("--resume", *_results_dir(config))
        if torchrun.size() > 1:
            self.say(f"Resume: start the same processes with {self._styled(' '.join(arguments), fg='cyan')}")
        else:
            self.say(f"Resume: {self._command('mnist_cnn', *arguments)}")

    def show_summary(self, config: Config, summary: "Summary") -> None:
        """Print duration, accuracies, the most frequent confusion, the files, and commands to try next."""
        test, folder = summary.test, short_path(config.results_dir)
        accuracy = self._styled(percent(test.accuracy), fg="green", bold=True)
        self.say(f"Trained in {duration(summary.seconds)}")
        views = f"; mean of {config.views} views" if config.views > 1 else ""
        self.say(f"Test accuracy: {accuracy} ({test.correct:,} of {test.total:,} correct{views})")
        if summary.best:
            epoch, best = summary.best
            self.say(f"Best validation accuracy: {percent(best)} (epoch {epoch})")
        if summary.confusion:
            label, prediction, count = summary.confusion
            times = "once" if count == 1 else f"{count:,} times"
            self.say(f"Most frequent confusion: {label} read as {prediction} ({times})")
        self.say(f"Weights, log and predictions: {folder}")
        self.say(f"Charts and mistakes: {self._command('server', *_results_dir(config))}")
        weights = [] if config.results_dir == Config.results_dir else [str(folder / contract.WEIGHTS)]
        self.say(f"Next, per-digit metrics: {self._command('mnist_cnn', 'evaluate', *weights)}")


def epoch_title(run: "TrainingRun") -> str:
    """The current epoch, such as Epoch 3/10."""
    return f"Epoch {run.state.epoch}/{run.trainer.epochs}"


def _notes(progress: "Progress | None") -> Sequence[str]:
    """Loss, accuracy and time left for the epoch and the run, from the longest version to the shortest."""
    if progress is None:
        return ()
    loss, accuracy = f"loss {decimal(progress.loss)}", f"accuracy {percent(progress.accuracy, 1)}"
    if progress.seconds < _ESTIMATED_AFTER_S:
        return (f"{loss}, {accuracy}", loss)
    epoch, run = _eta(progress.epoch_left), duration(progress.run_left, tenths=False)
    return (
        f"{loss}, {accuracy}, {epoch} (run {run})",
        f"{loss}, {accuracy}, ETA {run}",
        f"{loss}, ETA {run}",
        f"ETA {run}",
    )


def _eta(seconds: float) -> str:
    return f"ETA {duration(seconds, tenths=False)}"


def _results_dir(config: Config) -> tuple[str, ...]:
    """The option that names the folder of this run, if it is not the default."""
    return () if config.results_dir == Config.results_dir else ("--results-dir", str(short_path(config.results_dir)))
