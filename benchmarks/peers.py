"""Accuracy and time of well-known recipes: pytorch/examples, a Keras example, LeNet-5.

    python benchmarks/peers.py [--seeds 1]

Each recipe of reference.py is trained for all its epochs. Its time is that of the training epochs, without evaluation,
in epochs of pytorch/examples with the same seed, so that machines and loads compare. presets.py has the presets' times.

Writes benchmarks/results/peers.json after every seed.
"""

import click
import machine
from figures import Quantity, Results
from runs import Plan, planned, reference

TABLE = "Peers"
RECIPES = {"pytorch": "pytorch/examples", "keras": "Keras example", "lenet5": "LeNet-5"}
QUANTITIES = (
    Quantity("test_accuracy", "test accuracy", "%"),
    Quantity("peer_epochs", "training time in epochs of pytorch/examples", "", 2),
    Quantity("parameters", "parameters", "", 0),
)


@click.command()
@click.option("--epochs", default=0, help="Epochs of each recipe; 0: its own.")
@click.option("--images", default=60_000, show_default=True, help="Images of each set; fewer for a trial.")
@planned(seeds=1)
def main(epochs: int, images: int, plan: Plan) -> None:
    """Measure all recipes."""
    plan.one_at_a_time()
    print(machine.describe())
    options = plan.options | {"epochs": epochs, "images": images}
    results = Results("peers", "Peers", QUANTITIES, options, plan.add, TABLE)
    for seed in plan.seeds:
        epoch = 0.0  # seconds, of pytorch/examples
        for recipe, name in RECIPES.items():
            found = reference(recipe, seed=seed, threads=plan.threads, epochs=epochs, images=images, accuracy=101)
            epoch = epoch or found["seconds"] / found["epochs"]
            figures = {"test_accuracy": found["last"], "parameters": found["parameters"]}
            results.add(seed, figures | {"peer_epochs": found["seconds"] / epoch}, name)
            print(f"{name}, seed {seed}: {found['last']:.2f} %, {found['seconds']:.1f} s", flush=True)
    results.print_rows()


if __name__ == "__main__":
    main()
