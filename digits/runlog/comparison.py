"""Comparison of runs: its sides, each a group of seeds or a single run, and the tests of their difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from digits.files import read_json
from digits.runlog import contract
from digits.runlog.groups import Metric, Run, by_seed, common_name, gathered, marks_of
from digits.statistics import TTest, paired, prediction_of, welch

_PREFERRED = ("test_accuracy", "val_accuracy", "val_loss", "train_loss")  # results, the best evidence first


@dataclass(frozen=True)
class Side:
    """A group of seeds, or a single run."""

    name: str
    runs: Sequence[Run]


@dataclass(frozen=True)
class Result:
    """Comparison of side b with side a by one metric; `a` and `b` have a value for each seed.

    `range`, in which another run of the larger side is expected, is for a single run against several.
    """

    kind: Literal["paired", "welch", "single run", "two runs", "unknown"]
    a: Sequence[float]
    b: Sequence[float]
    test: TTest | None = None
    range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Answers:
    """True digits and predictions of a test set, a character for each image."""

    labels: str
    predictions: str


def sides_of(runs: Sequence[Run], listed: Sequence[Run], grouped: bool = True) -> list[Side]:
    """The sides that `runs` form, in their order; two runs of one group are compared with each other.

    `listed` are all runs of the folder: a group's name is the same whichever of its runs are compared.
    """
    groups, marks = gathered(runs, lambda run: run.group_key) if grouped else [], marks_of(listed)
    if not grouped or (len(groups) == 1 and len(runs) == 2):
        names = [run.name for run in runs]
        return [Side(_marked(run.name, run, marks, names), [run]) for run in runs]
    named = [(common_name([run for run in listed if run.group_key == group[0].group_key]), group) for group in groups]
    names = [name for name, _ in named]
    return [Side(_marked(name, group[0], marks, names), group) for name, group in named]


def _marked(name: str, run: Run, marks: Mapping[str, str], names: Sequence[str]) -> str:
    """`name` or, if another of the `names` equals it, what tells them apart, too."""
    return f"{name} ({marks.get(run.run_id) or run.run_id[-6:]})" if names.count(name) > 1 else name


def results_of(sides: Sequence[Side]) -> list[str]:
    """The metrics that at least one run of each side has, the preferred one first."""
    names = dict.fromkeys(name for side in sides for run in side.runs for name in run.metrics)
    known = [name for name in names if all(any(name in run.metrics for run in side.runs) for side in sides)]
    return sorted(known, key=lambda name: (_PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED), name))


def compare(side_a: Side, side_b: Side, metric: Metric) -> Result:
    """Paired by seed where the side of fewer seeds has only seeds of the other: then only these count."""
    for_a, for_b = by_seed(side_a.runs, metric), by_seed(side_b.runs, metric)
    a, b = list(for_a.values()), list(for_b.values())
    fewest = min(len(a), len(b))
    if not fewest:
        return Result("unknown", a, b)
    if fewest == 1 and len(a) == len(b):
        return Result("two runs", a, b)
    if fewest == 1:
        return Result("single run", a, b, range=prediction_of(a if len(a) > 1 else b))
    seeds = {run.seed for run in (*side_a.runs, *side_b.runs)}
    shared = [seed for seed in for_a if seed in for_b and seed in seeds]
    if len(shared) < fewest:
        return Result("welch", a, b, welch(a, b))
    a, b = [for_a[seed] for seed in shared], [for_b[seed] for seed in shared]
    return Result("paired", a, b, paired(a, b))


def answers_of(folder: Path) -> Answers | None:
    """The test predictions of the run in `folder`; None if it has none."""
    saved = read_json(folder / contract.PREDICTIONS)
    test = saved.get("test") if isinstance(saved, dict) else None
    labels, predictions = (
        (test.get(key) for key in ("labels", "predictions")) if isinstance(test, dict) else (None, None)
    )
    if not isinstance(labels, str) or not isinstance(predictions, str) or len(labels) != len(predictions):
        return None
    return Answers(labels, predictions)
