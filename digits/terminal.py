"""What a person sees in the terminal: plain lines, and progress that erases itself and stays out of a pipe."""

import shlex
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from digits.options import Config

_ERASE_LINE_ABOVE = "\x1b[1A\x1b[2K"


class _Deaf:
    """A stream that a bar can go on writing to when the terminal behind it is gone."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name: str):
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


class Terminal:
    def __init__(self, quiet: bool = False):
        self.quiet = quiet
        self.animated = not quiet and sys.stdout is not None and sys.stdout.isatty()

    def say(self, text: str) -> None:
        if not self.quiet:
            self._print(text)

    def warn(self, text: str) -> None:
        """Loud: also where --quiet was asked for."""
        self._print(click.style(f"NOTE: {text}", fg="yellow", bold=True), err=True)

    def _print(self, text: str, **options) -> None:
        try:
            click.echo(text, **options)
        except OSError:  # nobody reads any more (a closed pipe or terminal): no reason to stop training
            self.quiet, self.animated = True, False

    @contextmanager
    def progress(self, title: str, total: int):
        """A bar with the time left while the block runs; gives a function that takes how much more is done."""
        if not self.animated:
            yield lambda more: None
            return
        bar = click.progressbar(
            length=total, label=title, update_min_steps=max(1, total // 200), file=_Deaf(sys.stdout)
        )
        try:
            with bar:
                yield bar.update
        finally:
            self._print(_ERASE_LINE_ABOVE, nl=False)

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
        self.say(f"Test accuracy {100 * test.accuracy:.2f} % ({test.correct:,} of {test.total:,} digits read rightly)")
        self.say(f"Weights, log and predictions: {shown(config.results_dir)}; see them: {_server_command(config)}")


def _server_command(config) -> str:
    """The command that shows this run: another folder than the usual one has to be named."""
    if config.results_dir == Config.results_dir:
        return "python server.py"
    return shlex.join(["python", "server.py", "--results-dir", str(shown(config.results_dir))])


def shown(folder: Path) -> Path:
    """Short where that is possible."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
