"""Standard output and standard error that may be closed, full or without a reader. Standard library only."""

import errno
import io
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

BROKEN_PIPE = 141  # 128 + SIGPIPE, as shells count a program that the signal ended
# No reader: the other end of the pipe or the terminal (EIO) is gone, or the descriptor was closed.
NO_READER = (errno.EPIPE, errno.EIO, errno.EBADF)


def prepare() -> None:
    """Give standard descriptors that are closed a file, and let both streams take any character.

    Otherwise the next file to be opened would get the number 1 or 2, and would receive what libraries print there.
    What is written to a stream that was closed raises OSError (EBADF), as for any other stream that can't be written.
    """
    while (descriptor := os.open(os.devnull, os.O_RDONLY)) <= 2:
        pass
    os.close(descriptor)
    sys.stdout, sys.stderr = sys.stdout or _stream(1), sys.stderr or _stream(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not where a test has put another
            stream.reconfigure(errors="backslashreplace")  # a name may hold characters that the terminal does not know


def _stream(descriptor: int) -> TextIO:
    return io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False), encoding="utf-8", write_through=True)


def report(text: str) -> None:
    """Print a line on standard error, where that can be written; the exit code says the rest."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def reason(error: OSError) -> str:
    """One sentence for output that is lost."""
    return f"Cannot write to standard output: {error.strerror or error}."


def run(main: Callable[[], int | None]) -> None:
    """Call `main` and end the process with its exit code, which an output that can't be written does not change.

    Python's own end would make 120 of it. All files are written by then, and unloading torch would take another 0.3 s
    and 80 MB that were never needed before.
    """
    prepare()
    try:
        exit_code: str | int | None = main()
    except SystemExit as end:
        exit_code = end.code
    except Exception:
        report(traceback.format_exc().rstrip())
        exit_code = 1
    if isinstance(exit_code, str):
        report(exit_code)
        exit_code = 1
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(exit_code or 0)
