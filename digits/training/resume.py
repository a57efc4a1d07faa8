"""The run in the results folder that --resume continues. Knows no torch."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from digits import launch, renames
from digits.config import Config, names_of
from digits.errors import UserError
from digits.option_types import flag
from digits.runlog import archive, schema, training_log
from digits.runlog.commands import original_epochs

_PATIENCE_S, _LOOK_S = 30.0, 0.05


@dataclass(frozen=True)
class PreviousRun:
    """The run so far, as its log tells it."""

    config: Config
    environment: dict
    dataset: dict
    complete: bool
    steps: int  # planned
    events: list  # of the log: what somebody changed on the way stands there
    is_empty: bool  # nothing is lost where it begins again
    renamed: str = ""  # a sentence on the options that have another name now

    def check_images(self, dataset: dict) -> None:
        """Raise UserError where the images are not those that the run began with."""
        if self.differences_of_images(dataset):
            raise UserError("These are not the images that the run began with: give it the same, or begin another run.")

    def check_checkpoint(self, state: dict | None, unfit: list[str]) -> None:
        """Raise UserError where there is no `state` to go on from, and so something to lose; `unfit` says why."""
        if state is None and not self.is_empty:
            raise UserError(
                f"No checkpoint fits to go on with the run in {self.config.results_dir} ({'; '.join(unfit)}): "
                "--restart trains it again from the beginning, and moves what is there to runs/ first."
            )

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


def previous_run(folder: Path) -> PreviousRun:
    """The run in `folder`. Raises UserError where there is none of this program's."""
    file = folder / schema.TRAINING_LOG
    try:
        log = training_log.load(folder)
    except OSError as error:
        raise UserError(f"{file} can't be read now: {error.strerror or error}. Try again.") from None
    if log is None:
        found = f"{file} is damaged" if file.exists() else f"{folder} holds no run"
        raise UserError(f"{found}: begin one with python mnist_cnn.py.")
    try:
        complete = log["status"] == "completed"
        steps = _whole_number(log["progress"]["steps"] or 0)
        environment = dict(log["environment"])
        _whole_number(environment.get("threads", 0))
        dataset, events = log["dataset"] or {}, training_log.events_of(log)
        config, is_empty = Config.from_json(dict(log["config"])), archive.holds_nothing(folder)
        renamed = renames.notice(log["config"])
        return PreviousRun(config, environment, dict(dataset), complete, steps, events, is_empty, renamed)
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{folder} holds no run of this version: begin one with python mnist_cnn.py.") from None


def _whole_number(value) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def load_for_resume(folder: Path, given: dict[str, object]) -> PreviousRun:
    """The run in `folder`, with the options that were `given` anew. Raises UserError where that cannot be."""
    earlier = previous_run(folder)
    before, config = earlier.config, _changed(earlier, folder, given)
    if before.steps and config.steps == before.steps and config.epochs != before.epochs:
        raise UserError(f"The run in {folder} ends after --steps {before.steps}: raise that instead of --epochs.")
    if config.epochs < before.epochs or 0 < config.steps < earlier.steps:
        raise UserError(f"The run in {folder} was to be longer than that: --resume makes it no shorter.")
    if earlier.complete and (config.epochs, config.steps) == (before.epochs, before.steps):
        raise UserError(f"The run in {folder} is complete: raise --epochs to go on with it, or leave --resume out.")
    return replace(earlier, config=config)


def load_for_restart(folder: Path, given: dict[str, object]) -> PreviousRun:
    """The run in `folder`, with the options that were `given` anew. Raises UserError where that cannot be.

    Of several processes the first one moves that run away and begins the new one, with the same options: the others
    wait for its log.
    """
    give_up = time.monotonic() + _PATIENCE_S
    while not launch.is_main_process() and training_log.read(folder) is None and time.monotonic() < give_up:
        time.sleep(_LOOK_S)
    earlier = previous_run(folder)
    return replace(earlier, config=_changed(earlier, folder, given))


def _changed(earlier: PreviousRun, folder: Path, given: dict[str, object]) -> Config:
    changeable = names_of("on_resume")
    for name, value in given.items():
        known = getattr(earlier.config, name)
        if name not in changeable and value != known:
            option = flag(name)
            raise UserError(
                f"The run in {folder} began with {option} {known}: leave {option} out, or begin another run without "
                "--resume and --restart."
            )
    anew = {name: value for name, value in given.items() if name in changeable}
    before, config = earlier.config, replace(earlier.config, **anew | {"results_dir": folder})
    as_begun = replace(before, epochs=original_epochs(earlier.events) or before.epochs)
    if "name" not in anew and before.name in before.automatic_names | as_begun.automatic_names:
        config = replace(config, name=config.summary())
    return config
