"""How soon 99 % of MNIST's test images are read: the preset fast, beside a well-known recipe on the same cores.

    python benchmarks/time_to_99.py [--seeds 5] [--threads 2]

For each seed in turn: the recipe (reference.py, where it is told) until its test accuracy is 99 %, then the preset
fast as a whole; so both meet the same load of the machine, and each ratio is of two neighbours. The recipe's clock runs
in its training epochs alone. That of fast never stops: its epochs include validation, and its whole process also the
imports, reading the data, and the test. The preset's length is fixed; how it was chosen, the notes in
results/presets-fast.json tell.

Writes benchmarks/results/time_to_99.json after every seed.
"""

import json

import click
import machine
from figures import Quantity, Results
from machine import PROJECT
from runs import measure, planned, settings_of, timed

RECIPE = "the recipe of pytorch/examples"
FAST = "`--preset fast`"
QUANTITIES = (
    Quantity("recipe_seconds", f"{RECIPE}: training epochs alone, until its test accuracy is 99 %", "s", 1),
    Quantity("recipe_epochs", f"{RECIPE}: epochs until then", "", 1),
    Quantity("recipe_accuracy", f"{RECIPE}: test accuracy then", "%"),
    Quantity("fast_train_seconds", f"{FAST}: its epochs, validation included", "s", 2),
    Quantity("fast_seconds", f"{FAST}: whole process, imports and test included", "s", 2),
    Quantity("fast_accuracy", f"{FAST}: test accuracy", "%", at_least=99.0),
    Quantity("fast_val_accuracy", f"{FAST}: validation accuracy", "%"),
    Quantity("ratio_epochs", "the recipe's training epochs to the epochs of `fast`", "times", 1, at_least=80.0),
    Quantity("ratio_process", "the recipe's training epochs to the whole process of `fast`", "times", 1, at_least=35.0),
)


@click.command()
@click.option("--epochs", default=14, show_default=True, help="The recipe is given up after so many.")
@click.option("--images", default=60_000, show_default=True, help="Of the recipe, from each set; fewer for a trial.")
@planned(seeds=5)
def main(epochs: int, images: int, plan) -> None:
    """Measure both, and their ratios. --options are for the preset."""
    plan.one_at_a_time()
    print(machine.describe())
    options = plan.options | {"epochs": epochs, "images": images, "settings": settings_of("fast")}
    results = Results("time_to_99", "Time to 99 %", QUANTITIES, options, plan.add)
    for seed in plan.seeds:
        if results.has(seed):
            continue
        figures = recipe(seed, plan.threads, epochs, images, results)
        figures |= fast(seed, plan)
        if figures["recipe_seconds"] is not None:
            figures["ratio_epochs"] = figures["recipe_seconds"] / figures["fast_train_seconds"]
            figures["ratio_process"] = figures["recipe_seconds"] / figures["fast_seconds"]
        results.add(seed, figures)
        print(f"seed {seed}: " + ", ".join(f"{k} {v:.2f}" for k, v in figures.items() if v is not None), flush=True)
    results.tell()


def recipe(seed: int, threads: int, epochs: int, images: int, results: Results) -> dict[str, float | None]:
    options = {"--seed": seed, "--threads": threads, "--epochs": epochs, "--images": images}
    words = [str(word) for option in options.items() for word in option]
    found = json.loads(timed([str(PROJECT / "benchmarks" / "reference.py"), *words]).output.splitlines()[-1])
    if not found["reached"]:
        results.remark(
            f"With seed {seed} the recipe did not reach 99 % within {epochs} epochs: no ratio from that seed."
        )
        return {"recipe_seconds": None, "recipe_epochs": None, "recipe_accuracy": found["accuracy"]}
    return {f"recipe_{key}": found[key] for key in ("seconds", "epochs", "accuracy")}


def fast(seed: int, plan) -> dict[str, float | None]:
    found = measure(plan.of_train("--preset", "fast"), seed)
    return {
        "fast_train_seconds": found["train_seconds"],
        "fast_seconds": found["seconds"],
        "fast_accuracy": found["test_accuracy"],
        "fast_val_accuracy": found["val_accuracy"],
    }


if __name__ == "__main__":
    main()
