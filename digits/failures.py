"""What a user can cause is told in one line that names the remedy, with an exit code, never with a traceback."""

import errno
from contextlib import contextmanager

import click

from digits.errors import UserError, not_installed
from digits.interrupts import Interrupted

_OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")  # torch's words for it
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def told_in_one_line(writes: bool = True):
    """Around everything that a command does, which `writes` results or only reads.

    Other exceptions are bugs, and keep their traceback.
    """
    try:
        yield
    except Interrupted as interrupted:
        click.echo("Interrupted.", err=True)
        raise SystemExit(interrupted.exit_code) from None
    except UserError as error:
        raise _failure(str(error), error.exit_code) from None
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("digits"):
            raise
        raise _failure(not_installed(error.name)) from None
    except OSError as error:
        raise _failure(_file_trouble(error, writes)) from None
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not any(words in str(error) for words in _OUT_OF_MEMORY):
            raise
        raise _failure("Out of memory: try a smaller --batch-size or fewer --channels.") from None


def _failure(message: str, exit_code: int = 1) -> click.ClickException:
    failure = click.ClickException(message)
    failure.exit_code = exit_code
    return failure


def _file_trouble(error: OSError, writes: bool) -> str:
    place = f" ({error.filename})" if error.filename else ""
    if not writes:
        return f"Cannot go on: {error.strerror or error}{place}."
    remedy = "Free some space" if error.errno in _NO_ROOM else "Make it writable"
    return f"Cannot write the results: {error.strerror or error}{place}. {remedy} or choose another --results-dir."
