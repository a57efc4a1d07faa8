"""Checkpoints: saving, choosing and restoring the state of a run."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from digits.config import Config, names_of
from digits.files import link_or_copy
from digits.models import weights_file
from digits.option_types import flag
from digits.renames import present_options
from digits.runlog import commands, schema
from digits.runlog.run_log import RunLog
from digits.training.schedule import Schedule
from digits.training.trainer import RunningAverage, Trainer, TrainState

_PARTS = {"run_id", "config", "schedule", "progress", "learner", "log"}
_LEARNED_BY = sorted({*names_of("identifies"), "model"} - {*names_of("on_resume")})


class Checkpoints:
    """Writes a run's checkpoints: before the first step, after each epoch, now and then within one, before the rate
    falls, after a change, and when stopped.

    The last two are kept, so that one may be damaged; the one before the first step only until the next is written,
    since going on from it later would be starting over. The order of the data and the augmentation need no state: they
    follow from seed, epoch and step.
    """

    def __init__(self, log: RunLog, config: Config, learner: Trainer):
        self._log, self._config, self._learner = log, config, learner
        self._saved_at = time.monotonic()
        self._folder = Path(log.folder)
        self._plateau: tuple[Schedule, float] | None = None  # a schedule, and how many steps come before its decay
        self._passing: set[str] = set()  # damaged files and the one before the first step: not kept as the one before

    def save(self, progress: TrainState, file: str = schema.CHECKPOINT) -> None:
        """`progress` and learner are at the same step: nothing is left to fetch. Of several processes one writes."""
        self._saved_at = time.monotonic()
        if self._learner.group.rank:
            return
        state = weights_file.serialize(
            {
                "run_id": self._log.run_id,
                "config": self._config.as_json(),
                "schedule": asdict(self._learner.schedule),
                "progress": asdict(progress),
                "learner": self._learner.state_dict(),
                "log": self._log.state(),
            }
        )
        if file == schema.CHECKPOINT and file not in self._passing and (self._folder / file).exists():
            link_or_copy(self._folder / file, self._folder / schema.CHECKPOINT_BEFORE)
            self._log.announce(schema.CHECKPOINT_BEFORE)
        self._log.save(file, state)
        if progress.step:
            self._passing.discard(file)
        else:
            self._passing.add(file)

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

    def save_within_epoch(self, progress: TrainState) -> None:
        self.save(progress, schema.CHECKPOINT_PLATEAU if self.at_plateau else schema.CHECKPOINT)

    def save_change(self, progress: TrainState) -> None:
        """After somebody changed the run: where the rate falls from here on, a longer run goes on from here."""
        if self.at_plateau:
            self.save(progress, schema.CHECKPOINT_PLATEAU)
        self.save(progress)

    def try_to_save(self, progress: TrainState) -> bool:
        """Whether it went well; if not, the last checkpoint stands."""
        try:
            self.save(progress)
        except OSError:
            return False
        return True

    def latest(self, batches: int, events: list[dict], warn: Callable[[str], None]) -> tuple[dict | None, list[str]]:
        """The state of this run with the most steps that are also the first steps of the run as it is wanted now.

        An epoch has `batches`: a run that ended within one closed it there, which a longer run does not. A state that
        has all that was steered, by the `events` of the log, is preferred. Beside it comes why each other file does not
        fit; `warn` names damaged ones, and what is taken instead. Of several processes the first one looks, and tells
        the others.
        """
        if self._learner.group.rank:
            return None, []
        states, unfit = {}, {}
        for file in schema.CHECKPOINTS:
            try:
                state = self._loaded(file)
            except _Unfit as error:
                unfit[file] = str(error)
                continue
            if reason := self._mismatch(state, batches):
                unfit[file] = reason
            else:
                states[file] = state
        if not states:
            return None, _by_reason(unfit)
        lost = {file: _not_in(state, events) for file, state in states.items()}
        chosen = max(states, key=lambda file: (not lost[file], states[file]["learner"]["steps"]))
        for file in sorted(self._passing):
            warn(f"{file} can't be used: {unfit[file]}.")
        if self._passing:
            warn(f"The run goes on from {chosen}.")
        for event in lost[chosen]:
            warn(f"{chosen} is from before step {event['step']:,}: {event.get('text')}. Ask for that again.")
        return states[chosen], _by_reason(unfit)

    def _loaded(self, file: str) -> dict:
        try:
            state = weights_file.load(self._folder / file)
            if not state.keys() >= _PARTS:
                raise weights_file.DamagedFile("it is not a checkpoint")
            return state
        except FileNotFoundError:
            raise _Unfit("missing") from None
        except (weights_file.DamagedFile, OSError) as error:
            self._passing.add(file)
            raise _Unfit(getattr(error, "strerror", None) or str(error)) from None

    def _mismatch(self, state: dict, batches: int) -> str | None:
        """Why a whole state is not one that the run could have passed through; None where it is."""
        if state["run_id"] != self._log.run_id:
            return "of another run"
        config, saved_config = self._config.as_json(), present_options(state["config"])
        if other := next((name for name in _LEARNED_BY if saved_config.get(name) != config[name]), None):
            return f"of a run with another {flag(other)}"
        steps, saved = state["learner"]["steps"], Schedule.from_json(state["schedule"])
        wanted = self._wanted(saved)
        if steps > wanted.total:
            return f"after step {steps:,} of a longer run"
        if not saved.begins_like(wanted, steps):
            return f"after step {steps:,}, by then the learning rate had decayed as in a run of {saved.total:,} steps"
        if steps < wanted.total and steps % batches and not state["progress"]["batch"]:
            return f"after step {steps:,}, where its epoch was cut short"
        return None

    def restore(self, state: dict | None) -> TrainState:
        """Bring learner and log to `state`, or to the beginning of the run."""
        self._log.restore(state and state["log"])
        at, before = TrainState(), None
        if state:
            saved, values = Schedule.from_json(state["schedule"]), state["progress"]
            self._learner.load_state_dict(state["learner"])
            self._learner.schedule = self._wanted(saved)
            at = TrainState(**values | {"mean": RunningAverage(**values["mean"])})
            before = saved.total if saved.before else None
        total = self._learner.schedule.total
        self._log.event(commands.RESUMED, f"went on after {at.step:,} steps", value=total, before=before)
        return at

    def _wanted(self, saved: Schedule) -> Schedule:
        """What the options say now; with what was asked of the run on its way, where there is such."""
        wanted = self._learner.schedule
        return saved.lengthened(wanted.total) if saved.before else wanted


class _Unfit(Exception):
    """A file that holds no checkpoint; the message says why."""


def _not_in(state: dict, events: list[dict]) -> list[dict]:
    """What was steered after that state, of all `events`."""
    steered = [event for event in commands.changes(events) if event["kind"] != commands.RESUMED]
    return [event for event in steered if event not in state["log"]["events"]]


def _by_reason(unfit: dict[str, str]) -> list[str]:
    """Phrases that name files, those with the same reason together."""
    files = {reason: [file for file in unfit if unfit[file] == reason] for reason in unfit.values()}
    return [f"{', '.join(named)}: {reason}" for reason, named in files.items()]
