"""Options of training for the page: the fields of its form, and the check of the values that it sends."""

from typing import Any

from digits import renames
from digits.architectures import ARCHITECTURES
from digits.config import DEFAULT_LR, OPTIONS, OWNER, Config, names_of
from digits.errors import ConfigError
from digits.option_types import Flag, Option, as_text
from digits.presets import PRESETS

SETTABLE: dict[str, Option] = {name: OPTIONS[name] for name in names_of("on_page")}
_MAX_REASON = 300  # characters: a reason may quote the value


class InvalidOption(ValueError):
    """Values that are no valid options; `field` is the option at fault, if it is one."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason[:_MAX_REASON].rstrip("."))
        self.field = field


def options_schema() -> dict[str, Any]:
    """Options, presets, models and default learning rates as plain JSON values."""
    return {
        "options": [_option(option) for option in SETTABLE.values()],
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


def to_argv(given: dict[str, Any]) -> list[str]:
    """The command line that sets the `given` options: a list of arguments, for no shell. Raises InvalidOption."""
    parse_options(given)
    return [word for name, value in renames.present_options(given).items() for word in _words(SETTABLE[name], value)]


def parse_options(given: dict[str, Any]) -> dict[str, Any]:
    """The arguments of Config.from_options for the `given` options. Raises InvalidOption."""
    try:
        parsed = {name: _parse(name, value) for name, value in renames.present_options(given).items()}
        Config.from_options(**parsed)
    except ConfigError as error:
        raise InvalidOption(str(error), error.option) from None
    return parsed


def _parse(name: str, value: object) -> Any:
    if name not in SETTABLE:
        raise InvalidOption(f"there is no option {name!r} that can be set here", name[:_MAX_REASON])
    try:
        return SETTABLE[name].type.parse(value)
    except ValueError as error:
        raise InvalidOption(str(error), name) from None


def _words(option: Option, value: object) -> list[str]:
    if isinstance(option.type, Flag):
        return [option.flag] if value else []
    return [option.flag, as_text(value)]


def _option(option: Option) -> dict[str, Any]:
    described = {"name": option.name, "flag": option.flag, **option.type.schema()}
    described |= {"default": _plain(option.default), "help": option.help}
    texts = {"default_text": option.default_text, "group": option.group}
    before = {} if option.before is None else {"before": option.before}
    return described | before | {name: text for name, text in texts.items() if text}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
