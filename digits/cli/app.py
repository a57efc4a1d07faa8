"""The command line: a group whose default command need not be named, one-line errors, a quick exit."""

import sys
from contextlib import contextmanager, suppress

import click
from click.core import ParameterSource

from digits import output


def run(cli: click.Command) -> None:
    """Run the command line and end the process with its exit code."""
    output.run(lambda: _exit_code_of(cli))


def _exit_code_of(cli: click.Command) -> int:
    """Errors are shown here, not by click: where standard error is unwritable, the exit code stays."""
    try:
        return cli.main(standalone_mode=False) or 0
    except click.ClickException as error:
        with suppress(OSError):
            error.show(sys.stderr)
        return error.exit_code
    except click.Abort:  # a question was answered with no, or standard input ended
        output.report("Aborted.")
        return 1


def explicit_options(context: click.Context, options: dict[str, object]) -> dict[str, object]:
    """Those of the options that were set on the command line or in the environment; the others have their defaults."""
    named = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
    return {name: value for name, value in options.items() if context.get_parameter_source(name) in named}


class DefaultGroup(click.Group):
    """`program --option` means `program DEFAULT --option`; every command, the default too, has its full name."""

    def __init__(self, *args, default: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.default = default

    def parse_args(self, ctx, args):
        if not args or args[0].startswith("-"):
            args = [self.default, *args]
        with _in_one_line():
            return super().parse_args(ctx, args)

    def get_command(self, ctx, name):
        """The default's help, which is what the program's --help shows, also names the other commands."""
        command = super().get_command(ctx, name)
        if name == self.default:
            others = ", ".join(other for other in self.list_commands(ctx) if other != name)
            command.epilog = f"Other commands, each with a --help of its own: {others}." if others else None
        return command

    def invoke(self, ctx):
        with _in_one_line():
            return super().invoke(ctx)


@contextmanager
def _in_one_line():
    """Without a context click leaves out the usage, which would push the error itself out of sight.

    An OSError that gets here is that of a help text: commands handle their own.
    """
    try:
        yield
    except click.UsageError as error:
        error.ctx = None
        raise
    except BrokenPipeError:
        raise SystemExit(output.BROKEN_PIPE) from None
    except OSError as error:
        raise click.ClickException(output.reason(error)) from None
