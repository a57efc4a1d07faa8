"""Throughput in images per second, and the time left."""

import math
import time

_SMOOTHING_S = 3.0  # images per second are an exponential average over about this long


class Throughput:
    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._earlier = 0.0  # seconds that an earlier process trained
        self._started = self._last = clock()
        self._steps = 0
        self._each = 0.0  # seconds of each batch of those known together
        self._waiting = 0  # so many of them are still to be told
        self.images_per_second: float | None = None

    def restart(self) -> None:
        """Something else than training took time: don't count it as part of the next batch."""
        self._last = self._clock()
        if not self._steps:
            self._started = self._last

    def exclude(self, seconds: float) -> None:
        """A pause is no time of training."""
        self._started += seconds
        self.restart()

    @property
    def elapsed(self) -> float:
        """Seconds since training began; what passed between two processes of a resumed run is left out."""
        return self._earlier + self._clock() - self._started

    def resume(self, elapsed: float) -> None:
        """Go on with the time of an earlier process."""
        self._earlier = elapsed

    def update(self, images: int, together: int = 1) -> float | None:
        """A batch is done; its own images per second, None where the clock did not move.

        Of batches that become known `together` the clock tells only the first: the others took as long.
        """
        self._steps += 1
        if self._waiting:
            self._waiting -= 1
            seconds = self._each
        else:
            now = self._clock()
            seconds, self._last = (now - self._last) / together, now
            self._each, self._waiting = seconds, together - 1
        if seconds <= 0 or not images:
            return None
        rate = images / seconds
        kept = math.exp(-seconds / _SMOOTHING_S) if self.images_per_second is not None else 0.0
        self.images_per_second = kept * (self.images_per_second or 0.0) + (1 - kept) * rate
        return rate

    def seconds_left(self, steps_left: int | None) -> float | None:
        """At the mean pace so far, validation between the epochs included; None while nothing can be said."""
        if not steps_left or not self._steps:
            return None
        return round((self._last - self._started) / self._steps * steps_left, 1)
