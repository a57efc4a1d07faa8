"""Learning-rate schedules: warmup, plateau, cooldown."""

import bisect
import math
from dataclasses import dataclass, replace

from digits.renames import present_options


@dataclass(frozen=True)
class Schedule:
    """Rises to `lr` within `warmup_steps`, stays there, and falls to 0 over the last fraction `cooldown` of `total`.

    Ramps are straight lines; cooldown 0 keeps the rate. The trapezoid was used by C. Xing and others, "A Walk with
    SGD", 2018; A. Hägele and others, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations", 2024,
    show that it ends where a cosine does. Its merit is here that a longer run begins exactly as a shorter one:
    what was learned before the decay serves both.
    """

    lr: float
    warmup_steps: int
    cooldown: float
    total: int
    since: int = 0  # steps: until then the schedule `before` held, which somebody changed
    before: "Schedule | None" = None

    def __call__(self, step: int) -> float:
        """The rate of the next step, where `step` steps are done."""
        held = self
        while step < held.since:
            held = held.before
        return held.lr * held._share(step)

    def _share(self, step: int) -> float:
        up = (step + 1) / self.warmup_steps if self.warmup_steps else 1.0
        down = (self.total - step) / (self.cooldown * self.total) if self.cooldown else 1.0
        return max(0.0, min(1.0, up, down))

    @classmethod
    def from_json(cls, values: dict) -> "Schedule":
        """What dataclasses.asdict gave, also with the former names of its fields."""
        values = present_options(values)
        before = values.get("before")
        return cls(**values | {"before": cls.from_json(before) if before else None})

    def at_rate(self, step: int, rate: float) -> "Schedule":
        """From `step` on `rate`, and down from there in the same proportions. Raises ValueError where it is at 0.

        On the way up that ends the ramp: who names a rate does not mean that it rises to a hundred times as much.
        """
        level = replace(self, warmup_steps=0)
        share = level._share(step)
        if not share:
            raise ValueError("the rate has come down to 0: nothing is left to learn with it")
        return replace(level, lr=rate / share, since=step, before=self)

    def of_length(self, step: int, total: int) -> "Schedule":
        """From `step` on as in a run of `total` steps."""
        return replace(self, total=total, since=step, before=self)

    def lengthened(self, total: int) -> "Schedule":
        """The same in a run of `total` steps. Where it was changed, the rate at that step stays as it is."""
        longer = replace(self, total=total)
        share = longer._share(self.since)
        if not self.before or not share:  # shorter than until the change: nothing of it is left
            return longer
        return replace(longer, lr=self.lr * (self._share(self.since) / share))

    @property
    def before_decay(self) -> float:
        """So many first steps do not depend on the length of the run."""
        endless = replace(self, cooldown=0.0)
        if self == endless:
            return math.inf
        return bisect.bisect_left(range(self.total), True, key=lambda step: self(step) != endless(step))

    def begins_like(self, other: "Schedule", steps: int) -> bool:
        """Whether both surely give the same rates for the first `steps` steps."""
        if self.before or other.before:
            return all(self(step) == other(step) for step in range(steps))
        endless = replace(self, cooldown=0.0, total=other.total) == replace(other, cooldown=0.0)
        return self == other or (endless and steps <= min(self.before_decay, other.before_decay))
