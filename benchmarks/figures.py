"""A results file: every figure of a benchmark with mean and spread, written anew after each repetition.

benchmarks/README.md explains its fields; benchmarks/table.py makes README's tables of them.
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

FOLDER = Path(os.environ.get("BENCHMARK_RESULTS") or Path(__file__).resolve().parent / "results")
_AGREE = ("machine", "versions", "options")  # or figures can't be put together


@dataclass(frozen=True)
class Quantity:
    """What is measured. A target names what its mean is to be `at_least`, or `at_most`."""

    key: str
    what: str
    unit: str
    digits: int = 2  # behind the point
    at_least: float | None = None
    at_most: float | None = None


class Results:
    """benchmarks/results/NAME.json. Figures are added a repetition at a time, and are on the disk at once.

    `options` are all that the figures depend on. With `add` what was measured before is kept, if machine, versions and
    options agree; without, the first new figures replace the old. The notes, which people write, are always kept.
    `table` names a table of README that this file has its lines in: one for each thing that was measured.
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
        self.path = (folder or FOLDER) / f"{name}.json"
        self._quantities = {quantity.key: quantity for quantity in quantities}
        self._values: dict[tuple[str | None, str], dict[str, float]] = {}  # by thing and key, then by repetition
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
        self._notes = list(before.get("notes", []))
        if add and before:
            self._take_over(before)

    def has(self, repetition: int, of: str | None = None) -> bool:
        return any(thing == of and str(repetition) in values for (thing, _), values in self._values.items())

    def add(self, repetition: int, figures: dict[str, float | None], of: str | None = None) -> None:
        """The figures of one repetition, mostly a seed. What is None or no finite number is left out."""
        for key, value in figures.items():
            if value is not None and math.isfinite(value):
                self._values.setdefault((of, key), {})[str(repetition)] = value
        self._write()

    def remark(self, text: str) -> None:
        """A sentence about these figures, for README; it goes when they go."""
        if text not in self._remarks:
            self._remarks.append(text)
        self._write()

    def tell(self) -> None:
        """Print every row, and where they are kept."""
        for row in self._rows():
            print(told(row))
        print(f"Kept in {self.path}; python benchmarks/table.py puts them into README.md.")

    def _take_over(self, before: dict) -> None:
        for part in _AGREE:
            if before.get(part) != self._head[part]:
                raise SystemExit(
                    f"Error: {self.path} was measured otherwise: its {part} are {before.get(part)}, now they are "
                    f"{self._head[part]}. Leave out --add to begin anew."
                )
        self._remarks = list(before["remarks"])
        self._values = {
            (row["of"], row["key"]): dict(row["values"]) for row in before["rows"] if row["key"] in self._quantities
        }

    def _rows(self) -> list[dict]:
        things = dict.fromkeys(thing for thing, _ in self._values)
        pairs = ((thing, key) for thing in things for key in self._quantities if (thing, key) in self._values)
        return [_row(thing, self._quantities[key], self._values[thing, key]) for thing, key in pairs]

    def _write(self) -> None:
        content = {
            "schema": 1,
            **self._head,
            "measured_at": date.today().isoformat(),
            "rows": self._rows(),
            "remarks": self._remarks,
            "notes": self._notes,
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
    """Such as "99.46 ± 0.04 %"; without a spread what was the same every time."""
    spread = f" ± {row['spread']:,.{row['digits']}f}" if row["spread"] else ""
    return f"{row['mean']:,.{row['digits']}f}{spread} {row['unit'] if unit else ''}".strip()


def told(row: dict) -> str:
    """Such as "cnn4: test accuracy: 99.46 ± 0.04 % (least 99.41, greatest 99.50, n = 5)"."""
    least, greatest = (f"{row[end]:,.{row['digits']}f}" for end in ("least", "greatest"))
    named = ": ".join(filter(None, (row["of"], row["what"])))
    reached = "reached" if row.get("reached") else "not reached"
    target = f"; target {target_of(row)}: {reached}" if "target" in row else ""
    return f"{named}: {shown(row)} (least {least}, greatest {greatest}, n = {row['n']}){target}"


def target_of(row: dict) -> str:
    """Such as "at least 99.00 %"."""
    return f"{row['target_is']} {row['target']:,.{row['digits']}f} {row['unit']}".strip()
