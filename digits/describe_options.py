"""The options of training for a page: what its form is made of, and what it sends, checked as a command line is.

Both from the one description in options.py. This module needs click.
"""

from dataclasses import Field, fields

import click

from digits.architectures import ARCHITECTURES
from digits.options import NAME_LENGTH, Channels, Config, train_options
from digits.presets import PRESETS, flag

# What would write elsewhere, delete runs, or silence what the page shows as last words.
_NOT_FOR_A_PAGE = {"results_dir", "data_dir", "keep", "quiet"}
SETTABLE: dict[str, Field] = {item.name: item for item in fields(Config) if item.name not in _NOT_FOR_A_PAGE}
_LONGEST = 300  # letters of a reason: it may quote the value


class Refused(ValueError):
    """What was sent is no way to train; `field` is the option at fault, where it is one."""

    def __init__(self, reason: str, field: str | None = None):
        super().__init__(reason[:_LONGEST])
        self.field = field


@click.command
@train_options
def _train(**options):
    """Only ever parsed: what mnist_cnn.py's command of that name takes."""


def described() -> dict:
    """Options, presets and models as plain JSON values."""
    return {
        "options": [_option(item) for item in SETTABLE.values()],
        "presets": {
            name: {"purpose": preset.purpose, "options": {key: _plain(value) for key, value in preset.options.items()}}
            for name, preset in PRESETS.items()
        },
        "models": {
            name: {
                "channels": list(model.channels),
                "dropout": model.dropout,
                "norm": model.norm,
                "about": model.about,
            }
            for name, model in ARCHITECTURES.items()
        },
    }


def arguments(given: dict) -> list[str]:
    """The command line that sets the `given` options: a list of words, for no shell. Raises Refused."""
    words = [word for name, value in given.items() for word in _words(name, value)]
    try:
        context = _train.make_context("mnist_cnn.py", list(words))
        Config.from_options(**context.params)
    except click.UsageError as error:
        raise Refused(error.message, _at_fault(error)) from None
    return words


def _words(name: str, value) -> list[str]:
    """Each value goes through the same types as text on the command line: 5.5 epochs are refused, not rounded."""
    if name not in SETTABLE:
        raise Refused(f"there is no option {name!r} that can be set here", name[:_LONGEST])
    kind = SETTABLE[name].metadata["type"]
    if kind is bool:
        if not isinstance(value, bool):
            raise Refused("this is either true or false", name)
        return [flag(name)] if value else []
    if isinstance(kind, Channels) and isinstance(value, list):
        value = ",".join(map(str, value))
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Refused("this is a number or a text", name)
    return [flag(name), str(value)]


def _at_fault(error: click.UsageError) -> str | None:
    param = getattr(error, "param", None)
    if param is not None:
        return param.name
    return (getattr(error, "param_hint", None) or "").strip("'-").replace("-", "_") or None


def _option(item: Field) -> dict:
    told = {"name": item.name, "flag": flag(item.name), **_kind(item.metadata["type"])}
    shown = {"shown": item.metadata["shown"]} if "shown" in item.metadata else {}
    return told | {"default": _plain(item.default), "help": item.metadata["help"]} | shown


def _kind(kind) -> dict:
    """What may be entered; a limit that there is not is left out."""
    if kind is bool:
        return {"kind": "bool"}
    if isinstance(kind, click.Choice):
        return {"kind": "choice", "choices": list(kind.choices)}
    if isinstance(kind, Channels):
        return {"kind": "channels", "min": 1, "max": kind.largest}
    if isinstance(kind, (click.IntRange, click.FloatRange)):
        limits = {name: getattr(kind, name) for name in ("min", "max", "min_open", "max_open")}
        known = {name: limit for name, limit in limits.items() if limit is not None and limit is not False}
        return {"kind": "int" if isinstance(kind, click.IntRange) else "float"} | known
    return {"kind": "text", "max_length": NAME_LENGTH}


def _plain(value):
    return list(value) if isinstance(value, tuple) else value
