"""Terminal output: plain lines, and a progress bar that erases itself and stays out of a pipe."""

import shlex
import sys
from contextlib import contextmanager, suppress

import click

from digits import output
from digits.cli.progress_bar import ProgressBar
from digits.config import Config
from digits.errors import UserError
from digits.files import short_path
from digits.project import INSTALLED


def print_result(text: str) -> None:
    """Print what a command was asked for. Raises UserError where that can't be written, SystemExit without a reader."""
    try:
        click.echo(text)
    except BrokenPipeError:
        raise SystemExit(output.BROKEN_PIPE) from None
    except OSError as error:
        raise UserError(output.reason(error)) from None


class Terminal:
    """Lines and progress of a run, which goes on where they can't be written; `check` reports that afterwards."""

    def __init__(self, quiet: bool = False):
        self.quiet = quiet
        self.animated = not quiet and sys.stdout is not None and sys.stdout.isatty()
        self._failure: OSError | None = None

    def say(self, text: str) -> None:
        if not self.quiet:
            self._write(f"{text}\n")

    def warn(self, text: str) -> None:
        """Loud: also where --quiet was asked for."""
        with suppress(OSError):
            click.secho(f"NOTE: {text}", fg="yellow", bold=True, err=True)

    def check(self) -> None:
        """Raise UserError where lines were lost, unless nobody wanted to read them any more."""
        if self._failure and self._failure.errno not in output.NO_READER:
            raise UserError(output.reason(self._failure))

    def _write(self, text: str) -> None:
        try:
            click.echo(text, nl=False)
        except OSError as error:
            self.quiet, self.animated, self._failure = True, False, error

    @contextmanager
    def progress(self, title: str, total: int):
        """A bar with the time left while the block runs; gives a function that takes how much more is done."""
        if not self.animated:
            yield lambda more: None
            return
        bar = ProgressBar(title, total, self._write)
        try:
            yield bar.update
        finally:
            bar.erase()

    def tell_resumption(self, at, differences: list[str]) -> None:
        batches = f" after {at.batch:,} batches" if at.batch else ""
        self.say(f"Going on with epoch {at.epoch}{batches}.")
        for difference in differences:
            self.warn(f"This run goes on with {difference}: it will not be bit for bit what it would have been.")

    def tell_interruption(self, saved: bool) -> None:
        self.say("What was learned is saved." if saved else "What was learned in this epoch could not be saved.")

    def tell_stop(self, at) -> None:
        self.say(f"Stopped after {at.step:,} steps, as asked. What was learned is saved; --resume goes on.")

    def introduce(self, config, dataset, learner) -> None:
        parameters = sum(parameter.numel() for parameter in learner.network.parameters())
        precision = ", ".join(learner.precision.describe().values())
        splits = {"training": dataset.train, "validation": dataset.validation, "test": dataset.test}
        images = ", ".join(f"{len(split):,} {name}" for name, split in splits.items())
        self.say(f"{config.model} with {parameters:,} parameters on {learner.precision.device.type}, {precision}")
        self.say(f"{dataset.name}: {images} images")
        self.say(f"Watch it in the browser: {_server_command(config)}")

    def tell_epoch(self, at, epochs: int, validation) -> None:
        accuracy = f", val accuracy {100 * validation.accuracy:.2f} %" if validation else ""
        self.say(f"Epoch {at.epoch}/{epochs}, Loss: {at.mean.loss:.4f}{accuracy}, {at.seconds:.1f} s")

    def conclude(self, config, test) -> None:
        self.say(f"Test accuracy {100 * test.accuracy:.2f} % ({test.correct:,} of {test.total:,} digits correct)")
        self.say(f"Weights, log and predictions: {short_path(config.results_dir)}; see them: {_server_command(config)}")


def _server_command(config) -> str:
    """The command that shows this run: another folder than the usual one has to be named."""
    program = ["mnist-cnn-server"] if INSTALLED else ["python", "server.py"]
    if config.results_dir == Config.results_dir:
        return shlex.join(program)
    return shlex.join([*program, "--results-dir", str(short_path(config.results_dir))])
