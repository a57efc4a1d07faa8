"""Errors that users cause: one line that names the remedy, and an exit code, never a traceback."""

import errno
from contextlib import contextmanager

import click

from digits import output
from digits.errors import ConfigError, UserError, is_out_of_memory
from digits.files import UnexpectedFile
from digits.imports import failed_import
from digits.interrupts import Interrupted

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def cli_errors(writes: bool = True):
    """Around everything that a command does, which `writes` results or only reads.

    Other exceptions are bugs, and keep their traceback.
    """
    try:
        yield
    except Interrupted as interrupted:
        output.report("Interrupted.")
        raise SystemExit(interrupted.exit_code) from None
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except UserError as error:
        raise _failure(str(error), error.exit_code) from None
    except ImportError as error:
        message = failed_import(error)
        if message is None:
            raise
        raise _failure(message) from None
    except OSError as error:
        raise _failure(_file_trouble(error, writes)) from None
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise _failure("Out of memory: try a smaller --batch-size or fewer --channels.") from None


def _failure(message: str, exit_code: int = 1) -> click.ClickException:
    failure = click.ClickException(message)
    failure.exit_code = exit_code
    return failure


def _file_trouble(error: OSError, writes: bool) -> str:
    if isinstance(error, UnexpectedFile):
        return f"Cannot use {error.filename}: {error.strerror}. Remove it or choose another --results-dir."
    place = f" ({error.filename})" if error.filename else ""
    if not writes:
        return f"Cannot go on: {error.strerror or error}{place}."
    remedy = "Free some space" if error.errno in _NO_ROOM else "Make it writable"
    return f"Cannot write the results: {error.strerror or error}{place}. {remedy} or choose another --results-dir."
