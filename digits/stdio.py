"""Standard output and standard error, which may be closed, full or without a reader. Standard library only."""

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
    """Reopen closed standard descriptors, and make both streams accept any character.

    Otherwise the next file opened would get the number 1 or 2, and would receive what libraries print. Writing to a
    stream that was closed raises OSError (EBADF), as with any other stream that can't be written.
    """
    while (descriptor := os.open(os.devnull, os.O_RDONLY)) <= 2:
        pass
    os.close(descriptor)
    sys.stdout, sys.stderr = sys.stdout or _stream(1), sys.stderr or _stream(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a test may have replaced it
            stream.reconfigure(errors="backslashreplace")  # names may have characters that the terminal can't encode


def _stream(descriptor: int) -> TextIO:
    return io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False), encoding="utf-8", write_through=True)


def report(text: str) -> None:
    """Print a line on standard error; if that can't be written, only the exit code reports the error."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def reason(error: OSError) -> str:
    """Error message for lost output."""
    return f"Cannot write to standard output: {error.strerror or error}."


def run(main: Callable[[], int | None]) -> None:
    """Call `main` and end the process with its exit code, even if the output can't be flushed.

    Python's regular exit would change it to 120. All files are written by then, and unloading torch would take another
    0.3 s and 80 MB.
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
