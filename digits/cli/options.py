"""The command-line options of training, generated from the fields of Config."""

from collections.abc import Iterable
from dataclasses import Field

import click

from digits import renames
from digits.config import OPTIONS, Choice, Flag, Number
from digits.presets import PRESETS, flag


class _Value(click.ParamType):
    """Any other type of config.py, converted by its own `parse`."""

    def __init__(self, kind):
        self.kind, self.name = kind, type(kind).__name__.lower()

    def convert(self, value, param, ctx):
        try:
            return self.kind.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Integer(_Value, click.IntRange):
    """click's help text with the limits, and the same `parse` as the page."""

    def __init__(self, kind: Number):
        click.IntRange.__init__(self, kind.min, kind.max, kind.min_open, kind.max_open)
        self.kind = kind


class _Float(_Value, click.FloatRange):
    def __init__(self, kind: Number):
        click.FloatRange.__init__(self, kind.min, kind.max, kind.min_open, kind.max_open)
        self.kind = kind


class _Preset(click.Choice):
    """A preset, also by its former name."""

    def convert(self, value, param, ctx):
        return value if value in renames.PRESETS else super().convert(value, param, ctx)


def train_options(command):
    """Decorate a click command with an option for each field of Config, and hidden ones for their former names."""
    for former, name in renames.OPTIONS.items():
        command = click.option(flag(former), type=_click_type(OPTIONS[name].metadata["kind"]), hidden=True)(command)
    return _with_options(command, OPTIONS.values(), preset={"type": _Preset(tuple(PRESETS))})


def model_options(command):
    """Decorate a click command with the options that vary an architecture."""
    return _with_options(command, [OPTIONS[name] for name in ("channels", "dropout", "norm")])


def evaluation_options(command):
    """Decorate a click command with the options for the images to evaluate, and the device."""
    chosen = [OPTIONS[name] for name in ("dataset", "data_dir", "device")]
    ours = {"default": None, "show_default": "that of the training", "help": "Images to read; auto: MNIST if possible."}
    return _with_options(command, chosen, dataset=ours)


def _with_options(command, items: Iterable[Field], **changed: dict):
    """`changed`: attributes of click's option that differ here, by the field's name."""
    for item in reversed(list(items)):
        meta = item.metadata
        attributes = {
            "type": _click_type(meta["kind"]),
            "is_flag": isinstance(meta["kind"], Flag),
            "default": item.default,
            "show_default": meta["default_text"] or item.default is not False,
            "envvar": meta["envvar"],
            "show_envvar": meta["envvar"] is not None,
            "help": meta["help"],
        }
        attributes |= changed.get(item.name, {})
        command = click.option(flag(item.name), **attributes)(command)
    return command


def _click_type(kind) -> click.ParamType | type:
    match kind:
        case Choice():
            return click.Choice(kind.choices)
        case Number():
            return (_Integer if kind.type is int else _Float)(kind)
        case Flag():
            return bool
        case _:
            return _Value(kind)
