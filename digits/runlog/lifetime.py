"""Lifetime of an object that is entered once, like an open file: which methods may be called when."""

import functools
import inspect
from contextlib import contextmanager

_BEFORE, _INSIDE, _AFTER = "before", "inside", "after"


class Lifetime:
    """Of a context manager called `name` in errors."""

    def __init__(self, name: str):
        self._name = name
        self._now = _BEFORE

    @contextmanager
    def beginning(self):
        """Around `__enter__`: it may be tried again after it failed. Raises RuntimeError for the second time."""
        if self._now != _BEFORE:
            raise RuntimeError(f"This {self._name} has been entered before: create another one.")
        self._now = _INSIDE
        try:
            yield
        except BaseException:
            self._now = _BEFORE
            raise

    def end(self) -> None:
        self._now = _AFTER

    def check(self, method: str) -> None:
        """Raise RuntimeError outside the `with` block."""
        if self._now != _INSIDE:
            when = "is not entered yet" if self._now == _BEFORE else "has ended"
            raise RuntimeError(f"{method}() needs its `with` block: this {self._name} {when}.")


def only_inside(kind: type) -> type:
    """For a class with a Lifetime as `_life`: its public methods, and __exit__, may only be called inside."""
    for name, method in list(vars(kind).items()):
        if inspect.isfunction(method) and (name == "__exit__" or not name.startswith("_")):
            setattr(kind, name, _checked(method))
    return kind


def _checked(method):
    @functools.wraps(method)
    def checked(self, *values, **named):
        self._life.check(method.__name__)
        return method(self, *values, **named)

    return checked
