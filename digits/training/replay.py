"""Replay: the first batches of a run are trained again, and every loss is compared with its log.

Its first batches are trained again, and every loss is compared with the one in its log.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from digits.data import datasets
from digits.data.datasets import ProgressFactory
from digits.errors import UserError
from digits.files import open_within
from digits.runlog import schema
from digits.runlog.batches import LONGEST_LINE, cell
from digits.training import machine, trainer
from digits.training.build import batches_per_epoch, build_trainer
from digits.training.remote_control import replay_schedule
from digits.training.resume import PreviousRun


@dataclass(frozen=True)
class Verdict:
    """`steps` first steps were compared. `step` is the first that differs, `logged` there and `now` here; or None."""

    steps: int
    step: int | None = None
    logged: str = ""
    now: str = ""
    reasons: tuple[str, ...] = ()


def verify(
    folder: Path, earlier: PreviousRun, steps: int, progress: ProgressFactory, data_dir: Path | None = None
) -> Verdict:
    """Train the first `steps` batches of the run in `folder` again, or as many as it has. Nothing is written.

    Losses are compared as batches.csv has them, with the nine digits that tell any two float32 apart.
    """
    config = earlier.config
    logged = _logged_losses(folder, steps)
    device = machine.prepare(config, earlier.environment.get("threads"))
    dataset = datasets.load(
        config.dataset, data_dir or config.data_dir, config.validation, config.train_limit, progress
    )
    learner = build_trainer(config, len(dataset.train), device, environment=earlier.environment)
    here = machine.describe(config, device) | learner.precision.describe()
    reasons = [*earlier.differences(here, "commit"), *earlier.differences_of_images(dataset.describe())]

    learner.network.train()
    train_split, batches = dataset.train.to(device), batches_per_epoch(config, len(dataset.train))
    try:
        learner.schedule = replay_schedule(learner.schedule, earlier.events, batches)
    except ValueError as error:
        raise UserError(f"The events in the log of {folder} do not fit together: {error}.") from None
    with progress("Training the first batches again", len(logged)) as done:
        for epoch in range(1, 2 + (len(logged) - 1) // batches):
            order = trainer.shuffled_indices(len(train_split), config.seed, epoch).to(device).split(config.batch_size)
            for indices in order[: len(logged) - batches * (epoch - 1)]:
                for number, step in enumerate(
                    [*learner.step(train_split[indices]), *learner.flush_metrics()], learner.steps
                ):
                    now = cell(step.loss, schema.LOSS_DIGITS)
                    if now != logged[number - 1]:
                        return Verdict(len(logged), number, logged[number - 1], now, tuple(reasons))
                done(1)
    return Verdict(len(logged), reasons=tuple(reasons))


def report(verdict: Verdict, say: Callable[[str], None]) -> None:
    """In sentences; raises UserError where something differs."""
    if verdict.step is None:
        say(f"The first {verdict.steps:,} steps repeat, bit for bit.")
        for reason in verdict.reasons:
            say(f"They do so with {reason}.")
        return
    reasons = "; ".join(verdict.reasons) or "nothing in the log explains it (code or data? try --deterministic)"
    raise UserError(
        f"Step {verdict.step:,} is the first that differs: its loss is {verdict.now or 'no number'}, "
        f"and {verdict.logged or 'no number'} in the log. Here is {reasons}."
    )


def _logged_losses(folder: Path, steps: int) -> list[str]:
    try:
        with open_within(folder, schema.BATCHES) as file, io.TextIOWrapper(file, "utf-8", newline="") as lines:
            table = csv.DictReader(iter(lambda: lines.readline(LONGEST_LINE), ""))
            rows = [row for row in islice(table, steps) if row["images_per_second"] is not None]
        if [int(row["step"]) for row in rows] != list(range(1, len(rows) + 1)):
            raise ValueError("its steps are not in order")
        losses = [row["loss"] for row in rows]
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{folder / schema.BATCHES} cannot be compared with: {error}") from None
    if not losses:
        raise UserError(f"The run in {folder} has no batch yet: nothing to compare with.")
    return losses
