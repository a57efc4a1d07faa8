"""Comparisons in the terminal: the numbers and sentences of the page, on a table of cases, and SciPy's numbers."""

import json
from pathlib import Path

import pytest
from scipy import stats

from digits import statistics
from digits.runlog import comparison, groups, sentences
from digits.runlog.comparison import Answers, Side
from digits.runlog.groups import Metric, Run
from tests.support import PROJECT
from tests.support.node import exported
from tests.test_statistics import GROUPS, PAIRS, RNG

CASES = json.loads((PROJECT / "tests" / "fixtures" / "comparisons.json").read_text())
CLOSE = {"rel": 1e-9, "abs": 1e-14}


def entries(rows: list) -> list[dict]:
    """Entries of the list of runs: the earliest run of the table is the last entry."""
    given = [
        {
            "run_id": f"r{place:02d}",
            "path": f"runs/r{place:02d}/",
            "name": f"lr {lr}, seed {seed}",
            "status": "completed",
            "started_at": f"2026-11-20T10:{place:02d}:00Z",
            "dataset": "mnist",
            "config": {"lr": lr, "seed": seed, "epochs": 3.0, "quiet": bool(place % 2), "channels": [4, 8]},
            "test_accuracy": accuracy,
            "metrics": {"test_correct": 5} if accuracy is None else {"val_loss": round(1 - accuracy, 6)},
        }
        for place, (lr, seed, accuracy) in enumerate(rows)
    ]
    return given[::-1]


MODULES = ("core/run-list", "runs/comparison", "runs/fields", "runs/sentences")
SCRIPT = """(async () => {
    const modules = await Promise.all(%s.map((name) => import(`./web/${name}.js`)));
    const { parseRuns, sidesOf, compare, fieldsOf, sentenceOf, noteOn } = Object.assign({}, ...modules);
    const runs = parseRuns(%s);
    const [overlay, list] = [runs.map((run) => run.runId), { isGrouped: true }];
    const sides = sidesOf({ runs, overlay, list, shown: null, others: [], log: null });
    const [base, ...others] = sides;
    const field = fieldsOf(runs).get('%s');
    const results = others.map((side) => compare(base, side, field));
    const sentences = others.map((side, at) => sentenceOf(base, side, field, results[at]));
    const named = sides.map((side) => [side.name, side.runs.map((run) => run.runId)]);
    return { sides: named, results, sentences, note: noteOn(sides) };
})()"""


def on_the_page(case: dict) -> dict:
    """Sides, results, sentences and note that the page's modules give for the runs of a case."""
    script = SCRIPT % (json.dumps(MODULES), json.dumps({"runs": entries(case["runs"])}), case["metric"])
    return exported("core/statistics.js", f"await {script}")


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"])
def test_sides_numbers_and_sentences_are_those_of_the_page(case):
    runs = [Run(entry, Path()) for entry in entries(case["runs"])[::-1]]
    metric = Metric(case["metric"])
    base, *others = sides = comparison.sides_of(runs, runs)
    results = [comparison.compare(base, side, metric) for side in others]
    expected = on_the_page(case)
    assert [[side.name, [run.run_id for run in side.runs]] for side in sides] == expected["sides"]
    for result, other in zip(results, expected["results"], strict=True):
        assert result.kind == other["kind"]
        assert (list(result.a), list(result.b)) == (pytest.approx(other["a"]), pytest.approx(other["b"]))
        assert result.range == (
            other["range"] and pytest.approx((other["range"]["low"], other["range"]["high"]), **CLOSE)
        )
        if result.test is None or other["test"] is None:
            assert result.test == other["test"]
        else:  # JSON has no infinity: null
            known = {name: value for name, value in other["test"].items() if value is not None}
            assert {name: getattr(result.test, name) for name in known} == pytest.approx(known, **CLOSE)
    written = [sentences.sentence_of(base, side, metric, result) for side, result in zip(others, results, strict=True)]
    assert [list(one) for one in written] == [
        [plain(one["verdict"]), plain(one["text"])] for one in expected["sentences"]
    ]
    assert sentences.note_on(sides) == expected["note"]


