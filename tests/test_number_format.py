"""Numbers for people: the terminal and the page format each kind in the same way, on one table of cases."""

import json

import pytest

from digits import number_format
from tests.support import FIXTURES

CASES = json.loads((FIXTURES / "number-formats.json").read_text())  # tests/web/format.test.js reads it, too
FORMATS = {
    "decimal": number_format.decimal,
    "rate": number_format.rate,
    "percent": number_format.percent,
    "probability": number_format.probability,
    "duration": number_format.duration,
    "estimate": lambda seconds: number_format.duration(seconds, tenths=False),
    "bytes": number_format.size,
    "count": lambda count: f"{count:,}",
}


@pytest.mark.parametrize("kind", CASES)
def test_each_kind_of_number_has_one_style(kind):
    assert [[value, FORMATS[kind](value)] for value, _ in CASES[kind]] == CASES[kind]
