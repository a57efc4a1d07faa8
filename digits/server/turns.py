"""Turns: a first-come queue for slow work."""

import contextlib
import threading
from collections import deque
from collections.abc import Iterator


class Turns:
    """`places` threads work at a time. A place that is given back goes to the first who waits, never past the queue:
    a thread that does its work in several turns lets the others have theirs in between."""

    def __init__(self, places: int):
        self._lock = threading.Lock()
        self._free = places
        self._queue: deque[threading.Event] = deque()  # set once its place is handed over

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._queue)

    @contextlib.contextmanager
    def turn(self, patience_s: float) -> Iterator[None]:
        """Holds a place. Raises TimeoutError where none comes free within `patience_s`."""
        self._take(patience_s)
        try:
            yield
        finally:
            self._give()

    def _take(self, patience_s: float) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Event()
            self._queue.append(mine)
        if mine.wait(patience_s):
            return
        with self._lock:
            if not mine.is_set():  # nor at this very moment
                self._queue.remove(mine)
                raise TimeoutError

    def _give(self) -> None:
        with self._lock:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._free += 1
