"""Markdown tables of the files in benchmarks/results.

python benchmarks/table.py            writes six recipes into README.md, all figures into benchmarks/README.md
python benchmarks/table.py --check    exits with 1 if either is out of date
"""

import itertools
import json
import sys
from pathlib import Path

import click
import machine
from figures import FOLDER, shown, target_of

README, DETAILS = machine.PROJECT / "README.md", machine.PROJECT / "benchmarks" / "README.md"
BEGIN = "<!-- measured: written by benchmarks/table.py from benchmarks/results -->"
BEGIN_FAULTS = "<!-- faults: written by benchmarks/table.py from benchmarks/results/faults.json -->"
END = "<!-- measured: end -->"
FAULTS = "Injected faults"  # a table of its own in benchmarks/README.md
FIRST = (
    "time_to_99",
    "presets-fast",
    "presets-default",
    "presets-best",
    "presets-tiny",
    "presets-textbook",
    "peers",
    "architectures",
)
RECIPES = {  # README's six rows, by case
    "`--preset fast`": "`--preset fast`",
    "`--preset default`": "`--preset default`",
    "`--preset best`": "`--preset best`",
    "pytorch/examples": "pytorch/examples, mnist, 14 epochs",
    "Keras example": "Keras, simple MNIST convnet, 15 epochs",
    "LeNet-5": "LeNet-5 with ReLU and Adam, 10 epochs",
}
COLUMNS = ("test_accuracy", "peer_epochs", "parameters")
NOTHING = "(`make benchmark` writes its results here.)"


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a table is out of date.")
def main(check: bool) -> None:
    """Update the tables."""
    files = read(FOLDER)
    figures = [file for file in files if file["table"] != FAULTS]
    faults = [file for file in files if file["table"] == FAULTS]
    documents = {
        README: {BEGIN: summary(figures)},
        DETAILS: {BEGIN: markdown(figures), BEGIN_FAULTS: injected(faults)},
    }
    for path, texts in documents.items():
        old = new = path.read_text(encoding="utf-8")
        for begin, text in texts.items():
            new = replaced(new, text, begin)
        if check and new != old:
            sys.exit(f"{path} is out of date: run python benchmarks/table.py.")
        if not check:
            path.write_text(new, encoding="utf-8", newline="\n")


def read(folder: Path) -> list[dict]:
    """All results files, in the order of the tables."""
    order = {name: place for place, name in enumerate(FIRST)}
    paths = sorted(folder.glob("*.json"), key=lambda path: (order.get(path.stem, len(order)), path.stem))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def replaced(text: str, tables: str, begin: str = BEGIN) -> str:
    before, found, rest = text.partition(f"{begin}\n")
    _, end, after = rest.partition(END)
    if not found or not end:
        raise SystemExit(f"A document lacks the lines {begin} and {END}, between which the tables go.")
    return f"{before}{found}{tables}\n{end}{after}"


def summary(files: list[dict]) -> str:
    """README's table of six recipes, and their machines."""
    rows = {(row["of"], row["key"]): (file, row) for file in files for row in file["rows"]}
    found = [of for of in RECIPES if (of, COLUMNS[0]) in rows]
    lines = [["", "test accuracy, %", "time, epochs of pytorch/examples", "parameters", "n"]]
    for of in found:
        cells = {key: rows[of, key][1] for key in COLUMNS if (of, key) in rows}
        n = cells[COLUMNS[0]]["n"]
        lines.append([RECIPES[of], *(cell(cells.get(key), n) for key in COLUMNS), str(n)])
    names = sorted({rows[of, COLUMNS[0]][0]["machine"] for of in found})
    return f"{as_table(lines)}\n\nMeasured on {' and '.join(names)}." if found else NOTHING


