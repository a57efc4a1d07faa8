"""Options and arguments of commands that work on runs."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from digits.config import Config
from digits.runlog.find import listed_runs

results_option = click.option(
    "--results-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Config.results_dir,
    help="Results folder that contains the runs (default: results).",
)


def complete_run(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Shell completion of ids of runs, with their names, and of folders."""
    results = Path(context.params.get("results_dir") or Config.results_dir)
    ids = [CompletionItem(run.run_id, help=run.name) for run in listed_runs(results)]
    return [item for item in ids if item.value.startswith(incomplete)] or [CompletionItem(incomplete, type="dir")]
