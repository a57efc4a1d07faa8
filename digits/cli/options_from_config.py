"""Command-line options of training, generated from the fields of Config."""

from collections.abc import Callable, Iterable
from typing import Any

import click

from digits import renames
from digits.config import DEFAULTS, OPTIONS
from digits.option_types import Choice, Flag, Number, Option, OptionType, flag
from digits.presets import PRESETS

Command = Callable[..., Any]


class _Value(click.ParamType):
    """A type of option_types.py as a click type, converted by its `parse`."""

    def __init__(self, type: OptionType) -> None:
        self.type, self.name = type, type.__class__.__name__.lower()

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self.type.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Integer(_Value, click.IntRange):
    """An integer with click's help text for its range, converted by the same `parse` as on the page."""

    def __init__(self, type: Number) -> None:
        low, high = (None if limit is None else int(limit) for limit in (type.min, type.max))
        click.IntRange.__init__(self, low, high, type.min_open, type.max_open)
        self.type = type


class _Float(_Value, click.FloatRange):
    """A float with click's help text for its range, converted by the same `parse` as on the page."""

    def __init__(self, type: Number) -> None:
        click.FloatRange.__init__(self, type.min, type.max, type.min_open, type.max_open)
        self.type = type


class _Preset(click.Choice):
    """A preset's current or former name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if value in renames.PRESETS else super().convert(value, param, ctx)


def train_options(command: Command) -> Command:
    """Decorate a click command with an option for each field of Config, and hidden ones for their former names."""
    for former, name in renames.OPTIONS.items():
        command = click.option(flag(former), type=_click_type(OPTIONS[name].type), hidden=True)(command)
    return _with_options(command, OPTIONS.values(), preset={"type": _Preset(tuple(PRESETS))})


def model_options(command: Command) -> Command:
    """Decorate a click command with the options that vary an architecture."""
    return _with_options(command, [OPTIONS[name] for name in ("channels", "dropout", "norm")])


def evaluation_options(command: Command) -> Command:
    """Decorate a click command with the options for the images to evaluate, and the device."""
    return images_options(_with_options(command, [OPTIONS["device"]]))


def images_options(command: Command) -> Command:
    """Decorate a click command with the options for the images to evaluate."""
    chosen = [OPTIONS[name] for name in ("dataset", "data_dir")]
    dataset = {"default": None, "show_default": "as in training", "help": "Test images; auto: MNIST if possible."}
    return _with_options(command, chosen, dataset=dataset)


def _with_options(command: Command, options: Iterable[Option], **changed: dict[str, Any]) -> Command:
    """Add `options` to the command; `changed` overrides attributes of click's option, by field name."""
    for option in reversed(list(options)):
        attributes = {
            "type": _click_type(option.type),
            "is_flag": isinstance(option.type, Flag),
            "default": DEFAULTS[option.name],
            "show_default": option.default_text or option.default is not False,
            "envvar": option.envvar,
            "show_envvar": option.envvar is not None,
            "help": option.help,
        }
        command = click.option(option.flag, **attributes | changed.get(option.name, {}))(command)
    return command


def _click_type(type: OptionType) -> click.ParamType | type[bool]:
    match type:
        case Choice():
            return click.Choice(type.choices)
        case Number():
            return (_Integer if type.type is int else _Float)(type)
        case Flag():
            return bool
        case _:
            return _Value(type)
