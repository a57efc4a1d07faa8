"""The options of training for the page: the fields of its form, and the check of the values that it sends."""

from dataclasses import Field

from digits import renames
from digits.architectures import ARCHITECTURES
from digits.config import DEFAULT_LR, OPTIONS, OWNER, Config, Flag, names_of
from digits.errors import ConfigError
from digits.presets import PRESETS, flag

SETTABLE: dict[str, Field] = {name: OPTIONS[name] for name in names_of("on_page")}
_MAX_REASON = 300  # characters: a reason may quote the value


class InvalidOption(ValueError):
    """Values that are no valid options; `field` is the option at fault, if it is one."""

    def __init__(self, reason: str, field: str | None = None):
        super().__init__(reason[:_MAX_REASON].rstrip("."))
        self.field = field


def options_schema() -> dict:
    """Options, presets, models and default learning rates as plain JSON values."""
    return {
        "options": [_option(item) for item in SETTABLE.values()],
        "presets": {
            name: {"purpose": preset.purpose, "options": {key: _plain(value) for key, value in preset.options.items()}}
            for name, preset in PRESETS.items()
        },
        "models": {
            name: {key: _plain(value) for key, value in model.settings.items()} | {"about": model.about}
            for name, model in ARCHITECTURES.items()
        },
        "default_lr": DEFAULT_LR,
        "owner": OWNER,
    }


def to_argv(given: dict) -> list[str]:
    """The command line that sets the `given` options: a list of arguments, for no shell. Raises InvalidOption."""
    try:
        given = renames.present_options(given)
        parsed = {name: _parse(name, value) for name, value in given.items()}
        Config.from_options(**parsed)
    except ConfigError as error:
        raise InvalidOption(str(error), error.option) from None
    return [word for name, value in given.items() for word in _words(name, value)]


def _parse(name: str, value):
    if name not in SETTABLE:
        raise InvalidOption(f"there is no option {name!r} that can be set here", name[:_MAX_REASON])
    try:
        return SETTABLE[name].metadata["kind"].parse(value)
    except ValueError as error:
        raise InvalidOption(str(error), name) from None


def _words(name: str, value) -> list[str]:
    if isinstance(SETTABLE[name].metadata["kind"], Flag):
        return [flag(name)] if value else []
    return [flag(name), ",".join(map(str, value)) if isinstance(value, list) else str(value)]


def _option(item: Field) -> dict:
    meta = item.metadata
    described = {"name": item.name, "flag": flag(item.name), **meta["kind"].schema()}
    described |= {"default": _plain(item.default), "help": meta["help"]}
    return described | ({"default_text": meta["default_text"]} if meta["default_text"] else {})


def _plain(value):
    return list(value) if isinstance(value, tuple) else value
