"""Places for connections: near the cap, the one awaited longest makes room for the next.

A page keeps its connection between polls, so that 800 open pages would hold every thread, and lock everybody else out,
while hardly one of them asks anything. The same goes for clients that begin a request and never finish it, or send a
byte of it now and then.
"""

import contextlib
import socket
import threading
import time

GRACE_S = 0.2  # every client is waited for as long: a request needs some time to arrive
PATIENCE_S = 1.0  # for a place, once one is being made


class Places:
    """At most `most` connections at a time, each in a thread of its own."""

    def __init__(self, most: int):
        self._most = most
        self._taken = 0
        self._awaited: dict[socket.socket, float] = {}  # whose requests are, since when
        self._left = threading.Condition()

    @property
    def are_short(self) -> bool:
        """Whether three quarters are taken: then nobody is to keep one without need."""
        return self._taken > self._most * 3 // 4

    def take(self) -> bool:
        """Take a place for a new connection, which may wait until one that is awaited has ended. False where all
        are at work."""
        give_up = time.monotonic() + PATIENCE_S
        with self._left:
            is_made = self.are_short and self._end_longest_awaited()
            while self._taken >= self._most:
                if not (self._awaited or is_made) or time.monotonic() > give_up:
                    return False
                self._left.wait(GRACE_S / 4)
                is_made = is_made or self._end_longest_awaited()
            self._taken += 1
            return True

    def leave(self) -> None:
        with self._left:
            self._taken -= 1
            self._left.notify()

    @contextlib.contextmanager
    def awaiting(self, connection: socket.socket, since: float):
        """While bytes of a request are awaited, of which the first could have come at `since`: the place may be taken
        away, as if the client had gone."""
        with self._left:
            self._awaited[connection] = since
        try:
            yield
        finally:
            with self._left:
                self._awaited.pop(connection, None)

    def _end_longest_awaited(self) -> bool:
        """What has arrived of it is still read and answered."""
        connection = min(self._awaited, key=self._awaited.get, default=None)
        if connection is None or time.monotonic() - self._awaited[connection] < GRACE_S:
            return False
        del self._awaited[connection]
        with contextlib.suppress(OSError):  # the client has gone by itself
            connection.shutdown(socket.SHUT_RD)
        return True