def markdown(files: list[dict]) -> str:
    """The tables of each machine, then the targets and the remarks."""
    machines = {}
    for file in files:
        machines.setdefault((file["machine"], *file["versions"].items()), []).append(file)
    parts = []
    for (name, *versions), measured in machines.items():
        parts.append(preamble(name, dict(versions), measured))
        parts.extend(tables(measured))
    parts += [targets(files), remarks(files)]
    return "\n\n".join(filter(None, parts)) or NOTHING


def injected(files: list[dict]) -> str:
    """The table of injected faults."""
    parts = [f"{circumstances(file['machine'], file['versions'], [file])}\n\n{in_columns([file])}" for file in files]
    return "\n\n".join(parts) or "(`make faults` writes its results here.)"


def circumstances(name: str, versions: dict, measured: list[dict]) -> str:
    dates = sorted({file["measured_at"] for file in measured})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"On {name}, Python {versions['python']}, torch {versions['torch']}; {when}."


def preamble(name: str, versions: dict, measured: list[dict]) -> str:
    return (
        f"{circumstances(name, versions, measured)}\n"
        "Mean ± sample standard deviation of n repetitions, each with a seed of its own where there is one."
    )


def tables(measured: list[dict]) -> list[str]:
    """Files with the same `table` in one table with a column for each quantity, the others in one list."""
    columns = {}
    for file in measured:
        columns.setdefault(file["table"], []).append(file)
    listed = columns.pop(None, [])
    return [f"{table}:\n\n{in_columns(files)}" for table, files in columns.items()] + [as_list(listed)]


def in_columns(files: list[dict]) -> str:
    rows = [(file, row) for file in files for row in file["rows"]]
    quantities = {row["key"]: ", ".join(filter(None, (row["what"], row["unit"]))) for _, row in rows}
    lines = [["", *quantities.values(), "n"]]
    for (of, conditions), group in itertools.groupby(rows, lambda pair: (pair[1]["of"], conditions_of(pair[0]))):
        cells = {row["key"]: row for _, row in group}
        n = max(row["n"] for row in cells.values())
        lines.append([of + conditions, *(cell(cells.get(key), n) for key in quantities), str(n)])
    return as_table(lines)


def cell(row: dict | None, n: int) -> str:
    """A value, with n where it has fewer repetitions than the row."""
    if row is None:
        return ""
    return shown(row, unit=False) + (f" (n = {row['n']})" if row["n"] != n else "")


def as_list(files: list[dict]) -> str:
    if not files:
        return ""
    lines = [["what", "measured", "n"]]
    for file in files:
        lines.append([f"**{file['title']}**{conditions_of(file)}", "", ""])
        for of, rows in itertools.groupby(file["rows"], lambda row: row["of"]):
            lines += [[of, "", ""]] * bool(of)
            lines += [[row["what"], shown(row), str(row["n"])] for row in rows]
    return as_table(lines)


def conditions_of(file: dict) -> str:
    """Options that differ from the default, in parentheses."""
    threads, more = file["options"].get("threads"), file["options"].get("more")
    unusual = [f"threads: {threads}"] * bool(threads) + [f"`{more}`"] * bool(more)
    return f" ({', '.join(unusual)})" if unusual else ""


def as_table(lines: list[list[str]]) -> str:
    """The first line is the header; all columns but the first are right-aligned."""
    head, *rest = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, f"|---{'|---:' * (len(lines[0]) - 1)}|", *rest])


def targets(files: list[dict]) -> str:
    """A table of all quantities with a target."""
    lines = [
        [f"{row['of'] or file['title']}: {row['what']}", target_of(row), shown(row), "✓" if row["reached"] else "✗"]
        for file in files
        for row in file["rows"]
        if "target" in row
    ]
    return f"Targets:\n\n{as_table([['', 'target', 'measured', 'reached'], *lines])}" if lines else ""


def remarks(files: list[dict]) -> str:
    return "\n".join(f"- {file['title']}: {text}" for file in files for text in file["remarks"])


if __name__ == "__main__":
    main()
