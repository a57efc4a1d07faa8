"""Remote control: a running trainer applies the commands of control.json.

Each request is answered by an event that names it: by what was done, or, of the kind `refused`, by why it was not.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from digits.interrupts import INTERRUPTS
from digits.runlog.commands import EPOCHS, LR, Command, CommandQueue, InvalidCommand, changes, is_far_above
from digits.runlog.run_log import RunLog
from digits.runlog.schema import PAUSED
from digits.training.checkpoints import Checkpoints
from digits.training.schedule import Schedule
from digits.training.trainer import Trainer, TrainState

_LOOK_S = 0.1  # how often while paused


class Stopped(Exception):
    """Somebody asked the run to end here."""


class RemoteControl:
    """`epochs` of `batches` are planned; `fixed`: by --steps, and can't be changed.

    Of several processes the first one reads, and all do the same.
    """

    def __init__(
        self, log: RunLog, learner: Trainer, checkpoints: Checkpoints, epochs: int, batches: int, fixed: bool = False
    ):
        self._log, self._learner, self._checkpoints = log, learner, checkpoints
        self.epochs, self._batches, self._fixed = epochs, batches, fixed
        self._inbox = None if learner.group.rank else CommandQueue(log.folder, log.run_id)
        self._asked = 0  # times

    def poll(self, now: bool = False) -> list[Command | InvalidCommand]:
        """What has been asked since the last time; several accelerators look at every 32nd batch, or `now`."""
        self._asked += 1
        if self._learner.group.skip_sync(self._asked) and not now:
            return []
        return self._learner.group.broadcast(self._inbox.poll() if self._inbox else None)

    def apply(self, requests: list[Command | InvalidCommand], at: TrainState, snapshot: Callable[[int], None]) -> float:
        """Do all that, between two batches; the seconds spent in a pause. `snapshot` saves the weights of an epoch.

        Raises Stopped. Trainer, log and `at` are at the same step: nothing is left to fetch.
        """
        paused_at = None
        while requests or paused_at is not None:
            for place, request in enumerate(requests):
                action = getattr(request, "action", None)
                if action == "pause" and paused_at is None:
                    paused_at = time.perf_counter()
                    self._learner.group.waiting = True
                    self._answer(request, "paused", f"paused after {at.step:,} steps")
                    self._log.phase(PAUSED)
                elif action == "continue" and paused_at is not None:
                    paused_s = time.perf_counter() - paused_at
                    self._answer(request, "continued", f"went on after a pause of {paused_s:,.0f} s")
                    self._log.phase("training")
                    self._log.paused(paused_s)
                    self._learner.group.waiting = False
                    return paused_s + self.apply(requests[place + 1 :], at, snapshot)
                else:
                    try:
                        with INTERRUPTS.deferred():  # schedule, event and checkpoint change together, or not at all
                            self._do(request, at, snapshot)
                    except Stopped:
                        self._reject_all(requests[place + 1 :], "the training was stopped")
                        raise
            if paused_at is not None:
                with INTERRUPTS.deferred():
                    time.sleep(_LOOK_S)
            requests = self.poll() if paused_at is not None else []
        return 0.0

    def reject_pending(self) -> None:
        """After the last batch nothing can be changed any more."""
        self._reject_all(self.poll(now=True), "the training is over")

    def _reject_all(self, requests: list[Command | InvalidCommand], reason: str) -> None:
        for request in requests:
            self._reject(request, reason)

    def _do(self, request: Command | InvalidCommand, at: TrainState, snapshot: Callable[[int], None]) -> None:
        try:
            if isinstance(request, InvalidCommand):
                raise request
            with self._log.withheld():  # who reads the answer can rely on it, even if the trainer is killed right then
                self._change(request, at, snapshot)
                self._checkpoints.save_change(at)
        except InvalidCommand as refusal:
            self._reject(request, str(refusal))

    def _change(self, request: Command, at: TrainState, snapshot: Callable[[int], None]) -> None:
        match request.action:
            case "stop":
                self._answer(request, "stopped", f"stopped after {at.step:,} steps, as asked")
                raise Stopped
            case "lr":
                self._set_rate(request)
            case "epochs":
                self._set_epochs(request, at)
            case "snapshot":
                snapshot(at.epoch)
                self._answer(request, "snapshot", f"weights saved after {at.step:,} steps")
            case "pause":
                raise InvalidCommand("it is paused already")
            case "continue":
                raise InvalidCommand("it is not paused")

    def _set_rate(self, request: Command) -> None:
        schedule, steps = self._learner.schedule, self._learner.steps
        try:
            self._learner.schedule = schedule.at_rate(steps, request.value)
        except ValueError as error:
            raise InvalidCommand(str(error)) from None
        present = schedule(steps)
        much = f", {request.value / present:,.0f} times as high" if is_far_above(present, request.value) else ""
        text = f"learning rate {present:.3g} became {request.value:.3g}{much}, and goes on from there as planned"
        self._answer(request, LR, text, value=request.value)

    def _set_epochs(self, request: Command, at: TrainState) -> None:
        if self._fixed:
            raise InvalidCommand("--steps says how long this run is")
        before, wanted = self.epochs, int(request.value if request.whole else self.epochs + request.value)
        if wanted < at.epoch or wanted == before:
            raise InvalidCommand(f"not {counted(wanted)} in all, in epoch {at.epoch} of {before}")
        self._learner.schedule = self._learner.schedule.of_length(self._learner.steps, wanted * self._batches)
        self.epochs = wanted
        self._log.set_totals(wanted, self._batches)
        self._log.describe(config={"epochs": wanted})
        self._answer(request, EPOCHS, f"{counted(wanted)} in all instead of {before}", value=wanted, before=before)

    def _answer(self, request: Command, kind: str, text: str, **facts) -> None:
        self._log.event(kind, text, request=request.id, **facts)

    def _reject(self, request: Command | InvalidCommand, reason: str) -> None:
        asked = f"{request.action}: " if isinstance(request, Command) else ""
        self._log.event("refused", asked + reason, request=getattr(request, "id", None))


def counted(epochs: int) -> str:
    return f"{epochs:,} epoch{'' if epochs == 1 else 's'}"


def replay_schedule(schedule: Schedule, events: list[dict], batches: int) -> Schedule:
    """The schedule of a run that was steered, from the one that its options give and the events of its log."""
    made = changes(events)
    first = next((event for event in made if "before" in event), None)
    if first:
        schedule = replace(schedule, total=first["before"] * (batches if first["kind"] == EPOCHS else 1))
    for event in made:
        step, value = event["step"], event["value"]
        if event["kind"] == LR:
            schedule = schedule.at_rate(step, value)
        elif event["kind"] == EPOCHS:
            schedule = schedule.of_length(step, value * batches)
        elif schedule.before:  # as Checkpoints goes on with what was steered
            schedule = schedule.lengthened(value)
    return schedule
