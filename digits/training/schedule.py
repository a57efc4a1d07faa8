"""Schedules of the learning rate and of the augmentation, and the length of a run in optimizer steps."""

import bisect
import math
from dataclasses import dataclass, replace

from digits.config import Config
from digits.renames import present_options


@dataclass(frozen=True)
class Schedule:
    """Learning rate: linear warmup, plateau, and linear cooldown to 0. Augmentation: full, then linear decay to none.

    The rate rises to `lr` over `warmup_steps`, and decays over the last fraction `cooldown` of `total` steps, the
    augmentation over the last fraction `augmentation_cooldown`; 0: no cooldown.
    C. Xing and others, "A Walk with SGD", 2018, used the trapezoid; A. Hägele and others, "Scaling Laws and
    Compute-Optimal Training Beyond Fixed Training Durations", 2024, show that it matches a cosine. It is used here
    because a longer run begins exactly like a shorter one, so both can share the training before the cooldown.
    """

    lr: float
    warmup_steps: int
    cooldown: float
    total: int
    augmentation_cooldown: float = 0.0
    since: int = 0  # step at which this schedule replaced `before`
    before: "Schedule | None" = None

    def __call__(self, step: int) -> float:
        """Learning rate of the next step, after `step` steps."""
        schedule = self._at(step)
        return schedule.lr * schedule._factor(step)

    def augmentation(self, step: int) -> float:
        """Strength of the augmentation in the next step, after `step` steps: 0..1."""
        schedule = self._at(step)
        return schedule._left(step, schedule.augmentation_cooldown)

    def _at(self, step: int) -> "Schedule":
        """The schedule that held at a step."""
        schedule = self
        while schedule.before and step < schedule.since:
            schedule = schedule.before
        return schedule

    def _factor(self, step: int) -> float:
        warmup = (step + 1) / self.warmup_steps if self.warmup_steps else 1.0
        return min(warmup, self._left(step, self.cooldown))

    def _left(self, step: int, cooldown: float) -> float:
        """What is left after `step` steps of a value that decays over the last fraction `cooldown` of the run: 0..1."""
        return max(0.0, min(1.0, (self.total - step) / (cooldown * self.total))) if cooldown else 1.0

    def _values(self, step: int) -> tuple[float, float]:
        return self(step), self.augmentation(step)

    @classmethod
    def from_json(cls, values: dict) -> "Schedule":
        """Inverse of dataclasses.asdict; also accepts former field names."""
        values = present_options(values)
        before = values.get("before")
        return cls(**values | {"before": cls.from_json(before) if before else None})

    def at_rate(self, step: int, rate: float) -> "Schedule":
        """The schedule with learning rate `rate` from `step` on, and a cooldown that decays in proportion.

        It ends the warmup, which would raise the rate that the user chose. Raises ValueError if the rate has already
        decayed to 0.
        """
        plateau = replace(self, warmup_steps=0)
        factor = plateau._factor(step)
        if not factor:
            raise ValueError("the learning rate has already decayed to 0")
        return replace(plateau, lr=rate / factor, since=step, before=self)

    def of_length(self, step: int, total: int) -> "Schedule":
        """The schedule of a run of `total` steps from `step` on."""
        return replace(self, total=total, since=step, before=self)

    def lengthened(self, total: int) -> "Schedule":
        """The schedule in a run of `total` steps. If it was changed at a step, the rate at that step is kept."""
        longer = replace(self, total=total)
        factor = longer._factor(self.since)
        if not self.before or not factor:  # the run ends before the change
            return longer
        return replace(longer, lr=self.lr * (self._factor(self.since) / factor))

    @property
    def before_decay(self) -> float:
        """Number of initial steps whose rate and augmentation do not depend on the length of the run."""
        endless = self._endless()
        if self == endless:
            return math.inf
        return bisect.bisect_left(range(self.total), True, key=lambda step: self._values(step) != endless._values(step))

    def begins_like(self, other: "Schedule", steps: int) -> bool:
        """Whether both are certain to give the same rates and augmentation for the first `steps` steps."""
        if self.before or other.before:
            return all(self._values(step) == other._values(step) for step in range(steps))
        endless = replace(self._endless(), total=other.total) == other._endless()
        return self == other or (endless and steps <= min(self.before_decay, other.before_decay))

    def _endless(self) -> "Schedule":
        return replace(self, cooldown=0.0, augmentation_cooldown=0.0)


def from_config(config: Config, images: int) -> Schedule:
    """Schedule of a run on `images` training images.

    The warmup takes at most half an epoch: with few images the run might end before it.
    """
    warmup_steps = min(config.warmup_steps, batches_per_epoch(images, config.batch_size) // 2)
    assert config.lr is not None  # set by Config.from_options
    return Schedule(config.lr, warmup_steps, config.cooldown, total_steps(config, images), config.augmentation_cooldown)


def batches_per_epoch(images: int, batch_size: int) -> int:
    """Number of batches; the last one may be smaller."""
    return -(-images // batch_size)


def total_steps(config: Config, images: int) -> int:
    """Number of steps of the run: --steps, or that of --epochs."""
    return config.steps or config.epochs * batches_per_epoch(images, config.batch_size)
