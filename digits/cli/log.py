"""Command log: the logged curves of a run, for other programs."""

import io
from pathlib import Path

import click

from digits.cli.app import cli_errors
from digits.cli.runs_options import complete_run, results_option
from digits.cli.terminal import print_result
from digits.errors import UserError
from digits.files import write_atomically
from digits.interrupts import INTERRUPTS
from digits.paths import short_path
from digits.runlog import training_log
from digits.runlog.csv_export import write_csv
from digits.runlog.find import find_run

_FOLDER = Path("tensorboard")


@click.group(invoke_without_command=True)
@click.pass_context
def log(context: click.Context) -> None:
    """Export the log of a run; each of the commands has its own --help."""
    if context.invoked_subcommand is None:
        print_result(context.get_help())


@log.command("export")
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@click.option("--format", "format", type=click.Choice(("tensorboard", "csv")), required=True, help="File format.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Folder for TensorBoard's files (default: tensorboard/RUN_ID), or CSV file (default: standard output).",
)
@click.option("--batches", is_flag=True, help="CSV with a row per batch instead of a row per epoch.")
@results_option
def export_log(run: str | None, format: str, output: Path | None, batches: bool, results_dir: Path) -> None:
    """Export the log of RUN: event files for TensorBoard, or CSV.

    RUN is a results folder, or the id or name of a run; default: the run in --results-dir.
    """
    with cli_errors(writes=False), INTERRUPTS.interruptible():
        if batches and format != "csv":
            raise click.UsageError("--batches is an option of --format csv: TensorBoard gets batches and epochs.")
        folder = find_run(results_dir, run) if run else results_dir
        content = training_log.load(folder)
        if content is None:
            raise UserError(f"{short_path(folder)} contains no training log: name another RUN.")
        if format == "tensorboard":
            print_result(_to_tensorboard(content, output))
        else:
            _to_csv(content, folder, output, batches)


def _to_tensorboard(content: dict, output: Path | None) -> str:
    """Write the event file; returns what was written, and the command that shows it."""
    from digits.runlog.tensorboard_events import export

    target = output or _FOLDER / str(content.get("run_id"))
    folder, values = export(content, target)
    shown = folder if output else _FOLDER
    return f"{short_path(folder)}: {values:,} values\nView them: tensorboard --logdir {short_path(shown)}"


def _to_csv(content: dict, folder: Path, output: Path | None, batches: bool) -> None:
    text = io.StringIO(newline="")
    write_csv(content, folder, text, batches)
    if output is None or str(output) == "-":
        print_result(text.getvalue().removesuffix("\n"))
        return
    write_atomically(output, text.getvalue().encode())
    rows = text.getvalue().count("\n") - 1
    print_result(f"{short_path(output)}: {rows:,} {'batches' if batches else 'epochs'}")
