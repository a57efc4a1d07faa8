"""How well the smallest network reads, over ten seeds: `python benchmarks/tiny.py`, with the options of presets.py.

Writes benchmarks/results/tiny.json after every run.
"""

import click
import machine
from presets import measure_preset
from runs import planned


@click.command()
@planned(seeds=10)
def main(plan) -> None:
    """Measure the preset tiny."""
    print(machine.describe())
    measure_preset("tiny", "tiny", plan)


if __name__ == "__main__":
    main()
