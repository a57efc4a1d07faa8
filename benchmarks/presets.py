"""How long each preset takes, how much memory, and how well its network reads.

    python benchmarks/presets.py                                 all presets but tiny (tiny.py), five seeds each
    python benchmarks/presets.py fast default --seeds 10         these
    python benchmarks/presets.py fast --seeds 11-20 --add        ten seeds more
    python benchmarks/presets.py best --options "--epochs 2"     with other options of mnist_cnn.py

Writes benchmarks/results/presets-NAME.json after every run.
"""

from dataclasses import replace

import click
import machine
from figures import Results
from runs import QUANTITIES, measure_all, planned, settings_of

from digits.presets import PRESETS

NAMES = tuple(name for name in PRESETS if name != "tiny")  # which has a benchmark of its own, with more seeds
TABLE = "Presets"
TARGETS = {  # what was aimed at; the time on two cores
    "fast": {"test_accuracy": {"at_least": 99.0}},
    "default": {"test_accuracy": {"at_least": 99.65}, "train_seconds": {"at_most": 120.0}},
    "best": {"test_accuracy": {"at_least": 99.8}, "train_seconds": {"at_most": 1800.0}},
    "tiny": {"test_accuracy": {"at_least": 99.4}, "parameters": {"at_most": 5000.0}},
}


@click.command()
@click.argument("presets", nargs=-1, type=click.Choice(NAMES))
@planned(seeds=5)
def main(presets, plan) -> None:
    """Measure PRESETS, or all of them."""
    print(machine.describe())
    for preset in presets or NAMES:
        measure_preset(preset, f"presets-{preset}", plan)


def measure_preset(preset: str, name: str, plan) -> None:
    named = ["--preset", preset]
    title = f"`{' '.join(named)}`"
    options = plan.options | {"settings": settings_of(preset)}
    targets = TARGETS.get(preset, {})
    quantities = tuple(replace(quantity, **targets.get(quantity.key, {})) for quantity in QUANTITIES)
    results = Results(name, title, quantities, options, plan.add, TABLE)
    measure_all([(title, plan.of_train(*named))], plan, results)
    results.tell()


if __name__ == "__main__":
    main()
