"""The previous run in the results folder, which --resume continues and --restart repeats. Does not import torch."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from digits import renames, torchrun
from digits.config import Config, names_of
from digits.errors import UserError
from digits.option_types import flag
from digits.paths import invocation
from digits.runlog import archive, contract, training_log
from digits.runlog.control_actions import original_epochs

_TIMEOUT_S, _POLL_S = 30.0, 0.05


@dataclass(frozen=True)
class PreviousRun:
    """A run to resume or restart, according to its log."""

    config: Config
    environment: dict
    dataset: dict
    complete: bool
    steps: int  # planned
    events: list[dict]  # of the log, with the changes by remote control
    is_empty: bool  # nothing is lost by starting over
    renamed: str = ""  # a notice about options that were renamed

    def check_images(self, dataset: dict) -> None:
        """Raise UserError if the images are not those of the run."""
        if self.differences_of_images(dataset):
            raise UserError("These are not the images that the run was trained on: use those, or start a new run.")

    def check_checkpoint(self, state: dict | None, unusable: list[str]) -> None:
        """Raise UserError if there is no `state` to resume from, but something to lose; `unusable` says why."""
        if state is None and not self.is_empty:
            raise UserError(
                f"No checkpoint fits the run in {self.config.results_dir} ({'; '.join(unusable)}): "
                "--restart repeats it from the beginning, and moves its files to runs/ first."
            )

    def differences_of_images(self, dataset: dict) -> list[str]:
        known = self.dataset.get("sha256", dataset["sha256"])
        return [] if known == dataset["sha256"] else [f"the content of the {dataset['name']} images differs"]

    def differences(self, environment: dict, *more: str) -> list[str]:
        """Differences of the settings that determine whether results repeat bit for bit, and of `more`."""
        kinds = ("torch", "device", "device_name", "threads", "processes", "precision", "deterministic", *more)
        return [
            f"{kind} is {environment.get(kind)} instead of {self.environment[kind]}"
            for kind in kinds
            if kind in self.environment and environment.get(kind) != self.environment[kind]
        ]


def previous_run(folder: Path) -> PreviousRun:
    """The run in `folder`. Raises UserError if there is none that this version can read."""
    file = folder / contract.TRAINING_LOG
    try:
        log = training_log.load(folder)
    except OSError as error:
        raise UserError(f"{file} can't be read now: {error.strerror or error}. Try again.") from None
    if log is None:
        found = f"{file} is damaged" if file.exists() else f"{folder} contains no run"
        raise UserError(f"{found}: start one with {invocation('mnist_cnn')}.")
    try:
        complete = log["status"] == "completed"
        steps = _whole_number(log["progress"]["steps"] or 0)
        environment = dict(log["environment"])
        _whole_number(environment.get("threads", 0))
        dataset, events = log["dataset"] or {}, training_log.events_of(log)
        config, is_empty = Config.from_json(dict(log["config"])), archive.holds_nothing(folder)
        renamed = renames.notice(log["config"])
        return PreviousRun(config, environment, dict(dataset), complete, steps, events, is_empty, renamed)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(
            f"{folder} contains no run that this version can read: start one with {invocation('mnist_cnn')}."
        ) from None


def _whole_number(value) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def load_for_resume(folder: Path, given: dict[str, Any]) -> PreviousRun:
    """The run in `folder`, with the options `given` explicitly. Raises UserError if it can't be resumed with them."""
    previous = previous_run(folder)
    before, config = previous.config, _changed(previous, folder, given)
    if before.steps and config.steps == before.steps and config.epochs != before.epochs:
        raise UserError(f"The run in {folder} ends after --steps {before.steps}: raise that instead of --epochs.")
    if config.epochs < before.epochs or 0 < config.steps < previous.steps:
        raise UserError(f"The run in {folder} is planned for more epochs or steps: --resume cannot shorten a run.")
    if previous.complete and (config.epochs, config.steps) == (before.epochs, before.steps):
        raise UserError(f"The run in {folder} is complete: raise --epochs to continue it, or omit --resume.")
    return replace(previous, config=config)


def load_for_restart(folder: Path, given: dict[str, Any]) -> PreviousRun:
    """The run in `folder`, with the options `given` explicitly. Raises UserError if it can't be repeated with them.

    With several processes, the main one archives that run and starts the new one; the others wait for its log, which
    has the same options.
    """
    give_up = time.monotonic() + _TIMEOUT_S
    while not torchrun.is_main_process() and training_log.read(folder) is None and time.monotonic() < give_up:
        time.sleep(_POLL_S)
    previous = previous_run(folder)
    return replace(previous, config=_changed(previous, folder, given))


def _changed(previous: PreviousRun, folder: Path, given: dict[str, Any]) -> Config:
    changeable = names_of("on_resume")
    for name, value in given.items():
        known = getattr(previous.config, name)
        if name not in changeable and value != known:
            option = flag(name)
            raise UserError(
                f"The run in {folder} has {option} {known}: omit {option}, or start another run without --resume and "
                "--restart."
            )
    changed = {name: value for name, value in given.items() if name in changeable}
    before, config = previous.config, replace(previous.config, **changed | {"results_dir": folder})
    as_started = replace(before, epochs=original_epochs(previous.events) or before.epochs)
    if "name" not in changed and before.name in _automatic_names(before) | _automatic_names(as_started):
        config = replace(config, name=config.summary())
    return config


def _automatic_names(config: Config) -> set[str]:
    """The names that this version and earlier ones give to a run of this config."""
    return {config.summary(), config.summary(renames.FORMER)}
