"""Command compare: runs or groups of seeds, with the statistics of the page's view Compare."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from digits.cli.app import cli_errors
from digits.cli.runs_options import complete_run, results_option
from digits.cli.table import fitting_width, table, wrapped
from digits.cli.terminal import print_result
from digits.errors import UserError
from digits.runlog.comparison import Result, Side, answers_of, results_of, sides_of
from digits.runlog.comparison import compare as compare_sides
from digits.runlog.find import ambiguous, find_runs, listed_runs
from digits.runlog.groups import Metric, Run, by_seed, differing
from digits.runlog.sentences import Sentence, note_on, sentence_of, sentence_of_answers
from digits.statistics import Interval, discordant, interval_of, mcnemar

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@click.command()
@click.argument("names", metavar="A B...", nargs=-1, required=True, shell_complete=complete_run)
@click.option("--metric", help="Result to compare, such as val_loss (default: test_accuracy, if all have it).")
@click.option("--seeds", is_flag=True, help="Add the other runs that have the same settings but the seed.")
@click.option("--ungrouped", is_flag=True, help="Compare run by run, not groups of seeds.")
@results_option
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as one JSON object, for other programs.")
def compare(
    names: tuple[str, ...], metric: str | None, seeds: bool, ungrouped: bool, results_dir: Path, as_json: bool
) -> None:
    """Compare runs A, B, ...: differing settings, results, and tests of their differences from A.

    Each is the id or name of a run, its beginning, or a folder. Runs with the same settings but the seed form a group:
    groups are compared by a t-test, paired where they have the same seeds, single runs by McNemar's test on the images
    of the test set. The page shows the same numbers under Compare.
    """
    with cli_errors(writes=False):
        listed = listed_runs(results_dir)
        chosen = _chosen(names, results_dir, listed, seeds)
        sides = sides_of(chosen, [*listed, *(run for run in chosen if run not in listed)], not ungrouped)
        comparison = _Comparison(sides, _metric_of(sides, metric))
        if as_json:
            print_result(json.dumps(comparison.as_json(), allow_nan=False))
        else:
            print_result(comparison.as_text(fitting_width()))


def _chosen(names: Sequence[str], results: Path, listed: list[Run], seeds: bool) -> list[Run]:
    """The runs that `names` name, each once. A name of several runs means all of them if they are one group."""
    chosen: dict[str, Run] = {}
    for word in names:
        found = find_runs(results, word, listed)
        if len({run.group_key for run in found}) > 1:
            raise ambiguous(word, found)
        chosen |= {run.run_id: run for run in found}
        if seeds:
            chosen |= {run.run_id: run for run in listed if run.group_key == found[0].group_key}
    if len(chosen) < 2:
        raise UserError(f"{next(iter(chosen.values())).name} is one run: name another one, or add --seeds.")
    return list(chosen.values())


def _metric_of(sides: Sequence[Side], name: str | None) -> Metric | None:
    """The result to compare; None if the sides have none in common. Raises UserError for one that they lack."""
    known = results_of(sides)
    name = name and name.replace("-", "_").lower()
    if name and name not in known:
        raise UserError(f"Not all of these runs have {name}: choose from {', '.join(known) or 'nothing'}.")
    name = name or (known[0] if known else None)
    return Metric(name) if name else None


class _Comparison:
    """The sides of a comparison, and the sentences on each of the further ones compared with the first."""

    def __init__(self, sides: list[Side], metric: Metric | None):
        self.sides, self.metric = sides, metric
        self.letters = [_LETTERS[place] if place < len(_LETTERS) else str(place + 1) for place in range(len(sides))]
        self._answers = (
            {side.runs[0].run_id: answers_of(side.runs[0].folder) for side in sides} if self._is_single else {}
        )

    @property
    def _is_single(self) -> bool:
        """Whether trained networks are compared by their test images."""
        is_tested = self.metric is not None and self.metric.key == "test_accuracy"
        return is_tested and all(len(side.runs) == 1 for side in self.sides)

    def results(self) -> list[tuple[Side, Result, Sentence]]:
        """Each further side compared with the first."""
        if self.metric is None:
            return []
        base, *others = self.sides
        compared = [(side, compare_sides(base, side, self.metric)) for side in others]
        return [(side, result, self._sentence(base, side, result)) for side, result in compared]

    def _sentence(self, base: Side, side: Side, result: Result) -> Sentence:
        assert self.metric is not None
        answers = [self._answers.get(one.runs[0].run_id) for one in (base, side)]
        by_images = sentence_of_answers(base, side, *answers) if self._is_single else None
        return by_images or sentence_of(base, side, self.metric, result)

    def as_text(self, width: int | None) -> str:
        parts = ["\n".join(self._figures(width))]
        rows = differing([side.runs[0] for side in self.sides])
        is_of_seeds = any(len(side.runs) > 1 for side in self.sides)
        shown = [[name, *values] for name, values in rows if name != "seed" or not is_of_seeds]
        if shown:
            parts.append("\n".join(table(["setting", *self.letters], shown, "setting", width, right=self.letters)))
        if self.metric is None:
            parts.append("These runs have no result in common yet.")
        letters = self.letters[1:]
        parts += [
            wrapped(f"{letter} compared with {self.letters[0]}: {sentence}")
            for letter, (_, _, sentence) in zip(letters, self.results(), strict=False)
        ]
        return "\n\n".join([*parts, wrapped(note_on(self.sides))])

    def _figures(self, width: int | None) -> list[str]:
        """A line for each side: number of seeds, mean and standard deviation, interval."""
        rows = []
        for letter, side in zip(self.letters, self.sides, strict=True):
            interval = self._interval(side)
            rows.append([letter, side.name, _count(side, interval), *self._cells(interval)])
        title = self.metric.label if self.metric else "result"
        return table(
            ["", "name", "n", title, "95 % interval"], rows, "name", width, right=("n", title, "95 % interval")
        )

    def _interval(self, side: Side) -> Interval | None:
        values = list(by_seed(side.runs, self.metric).values()) if self.metric else []
        return interval_of(values) if values else None

    def _cells(self, interval: Interval | None) -> tuple[str, str]:
        if interval is None or self.metric is None:
            return "", ""
        if interval.low is None or interval.high is None:
            return self.metric.format(interval.mean), ""
        limits = f"{self.metric.format(interval.low)} to {self.metric.format(interval.high)}"
        return _spread(self.metric, interval), limits

    def as_json(self) -> dict:
        sides = []
        for side in self.sides:
            interval = self._interval(side)
            sides.append(
                {
                    "name": side.name,
                    "runs": [run.run_id for run in side.runs],
                    "settings": side.runs[0].settings,
                    "values": by_seed(side.runs, self.metric) if self.metric else {},
                    "interval": interval and interval._asdict(),
                }
            )
        comparisons = [self._comparison_json(*result) for result in self.results()]
        metric = self.metric and self.metric.key
        return {"metric": metric, "sides": sides, "comparisons": comparisons, "note": note_on(self.sides)}

    def _comparison_json(self, side: Side, result: Result, sentence: Sentence) -> dict:
        base = self.sides[0]
        answers = [self._answers.get(one.runs[0].run_id) for one in (base, side)]
        images = None
        if answers[0] and answers[1] and answers[0].labels == answers[1].labels:
            only = discordant(answers[0].labels, answers[0].predictions, answers[1].predictions)
            images = {"only_a": only[0], "only_b": only[1], "p": mcnemar(*only)}
        return {
            "a": base.name,
            "b": side.name,
            "kind": result.kind,
            "test": result.test and result.test._asdict(),
            "range": result.range,
            "mcnemar": images,
            "verdict": sentence.verdict,
            "text": sentence.text,
        }


def _count(side: Side, interval: Interval | None) -> str:
    """The number of seeds; further runs of a seed are no repetitions."""
    seeds = interval.n if interval else 0
    return f"{seeds}" if len(side.runs) <= seeds else f"{seeds} ({len(side.runs)} runs)"


def _spread(metric: Metric, interval: Interval) -> str:
    """98.15 ± 0.06 %: mean and standard deviation."""
    if not interval.sd:
        return metric.format(interval.mean)
    value, spread = metric.format(interval.mean), metric.format(interval.sd)
    return f"{value.removesuffix(' %')} ± {spread}"
