"""A command line whose first command need not be named, whose complaints take one line, and which ends quickly."""

import os
import sys
from contextlib import contextmanager, suppress

import click
from click.core import ParameterSource


def run(cli: click.Command) -> None:
    """Run the command line and end the process with its exit code, without Python's tidying up.

    All files are written by then. Unloading torch would take another 0.3 s, and 80 MB that were never needed before.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # a name may hold letters that the terminal does not know
    try:
        cli()
    except SystemExit as end:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with suppress(OSError, ValueError):  # nobody reads any more
                stream.flush()
        os._exit(end.code or 0)


def named_by_user(context: click.Context, options: dict[str, object]) -> dict[str, object]:
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
    """Without a context click leaves out the usage, which would push the error itself out of sight."""
    try:
        yield
    except click.UsageError as error:
        error.ctx = None
        raise
