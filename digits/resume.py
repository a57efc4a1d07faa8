"""What --resume goes on with: the run in the results folder, its options and what it ran on. Knows no torch."""

from dataclasses import dataclass, replace
from pathlib import Path

from digits import contract, runlog
from digits.control import planned_first
from digits.errors import UserError
from digits.options import CHANGEABLE, Config
from digits.presets import flag


@dataclass(frozen=True)
class Earlier:
    """The run so far, as its log tells it."""

    config: Config
    environment: dict
    dataset: dict
    complete: bool
    steps: int  # planned
    events: list  # of the log: what somebody changed on the way stands there

    def check_images(self, dataset: dict) -> None:
        """Raise UserError where the images are not those that the run began with."""
        if self.differences_of_images(dataset):
            raise UserError("These are not the images that the run began with: give it the same, or begin another run.")

    def differences_of_images(self, dataset: dict) -> list[str]:
        known = self.dataset.get("sha256", dataset["sha256"])
        return [] if known == dataset["sha256"] else [f"{dataset['name']} data of other content than the run's"]

    def differences(self, environment: dict, *more: str) -> list[str]:
        """What is not as it was, of all that decides whether results repeat bit for bit, and of `more`."""
        kinds = ("torch", "device", "device_name", "threads", "processes", "precision", "deterministic", *more)
        return [
            f"{kind} {environment[kind]} instead of {self.environment[kind]}"
            for kind in kinds
            if kind in self.environment and environment.get(kind) != self.environment[kind]
        ]


def earlier_run(folder: Path) -> Earlier:
    """The run in `folder`. Raises UserError where there is none of this program's."""
    file = folder / contract.TRAINING_LOG
    try:
        log = runlog.load(folder)
    except OSError as error:
        raise UserError(f"{file} can't be read now: {error.strerror or error}. Try again.") from None
    if log is None:
        found = f"{file} is damaged" if file.exists() else f"{folder} holds no run"
        raise UserError(f"{found}: begin one with python mnist_cnn.py.")
    try:
        complete = log["status"] == "completed"
        steps = log["progress"]["steps"] or 0
        environment, dataset = log["environment"], log["dataset"] or {}
        return Earlier(Config.from_json(log["config"]), environment, dataset, complete, steps, log["events"])
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{folder} holds no run of this version: begin one with python mnist_cnn.py.") from None


def continued(folder: Path, given: dict[str, object]) -> Earlier:
    """The run in `folder`, with the options that were `given` anew. Raises UserError where that cannot be."""
    earlier = earlier_run(folder)
    for name, value in given.items():
        known = getattr(earlier.config, name)
        if name not in CHANGEABLE and value != known:
            option = flag(name)
            raise UserError(f"The run in {folder} began with {option} {known}: leave {option} out, or --resume.")
    anew = {name: value for name, value in given.items() if name in CHANGEABLE}
    before, config = earlier.config, replace(earlier.config, **anew | {"results_dir": folder})
    as_begun = replace(before, epochs=planned_first(earlier.events) or before.epochs)
    if "name" not in anew and before.name in (before.summary(), as_begun.summary()):
        config = replace(config, name=config.summary())
    if before.steps and config.steps == before.steps and config.epochs != before.epochs:
        raise UserError(f"The run in {folder} ends after --steps {before.steps}: raise that instead of --epochs.")
    if config.epochs < before.epochs or 0 < config.steps < earlier.steps:
        raise UserError(f"The run in {folder} was to be longer than that: --resume makes it no shorter.")
    if earlier.complete and (config.epochs, config.steps) == (before.epochs, before.steps):
        raise UserError(f"The run in {folder} is complete: raise --epochs to go on with it, or leave --resume out.")
    return replace(earlier, config=config)
