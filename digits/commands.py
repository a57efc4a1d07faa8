"""A command line whose first command need not be named."""

import click


class DefaultGroup(click.Group):
    """`program --option` means `program DEFAULT --option`; every command, the default too, has its full name."""

    def __init__(self, *args, default: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.default = default

    def parse_args(self, ctx, args):
        if not args or args[0].startswith("-"):
            args = [self.default, *args]
        return super().parse_args(ctx, args)
