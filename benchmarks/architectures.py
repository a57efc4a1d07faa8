"""Accuracy of all networks under the same recipe, `--preset textbook`.

    python benchmarks/architectures.py                           all, three seeds each
    python benchmarks/architectures.py cnn4 lenet5 --seeds 5     only these

Writes benchmarks/results/architectures.json after every run.
"""

import click
import machine
from figures import Results
from runs import QUANTITIES, measure_all, planned, settings_of

from digits.architectures import ARCHITECTURES

PRESET = "textbook"


@click.command()
@click.argument("models", nargs=-1, type=click.Choice(tuple(ARCHITECTURES)))
@planned(seeds=3)
def main(models, plan) -> None:
    """Measure MODELS, or all of them."""
    print(machine.describe())
    title = f"Architectures, each under `--preset {PRESET}`"
    options = plan.options | {"settings": settings_of(PRESET)}
    results = Results("architectures", title, QUANTITIES, options, plan.add, table=title)
    cases = [
        (f"`--model {model}`", plan.of_train("--preset", PRESET, "--model", model)) for model in models or ARCHITECTURES
    ]
    measure_all(cases, plan, results)
    results.print_rows()


if __name__ == "__main__":
    main()
