"""Throughput in images per second, training time and time left."""

import math
import time
from collections.abc import Callable

_SMOOTHING_S = 3.0  # time constant of the exponential average of images per second


class Throughput:
    """Timer of a run's batches; those whose losses an accelerator delivers together share their time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._earlier = 0.0  # seconds that earlier processes of a resumed run trained
        self._started = self._last = clock()
        self._steps = 0
        self._batch_seconds = 0.0  # of each batch of those delivered together
        self._pending = 0  # batches of them that `update` has not counted yet
        self.images_per_second: float | None = None

    def restart(self) -> None:
        """Time the next batch from now on: the time since the last one was not spent on training."""
        self._last = self._clock()
        if not self._steps:
            self._started = self._last

    def exclude(self, seconds: float) -> None:
        """Exclude a pause of `seconds`, which ends now, from the training time."""
        self._started += seconds
        self.restart()

    @property
    def elapsed(self) -> float:
        """Seconds of training, without the time between two processes of a resumed run."""
        return self._earlier + self._clock() - self._started

    def resume(self, elapsed: float) -> None:
        """Continue from the training time of an earlier process."""
        self._earlier = elapsed

    def update(self, images: int, together: int = 1) -> float | None:
        """Count a finished batch; returns its images per second, None if the clock did not advance.

        For batches delivered `together` the clock is read at the first, and all get the same duration.
        """
        self._steps += 1
        if self._pending:
            self._pending -= 1
            seconds = self._batch_seconds
        else:
            now = self._clock()
            seconds, self._last = (now - self._last) / together, now
            self._batch_seconds, self._pending = seconds, together - 1
        if seconds <= 0 or not images:
            return None
        rate = images / seconds
        kept = math.exp(-seconds / _SMOOTHING_S) if self.images_per_second is not None else 0.0
        self.images_per_second = kept * (self.images_per_second or 0.0) + (1 - kept) * rate
        return rate

    def seconds_left(self, steps_left: int | None) -> float | None:
        """Estimate from the mean speed so far, including validation; None before the first batch."""
        if not steps_left or not self._steps:
            return None
        return round((self._last - self._started) / self._steps * steps_left, 1)
