"""Command-line infrastructure: a group with a default command, one-line errors with exit codes, a fast exit."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from digits import stdio
from digits.errors import ConfigError, UserError, is_out_of_memory
from digits.files import UnexpectedFile
from digits.import_errors import failed_import
from digits.interrupts import Interrupted

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def run(cli: click.Command) -> None:
    """Run the command line and end the process with its exit code."""
    stdio.run(lambda: _exit_code_of(cli))


def _exit_code_of(cli: click.Command) -> int:
    """Run the command and show its error: unlike click, keep the exit code if standard error is unwritable."""
    try:
        return cli.main(standalone_mode=False) or 0
    except click.ClickException as error:
        with suppress(OSError):
            error.show(sys.stderr)
        return error.exit_code
    except click.Abort:  # a prompt was declined, or standard input ended
        stdio.report("Aborted.")
        return 1


def explicit_options(context: click.Context, options: dict[str, object]) -> dict[str, object]:
    """The options that were set on the command line or in the environment, not by default."""
    explicit = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
    return {name: value for name, value in options.items() if context.get_parameter_source(name) in explicit}


class DefaultGroup(click.Group):
    """A group where `program --option` means `program DEFAULT --option`."""

    def __init__(self, *args, default: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_completion = ctx.resilient_parsing and not args  # which offers the commands, see shell_complete
        if not is_completion and (not args or args[0].startswith("-")):
            args = [self.default, *args]
        with _one_line_errors():
            return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command `cmd_name`; the default command's help, which `program --help` shows, lists the others, too."""
        command = super().get_command(ctx, cmd_name)
        if command and cmd_name == self.default:
            others = ", ".join(other for other in self.list_commands(ctx) if other != cmd_name)
            command.epilog = f"Other commands, each with its own --help: {others}." if others else None
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands, and the default command's options."""
        items = super().shell_complete(ctx, incomplete)
        default = super().get_command(ctx, self.default)
        if default and incomplete.startswith("-"):
            with default.make_context(self.default, [], parent=ctx, resilient_parsing=True) as inner:
                items += default.shell_complete(inner, incomplete)
        return items

    def invoke(self, ctx: click.Context) -> object:
        with _one_line_errors():
            return super().invoke(ctx)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Reduce usage errors to one line: without a context, click omits the usage.

    An OSError here comes from printing a help text, since commands handle their own.
    """
    try:
        yield
    except click.UsageError as error:
        error.ctx = None
        raise
    except BrokenPipeError:
        raise SystemExit(stdio.BROKEN_PIPE) from None
    except OSError as error:
        raise click.ClickException(stdio.reason(error)) from None


@contextmanager
def cli_errors(writes: bool = True) -> Iterator[None]:
    """Turn errors that users can fix into one line and an exit code; others are bugs, and keep their traceback.

    `writes`: the command writes results.
    """
    try:
        yield
    except Interrupted as interrupted:
        stdio.report("Interrupted.")
        raise SystemExit(interrupted.exit_code) from None
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except UserError as error:
        raise _Failure(str(error), error.exit_code) from None
    except ImportError as error:
        message = failed_import(error)
        if message is None:
            raise
        raise _Failure(message) from None
    except OSError as error:
        raise _Failure(_file_error(error, writes)) from None
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise _Failure("Out of memory: try a smaller --batch-size or fewer --channels.") from None


class _Failure(click.ClickException):
    """A click error with an exit code."""

    def __init__(self, message: str, exit_code: int = 1):
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # a class constant in click


def _file_error(error: OSError, writes: bool) -> str:
    if isinstance(error, UnexpectedFile):
        return f"Cannot use {error.filename}: {error.strerror}. Remove it or choose another --results-dir."
    place = f" ({error.filename})" if error.filename else ""
    if not writes:
        return f"Cannot continue: {error.strerror or error}{place}."
    remedy = "Free some space" if error.errno in _NO_ROOM else "Make it writable"
    return f"Cannot write the results: {error.strerror or error}{place}. {remedy} or choose another --results-dir."
