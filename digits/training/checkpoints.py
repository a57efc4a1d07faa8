"""Checkpoints: saving, choosing and restoring the state of a run."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from digits.config import Config, names_of, saved_options
from digits.files import link_or_copy
from digits.models import weights_file
from digits.option_types import flag
from digits.runlog import contract, control_actions
from digits.runlog.run_log import RunLog
from digits.training.resume import PreviousRun
from digits.training.schedule import Schedule
from digits.training.train_state import RunningAverage, TrainState
from digits.training.trainer import Trainer

_PARTS = {"run_id", "config", "schedule", "progress", "learner", "log"}  # learner: Trainer.state_dict
_MUST_MATCH = sorted({*names_of("identifies"), "model"} - {*names_of("on_resume")})  # options


class Checkpoints:
    """Writer of a run's checkpoints.

    They are saved before the first step, after each epoch, at intervals within one, before learning rate or
    augmentation decay, after a command that changes the run, and when it is stopped or interrupted. The last two are
    kept in case one gets damaged; the one before the first step is kept only until the next, since resuming from it
    would mean starting over. Data order and augmentation need no state: seed, epoch and step determine them.
    """

    def __init__(self, log: RunLog, config: Config, trainer: Trainer):
        self._log, self._config, self._trainer = log, config, trainer
        self._saved_at = time.monotonic()
        self._folder = Path(log.folder)
        self._plateau: tuple[Schedule, float] | None = None  # a schedule, and its number of steps before the cooldown
        self._disposable: set[str] = set()  # damaged files, and the one before the first step: no backup is kept

    def save(self, file: str = contract.CHECKPOINT) -> None:
        """Save the state of trainer and log at the same step. One process writes, but all must call it together."""
        self._trainer.synchronize()
        self._saved_at = time.monotonic()
        if self._trainer.group.rank:
            return
        content = weights_file.serialize(
            {
                "run_id": self._log.run_id,
                "config": self._config.as_json(),
                "schedule": asdict(self._trainer.schedule),
                "progress": asdict(self._trainer.state),
                "learner": self._trainer.state_dict(),
                "log": self._log.state(),
            }
        )
        if file == contract.CHECKPOINT and file not in self._disposable and (self._folder / file).exists():
            link_or_copy(self._folder / file, self._folder / contract.CHECKPOINT_BEFORE)
            self._log.announce(contract.CHECKPOINT_BEFORE)
        self._log.save(file, content)
        if self._trainer.state.step:
            self._disposable.discard(file)
        else:
            self._disposable.add(file)

    def save_if_due(self) -> None:
        """After a step: save before the cooldown begins, and every --checkpoint-every seconds.

        Each process has its own clock, so the latter happens only at steps where all have synchronized anyway.
        """
        if self._at_plateau_end:
            self.save(contract.CHECKPOINT_PLATEAU)
        elif self._trainer.is_synchronized and time.monotonic() - self._saved_at >= self._config.checkpoint_every:
            self.save()

    def save_change(self) -> None:
        """After a command that changed the run: save, also as the plateau checkpoint if the cooldown begins here."""
        if self._at_plateau_end:
            self.save(contract.CHECKPOINT_PLATEAU)
        self.save()

    def try_to_save(self) -> bool:
        """Save, and return whether it succeeded; if not, the last checkpoint remains."""
        try:
            self.save()
        except OSError:
            return False
        return True

    @property
    def _at_plateau_end(self) -> bool:
        """Whether a longer run would use another learning rate or augmentation from the next step on."""
        schedule = self._trainer.schedule  # replaced by each command that changes it
        if self._plateau is None or self._plateau[0] is not schedule:
            self._plateau = schedule, schedule.before_decay
        return self._trainer.steps == self._plateau[1]

    def resume(self, previous: PreviousRun, warn: Callable[[str], None]) -> None:
        """Restore trainer and log from the checkpoint to continue `previous` from. Raises UserError if none fits."""
        group = self._trainer.group
        state, unusable = group.broadcast((None, []) if group.rank else self.latest(previous.events, warn))
        previous.check_checkpoint(state, unusable)
        self.restore(state)

    def latest(self, events: list[dict], warn: Callable[[str], None]) -> tuple[dict | None, list[str]]:
        """The checkpoint with the most steps that the run as now configured passes through; and why others don't fit.

        Checkpoints that include all remote-control changes, according to the log's `events`, are preferred. `warn` is
        called for damaged files and for lost changes.
        """
        states, unusable = self._candidates()
        if not states:
            return None, _by_reason(unusable)
        lost = {file: _changes_after(state, events) for file, state in states.items()}
        chosen = max(states, key=lambda file: (not lost[file], states[file]["learner"]["steps"]))
        for file in sorted(self._disposable):
            warn(f"{file} can't be used: {unusable[file]}.")
        if self._disposable:
            warn(f"The run continues from {chosen}.")
        for event in lost[chosen]:
            warn(f"{chosen} is older than step {event['step']:,}: {event.get('text')}. Repeat that command.")
        return states[chosen], _by_reason(unusable)

    def _candidates(self) -> tuple[dict[str, dict], dict[str, str]]:
        """Usable checkpoints by file, and the reasons why the others are not usable."""
        states, unusable = {}, {}
        for file in contract.CHECKPOINTS:
            try:
                states[file] = self._load(file)
            except _Unusable as error:
                unusable[file] = str(error)
        return states, unusable

    def _load(self, file: str) -> dict:
        try:
            state = weights_file.load(self._folder / file)
            if not state.keys() >= _PARTS:
                raise weights_file.DamagedFile("it is not a checkpoint")
        except FileNotFoundError:
            raise _Unusable("missing") from None
        except (weights_file.DamagedFile, OSError) as error:
            self._disposable.add(file)
            raise _Unusable(getattr(error, "strerror", None) or str(error)) from None
        if state["run_id"] != self._log.run_id:
            raise _Unusable("from another run")
        saved, batches = Schedule.from_json(state["schedule"]), self._trainer.batches_per_epoch
        reason = _other_option(state, self._config) or _other_steps(state, saved, self._extended(saved), batches)
        if reason:
            raise _Unusable(reason)
        return state

    def restore(self, state: dict | None) -> None:
        """Restore trainer and log from a checkpoint; None: start from the beginning."""
        self._log.restore(state and state["log"])
        before = None
        if state:
            saved, values = Schedule.from_json(state["schedule"]), state["progress"]
            self._trainer.load_state_dict(state["learner"])
            self._trainer.schedule = self._extended(saved)
            self._trainer.state = TrainState(**values | {"mean": RunningAverage(**values["mean"])})
            before = saved.total if saved.before else None
        total, step = self._trainer.schedule.total, self._trainer.state.step
        self._log.event(control_actions.RESUMED, f"resumed after {step:,} steps", value=total, before=before)

    def _extended(self, saved: Schedule) -> Schedule:
        """The schedule of the current options, with the remote-control changes of a saved one."""
        wanted = self._trainer.schedule
        return saved.lengthened(wanted.total) if saved.before else wanted


class _Unusable(Exception):
    """The reason why a file can't be resumed from."""


