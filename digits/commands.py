"""A command line whose first command need not be named, and whose complaints take one line."""

from contextlib import contextmanager

import click


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
