"""Concurrency limits: slots for connections, a fair semaphore for slow work, bytes for large bodies, and a time budget.

A page keeps its connection open between polls, so 800 open pages would occupy every thread and lock everyone else out,
although nearly all of them are idle. So would clients that never finish a request, or send a byte of it now and then.
Near the limit, the connection that has been idle longest is therefore closed to make room for the next.
"""

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator

GRACE_S = 0.2  # no connection is closed sooner: a request needs some time to arrive
PATIENCE_S = 1.0  # for a slot, once one is being freed


class ConnectionSlots:
    """At most `limit` connections at a time, each with its own thread."""

    def __init__(self, limit: int):
        self._limit = limit
        self._taken = 0
        self._waiting: dict[socket.socket, float] = {}  # connections whose requests are awaited, and since when
        self._changed = threading.Condition()

    @property
    def nearly_full(self) -> bool:
        """Whether three quarters are taken: then connections are closed after each response."""
        return self._taken > self._limit * 3 // 4

    def acquire(self) -> bool:
        """Take a slot, waiting until an idle connection is closed for it. False if all are busy."""
        deadline = time.monotonic() + PATIENCE_S
        with self._changed:
            closed = self.nearly_full and self._close_longest_waiting()
            while self._taken >= self._limit:
                if not (self._waiting or closed) or time.monotonic() > deadline:
                    return False
                self._changed.wait(GRACE_S / 4)
                closed = closed or self._close_longest_waiting()
            self._taken += 1
            return True

    def release(self) -> None:
        with self._changed:
            self._taken -= 1
            self._changed.notify()

    def begin_waiting(self, connection: socket.socket, since: float) -> None:
        """Allow the slot to be taken away from now on, as if the client had closed the connection.

        `since`: when the first byte of the request could have come; an occasional byte does not restart it.
        """
        with self._changed:
            self._waiting[connection] = since

    def end_waiting(self, connection: socket.socket) -> None:
        with self._changed:
            self._waiting.pop(connection, None)

    def _close_longest_waiting(self) -> bool:
        """Shut down receiving only: what has arrived is still read and answered."""
        connection = min(self._waiting, key=self._waiting.__getitem__, default=None)
        if connection is None or time.monotonic() - self._waiting[connection] < GRACE_S:
            return False
        del self._waiting[connection]
        with contextlib.suppress(OSError):  # the client is gone already
            connection.shutdown(socket.SHUT_RD)
        return True


class FairSemaphore:
    """A semaphore whose slots go to the thread that has waited longest: a releasing thread queues behind it."""

    def __init__(self, slots: int):
        self._lock = threading.Lock()
        self._free = slots
        self._queue: deque[threading.Event] = deque()  # each set once a slot is handed over

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._queue)

    @contextlib.contextmanager
    def acquired(self, timeout_s: float) -> Iterator[None]:
        """Hold a slot. Raises TimeoutError if none is handed over within `timeout_s`."""
        self._acquire(timeout_s)
        try:
            yield
        finally:
            self._release()

    def _acquire(self, timeout_s: float) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Event()
            self._queue.append(mine)
        if mine.wait(timeout_s):
            return
        with self._lock:
            if not mine.is_set():  # it may have been handed over since
                self._queue.remove(mine)
                raise TimeoutError

    def _release(self) -> None:
        with self._lock:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._free += 1


class ByteBudget:
    """At most `total` bytes reserved at a time, first come, first served; at most `waiting` threads wait for theirs."""

    def __init__(self, total: int, waiting: int):
        self._left = total
        self._waiting = threading.Semaphore(waiting)
        self._turn = FairSemaphore(1)  # held while waiting for bytes, so that small requests don't overtake large ones
        self._released = threading.Condition()

    @contextlib.contextmanager
    def reserved(self, count: int, timeout_s: float) -> Iterator[None]:
        """Hold `count` bytes. Raises TimeoutError if they are not free within `timeout_s`, or too many wait already."""
        if not self._waiting.acquire(blocking=False):
            raise TimeoutError
        deadline = time.monotonic() + timeout_s
        try:
            with self._turn.acquired(timeout_s), self._released:
                if not self._released.wait_for(lambda: self._left >= count, deadline - time.monotonic()):
                    raise TimeoutError
                self._left -= count
        finally:
            self._waiting.release()
        try:
            yield
        finally:
            with self._released:
                self._left += count
                self._released.notify()


class TimeBudget:
    """The time that a request may wait for semaphores in total. Raises TimeoutError when it is used up."""

    def __init__(self, seconds: float):
        self._left = seconds

    @contextlib.contextmanager
    def acquired(self, semaphore: FairSemaphore) -> Iterator[None]:
        began = time.monotonic()
        with semaphore.acquired(max(0.0, self._left)):
            self._left -= time.monotonic() - began
            yield
