"""Commands other than train: evaluate, predict, models, presets, control and verify; those on runs are beside it."""

import json
import sys
from pathlib import Path

import click

from digits import cpu_tuning, presets, stdio
from digits.architectures import ARCHITECTURES
from digits.cli.app import DefaultGroup, cli_errors
from digits.cli.compare import compare
from digits.cli.export import export
from digits.cli.log import log
from digits.cli.options_from_config import evaluation_options, model_options
from digits.cli.predictions import print_predictions
from digits.cli.runs import clean, list_runs
from digits.cli.sharing import publish, report
from digits.cli.terminal import Terminal, print_result
from digits.cli.watch import watch
from digits.config import Config, architecture
from digits.import_errors import importing
from digits.interrupts import INTERRUPTS
from digits.runlog import contract, control_actions
from digits.training.resume import previous_run

_WEIGHTS = Config.results_dir / contract.WEIGHTS


@click.group(cls=DefaultGroup, default="train")
def cli() -> None:
    """Train a convolutional network on MNIST and watch it learn."""


@cli.command()
@click.argument("weights", type=click.Path(path_type=Path), default=_WEIGHTS)
@evaluation_options
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object, for other programs.")
def evaluate(weights: Path, as_json: bool, **options) -> None:
    """Evaluate WEIGHTS (default: results/mnist_cnn.pth) on the test set.

    Reports loss, accuracy with a 95 % interval, calibration error, the fraction accepted as digits, and per-digit
    precision and recall.
    """
    cpu_tuning.prepare_for_torch()
    with cli_errors(writes=False), INTERRUPTS.interruptible():
        with importing():
            from digits.evaluation import report
        terminal = Terminal(quiet=as_json)
        results, notice = report.evaluate(weights, **options, progress=terminal.progress)
        if notice:
            terminal.warn(notice)
        print_result(json.dumps(results, allow_nan=False) if as_json else report.as_text(results))


@cli.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    default=Config.results_dir,
    help="Weights file, or results folder with its newest network (default: results).",
)
@click.option("--json", "style", flag_value="json", help="Print the predictions as one JSON array, for other programs.")
@click.option("--jsonl", "style", flag_value="jsonl", help="Print each prediction at once, as one line of JSON.")
def predict(files: tuple[Path, ...], weights: Path, style: str | None) -> None:
    """Predict the digit or number in each of FILES: PNG, JPEG, GIF, BMP, WebP or TIFF images, in any colors.

    A folder or a quoted pattern such as "scans/*.png" means all pictures in it, sorted by name, without subfolders; -
    means one picture on standard input.

    Files that can't be read are reported on standard error, with exit code 1; the others are predicted.
    """
    cpu_tuning.prepare_for_torch()
    with cli_errors(writes=False), INTERRUPTS.interruptible():
        with importing():
            from digits.inference.files import find_pictures, predict_files
            from digits.inference.predict import Predictor
        found = find_pictures(files)
        answers = predict_files(found, lambda: Predictor.newest(weights))
        errors = print_predictions(answers, len(found), style)
        for error in errors:
            stdio.report(f"Error: {error}")
        if errors:
            raise SystemExit(1)


@cli.command("models")
@click.argument("name", type=click.Choice(tuple(ARCHITECTURES)), required=False)
@model_options
def list_models(name: str | None, **settings) -> None:
    """List all architectures, or show layers, parameters and memory of one, with these settings."""
    with cli_errors(writes=False):
        chosen = architecture(name, **settings)
        with importing():
            from digits.models import summary
        print_result(summary.report(chosen) if chosen else summary.overview())


@cli.command("presets")
def list_presets() -> None:
    """List the presets, each with its purpose and options."""
    with cli_errors(writes=False):
        print_result(presets.overview())


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("action", type=click.Choice(control_actions.ACTIONS))
@click.argument("value", required=False)
@click.option(
    "--results-dir",
    type=click.Path(path_type=Path),
    default=Config.results_dir,
    help="Results folder of the running trainer (default: results).",
)
def control(action: str, value: str | None, results_dir: Path) -> None:
    """Control the running trainer, which applies the command after the current batch.

    stop ends the run (--resume continues it); pause and continue; lr 0.001 sets the learning rate; epochs +5 trains 5
    more epochs, epochs 20 trains 20 in total; snapshot saves the weights now. pause_each_epoch on pauses after each
    epoch, pause_on_fall on after an epoch whose validation accuracy fell; off disables them.
    """
    warning = control_actions.lr_warning(results_dir, value) if action == "lr" else None
    if warning and sys.stdin is not None and sys.stdin.isatty():
        click.confirm(f"{warning} Set it anyway?", abort=True, err=True)
    elif warning:
        click.echo(f"Warning: {warning}", err=True)
    with cli_errors():
        print_result(control_actions.send_and_wait(results_dir, action, value))


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Config.results_dir)
@click.option("--steps", type=click.IntRange(1), default=100, show_default=True, help="Number of steps to repeat.")
@click.option("--data-dir", type=click.Path(path_type=Path), envvar="MNIST_DATA_DIR", help="Folder of the data set.")
def verify(folder: Path, steps: int, data_dir: Path | None) -> None:
    """Repeat the first steps of the run in FOLDER (default: results) and compare every loss bit for bit."""
    cpu_tuning.prepare_for_torch()
    terminal = Terminal()
    with cli_errors(writes=False), INTERRUPTS.interruptible():
        previous = previous_run(folder)
        with importing():
            from digits.training import verify
        verify.report(verify.verify(folder, previous, steps, terminal.progress, data_dir), print_result)


for command in (export, log, list_runs, compare, watch, clean, report, publish):
    cli.add_command(command)
