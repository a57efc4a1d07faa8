"""The state of a run on the disk, and back: whatever stops it, it goes on as if it had never stopped."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from digits import checkpoint, contract
from digits.files import keep_as
from digits.options import Config
from digits.runlog import RunLog
from digits.schedule import Schedule
from digits.training import Learner, Mean, Progress


class Checkpoints:
    """Writes a run's checkpoints: after each epoch, now and then within one, before the rate falls, and when stopped.

    The last two are kept, so that one may be damaged. The order of the data and the augmentation need no state: they
    follow from seed, epoch and step.
    """

    def __init__(self, log: RunLog, config: Config, learner: Learner):
        self._log, self._config, self._learner = log, config, learner
        self._saved_at = time.monotonic()
        self._folder = Path(log.folder)
        self._plateau: tuple[Schedule, float] | None = None  # a schedule, and how many steps come before its decay
        self._damaged: set[str] = set()  # files that must not take a whole one's place

    def save(self, progress: Progress, file: str = contract.CHECKPOINT) -> None:
        """`progress` and learner are at the same step: nothing is left to fetch. Of several processes one writes."""
        self._saved_at = time.monotonic()
        if self._learner.group.rank:
            return
        state = checkpoint.packed(
            {
                "run_id": self._log.run_id,
                "config": self._config.as_json(),
                "schedule": asdict(self._learner.schedule),
                "progress": asdict(progress),
                "learner": self._learner.state_dict(),
                "log": self._log.state(),
            }
        )
        if file == contract.CHECKPOINT and file not in self._damaged and (self._folder / file).exists():
            keep_as(self._folder / file, self._folder / contract.CHECKPOINT_BEFORE)
            self._log.announce(contract.CHECKPOINT_BEFORE)
        self._log.save(file, state)
        self._damaged.discard(file)

    @property
    def due(self) -> bool:
        return time.monotonic() - self._saved_at >= self._config.checkpoint_every

    @property
    def at_plateau(self) -> bool:
        """Whether a longer run would go another way from the next step on."""
        schedule = self._learner.schedule  # another one once somebody has changed it
        if self._plateau is None or self._plateau[0] is not schedule:
            self._plateau = schedule, schedule.before_decay
        return self._learner.steps == self._plateau[1]

    def save_within_epoch(self, progress: Progress) -> None:
        self.save(progress, contract.CHECKPOINT_PLATEAU if self.at_plateau else contract.CHECKPOINT)

    def try_to_save(self, progress: Progress) -> bool:
        """Whether it went well; if not, the last checkpoint stands."""
        try:
            self.save(progress)
        except OSError:
            return False
        return True

    def latest(self, batches: int, warn: Callable[[str], None]) -> dict | None:
        """The state of this run with the most steps that are also the first steps of the run as it is wanted now.

        An epoch has `batches`: a run that ended within one closed it there, which a longer run does not. A damaged file
        is named by `warn`, and what is taken instead. None: begin at the beginning. Of several processes the first one
        looks, and tells the others.
        """
        if self._learner.group.rank:
            return None
        best = chosen = None
        for file in contract.CHECKPOINTS:
            try:
                state = checkpoint.load(self._folder / file)
            except FileNotFoundError:
                continue
            except (checkpoint.Damaged, OSError) as error:
                warn(f"{file} can't be used: {getattr(error, 'strerror', None) or error}.")
                self._damaged.add(file)
                continue
            steps = state["learner"]["steps"] if state.get("run_id") == self._log.run_id else 0
            saved = Schedule.from_json(state["schedule"])
            wanted = self._wanted(saved)
            fits = steps <= wanted.total and saved.begins_like(wanted, steps)
            closed_early = steps % batches and not state["progress"]["batch"]
            fits = fits and (steps == wanted.total or not closed_early)
            if fits and steps > (best["learner"]["steps"] if best else 0):
                best, chosen = state, file
        if self._damaged:
            warn(f"The run goes on from {chosen}." if chosen else "No other will do: the run begins anew.")
        return best

    def restore(self, state: dict | None) -> Progress:
        """Bring learner and log to `state`, or to the beginning of the run."""
        self._log.restore(state and state["log"])
        if state is None:
            return Progress()
        self._learner.load_state_dict(state["learner"])
        self._learner.schedule = self._wanted(Schedule.from_json(state["schedule"]))
        values = state["progress"]
        return Progress(**values | {"mean": Mean(**values["mean"])})

    def _wanted(self, saved: Schedule) -> Schedule:
        """What the options say now; with what was asked of the run on its way, where there is such."""
        wanted = self._learner.schedule
        return replace(saved, total=wanted.total) if saved.before else wanted
