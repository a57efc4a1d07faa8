"""The benchmark programs by name, and their results files."""

import json

from tests.support import PROJECT

BENCHMARKS = PROJECT / "benchmarks"
PROGRAMS = (
    "architectures",
    "non_digits",
    "page",
    "peers",
    "pictures",
    "presets",
    "reference",
    "run_log",
    "server",
    "slow_clients",
    "start",
    "synthetic",
    "table",
    "time_to_99",
    "viewers",
)
PARTS = (
    "doodles",
    "figures",
    "machine",
    "house_numbers",
    "page_interaction",
    "page_live",
    "page_opening",
    "pens",
    "photos",
    "runs",
    "served",
)  # which the programs share


def content(folder, name="one"):
    return json.loads((folder / f"{name}.json").read_text())
