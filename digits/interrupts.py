"""Signal handling: SIGINT, SIGTERM and SIGHUP at any moment unwind once, cleanly and soon; a second ends at once.

No heavy import here: this is set up before torch is loaded.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress

_PATIENCE_S = 1.5  # what does not come back from C++ (an import, a huge batch) is left then; 2 s are promised
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows lacks the last
_LAST_WORDS_S = 0.4  # enough for one write of the log; together with the patience under 2 s


class Interrupted(KeyboardInterrupt):
    """Raised in the main thread for such a signal; `exit_code` is 128 + the signal's number, as shells count."""

    def __init__(self, signum: int):
        super().__init__(signum)
        self.exit_code = 128 + signum


class Interrupts:
    """What SIGINT, SIGTERM and SIGHUP do, once `install` was called.

    Outside an `interruptible` block there is nothing to save, and the process ends at once. Inside, the first signal
    raises Interrupted, after the end of a `deferred` block if there is one, whose state must not be torn. If the
    `interruptible` block has not ended 1.5 s later, the `last_words` of the block that it is in are called from another
    thread, and the process ends.
    """

    def __init__(self):
        self._raises = False
        self._last_words: Callable[[], None] = _nothing
        self._signum: int | None = None
        self._held = False
        self._patience_s = _PATIENCE_S
        self._agree: Callable[..., bool] | None = None

    def install(self) -> None:
        """Under nohup SIGHUP is ignored, and stays so. SIGINT is taken back from shells, which ignore it after `&`."""
        for name in _SIGNALS:
            signum = getattr(signal, name, None)
            if signum and (name != "SIGHUP" or signal.getsignal(signum) != signal.SIG_IGN):
                signal.signal(signum, self._handle)

    @contextmanager
    def interruptible(self, last_words: Callable[[], None] | None = None):
        """Let a signal unwind this block."""
        self._raises = True
        try:
            with self.leaving(last_words or _nothing):
                yield
        finally:
            self._raises = False

    @contextmanager
    def leaving(self, last_words: Callable[[], None]):
        """Within an `interruptible` block: what remains to be done for this one if it can't be unwound."""
        before, self._last_words = self._last_words, last_words
        try:
            yield
        finally:
            self._last_words = before

    @contextmanager
    def deferred(self, patience_s: float = _PATIENCE_S):
        """Put a signal off until the end of the block, but not longer than `patience_s`."""
        self._held, self._patience_s = True, patience_s
        try:
            yield
        finally:
            self._held, self._patience_s = False, _PATIENCE_S
        self._raise_if_asked()

    @contextmanager
    def synchronized(self, agree: Callable[..., bool]):
        """For processes that work together: all raise Interrupted at the end of the same `deferred` block, or of this.

        There each calls `agree` with whether it was asked to stop, and gets whether any was; at the end of this block
        with now=True, for then it must not be put off.
        """
        self._agree = agree
        try:
            yield
            self._raise_if_asked(now=True)
        finally:
            self._agree = None

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
            words = threading.Thread(target=self._speak, daemon=True)
            words.start()
            words.join(max(0, _PATIENCE_S - self._patience_s) + _LAST_WORDS_S)
        _leave(128 + (self._signum or signal.SIGINT))

    def _speak(self) -> None:
        with suppress(OSError, RuntimeError):  # a full disk, or the block has just been left: no traceback at the end
            self._last_words()


def _nothing() -> None:
    """The final write where there is nothing to save."""


def _leave(exit_code: int) -> None:
    """End without unwinding; the line that a progress bar has begun is ended."""
    for stream, line in ((sys.stdout, b"\n"), (sys.stderr, b"Interrupted.\n")):
        with suppress(OSError, ValueError):  # no reader
            if stream and (stream is sys.stderr or stream.isatty()):
                os.write(stream.fileno(), line)
    os._exit(exit_code)


INTERRUPTS = Interrupts()  # signals are a matter of the whole process