def answers(labels: str, right: int, start: int = 0) -> Answers:
    """Predictions of which `right` from `start` on are correct."""
    return Answers(labels, "".join(label if start <= at < start + right else "x" for at, label in enumerate(labels)))


@pytest.mark.parametrize(
    ("a", "b"), [((20, 0), (20, 10)), ((15, 0), (21, 9)), ((19, 0), (10, 0)), ((0, 0), (40, 0)), ((40, 0), (40, 0))]
)
def test_sentences_on_test_images_are_those_of_the_page(a, b):
    labels = "0123456789" * 4
    given = [answers(labels, *a), answers(labels, *b)]
    sides = [Side("one", []), Side("other", [])]
    mine = sentences.sentence_of_answers(*sides, *given)
    as_js = [{"labels": [*one.labels], "predictions": [*one.predictions]} for one in given]
    call = f"m.sentenceOfAnswers({{name: 'one'}}, {{name: 'other'}}, ...{json.dumps(as_js)})"
    expected = exported("runs/sentences.js", call)
    assert mine is not None
    assert (mine.verdict, mine.text) == (plain(expected["verdict"]), plain(expected["text"]))


def test_answers_on_other_images_are_not_compared():
    sides = (Side("one", []), Side("other", []))
    one = answers("0123", 2)
    assert sentences.sentence_of_answers(*sides, one, answers("0124", 2)) is None
    assert sentences.sentence_of_answers(*sides, one, None) is None


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_intervals_agree_with_scipy(level):
    for values in (group for pair in GROUPS for group in pair):
        interval = statistics.interval_of(values, level)
        expected = stats.t.interval(level, len(values) - 1, stats.tmean(values), stats.sem(values))
        assert (interval.low, interval.high, interval.sd) == pytest.approx((*expected, stats.tstd(values)), **CLOSE)


@pytest.mark.parametrize(
    ("function", "cases", "reference"),
    [
        (statistics.paired, PAIRS, stats.ttest_rel),
        (statistics.welch, GROUPS, lambda b, a: stats.ttest_ind(b, a, equal_var=False)),
    ],
)
def test_t_tests_agree_with_scipy(function, cases, reference):
    for a, b in cases:
        result, expected = function(a, b), reference(b, a)
        numbers = (expected.statistic, expected.df, expected.pvalue, *expected.confidence_interval(0.95))
        assert (result.t, result.df, result.p, result.low, result.high) == pytest.approx(numbers, **CLOSE)


def test_mcnemars_test_agrees_with_the_exact_binomial_test():
    for n in (0, 1, 2, 5, 12, 40, 130, 700, 3000):
        a = RNG.randrange(n + 1)
        expected = stats.binomtest(a, n).pvalue if n else 1.0
        assert statistics.mcnemar(a, n - a) == pytest.approx(expected, **CLOSE)


def test_labels_and_formats_of_metrics_are_those_of_the_page():
    names = [
        "val_accuracy",
        "train_loss",
        "test_ece_calibrated",
        "test_calibration_error",
        "val_top_5",
        "test_accepted",
    ]
    values = [0.98765, 0.9999999, 1.0, 0.0123, 12.0, 1234.5, 0.00001234]
    calls = f"{json.dumps(names)}.map((name) => [m.labelOf(name), m.isFraction(name)])"
    for name, (label, is_fraction) in zip(names, exported("core/field-labels.js", calls), strict=True):
        assert (Metric(name).label, Metric(name).is_fraction) == (label[0].lower() + label[1:], is_fraction)
    runs = json.dumps([{"metrics": dict.fromkeys(names, 1), "config": []}])
    formats = f"{json.dumps(names)}.map((name) => {json.dumps(values)}.map(m.fieldsOf({runs}).get(name).format))"
    low = f"{json.dumps(names)}.map((key) => m.isLowBetter({{ key }}))"
    for name, texts, is_low in zip(
        names, exported("runs/fields.js", formats), exported("runs/fields.js", low), strict=True
    ):
        assert [Metric(name).format(value) for value in values] == [plain(text) for text in texts]
        assert Metric(name).is_low_better is is_low


def test_settings_that_do_not_affect_the_network_are_those_of_the_page():
    assert set(exported("runs/groups.js", "[...m.IGNORED]")) == groups.IGNORED
