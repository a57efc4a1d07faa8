"""Pause rules: a run pauses itself after each epoch, or after one whose validation accuracy fell."""

from collections.abc import Sequence

from digits.config import Config
from digits.number_format import percent
from digits.runlog.control_actions import PAUSE_RULES

_MEANINGS = dict(zip(PAUSE_RULES, ("after each epoch", "when the validation accuracy falls")))


class PauseRules:
    """The rules that are on. They change neither data nor schedule, so a paused run has the same result."""

    def __init__(self, config: Config):
        self._on = {rule: getattr(config, rule) for rule in PAUSE_RULES}

    def switch(self, rule: str, on: bool) -> str:
        """Turn a rule on or off; returns a description of the change."""
        self._on[rule] = on
        return f"{'pauses' if on else 'no longer pauses'} {_MEANINGS[rule]}"

    def reason(self, epoch: int, accuracies: Sequence[float | None]) -> str | None:
        """Why to pause now, None otherwise. `accuracies` are the validation accuracies up to that of `epoch`."""
        last, before = ([None, None, *accuracies][place] for place in (-1, -2))
        if self._on["pause_on_fall"] and last is not None and before is not None and last < before:
            return f"paused after epoch {epoch}: validation accuracy fell from {percent(before)} to {percent(last)}"
        return f"paused after epoch {epoch}, as after each epoch" if self._on["pause_each_epoch"] else None
