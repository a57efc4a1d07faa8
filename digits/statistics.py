"""Statistics of a few runs: Student's t intervals and tests, paired and Welch's, and McNemar's exact test.

The page computes the same in web/core/statistics.js; tests compare both with SciPy and with each other.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

_EPSILON = 1e-15  # relative precision of continued fraction and quantile
_MAX_TERMS = 10_000  # of the continued fraction
_LEVEL = 0.95
_NO_SPREAD = 1e-12  # relative: equal numbers, apart from rounding


class Interval(NamedTuple):
    """A mean with its t interval; sd and limits are None for one value."""

    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None


class TTest(NamedTuple):
    """A t-test of two means, b minus a, with the interval of their difference."""

    difference: float
    low: float
    high: float
    t: float
    df: float
    p: float


def mean(values: Sequence[float]) -> float:
    """The mean of at least one value."""
    return sum(values) / len(values)


def deviation(values: Sequence[float]) -> float | None:
    """Sample standard deviation (divisor n - 1); 0 where values differ by rounding only, None for fewer than two."""
    if len(values) < 2:
        return None
    center = mean(values)
    sd = math.sqrt(sum((value - center) ** 2 for value in values) / (len(values) - 1))
    return 0.0 if sd <= _NO_SPREAD * max(map(abs, values)) else sd


def interval_of(values: Sequence[float], level: float = _LEVEL) -> Interval:
    """The mean of at least one value, with its t interval."""
    n, center, sd = len(values), mean(values), deviation(values)
    if sd is None:
        return Interval(n, center, None, None, None)
    reach = t_quantile(level, n - 1) * sd / math.sqrt(n)
    return Interval(n, center, sd, center - reach, center + reach)


def prediction_of(values: Sequence[float], level: float = _LEVEL) -> tuple[float, float]:
    """The range in which another value of the same normal distribution lies with that probability; two at least."""
    n, center = len(values), mean(values)
    reach = t_quantile(level, n - 1) * (deviation(values) or 0.0) * math.sqrt(1 + 1 / n)
    return center - reach, center + reach


def paired(a: Sequence[float], b: Sequence[float], level: float = _LEVEL) -> TTest:
    """The paired t-test of b - a: at least two values each, in the same order."""
    differences = [second - first for first, second in zip(a, b, strict=True)]
    largest = max(map(abs, (*a, *b)))
    sd = deviation(differences) or 0.0
    error = 0.0 if sd <= _NO_SPREAD * largest else sd / math.sqrt(len(a))
    return _test(mean(differences), error, len(a) - 1, level)


def welch(a: Sequence[float], b: Sequence[float], level: float = _LEVEL) -> TTest:
    """Welch's t-test of the means of b and a, whose variances may differ: at least two values each.

    B. L. Welch, "The generalization of Student's problem when several different population variances are involved",
    Biometrika, 1947.
    """
    for_a, for_b = ((deviation(values) or 0.0) ** 2 / len(values) for values in (a, b))
    below = for_a**2 / (len(a) - 1) + for_b**2 / (len(b) - 1)
    df = (for_a + for_b) ** 2 / below if below else len(a) + len(b) - 2
    return _test(mean(b) - mean(a), math.sqrt(for_a + for_b), df, level)


def _test(difference: float, error: float, df: float, level: float) -> TTest:
    reach = t_quantile(level, df) * error
    if difference == 0:
        t = 0.0
    else:
        t = difference / error if error else math.copysign(math.inf, difference)
    return TTest(difference, difference - reach, difference + reach, t, df, t_probability(t, df))


def t_probability(t: float, df: float) -> float:
    """The probability that |T| >= |t| for Student's t with `df` degrees of freedom (DLMF 8.17.19)."""
    return incomplete_beta(df / 2, 0.5, df / (df + t * t), t * t / (df + t * t)) if math.isfinite(t) else 0.0


def t_quantile(probability: float, df: float) -> float:
    """The t for which |T| < t has that probability; by bisection, as the probability falls with t."""

    def is_below(t: float) -> bool:
        return t_probability(t, df) > 1 - probability

    low, high = 0.0, 1.0
    while is_below(high):
        high *= 2
    while high - low > _EPSILON * high:
        half = (low + high) / 2
        if half in (low, high):
            break
        low, high = (half, high) if is_below(half) else (low, half)
    return high


def incomplete_beta(a: float, b: float, x: float, rest: float | None = None) -> float:
    """The regularized incomplete beta function I_x(a, b); `rest` is 1 - x, which the caller may know more precisely."""
    rest = 1 - x if rest is None else rest
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    # The continued fraction converges quickly below the distribution's mean; beyond it the other tail is computed.
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, rest, x)
    scale = a * math.log(x) + b * math.log(rest) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(scale) / (a * _beta_fraction(a, b, x))


def _beta_fraction(a: float, b: float, x: float) -> float:
    """1 + d1 / (1 + d2 / (1 + ...)) of DLMF 8.17.22, by the modified Lentz method (DLMF 3.10(iii))."""
    value, upper, lower = 1.0, 1.0, 0.0
    for k in range(1, _MAX_TERMS + 1):
        m = k // 2
        if k % 2:
            term = -x * (a + m) * (a + b + m) / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = x * m * (b - m) / ((a + 2 * m - 1) * (a + 2 * m))
        lower = 1 / (1 + term * lower)
        upper = 1 + term / upper
        value *= upper * lower
        if abs(upper * lower - 1) < _EPSILON:
            break
    return value


def discordant(labels: Sequence, a: Sequence, b: Sequence) -> tuple[int, int]:
    """Counts of images that only `a`, and only `b`, classifies correctly."""

    def only(one: Sequence, other: Sequence) -> int:
        return sum(x == label and y != label for label, x, y in zip(labels, one, other))

    return only(a, b), only(b, a)


def mcnemar(a: int, b: int) -> float:
    """McNemar's exact test, two-sided, of images that only one of two networks classifies correctly.

    The probability of a difference at least this large if both were equally good: the binomial test of `a` in a + b
    tosses of a fair coin. Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika, 1947.
    """
    n = a + b
    term = -n * math.log(2)  # the logarithm of C(n, 0) / 2^n
    tail = 0.0
    for k in range(min(a, b) + 1):
        tail += math.exp(term)
        term += math.log((n - k) / (k + 1)) if k < n else 0.0
    return min(1.0, 2 * tail)
