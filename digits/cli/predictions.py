"""Output of the command predict: text, a JSON array, or JSON lines."""

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from digits.cli.terminal import Terminal, print_result
from digits.errors import UserError
from digits.interrupts import INTERRUPTS

if TYPE_CHECKING:
    from digits.inference.files import Answer


def print_predictions(answers: "Iterable[Answer]", total: int, style: str | None) -> list[UserError]:
    """Print each of `total` answers as it comes, or all at the end with the style "json"; returns the errors.

    A progress bar is shown on standard error, unless the answers themselves appear in the terminal one by one.
    """
    from digits.inference import predict

    entries, errors = [], []
    terminal = Terminal(quiet=total == 1 or (style != "json" and sys.stdout.isatty()), err=True)
    with terminal.progress("Predicting", total) as advance:
        for file, answer in answers:
            if isinstance(answer, UserError):
                errors.append(answer)
            if style:
                entries.append(json.dumps(predict.as_json(file, answer), allow_nan=False))
            elif not isinstance(answer, UserError):
                entries.append(predict.report(file, answer))
            if style != "json":
                _print_whole(entries)
            advance(1)
    if style == "json":
        print_result(f"[{', '.join(entries)}]")
    return errors


def _print_whole(entries: list[str]) -> None:
    """Print and remove the entries; Ctrl-C leaves no partial line."""
    with INTERRUPTS.deferred():
        while entries:
            print_result(entries.pop())
