"""Sentences about the difference between two sides of a comparison, with its evidence and its limits.

The page has the same ones in web/runs/sentences.js; a test compares them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from digits.runlog.comparison import Answers, Result, Side
from digits.runlog.groups import Metric
from digits.statistics import discordant, mcnemar

_FEW = 4  # seeds
_MINUS = "\N{MINUS SIGN}"
_SIGNIFICANT = 0.05


class Sentence(NamedTuple):
    """A verdict in a few words, and the numbers behind it."""

    verdict: str
    text: str

    def __str__(self) -> str:
        return f"{self.verdict} {self.text}"


def sentence_of(a: Side, b: Side, metric: Metric, result: Result) -> Sentence:
    """Side b compared with side a."""
    match result.kind:
        case "unknown":
            return Sentence("Not known yet.", f"Both need a {metric.label}.")
        case "single run":
            return _of_single_run(a, b, metric, result)
        case "two runs":
            return Sentence("One run each.", f"{_lead(a, b, metric, result.b[0] - result.a[0])}.")
        case _:
            return _of_means(a, b, metric, result)


def _of_means(a: Side, b: Side, metric: Metric, result: Result) -> Sentence:
    test, is_paired = result.test, result.kind == "paired"
    assert test is not None
    count_a, count_b = len(result.a), len(result.b)
    seeds = f"over the {count_a:,} seeds that both have" if is_paired else f"({_seeds(count_b)} against {count_a:,})"
    opening = f"{_lead(a, b, metric, test.difference)} on average {seeds}"
    if test.low == test.high:
        verdict = "The same difference for each seed." if test.difference else "No difference."
        return Sentence(verdict, f"{opening}. Without any spread there is no interval.")
    low, high = (-test.high, -test.low) if test.difference < 0 else (test.low, test.high)
    is_decided = test.low > 0 or test.high < 0
    name = "paired t-test" if is_paired else "Welch's t-test"
    text = (
        f"{opening}; 95 % interval: {_amount(low, metric)} to {_amount(high, metric, unit=True)}. If the settings made "
        f"no difference, seeds alone would give one at least this large with probability {p_value(test.p)} ({name})."
    )
    if not is_decided:
        text += " The interval includes 0: these runs do not show which is better."
    if min(count_a, count_b) <= _FEW:
        text += " With so few seeds the interval relies on normally distributed results."
    verdict = f"{_better(a, b, metric, test.difference)} is ahead." if is_decided else "Not decided."
    return Sentence(verdict, text)


def _of_single_run(a: Side, b: Side, metric: Metric, result: Result) -> Sentence:
    """One run against several: whether it is one that another seed of the others might have given."""
    assert result.range is not None
    low, high = result.range
    if len(result.a) == 1:
        single, others, value, count = a, b, result.a[0], len(result.b)
    else:
        single, others, value, count = b, a, result.b[0], len(result.a)
    place = "within" if low <= value <= high else "above" if value > high else "below"
    text = (
        f"{single.name} is a single run. Its {metric.label} of {metric.format(value)} is {place} {metric.format(low)} "
        f"to {metric.format(high)}, where another run of {others.name} would lie with probability 95 % (prediction "
        f"interval from {_seeds(count)}). More seeds of {single.name} would show the difference between the settings."
    )
    if place == "within":
        return Sentence("Not decided.", text)
    ahead = _better(others, single, metric, value - (high if place == "above" else low))
    return Sentence(f"{ahead} is ahead in this run.", text)


def sentence_of_answers(a: Side, b: Side, answers_a: Answers | None, answers_b: Answers | None) -> Sentence | None:
    """Two single runs on the same test images; None unless both answered the same images."""
    if answers_a is None or answers_b is None or answers_a.labels != answers_b.labels:
        return None
    only_a, only_b = discordant(answers_a.labels, answers_a.predictions, answers_b.predictions)
    more, p = only_b - only_a, mcnemar(only_a, only_b)
    counts = f"{only_b:,} only by {b.name}, {only_a:,} only by {a.name}"
    if not more:
        return Sentence("Equal.", f"Both classify the same number of test images correctly ({counts}).")
    images = f"{abs(more):,} {'more' if more > 0 else 'fewer'} of the {len(answers_a.labels):,} test images"
    text = (
        f"{b.name} classifies {images} correctly than {a.name} ({counts}). If both networks were equally good, a "
        f"difference at least this large would occur with probability {p_value(p)} (exact McNemar test)."
    )
    ahead = (b if more > 0 else a).name
    return Sentence(f"{ahead} is ahead." if p < _SIGNIFICANT else "Not decided.", text)


def note_on(sides: Sequence[Side]) -> str:
    """What holds for all sentences of a comparison. Several at once find differences by chance more often."""
    comparisons = len(sides) - 1
    is_single = all(len(side.runs) == 1 for side in sides)
    notes = []
    if not comparisons:
        notes.append("Runs of one setting: they show how much the seed alone changes the result.")
    if is_single:
        notes.append(
            "Single runs compare trained networks, and do not show what another seed would change: to compare "
            "settings, train several seeds of each."
        )
    else:
        notes.append("Intervals describe the variation between seeds on the same images, not that of other images.")
    if comparisons > 1:
        notes.append(f"These are {comparisons:,} comparisons: by chance alone, one of them may well look decided.")
    return " ".join(notes)


def p_value(p: float) -> str:
    """0.034: the probability of a statistical test, two significant digits."""
    return "below 0.001" if p < 0.001 else f"{p:.2g}"


def _lead(a: Side, b: Side, metric: Metric, difference: float) -> str:
    if not difference:
        return f"{b.name} and {a.name} have the same {metric.label}"
    level = "higher" if difference > 0 else "lower"
    return f"{b.name} has a {level} {metric.label} than {a.name}, by {_amount(abs(difference), metric, unit=True)}"


def _better(a: Side, b: Side, metric: Metric, difference: float) -> str:
    return (a if (difference > 0) == metric.is_low_better else b).name


def _amount(value: float, metric: Metric, unit: bool = False) -> str:
    """0.13 percentage points, or a number of a loss."""
    sign = _MINUS if value < 0 else ""
    if not metric.is_fraction:
        return sign + metric.format(abs(value))
    return f"{sign}{100 * abs(value):.2f}{' percentage points' if unit else ''}"


def _seeds(count: int) -> str:
    return f"{count:,} seed{'' if count == 1 else 's'}"
