"""Time to 99 % test accuracy on MNIST: the preset fast and the recipe of pytorch/examples, on the same cores.

    python benchmarks/time_to_99.py [--seeds 5] [--threads 2]

For each seed: the recipe (reference.py) until its test accuracy is 99 %, then a whole run of the preset, so both have
about the same load of the machine. For the recipe only the training epochs count. For the preset the training time
includes validation, and the total time also imports, reading the data, and the test. Its length is fixed
(benchmarks/LOG.md says how it was chosen).

Writes benchmarks/results/time_to_99.json after every seed.
"""

import click
import machine
from figures import Quantity, Results
from runs import Plan, measure, planned, reference, settings_of

RECIPE = "pytorch/examples"
FAST = "`--preset fast`"
QUANTITIES = (
    Quantity("recipe_seconds", f"{RECIPE}: training time to 99 %", "s", 1),
    Quantity("recipe_epochs", f"{RECIPE}: epochs to 99 %", "", 1),
    Quantity("recipe_accuracy", f"{RECIPE}: test accuracy", "%"),
    Quantity("fast_train_seconds", f"{FAST}: training time, with validation", "s", 2),
    Quantity("fast_seconds", f"{FAST}: total time", "s", 2),
    Quantity("fast_accuracy", f"{FAST}: test accuracy", "%", at_least=99.0),
    Quantity("fast_val_accuracy", f"{FAST}: validation accuracy", "%"),
    Quantity("ratio_epochs", "speed-up over pytorch/examples, training time", "times", 1, at_least=80.0),
    Quantity("ratio_process", "speed-up over pytorch/examples, total time of `fast`", "times", 1, at_least=70.0),
)


@click.command()
@click.option("--epochs", default=14, show_default=True, help="Maximum for the recipe.")
@click.option(
    "--images", default=60_000, show_default=True, help="Images of each set for the recipe; fewer for a trial."
)
@planned(seeds=5)
def main(epochs: int, images: int, plan: Plan) -> None:
    """Measure both, and the speed-up. --options are for the preset."""
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
    results.print_rows()


def recipe(seed: int, threads: int, epochs: int, images: int, results: Results) -> dict[str, float | None]:
    found = reference(seed=seed, threads=threads, epochs=epochs, images=images)
    if not found["reached"]:
        results.remark(
            f"With seed {seed} the recipe did not reach 99 % within {epochs} epochs: no ratio from that seed."
        )
        return {"recipe_seconds": None, "recipe_epochs": None, "recipe_accuracy": found["accuracy"]}
    return {f"recipe_{key}": found[key] for key in ("seconds", "epochs", "accuracy")}


def fast(seed: int, plan: Plan) -> dict[str, float | None]:
    found = measure(plan.of_train("--preset", "fast"), seed)
    return {
        "fast_train_seconds": found["train_seconds"],
        "fast_seconds": found["seconds"],
        "fast_accuracy": found["test_accuracy"],
        "fast_val_accuracy": found["val_accuracy"],
    }


if __name__ == "__main__":
    main()
