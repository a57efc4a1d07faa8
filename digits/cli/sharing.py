"""Commands that hand runs on: report and publish."""

from pathlib import Path

import click

from digits import number_format
from digits.cli.app import cli_errors
from digits.cli.runs_options import complete_run, results_option
from digits.cli.terminal import print_result
from digits.errors import UserError
from digits.interrupts import INTERRUPTS
from digits.paths import invocation, short_path
from digits.runlog import contract
from digits.runlog.find import find_run
from digits.runlog.runs import earlier_runs, read_label, read_log
from digits.sharing import publish as site
from digits.sharing.report import make_report, save_report

_paths_option = click.option(
    "--with-paths",
    is_flag=True,
    help="Keep paths, user and host names, which are removed otherwise.",
)


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...", shell_complete=complete_run)
@click.option(
    "-o", "output", type=click.Path(dir_okay=False, path_type=Path), default=Path("report.html"), show_default=True,
    help="File to write."
)  # fmt: skip
@click.option("--with-model", is_flag=True, help="Include the network, so that the pad reads digits.")
@_paths_option
@results_option
def report(runs: tuple[str, ...], output: Path, with_model: bool, with_paths: bool, results_dir: Path) -> None:
    """Save the page and RUNs (default: the current run) as one HTML file of at most 2 MB, which opens without a server.

    RUN is a run's id or name, or a results folder. Of several runs the first is shown, and compared with the others.
    """
    with cli_errors(writes=False), INTERRUPTS.interruptible():
        folders = [find_run(results_dir, run) for run in runs] or [results_dir]
        made = make_report(folders, with_model=with_model, with_paths=with_paths)
        save_report(output, made)
        lines = [_headline(short_path(output), made.runs, len(made.content))]
        lines += [f"Left out to keep it small: {', '.join(made.left_out)}"] if made.left_out else []
        print_result("\n".join(lines))


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("runs", nargs=-1, metavar="[RUN]...", shell_complete=complete_run)
@click.option("--all", "every", is_flag=True, help="Publish all runs of the results folder, except hidden ones.")
@_paths_option
@results_option
def publish(out: Path, runs: tuple[str, ...], every: bool, with_paths: bool, results_dir: Path) -> None:
    """Write the page and RUNs (default: the current run) to the folder OUT, for any static web host.

    RUN is a run's id or name, or a results folder; the first is the one that the page opens. A run takes at most 3 MB:
    weights and checkpoints stay here. OUT is new, empty, or a site to replace.
    """
    with cli_errors(writes=False), INTERRUPTS.interruptible():
        if runs and every:
            raise click.UsageError("Name runs or use --all, not both.")
        folders = [find_run(results_dir, run) for run in runs] or [results_dir]
        if every:
            folders = _visible_runs(results_dir)
        published = site.publish(out, folders, with_paths=with_paths)
        headline = _headline(short_path(out), [run.name for run in published], sum(run.size for run in published))
        lines = [f"{headline}, without weights and checkpoints"]
        lines += [f"{run.name}: left out {', '.join(run.left_out)}" for run in published if run.left_out]
        print_result("\n".join(lines))


def _visible_runs(results: Path) -> list[Path]:
    """The folders of all runs that are not hidden, the current one first."""
    found = [results] if (results / contract.TRAINING_LOG).is_file() else []
    found += earlier_runs(results)
    shown = [folder for folder in found if not (log := read_log(folder)) or not _is_hidden(folder, log["run_id"])]
    if not shown:
        raise UserError(f"{short_path(results)} contains no run: start one with {invocation('mnist_cnn')}.")
    return shown


def _is_hidden(folder: Path, run_id: str) -> bool:
    return read_label(folder, run_id).get("hidden") is True


def _headline(path: Path, names: list[str], size: int) -> str:
    count = "1 run" if len(names) == 1 else f"{len(names)} runs"
    return f"{path}: {count}, {number_format.size(size)}"
