"""Remote control: a running trainer applies the commands of control.json.

Each command is answered by an event with its id, which reports what was done or, with the kind `refused`, why not.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable

from digits.config import Config
from digits.interrupts import INTERRUPTS
from digits.number_format import duration
from digits.number_format import rate as format_rate
from digits.runlog.contract import PAUSED
from digits.runlog.control_actions import EPOCHS, LR, PAUSE_RULES, Command, CommandQueue, InvalidCommand, is_far_above
from digits.runlog.run_log import RunLog
from digits.training.checkpoints import Checkpoints
from digits.training.pause_rules import PauseRules
from digits.training.trainer import Trainer

_POLL_S = 0.1  # interval while paused

SaveSnapshot = Callable[[int], None]  # saves the weights of an epoch


class Stopped(Exception):
    """The command stop was applied: the run ends here."""


class RemoteControl:
    """Applies commands between two batches, and pauses by the rules.

    With several processes, the main one reads the commands and all apply them.
    """

    def __init__(
        self, log: RunLog, trainer: Trainer, checkpoints: Checkpoints, save_snapshot: SaveSnapshot, config: Config
    ):
        self._log, self._trainer, self._checkpoints = log, trainer, checkpoints
        self._save_snapshot, self._config = save_snapshot, config
        self._rules = PauseRules(config)
        self.pause_reason: str | None = None  # of a pause that begins before the next batch
        self._queue = None if trainer.group.rank else CommandQueue(log.folder, log.run_id)
        self._polls = 0
        self._paused_at: float | None = None

    def poll(self, now: bool = False) -> list[Command | InvalidCommand]:
        """Commands since the last call; several accelerators check only at every 32nd batch, or with `now`."""
        self._polls += 1
        if self._trainer.group.skip_sync(self._polls) and not now:
            return []
        return self._trainer.group.broadcast(self._queue.poll() if self._queue else [])

    def apply_commands(self) -> float:
        """Apply all commands since the last call, and wait while paused; returns the seconds paused. Raises Stopped."""
        commands = deque(self.poll())
        if not commands and self.pause_reason is None:
            return 0.0
        self._trainer.synchronize()
        if self.pause_reason is not None:
            self._pause(self.pause_reason)
            self.pause_reason = None
        paused_s = 0.0
        while commands or self._paused_at is not None:
            if commands:
                paused_s += self._apply(commands.popleft(), commands)
            else:
                with INTERRUPTS.deferred():
                    time.sleep(_POLL_S)
                commands.extend(self.poll())
        return paused_s

    def end_epoch(self, epoch: int) -> None:
        """After each epoch but the last: pause before the next batch if a rule says so."""
        self.pause_reason = self._trainer.group.broadcast(self._rules.reason(epoch, self._log.val_accuracies))

    def reject_pending(self) -> None:
        """Reject all commands that arrive after the last batch: there is nothing left to change."""
        self._reject(self.poll(now=True), "the training is over")

    def _apply(self, command: Command | InvalidCommand, following: deque[Command | InvalidCommand]) -> float:
        """Apply one command; returns the seconds of the pause that it ends."""
        try:
            if isinstance(command, InvalidCommand):
                raise command
            if command.action == "pause":
                if self._paused_at is not None:
                    raise InvalidCommand("it is paused already")
                self._pause(f"paused after {self._trainer.state.step:,} steps", command.id)
            elif command.action == "continue":
                return self._continue(command)
            else:
                with INTERRUPTS.deferred(), self._log.withheld():  # an answer is final, even if the trainer is killed
                    self._change(command)
                    self._checkpoints.save_change()
        except InvalidCommand as error:
            self._reject([command], str(error))
        except Stopped:
            self._reject(following, "the training was stopped")
            raise
        return 0.0

    def _change(self, command: Command) -> None:
        state = self._trainer.state
        match command.action:
            case "stop":
                self._answer(command, "stopped", f"stopped after {state.step:,} steps")
                raise Stopped
            case "lr":
                self._set_rate(command)
            case "epochs":
                self._set_epochs(command)
            case "snapshot":
                self._save_snapshot(state.epoch)
                self._answer(command, "snapshot", f"weights saved after {state.step:,} steps")
            case rule if rule in PAUSE_RULES:
                self._set_rule(command)

    def _pause(self, text: str, request: str | None = None) -> None:
        self._paused_at = time.perf_counter()
        self._trainer.group.waiting = True
        self._log.event("paused", text, request=request)
        self._log.phase(PAUSED)

    def _continue(self, command: Command) -> float:
        if self._paused_at is None:
            raise InvalidCommand("it is not paused")
        paused_s, self._paused_at = time.perf_counter() - self._paused_at, None
        self._answer(command, "continued", f"resumed after a pause of {duration(paused_s)}")
        self._log.phase("training")
        self._log.paused(paused_s)
        self._trainer.group.waiting = False
        return paused_s

    def _set_rate(self, command: Command) -> None:
        schedule, steps, rate = self._trainer.schedule, self._trainer.steps, _value(command)
        try:
            self._trainer.schedule = schedule.at_rate(steps, rate)
        except ValueError as error:
            raise InvalidCommand(str(error)) from None
        previous = schedule(steps)
        ratio = f" ({rate / previous:,.0f} times as high)" if is_far_above(previous, rate) else ""
        change = f"learning rate changed from {format_rate(previous)} to {format_rate(rate)}{ratio}"
        self._answer(command, LR, f"{change}; its schedule continues from there", value=rate)

    def _set_epochs(self, command: Command) -> None:
        if self._config.steps:
            raise InvalidCommand("--steps determines the length of this run")
        trainer, before = self._trainer, self._trainer.epochs
        epochs = int(_value(command) if command.whole else before + _value(command))
        if epochs < trainer.state.epoch or epochs == before:
            place = f"epoch {trainer.state.epoch} of {before}"
            raise InvalidCommand(f"{_counted(epochs)} in all is not possible in {place}")
        total = epochs * trainer.batches_per_epoch
        trainer.schedule = trainer.schedule.of_length(trainer.steps, total)
        self._log.set_totals(epochs, trainer.batches_per_epoch)
        self._log.describe(config={"epochs": epochs})
        self._answer(command, EPOCHS, f"{_counted(epochs)} in all instead of {before}", value=epochs, before=before)

    def _set_rule(self, command: Command) -> None:
        rule, on = command.action, bool(command.value)
        if rule == "pause_on_fall" and on and not self._config.validation:
            raise InvalidCommand("this run has no validation images")
        text = self._rules.switch(rule, on)
        self._log.describe(config={rule: on})
        self._answer(command, "pause rule changed", text, value=on)

    def _answer(self, command: Command, kind: str, text: str, **facts: float) -> None:
        self._log.event(kind, text, request=command.id, **facts)

    def _reject(self, commands: Iterable[Command | InvalidCommand], reason: str) -> None:
        for command in commands:
            action = f"{command.action}: " if isinstance(command, Command) else ""
            self._log.event("refused", action + reason, request=getattr(command, "id", None))


def _value(command: Command) -> float:
    assert command.value is not None  # parse_command has checked it
    return command.value


def _counted(epochs: int) -> str:
    return f"{epochs:,} epoch{'' if epochs == 1 else 's'}"
