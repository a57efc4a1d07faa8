"""Places for connections: near the cap whoever has been silent longest makes room for the next.

A page keeps its connection between polls, so that 800 open pages would hold every thread, and lock everybody else out,
while hardly one of them asks anything. The same goes for clients that begin a request and never finish it.
"""

import contextlib
import socket
import threading
import time
from collections import OrderedDict

GRACE_S = 0.2  # a client may be silent for so long: what it has just sent needs to arrive
PATIENCE_S = 1.0  # for a place, once one is being made


class Places:
    """At most `most` connections at a time, each in a thread of its own."""

    def __init__(self, most: int):
        self._most = most
        self._taken = 0
        self._silent: OrderedDict[socket.socket, float] = OrderedDict()  # since when; the longest first
        self._left = threading.Condition()

    @property
    def are_short(self) -> bool:
        """Whether three quarters are taken: then nobody is to keep one without need."""
        return self._taken > self._most * 3 // 4

    def take(self) -> bool:
        """Take a place for a new connection, which may wait until one that is silent has ended. False where all
        are at work."""
        give_up = time.monotonic() + PATIENCE_S
        with self._left:
            is_made = self.are_short and self._end_longest_silent()
            while self._taken >= self._most:
                if not (self._silent or is_made) or time.monotonic() > give_up:
                    return False
                self._left.wait(GRACE_S / 4)
                is_made = is_made or self._end_longest_silent()
            self._taken += 1
            return True

    def leave(self) -> None:
        with self._left:
            self._taken -= 1
            self._left.notify()

    @contextlib.contextmanager
    def silent(self, connection: socket.socket):
        """While bytes of its client are awaited: its place may be taken away, as if the client had gone."""
        with self._left:
            self._silent[connection] = time.monotonic()
        try:
            yield
        finally:
            with self._left:
                self._silent.pop(connection, None)

    def _end_longest_silent(self) -> bool:
        """What has arrived of it is still read and answered."""
        connection, since = next(iter(self._silent.items()), (None, 0.0))
        if connection is None or time.monotonic() - since < GRACE_S:
            return False
        del self._silent[connection]
        with contextlib.suppress(OSError):  # the client has gone by itself
            connection.shutdown(socket.SHUT_RD)
        return True
