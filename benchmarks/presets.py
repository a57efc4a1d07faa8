"""Accuracy, time and memory of the presets.

    python benchmarks/presets.py                                 all presets, five seeds each
    python benchmarks/presets.py fast default --seeds 10         only these
    python benchmarks/presets.py fast --seeds 11-20 --add        ten more seeds
    python benchmarks/presets.py best --options "--epochs 2"     with other options of mnist_cnn.py

Writes benchmarks/results/presets-NAME.json after every run.
"""

from dataclasses import replace

import click
import machine
from figures import Results
from runs import QUANTITIES, Plan, measure_all, planned, settings_of

from digits.presets import PRESETS

TABLE = "Presets"
TARGETS = {  # the time on two cores
    "fast": {"test_accuracy": {"at_least": 99.0}},
    "default": {"test_accuracy": {"at_least": 99.65}, "train_seconds": {"at_most": 120.0}},
    "best": {"test_accuracy": {"at_least": 99.8}, "train_seconds": {"at_most": 1800.0}},
    "tiny": {"test_accuracy": {"at_least": 99.4}, "parameters": {"at_most": 5000.0}},
}


@click.command()
@click.argument("presets", nargs=-1, type=click.Choice(tuple(PRESETS)))
@planned(seeds=5)
def main(presets, plan) -> None:
    """Measure PRESETS, or all of them."""
    print(machine.describe())
    for preset in presets or PRESETS:
        measure_preset(preset, plan)


def measure_preset(preset: str, plan: Plan) -> None:
    named = ["--preset", preset]
    title = f"`{' '.join(named)}`"
    options = plan.options | {"settings": settings_of(preset)}
    targets = TARGETS.get(preset, {})
    quantities = tuple(replace(quantity, **targets.get(quantity.key, {})) for quantity in QUANTITIES)
    results = Results(f"presets-{preset}", title, quantities, options, plan.add, TABLE)
    measure_all([(title, plan.of_train(*named))], plan, results)
    results.print_rows()


if __name__ == "__main__":
    main()
