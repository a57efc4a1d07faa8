"""The page's statistics of runs, compared with SciPy's."""

import json
import math
import random

import pytest
from scipy import special, stats

from tests.support.node import exported

MODULE = "core/statistics.js"
RNG = random.Random(17)
GROUPS = [
    [[RNG.gauss(0.98, spread) for _ in range(n)] for n in sizes]
    for sizes in ((2, 2), (3, 3), (2, 7), (5, 3), (10, 10), (25, 4))
    for spread in (0.0005, 0.02, 0.3)
]
PAIRS = [(a, b) for a, b in GROUPS if len(a) == len(b)]
CLOSE = {"rel": 1e-9, "abs": 1e-15}


def computed(expression: str, cases: list) -> list:
    """The value of a JavaScript expression for each case `c`."""
    return exported(MODULE, f"{json.dumps(cases)}.map((c) => {expression})")


def approx(expected):
    return pytest.approx(expected, **CLOSE)


def test_t_probabilities_agree():
    cases = [(t, df) for t in (0, 1e-6, 0.1, 1, 2.5, -4, 30, 1e4) for df in (1, 1.3, 2, 3.7, 9, 40.5, 1000)]
    assert computed("m.tProbability(...c)", cases) == approx([2 * stats.t.sf(abs(t), df) for t, df in cases])


def test_t_quantiles_agree():
    cases = [(level, df) for level in (0.01, 0.5, 0.9, 0.95, 0.999, 1 - 1e-9) for df in (1, 1.3, 2, 4, 17.5, 300)]
    assert computed("m.tQuantile(...c)", cases) == approx([stats.t.isf((1 - level) / 2, df) for level, df in cases])


def test_the_incomplete_beta_function_agrees():
    cases = [(a, b, x) for a in (0.1, 0.5, 1, 7, 80) for b in (0.3, 0.5, 2, 30) for x in (0, 1e-9, 0.2, 0.5, 0.97, 1)]
    assert computed("m.incompleteBeta(...c)", cases) == approx([special.betainc(*case) for case in cases])


def test_the_logarithm_of_gamma_agrees():
    cases = [0.01, 0.5, 1, 1.5, 2, 3.3, 9.99, 10, 55.5, 1e4]
    assert computed("m.logGamma(c)", cases) == pytest.approx([math.lgamma(x) for x in cases], rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_intervals_of_a_mean_agree(level):
    cases = [group for pair in GROUPS for group in pair]
    for given, answer in zip(cases, computed(f"m.intervalOf(c, {level})", cases), strict=True):
        low, high = stats.t.interval(level, len(given) - 1, stats.tmean(given), stats.sem(given))
        assert (answer["n"], answer["mean"]) == (len(given), approx(stats.tmean(given)))
        assert (answer["sd"], answer["low"], answer["high"]) == approx((stats.tstd(given), low, high))


def test_the_interval_of_another_value_agrees():
    cases = [group for pair in GROUPS for group in pair]
    for given, answer in zip(cases, computed("m.predictionOf(c)", cases), strict=True):
        scale = stats.tstd(given) * math.sqrt(1 + 1 / len(given))
        expected = stats.t.interval(0.95, len(given) - 1, stats.tmean(given), scale)
        assert (answer["low"], answer["high"]) == approx(expected)


@pytest.mark.parametrize(
    ("function", "cases", "reference"),
    [
        ("paired", PAIRS, stats.ttest_rel),
        ("welch", GROUPS, lambda b, a: stats.ttest_ind(b, a, equal_var=False)),
    ],
)
def test_t_tests_agree(function, cases, reference):
    for (a, b), answer in zip(cases, computed(f"m.{function}(...c)", cases), strict=True):
        expected = reference(b, a)
        assert (answer["t"], answer["df"], answer["p"]) == approx((expected.statistic, expected.df, expected.pvalue))
        assert (answer["low"], answer["high"]) == approx(tuple(expected.confidence_interval(0.95)))
        assert answer["difference"] == approx(stats.tmean(b) - stats.tmean(a))


def test_mcnemars_test_agrees_with_the_exact_binomial_test():
    cases = [(RNG.randrange(n + 1), n) for n in (1, 2, 5, 12, 40, 130, 700, 3000) for _ in range(4)]
    answers = computed("m.mcnemar({a: c[0], b: c[1] - c[0]})", cases)
    assert answers == approx([stats.binomtest(count, n).pvalue for count, n in cases])
