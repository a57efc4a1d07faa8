"""Accuracy, time and memory of the presets.

    python benchmarks/presets.py                                 all presets, five seeds each
    python benchmarks/presets.py fast default --seeds 10         only these
    python benchmarks/presets.py fast --seeds 11-20 --add        ten more seeds
    python benchmarks/presets.py best --options "--epochs 2"     with other options of mnist_cnn.py

After each run, an epoch of the recipe in reference.py is timed: a run's time in such epochs compares machines.

Writes benchmarks/results/presets-NAME.json after every run.
"""

from collections.abc import Callable
from dataclasses import replace

import click
import machine
from figures import Quantity, Results
from runs import QUANTITIES as OF_RUNS
from runs import Plan, measure_all, planned, reference, settings_of

from digits.presets import PRESETS

TABLE = "Presets"
_EPOCH = 60_000  # images of the recipe
QUANTITIES = (*OF_RUNS, Quantity("peer_epochs", "total time in epochs of pytorch/examples", "", 2))
TARGETS = {  # 1.2 epochs in float32, 1.0 in bfloat16
    "fast": {"test_accuracy": {"at_least": 99.1}},
    "default": {"test_accuracy": {"at_least": 99.7}, "peer_epochs": {"at_most": 1.2}},
    "best": {"test_accuracy": {"at_least": 99.78}, "peer_epochs": {"at_most": 15.0}},
    "tiny": {"test_accuracy": {"at_least": 99.4}, "parameters": {"at_most": 3500.0}},
}


@click.command()
@click.argument("presets", nargs=-1, type=click.Choice(tuple(PRESETS)))
@click.option("--images", default=_EPOCH, show_default=True, help="Images of the recipe that are timed.")
@planned(seeds=5)
def main(presets, images: int, plan: Plan) -> None:
    """Measure PRESETS, or all of them."""
    print(machine.describe())
    for preset in presets or PRESETS:
        measure_preset(preset, plan, images)


def measure_preset(preset: str, plan: Plan, images: int) -> None:
    named = ["--preset", preset]
    title = f"`{' '.join(named)}`"
    options = plan.options | {"settings": settings_of(preset)}
    targets = TARGETS.get(preset, {})
    quantities = tuple(replace(quantity, **targets.get(quantity.key, {})) for quantity in QUANTITIES)
    results = Results(f"presets-{preset}", title, quantities, options, plan.add, TABLE)
    more = in_peer_epochs(images, plan.threads) if plan.parallel == 1 else None
    measure_all([(title, plan.of_train(*named))], plan, results, more)
    results.print_rows()


def in_peer_epochs(images: int, threads: int) -> Callable[[dict, int], dict[str, float]]:
    """A function of figures and seed of a run: its time in epochs of reference.py, one of which it times.

    Of fewer `images` than 60,000, the time of an epoch is that of these in proportion.
    """

    def more(figures: dict, seed: int) -> dict[str, float]:
        found = reference(seed=seed, threads=threads, epochs=1, accuracy=100, images=images)
        return {"peer_epochs": figures["seconds"] / (found["seconds"] * _EPOCH / images)}

    return more


if __name__ == "__main__":
    main()
