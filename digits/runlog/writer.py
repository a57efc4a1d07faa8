"""Writer thread of the run log: writes on request, after changes, and as a heartbeat.

Signals reach only the main thread, so no interruption tears a file; and since one thread writes, no older state ever
replaces a newer one.
"""

import threading
import time
from collections.abc import Callable

from digits.runlog import contract


class LogWriter:
    """Calls `write` from its own thread, when flushed and otherwise at most once a second. Any thread may call it.

    After a flush, which marks a new phase, the first intervals are shorter: a tenth of a second, doubled each time. So
    the page has a curve in the first second of training.
    `flush` raises RuntimeError while the thread doesn't run: the wait would never end.
    """

    def __init__(self, write: Callable[[], None]):
        self._write = write
        self._state = threading.Condition()  # guards these:
        self._dirty = False
        self._requested = self._done = 0  # writes that a flush waits for
        self._closing = False
        self._is_running = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="run log", daemon=True)

    def start(self) -> None:
        self._is_running = True
        self._thread.start()

    def close(self) -> None:
        """End the thread; changes since the last write are not written."""
        with self._state:
            self._closing = True
            self._state.notify_all()
        self._thread.join()

    def mark_dirty(self) -> None:
        """Request a write within a second at most. Raises the error of an earlier write."""
        self._dirty = True
        if self._failure is not None:
            self._raise_failure()

    def flush(self) -> None:
        """Write now, and wait for it. Raises the error of this write or of an earlier one."""
        with self._state:
            self._requested += 1
            mine = self._requested
            self._state.notify_all()
            self._state.wait_for(lambda: self._done >= mine or not self._is_running)
            if self._done < mine:
                raise RuntimeError("The writer of the run log is not running.")
        self._raise_failure()

    def clear_error(self) -> None:
        """Forget a failure that was not raised yet: the next write may succeed."""
        self._failure = None

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        written_at = time.monotonic()
        interval = contract.WRITE_EVERY_S
        while not self._closing:
            with self._state:
                self._state.wait_for(lambda: self._requested > self._done or self._closing, interval)
                requested = self._requested
            is_flush = requested > self._done
            interval = min(contract.FIRST_WRITE_S if is_flush else 2 * interval, contract.WRITE_EVERY_S)
            if self._dirty or is_flush or time.monotonic() - written_at >= contract.HEARTBEAT_S:
                self._dirty = False  # before the write: a change during it is written next time
                try:
                    self._write()
                except Exception as error:  # raised by the next call of the training thread
                    self._failure = error
                written_at = time.monotonic()
            with self._state:
                self._done = requested
                self._state.notify_all()
        with self._state:
            self._is_running = False
            self._state.notify_all()
