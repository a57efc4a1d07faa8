"""Results files: every quantity of a benchmark with mean and spread, rewritten after each repetition.

benchmarks/README.md documents the fields; benchmarks/table.py renders them.
"""

import json
import math
import os
import statistics
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import machine

from digits.files import read_json, write_atomically

FOLDER = Path(__file__).resolve().parent / "results"
_AGREE = ("machine", "versions", "options")  # of results that are merged


@dataclass(frozen=True)
class Quantity:
    """A measured quantity, with the target of its mean, `at_least` or `at_most`, if there is one."""

    key: str
    what: str
    unit: str
    digits: int = 2  # after the decimal point
    at_least: float | None = None
    at_most: float | None = None


class Results:
    """benchmarks/results/NAME.json, written after each repetition.

    `options`: all that the results depend on. `add`: keep earlier repetitions, if machine, versions and options are the
    same; otherwise the first new repetition replaces them. `table`: the table in benchmarks/README.md that has a row
    for each case of this file.
    """

    def __init__(
        self,
        name: str,
        title: str,
        quantities: tuple[Quantity, ...],
        options: dict | None = None,
        add: bool = False,
        table: str | None = None,
        folder: Path | None = None,
    ):
        self.path = (folder or Path(os.environ.get("BENCHMARK_RESULTS") or FOLDER)) / f"{name}.json"
        self._quantities = {quantity.key: quantity for quantity in quantities}
        self._values: dict[tuple[str | None, str], dict[str, float]] = {}  # by case and key, then by repetition
        self._head = {
            "title": title,
            "table": table,
            "machine": machine.name(),
            "versions": machine.versions(),
            "command": machine.command(),
            "options": options or {},
        }
        self._remarks: list[str] = []
        before = read_json(self.path) or {}
        if add and before:
            self._take_over(before)

    def has(self, repetition: int, of: str | None = None) -> bool:
        return any(case == of and str(repetition) in values for (case, _), values in self._values.items())

    def add(self, repetition: int, figures: dict[str, float | None], of: str | None = None) -> None:
        """Add the values of one repetition, mostly a seed, without those that are None, NaN or infinite."""
        for key, value in figures.items():
            if value is not None and math.isfinite(value):
                self._values.setdefault((of, key), {})[str(repetition)] = value
        self._write()

    def remark(self, text: str) -> None:
        """Add a caveat to these results; it is deleted with them."""
        if text not in self._remarks:
            self._remarks.append(text)
        self._write()

    def print_rows(self) -> None:
        """Print every row, and the file."""
        for row in self._rows():
            print(in_one_line(row))
        print(f"Written to {self.path}; python benchmarks/table.py updates README.md.")

    def _take_over(self, before: dict) -> None:
        for part in _AGREE:
            if before.get(part) != self._head[part]:
                raise SystemExit(
                    f"Error: {self.path} has other {part}: {before.get(part)}, now {self._head[part]}. Delete "
                    "it to start over."
                )
        self._remarks = list(before["remarks"])
        self._values = {
            (row["of"], row["key"]): dict(row["values"]) for row in before["rows"] if row["key"] in self._quantities
        }

    def _rows(self) -> list[dict]:
        cases = dict.fromkeys(case for case, _ in self._values)
        pairs = ((case, key) for case in cases for key in self._quantities if (case, key) in self._values)
        return [_row(case, self._quantities[key], self._values[case, key]) for case, key in pairs]

    def _write(self) -> None:
        content = {
            "schema": 1,
            **self._head,
            "measured_at": date.today().isoformat(),
            "rows": self._rows(),
            "remarks": self._remarks,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content, allow_nan=False, ensure_ascii=False, indent=1)
        write_atomically(self.path, f"{text}\n".encode())


def _row(of: str | None, quantity: Quantity, values: dict[str, float]) -> dict:
    """Spread is the sample standard deviation, None for a single value."""
    values = dict(sorted(values.items(), key=lambda item: int(item[0])))
    numbers = list(values.values())
    mean = statistics.fmean(numbers)
    row = {
        "of": of,
        "key": quantity.key,
        "what": quantity.what,
        "unit": quantity.unit,
        "digits": quantity.digits,
        "mean": mean,
        "spread": statistics.stdev(numbers) if len(numbers) > 1 else None,
        "n": len(numbers),
        "least": min(numbers),
        "greatest": max(numbers),
        "values": values,
    }
    if quantity.at_least is not None:
        row |= {"target": quantity.at_least, "target_is": "at least", "reached": mean >= quantity.at_least}
    if quantity.at_most is not None:
        row |= {"target": quantity.at_most, "target_is": "at most", "reached": mean <= quantity.at_most}
    return row


def shown(row: dict, unit: bool = True) -> str:
    """A value such as "99.46 ± 0.04 %"; without the spread if it is 0."""
    spread = f" ± {row['spread']:,.{row['digits']}f}" if row["spread"] else ""
    return f"{row['mean']:,.{row['digits']}f}{spread} {row['unit'] if unit else ''}".strip()


def in_one_line(row: dict) -> str:
    """A row such as "cnn4: test accuracy: 99.46 ± 0.04 % (least 99.41, greatest 99.50, n = 5)"."""
    least, greatest = (f"{row[end]:,.{row['digits']}f}" for end in ("least", "greatest"))
    named = ": ".join(filter(None, (row["of"], row["what"])))
    reached = "reached" if row.get("reached") else "not reached"
    target = f"; target {target_of(row)}: {reached}" if "target" in row else ""
    return f"{named}: {shown(row)} (least {least}, greatest {greatest}, n = {row['n']}){target}"


def target_of(row: dict) -> str:
    """The target of a row, such as "at least 99.00 %"."""
    return f"{row['target_is']} {row['target']:,.{row['digits']}f} {row['unit']}".strip()
