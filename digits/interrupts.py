"""Signal handling: the first SIGINT, SIGTERM or SIGHUP unwinds the program cleanly and soon; a second one ends it.

Imports nothing heavy, since it is installed before torch is loaded.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress

_PATIENCE_S = 1.5  # then C++ code that does not return (an import, a huge batch) is abandoned; the promise is 2 s
_PATIENCE_TOGETHER_S = 10  # for distributed processes, which wait for each other; torchrun kills them after 30 s
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows lacks the last
_FINAL_WRITE_S = 0.4  # enough to write the log once; less than 2 s together with _PATIENCE_S


class Interrupted(KeyboardInterrupt):
    """Raised in the main thread for such a signal; `exit_code` is 128 + the signal's number, as in shells."""

    def __init__(self, signum: int):
        super().__init__(signum)
        self.exit_code = 128 + signum


class Interrupts:
    """Handlers of SIGINT, SIGTERM and SIGHUP, active once `install` was called.

    Outside an `interruptible` block there is nothing to save, and the process ends at once. Inside, the first signal
    raises Interrupted; a `deferred` block, which must run as a whole, delays that until its end. If the
    `interruptible` block has not ended 1.5 s later, the current `final_write` is called from another thread, and the
    process ends.
    """

    def __init__(self):
        self._raises = False
        self._final_write: Callable[[], None] = _nothing
        self._signum: int | None = None
        self._held = False
        self._patience_s = _PATIENCE_S
        self._agree: Callable[..., bool] | None = None

    def install(self) -> None:
        """Install the handlers, also of SIGINT if a shell ignores it after `&`; under nohup, SIGHUP stays ignored."""
        for name in _SIGNALS:
            signum = getattr(signal, name, None)
            if signum and (name != "SIGHUP" or signal.getsignal(signum) != signal.SIG_IGN):
                signal.signal(signum, self._handle)

    @contextmanager
    def interruptible(self):
        """Within this block a signal raises Interrupted."""
        self._raises = True
        try:
            yield
        finally:
            self._raises = False

    @contextmanager
    def final_write(self, write: Callable[[], None]):
        """Within an `interruptible` block: call `write` if a signal arrives and this block can't be unwound in time."""
        before, self._final_write = self._final_write, write
        try:
            yield
        finally:
            self._final_write = before

    @contextmanager
    def deferred(self, patience_s: float | None = None):
        """Delay signals until the end of the block, but no longer than `patience_s`; None: than outside it."""
        before = self._patience_s
        self._held, self._patience_s = True, before if patience_s is None else patience_s
        try:
            yield
        finally:
            self._held, self._patience_s = False, before
        self._raise_if_asked()

    @contextmanager
    def synchronized(self, agree: Callable[..., bool]):
        """For distributed processes: all raise Interrupted at the end of the same `deferred` block, or of this one.

        There each passes to `agree` whether it received a signal; `agree` returns whether any process did. At the end
        of this block it is called with now=True, since the answer can't be postponed any further. A process that is
        busy may let the others wait: they do for up to 10 s.
        """
        self._agree, self._patience_s = agree, _PATIENCE_TOGETHER_S
        try:
            yield
            self._raise_if_asked(now=True)
        finally:
            self._agree, self._patience_s = None, _PATIENCE_S

    def _handle(self, signum: int, _frame) -> None:
        if self._signum is not None or not self._raises:
            _leave(128 + signum)
        self._signum = signum
        threading.Thread(target=self._watch, daemon=True).start()
        if not self._held and not self._agree:
            raise Interrupted(signum)

    def _raise_if_asked(self, **how) -> None:
        asked = self._signum is not None
        if self._agree(asked, **how) if self._agree else asked:
            raise Interrupted(self._signum or signal.SIGINT)

    def _watch(self) -> None:
        time.sleep(self._patience_s)
        if self._raises:
            writer = threading.Thread(target=self._write, daemon=True)
            writer.start()
            writer.join(max(0, _PATIENCE_S - self._patience_s) + _FINAL_WRITE_S)
        _leave(128 + (self._signum or signal.SIGINT))

    def _write(self) -> None:
        with suppress(OSError, RuntimeError):  # a full disk, or the block has just been left: no traceback at the end
            self._final_write()


def _nothing() -> None:
    """The final write if there is nothing to save."""


def _leave(exit_code: int) -> None:
    """End the process without unwinding, after the newline that a progress bar lacks."""
    for stream, line in ((sys.stdout, b"\n"), (sys.stderr, b"Interrupted.\n")):
        with suppress(OSError, ValueError):  # no reader
            if stream and (stream is sys.stderr or stream.isatty()):
                os.write(stream.fileno(), line)
    os._exit(exit_code)


INTERRUPTS = Interrupts()  # one for the process, as for signals
