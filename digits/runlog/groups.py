"""Runs of a results folder for comparisons, and groups of those with the same settings but the seed."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from digits import renames
from digits.config import OPTIONS
from digits.errors import ConfigError
from digits.files import is_number
from digits.number_format import decimal, percent
from digits.runlog import contract
from digits.statistics import mean

UNKNOWN = "\N{EN DASH}"
_SEED_IN_NAME = re.compile(r"[,;]?\s*\bseeds?[ =:_-]?\d+\b", re.IGNORECASE | re.ASCII)
_MIN_PREFIX = 3  # letters of a name that several runs share
_TEST_METRIC = re.compile(r"test_[a-z0-9_]{1,40}")
_COUNTS = {"test_correct", "test_total"}  # no results of their own
# Settings that do not affect the trained network; the data set is compared by the name that the run logged.
IGNORED = {option.name for option in OPTIONS.values() if not option.identifies} - {"model"}
_SPLITS = {"train": "training", "val": "validation", "test": "test"}
_WORDS = {"ece": "ECE", "ece_calibrated": "ECE, calibrated", "lr": "learning rate"}
_T = TypeVar("_T")


@dataclass(frozen=True)
class Run:
    """A run, from its `entry` in the list of runs (runs.index_of); `folder` holds its files."""

    entry: Mapping[str, Any]
    folder: Path

    @property
    def run_id(self) -> str:
        return self.entry["run_id"]

    @property
    def name(self) -> str:
        return str(self.entry.get("name") or self.run_id)

    @cached_property
    def settings(self) -> dict[str, str]:
        """The settings as texts, under their current names."""
        try:
            values = renames.present_options(self.entry.get("config") or {})
        except ConfigError:  # a foreign run with both names of an option
            values = self.entry["config"]
        return {str(name): setting_text(value) for name, value in values.items()}

    @property
    def seed(self) -> str | None:
        return self.settings.get("seed")

    @cached_property
    def metrics(self) -> dict[str, float]:
        """The latest value of each metric of the epochs, the test's, and best_val_accuracy."""
        entry = self.entry
        given = {"val_accuracy": entry.get("last_val_accuracy"), "test_accuracy": entry.get("test_accuracy")}
        given |= entry.get("metrics") or {}
        results = {name: given[name] for name in sorted(given) if name not in _COUNTS and _is_metric(name)}
        results |= {"best_val_accuracy": entry.get("best_val_accuracy")}
        return {name: float(value) for name, value in results.items() if is_number(value)}  # type: ignore[arg-type]

    @cached_property
    def group_key(self) -> object:
        """Equal for runs with the same settings but the seed; a run without settings has a key of its own."""
        if not self.settings:
            return self.run_id
        compared = {name: text for name, text in self.settings.items() if name not in IGNORED | {"seed", "dataset"}}
        return (self.entry.get("dataset"), *sorted(compared.items()))


@dataclass(frozen=True)
class Metric:
    """A result by which runs are compared: its name in the list of runs, label, and format."""

    key: str

    @property
    def label(self) -> str:
        """In the middle of a sentence, such as validation loss."""
        first, _, rest = self.key.partition("_")
        if self.key == "best_val_accuracy":
            return "best validation accuracy"
        return f"{_SPLITS.get(first, first)} {_WORDS.get(rest, rest.replace('_', ' '))}"

    @property
    def is_fraction(self) -> bool:
        return re.search("accuracy|accepted|precision|recall", self.key) is not None

    @property
    def is_low_better(self) -> bool:
        return re.search("loss|error|ece", self.key) is not None

    def of(self, run: Run) -> float | None:
        return run.metrics.get(self.key)

    def format(self, value: float) -> str:
        if self.is_fraction:
            return percent(min(1.0, value))
        return f"{value:,.0f}" if float(value).is_integer() else decimal(value)


def _is_metric(name: str) -> bool:
    return bool(contract.METRIC.fullmatch(name) or _TEST_METRIC.fullmatch(name))


def setting_text(value: object) -> str:
    """A setting as it is compared and shown: 128, 0.1, yes, none, "16, 32"; numbers without a trailing .0."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(setting_text, value))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def gathered(items: Iterable[_T], key: Callable[[_T], object]) -> list[list[_T]]:
    """The items with the same key together, in the order of the first of each."""
    groups: dict[object, list[_T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.values())


def by_seed(runs: Iterable[Run], metric: Metric) -> dict[str, float]:
    """The mean of a metric for each seed, as runs of one seed are no independent repetitions.

    Runs of unknown seed count singly. In the order of the seeds.
    """
    values: dict[str, list[float]] = {}
    for run in runs:
        value = metric.of(run)
        if value is not None:
            values.setdefault(run.seed or run.run_id, []).append(value)
    in_order = sorted(values, key=lambda seed: (not seed.isdecimal(), int(seed) if seed.isdecimal() else 0, seed))
    return {seed: mean(values[seed]) for seed in in_order}


def common_name(runs: Iterable[Run]) -> str:
    """The name of a group: without the seed, and if names differ further, what they begin with."""
    in_time = sorted(runs, key=lambda run: run.run_id)
    stripped = [_SEED_IN_NAME.sub("", run.name).strip() for run in in_time]
    names = [name for name in stripped if name] or [run.name for run in in_time]
    if len(set(names)) == 1:
        return names[0]
    prefix = re.sub(r"[\s,;:_-]+$", "", os.path.commonprefix(names))  # noqa: RUF071  # by characters
    return prefix if len(prefix) >= _MIN_PREFIX else names[0]


def marks_of(runs: Iterable[Run]) -> dict[str, str]:
    """What tells runs of the same name apart, by id: the seed, else the end of the id; "" for a name of one run."""
    marks: dict[str, str] = {}
    for same in gathered(runs, lambda run: run.name):
        seeds = {run.seed for run in same}
        is_by_seed = len(seeds) == len(same) and None not in seeds
        for run in same:
            mark = f"seed {run.seed}" if is_by_seed else run.run_id[-6:]
            marks[run.run_id] = mark if len(same) > 1 else ""
    return marks


def differing(runs: list[Run]) -> list[tuple[str, list[str]]]:
    """The settings in which runs differ, by name, with a value for each run."""
    names = dict.fromkeys(name for run in runs for name in run.settings if name not in IGNORED)
    rows = [(name, [run.settings.get(name, UNKNOWN) for run in runs]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]
