"""Replay of a run's first batches and comparison of every loss with its log, for the command verify."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from digits.data import datasets
from digits.data.datasets import ProgressFactory
from digits.errors import UserError
from digits.files import open_within
from digits.runlog import contract
from digits.runlog.batches import LONGEST_LINE, cell
from digits.runlog.control_actions import EPOCHS, LR, changes
from digits.training import machine
from digits.training.resume import PreviousRun
from digits.training.sampling import Batches
from digits.training.schedule import Schedule
from digits.training.train_state import Step
from digits.training.trainer import Trainer, build_trainer


@dataclass(frozen=True)
class Verdict:
    """Result of comparing the first `steps` steps: the first `step` that differs with its logged and new loss, or None.

    `differences` are those of machine, versions and images that may explain it.
    """

    steps: int
    differences: tuple[str, ...]
    step: int | None = None
    logged: str = ""
    repeated: str = ""


def verify(
    folder: Path, previous: PreviousRun, steps: int, progress: ProgressFactory, data_dir: Path | None = None
) -> Verdict:
    """Repeat the first `steps` steps of the run in `folder`, or as many as it has, and write nothing.

    Losses are compared as batches.csv has them, with the nine digits that distinguish any two float32 numbers.
    """
    config = previous.config
    logged = _logged_losses(folder, steps)
    device = machine.prepare(config, previous.environment.get("threads"))
    dataset = datasets.load(
        config.dataset, data_dir or config.data_dir, config.validation, config.train_limit, progress
    )
    results: list[Step] = []
    trainer = build_trainer(
        config,
        len(dataset.train),
        device,
        environment=previous.environment,
        on_step=lambda step, _: results.append(step),
    )
    batches = Batches(dataset.train.to(device), config.batch_size, config.seed, trainer.hard)
    try:
        trainer.schedule = replay_schedule(trainer.schedule, previous.events, len(batches))
    except ValueError as error:
        raise UserError(f"The events in the log of {folder} contradict each other: {error}.") from None

    here = machine.describe(config, device) | trainer.precision.describe()
    differences = (*previous.differences(here, "commit"), *previous.differences_of_images(dataset.describe()))
    with progress("Repeating the first batches", len(logged)) as advance:
        for number, repeated in enumerate(_losses(trainer, batches, results, len(logged)), start=1):
            if repeated != logged[number - 1]:
                return Verdict(len(logged), differences, number, logged[number - 1], repeated)
            advance(1)
    return Verdict(len(logged), differences)


def _losses(trainer: Trainer, batches: Batches, results: list[Step], steps: int) -> Iterator[str]:
    """Losses of the first steps, written as in batches.csv. The trainer appends to `results`."""
    trainer.network.train()
    for batch, indices in batches.between(0, steps):
        trainer.step(batch, indices)
        trainer.synchronize()
        yield cell(results.pop().loss, contract.LOSS_DIGITS)


def replay_schedule(schedule: Schedule, events: list[dict], batches: int) -> Schedule:
    """The schedule of a run with its remote-control changes, from the options' schedule and the log's events."""
    changed = changes(events)
    first = next((event for event in changed if "before" in event), None)
    if first:
        schedule = replace(schedule, total=first["before"] * (batches if first["kind"] == EPOCHS else 1))
    for event in changed:
        step, value = event["step"], event["value"]
        if event["kind"] == LR:
            schedule = schedule.at_rate(step, value)
        elif event["kind"] == EPOCHS:
            schedule = schedule.of_length(step, value * batches)
        elif schedule.before:  # as Checkpoints.restore does
            schedule = schedule.lengthened(value)
    return schedule


def report(verdict: Verdict, say: Callable[[str], None]) -> None:
    """Print the verdict; raises UserError if a loss differs."""
    if verdict.step is None:
        say(f"The first {verdict.steps:,} steps repeat bit for bit.")
        for difference in verdict.differences:
            say(f"This holds although {difference}.")
        return
    known = "; ".join(verdict.differences)
    reason = known or "nothing in the log explains it (changed code or data? try --deterministic)"
    raise UserError(
        f"Step {verdict.step:,} is the first that differs: its loss is {verdict.repeated or 'not finite'}, "
        f"in the log it is {verdict.logged or 'not finite'}. Possible reason: {reason}."
    )


def _logged_losses(folder: Path, steps: int) -> list[str]:
    file = folder / contract.BATCHES
    try:
        with open_within(folder, contract.BATCHES) as stream, io.TextIOWrapper(stream, "utf-8", newline="") as lines:
            table = csv.DictReader(iter(lambda: lines.readline(LONGEST_LINE), ""))
            rows = [row for row, _ in zip(table, range(steps)) if row["images_per_second"] is not None]
        if [int(row["step"]) for row in rows] != list(range(1, len(rows) + 1)):
            raise ValueError("its steps are not in order")
        losses = [row["loss"] for row in rows]
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{file} cannot be compared: {error}") from None
    if not losses:
        raise UserError(f"The run in {folder} has logged no batch: there is nothing to compare.")
    return losses
