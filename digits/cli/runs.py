"""Commands runs and clean: the list of runs, and what may be deleted."""

import json
from collections.abc import Callable
from pathlib import Path

import click

from digits.cli.app import cli_errors
from digits.cli.runs_options import results_option
from digits.cli.table import fitting_width, table
from digits.cli.terminal import print_result
from digits.errors import UserError
from digits.files import is_number
from digits.number_format import duration, percent, size
from digits.paths import short_path
from digits.runlog import cleaning
from digits.runlog.find import listed_runs
from digits.runlog.groups import UNKNOWN, Metric, Run

_OPTIONAL = ("model", "id")  # columns left out, in this order, of a terminal too narrow for a readable name
_READABLE = 20  # characters of a name


def _accuracy(run: Run) -> float | None:
    known = (run.entry.get(f"{kind}_accuracy") for kind in ("test", "last_val", "best_val"))
    return next((value for value in known if is_number(value)), None)


def _accuracy_text(run: Run) -> str:
    value = _accuracy(run)
    if value is None:
        return UNKNOWN
    return ("" if is_number(run.entry.get("test_accuracy")) else "val ") + percent(min(1.0, value))


def _status(run: Run) -> str:
    return ", ".join([str(run.entry["status"]), *(word for word in ("pinned", "hidden") if run.entry.get(word))])


# Columns, in order: the text and the value to sort by; the latter is None if unknown.
_COLUMNS: dict[str, tuple[Callable[[Run], str], Callable[[Run], object]]] = {
    "id": (lambda run: run.run_id, lambda run: run.run_id),
    "name": (lambda run: run.name, lambda run: run.name.lower()),
    "status": (_status, _status),
    "model": (lambda run: str(run.entry.get("model") or UNKNOWN), lambda run: run.entry.get("model")),
    "accuracy": (_accuracy_text, _accuracy),
    "epochs": (lambda run: f"{run.entry.get('epochs') or 0:,}", lambda run: run.entry.get("epochs")),
    "time": (
        lambda run: duration(run.entry["seconds"]) if is_number(run.entry.get("seconds")) else UNKNOWN,
        lambda run: run.entry.get("seconds"),
    ),
}


@click.command("runs")
@results_option
@click.option(
    "--sort",
    default="started",
    metavar="FIELD",
    help="started (default), a column, a metric such as val_loss, or a setting such as lr; the best or latest first.",
)
@click.option("--all", "show_all", is_flag=True, help="List hidden runs, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the runs as one JSON array, for other programs.")
def list_runs(results_dir: Path, sort: str, show_all: bool, as_json: bool) -> None:
    """List the runs: name, status, model, accuracy, epochs and time.

    The accuracy is that on the test set; val marks the validation accuracy of a run that has not been tested.
    """
    with cli_errors(writes=False):
        listed = [run for run in listed_runs(results_dir) if show_all or not run.entry.get("hidden")]
        listed = _sorted(listed, sort.replace("-", "_").lower())
        if as_json:
            entries = [{**run.entry, "accuracy": _accuracy(run)} for run in listed]
            print_result(json.dumps(entries, allow_nan=False))
        elif listed:
            print_result("\n".join(_table(listed, fitting_width())))
        else:
            print_result(f"{short_path(results_dir)} contains no runs.")


def _sorted(listed: list[Run], field: str) -> list[Run]:
    """The best, longest or latest first, texts in alphabetical order; runs without the value last."""
    if field == "started":
        return listed
    value_of = _value_of(listed, field)
    known = [run for run in listed if value_of(run) is not None]
    is_descending = all(is_number(value_of(run)) for run in known) and not Metric(field).is_low_better
    return sorted(known, key=value_of, reverse=is_descending) + [run for run in listed if value_of(run) is None]


def _value_of(listed: list[Run], field: str) -> Callable:
    """The function that gives a run's value of a column, metric or setting. Raises UserError for an unknown one."""
    if field in _COLUMNS:
        return _COLUMNS[field][1]
    metrics = {name for run in listed for name in run.metrics}
    if field in metrics:
        return Metric(field).of
    settings = {name for run in listed for name in run.settings}
    if field in settings:
        return lambda run: _number_or_text(run.settings.get(field))
    if not listed:
        return Metric(field).of
    known = ", ".join(["started", *_COLUMNS, *sorted(metrics)])
    raise UserError(f"Runs have no {field}: sort by {known}, or a setting such as lr.")


def _number_or_text(text: str | None) -> tuple[bool, float, str] | None:
    """A key that sorts numbers before texts."""
    if text is None:
        return None
    try:
        return (False, float(text), "")
    except ValueError:
        return (True, 0.0, text)


def _table(listed: list[Run], width: int | None) -> list[str]:
    names = list(_COLUMNS)
    for optional in (None, *_OPTIONAL):
        names = [name for name in names if name != optional]
        rows = [[_COLUMNS[name][0](run) for name in names] for run in listed]
        others = [max(map(len, cells)) for cells in zip(names, *rows)]
        longest = others.pop(names.index("name"))
        if width is None or width - sum(others) - 2 * len(others) >= min(longest, _READABLE):
            break
    return table(names, rows, "name", width, right=("accuracy", "epochs", "time"))


@click.command()
@results_option
@click.option("--keep", type=click.IntRange(0), metavar="N", help="Delete earlier runs except the newest N.")
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    metavar="DAYS",
    help="Delete earlier runs that ended more than DAYS days ago; with --keep, only those that both select.",
)
@click.option("--checkpoints", is_flag=True, help="Delete the checkpoints of completed earlier runs.")
@click.option("--yes", is_flag=True, help="Delete; without it, only list.")
def clean(results_dir: Path, keep: int | None, older_than: float | None, checkpoints: bool, yes: bool) -> None:
    """List what may be deleted in a results folder, with sizes, and delete it with --yes.

    Without further options: temporary files that killed programs left behind. Earlier runs and checkpoints are deleted
    only on request; pinned runs, the latest run and a run being trained never are.
    """
    with cli_errors():
        plan = cleaning.plan(results_dir, keep=keep, older_than_days=older_than, checkpoints=checkpoints)
        if not plan:
            is_asked = checkpoints or keep is not None or older_than is not None
            hint = "" if is_asked else _hint(results_dir)
            print_result(f"Nothing to delete in {short_path(results_dir)}.{hint}")
            return
        rows = [(item.what, item.name, size(item.bytes)) for item in plan]
        total = size(sum(item.bytes for item in plan))
        print_result("\n".join(table(("what", "name", "size"), rows, "name", fitting_width(), right=("size",))))
        if not yes:
            print_result(f"{total} in total. Nothing was deleted: repeat the command with --yes to delete this.")
            return
        failures = [failure for item in plan if (failure := cleaning.delete(results_dir, item))]
        freed = size(sum(item.bytes for item in plan if item not in {failed for failed, _ in failures}))
        print_result(f"Deleted {freed}.")
        if failures:
            raise UserError("; ".join(reason for _, reason in failures))


def _hint(results: Path) -> str:
    """What could be deleted on request."""
    runs = cleaning.plan(results, keep=0)
    kept = [item for item in cleaning.plan(results, checkpoints=True) if item.what == "checkpoints"]
    hints = [
        f"\n{what}: {len(items):,}, {size(sum(item.bytes for item in items))}, deleted with {options}"
        for what, items, options in (
            ("Earlier runs", runs, "--keep N or --older-than DAYS"),
            ("Checkpoints of completed earlier runs", kept, "--checkpoints"),
        )
        if items
    ]
    return "".join(hints)
