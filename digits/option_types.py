"""Types of training options: conversion, limits and the metadata that command line, page and resume need.

Each type has `parse`, which converts text or a JSON value and raises ValueError, and `schema`, which describes it to
the page's form.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

NAME_LENGTH = 80  # characters of a run's name
_T = TypeVar("_T")


def flag(name: str) -> str:
    """The command-line flag of a field of config.Config."""
    return "--" + name.replace("_", "-")


def as_text(value: object) -> str:
    """A value as written on the command line."""
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


class OptionType(Protocol):
    """Interface of option types."""

    def parse(self, value: Any) -> Any: ...

    def schema(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Number:
    """A finite number of `type` int or float, within limits; an open limit is excluded."""

    type: type[int] | type[float]
    min: float | None = None
    max: float | None = None
    min_open: bool = False
    max_open: bool = False

    def parse(self, value: Any) -> float:
        try:
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                raise ValueError
            number = self.type(value)
            if not math.isfinite(number) or (isinstance(value, float) and number != value):
                raise ValueError
        except (ValueError, OverflowError):
            raise ValueError(f"{value!r} is not a {'whole' if self.type is int else 'finite'} number.") from None
        below = self.min is not None and (number <= self.min if self.min_open else number < self.min)
        above = self.max is not None and (number >= self.max if self.max_open else number > self.max)
        if below or above:
            raise ValueError(f"{value} is not in the range {self.range}.")
        return number

    @property
    def range(self) -> str:
        low = "" if self.min is None else f"{self.min}{'<' if self.min_open else '<='}"
        high = "" if self.max is None else f"{'<' if self.max_open else '<='}{self.max}"
        return f"{low}x{high}"

    def schema(self) -> dict[str, Any]:
        limits = {name: getattr(self, name) for name in ("min", "max", "min_open", "max_open")}
        given = {name: limit for name, limit in limits.items() if limit is not None and limit is not False}
        return {"kind": self.type.__name__} | given


@dataclass(frozen=True)
class Choice:
    """One of several words."""

    choices: tuple[str, ...]

    def parse(self, value: Any) -> str:
        if value not in self.choices:
            raise ValueError(f"{value!r} is not one of {', '.join(self.choices)}.")
        return str(value)

    def schema(self) -> dict[str, Any]:
        return {"kind": "choice", "choices": list(self.choices)}


class Flag:
    """A boolean."""

    def parse(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is neither true nor false.")
        return value

    def schema(self) -> dict[str, Any]:
        return {"kind": "bool"}


class Channels:
    """Channel counts, comma-separated or as a list, as a tuple of ints."""

    LARGEST = 4096  # a typo could otherwise fill the memory

    def parse(self, value: Any) -> tuple[int, ...]:
        parts = value.split(",") if isinstance(value, str) else value
        try:
            counts = tuple(int(part) for part in parts)
            whole = all(not isinstance(part, bool) and count == float(part) for part, count in zip(parts, counts))
        except (TypeError, ValueError):
            counts, whole = (), False
        if not whole or not counts:
            raise ValueError(f"{value!r} is not a list of whole numbers such as 16,32,64,128.")
        if not all(1 <= count <= self.LARGEST for count in counts):
            raise ValueError(f"{value}: each channel count must be between 1 and {self.LARGEST:,}.")
        return counts

    def schema(self) -> dict[str, Any]:
        return {"kind": "channels", "min": 1, "max": self.LARGEST}


class Name:
    """One line of printable characters."""

    def parse(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > NAME_LENGTH or not value.isprintable():
            raise ValueError(f"A name is 1 to {NAME_LENGTH} printable characters.")
        return value.strip()

    def schema(self) -> dict[str, Any]:
        return {"kind": "text", "max_length": NAME_LENGTH}


class Folder:
    """A directory, which need not exist yet."""

    def parse(self, value: Any) -> Path:
        path = Path(value)
        if path.exists() and not path.is_dir():
            raise ValueError(f"{path} is a file, not a directory.")
        return path

    def schema(self) -> dict[str, Any]:
        return {"kind": "text"}


@dataclass(frozen=True)
class Option:
    """A field of config.Config."""

    name: str
    default: Any
    type: OptionType
    help: str
    group: str | None = None  # title of its section of the page's form; None: under More
    default_text: str | None = None  # describes a default that depends on others, or on the machine
    envvar: str | None = None
    identifies: bool = True  # changes what is learned: part of a run's automatic name
    on_resume: bool = False  # may change with --resume, since nothing learned so far depends on it
    on_page: bool = True  # the page's form can set it; False for what writes elsewhere, deletes runs or hides output
    before: Any = None  # the value that runs had before the option existed; None: its default
    owner: str | None = None  # the field ("model" or "optimizer") that determines its default

    @property
    def flag(self) -> str:
        return flag(self.name)


@dataclass(frozen=True)
class OptionGroup:
    """Options that share a section of the page's form, or other properties."""

    title: str | None = None
    properties: Mapping[str, bool] = field(default_factory=dict)

    def option(self, default: _T, type: OptionType, help: str, **properties: Any) -> _T:
        """A dataclass field with the metadata of an Option; `properties` are attributes of Option."""
        shared = {"type": type, "help": help, "group": self.title, **self.properties}
        return field(default=default, metadata=shared | properties)