def _other_option(state: dict, config: Config) -> str | None:
    """Why a checkpoint does not fit: an option that differs; None if there is none."""
    values, saved = config.as_json(), saved_options(state["config"])
    other = next((name for name in _MUST_MATCH if saved.get(name) != values[name]), None)
    return f"from a run with a different {flag(other)}" if other else None


def _other_steps(state: dict, saved: Schedule, wanted: Schedule, batches: int) -> str | None:
    """Why a checkpoint does not fit: its first steps differ from those of the run; None if they don't.

    A run that ended within an epoch of `batches` closed that epoch there; a longer run does not.
    """
    steps = state["learner"]["steps"]
    if steps > wanted.total:
        return f"after step {steps:,} of a longer run"
    if not saved.begins_like(wanted, steps):
        decayed = "when learning rate or augmentation had decayed"
        return f"after step {steps:,}, {decayed} as in a run of {saved.total:,} steps"
    if steps < wanted.total and steps % batches and not state["progress"]["batch"]:
        return f"after step {steps:,}, where its epoch was cut short"
    return None


def _changes_after(state: dict, events: list[dict]) -> list[dict]:
    """The remote-control changes among `events` that a checkpoint does not include."""
    changed = [event for event in control_actions.changes(events) if event["kind"] != control_actions.RESUMED]
    return [event for event in changed if event not in state["log"]["events"]]


def _by_reason(unusable: dict[str, str]) -> list[str]:
    """Files grouped by the reason why they are unusable, as phrases."""
    files = {reason: [file for file in unusable if unusable[file] == reason] for reason in unusable.values()}
    return [f"{', '.join(named)}: {reason}" for reason, named in files.items()]
