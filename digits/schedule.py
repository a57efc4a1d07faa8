"""The learning rate over a run: up a ramp, along a plateau, down to nothing."""

import bisect
import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Schedule:
    """Rises to `lr` within `warm_up` steps, stays there, and falls to nothing over the last part `decay` of `total`.

    Ramps are straight lines. decay 0 leaves the rate where it is. The trapezoid was used by C. Xing and others, "A Walk
    with SGD", 2018; A. Hägele and others, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations",
    2024, show that it ends where a cosine does. Its merit is here that a longer run begins exactly as a shorter one:
    what was learned before the decay serves both.
    """

    lr: float
    warm_up: int
    decay: float
    total: int

    def __call__(self, step: int) -> float:
        """The rate of the next step, where `step` steps are done."""
        up = (step + 1) / self.warm_up if self.warm_up else 1.0
        down = (self.total - step) / (self.decay * self.total) if self.decay else 1.0
        return self.lr * max(0.0, min(1.0, up, down))

    @property
    def before_decay(self) -> float:
        """So many first steps do not depend on the length of the run."""
        endless = replace(self, decay=0.0)
        if self == endless:
            return math.inf
        return bisect.bisect_left(range(self.total), True, key=lambda step: self(step) != endless(step))

    def begins_like(self, other: "Schedule", steps: int) -> bool:
        """Whether both surely give the same rates for the first `steps` steps."""
        endless = replace(self, decay=0.0, total=other.total) == replace(other, decay=0.0)
        return self == other or (endless and steps <= min(self.before_decay, other.before_decay))
