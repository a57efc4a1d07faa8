"""The writer thread: writes on request, after changes, and as a heartbeat.

Signals reach only the main thread, so no interruption tears a file; and since one thread writes, no older state ever
replaces a newer one.
"""

import threading
import time
from collections.abc import Callable

from digits.runlog import schema


class LogWriter:
    """Calls `write` from a thread of its own, at most once a second unless it is asked. Methods are for any thread.

    `now` raises RuntimeError while there is no such thread: nobody would ever write.
    """

    def __init__(self, write: Callable[[], None]):
        self._write = write
        self._state = threading.Condition()  # guards these:
        self._changed = False
        self._asked = self._done = 0  # writes that somebody waits for
        self._closing = False
        self._runs = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="run log", daemon=True)

    def start(self) -> None:
        self._runs = True
        self._thread.start()

    def close(self) -> None:
        """End the thread; what was noted and not yet written is not written any more."""
        with self._state:
            self._closing = True
            self._state.notify_all()
        self._thread.join()

    def mark_dirty(self) -> None:
        """Something has changed: to be written within a second. Raises what an earlier write has failed with."""
        self._changed = True
        if self._failure is not None:
            self._raise_failure()

    def flush(self) -> None:
        """Have it written, and wait for it. Raises what this write, or an earlier one, has failed with."""
        with self._state:
            self._asked += 1
            mine = self._asked
            self._state.notify_all()
            self._state.wait_for(lambda: self._done >= mine or not self._runs)
            if self._done < mine:
                raise RuntimeError("Nothing is written to the run log any more, or not yet.")
        self._raise_failure()

    def clear_error(self) -> None:
        """Forget a failure that was not told yet: the next write may go through."""
        self._failure = None

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        written_at = time.monotonic()
        while not self._closing:
            with self._state:
                self._state.wait_for(lambda: self._asked > self._done or self._closing, schema.WRITE_EVERY_S)
                asked = self._asked
            if self._changed or asked > self._done or time.monotonic() - written_at >= schema.HEARTBEAT_S:
                self._changed = False  # before the write: what changes during it is for the next one
                try:
                    self._write()
                except Exception as error:  # told by the next call of the thread that trains
                    self._failure = error
                written_at = time.monotonic()
            with self._state:
                self._done = asked
                self._state.notify_all()
        with self._state:
            self._runs = False
            self._state.notify_all()
