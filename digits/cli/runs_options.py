"""Options of commands that work on runs."""

from pathlib import Path

import click

from digits.config import Config

results_option = click.option(
    "--results-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Config.results_dir,
    help="Results folder that contains the runs (default: results).",
)
