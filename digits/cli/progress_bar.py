"""A progress bar on one line of the terminal, whatever its width."""

import os
import sys
import time
from collections.abc import Callable

_ERASE_LINE = "\r\x1b[2K"
_WIDEST, _NARROWEST = 36, 6  # columns of the bar itself; with less room there is none
_COLUMNS = 80  # of a terminal that does not know its width
_ESTIMATED_AFTER_S = 1.0  # sooner the time left would be a guess
_DRAWN = 200  # times; each costs a system call or two


class ProgressBar:
    """Draws itself by `write`, whose line ends are its own."""

    def __init__(self, title: str, total: int, write: Callable[[str], None]):
        self._title, self._total, self._write = title, total, write
        self._began = time.monotonic()
        self._done = self._drawn = 0
        self._draw()

    def update(self, more: int) -> None:
        """`more` may be negative: a download begins anew at the next mirror."""
        self._done += more
        if abs(self._done - self._drawn) >= max(1, self._total // _DRAWN):
            self._draw()

    def erase(self) -> None:
        self._write(_ERASE_LINE)

    def _draw(self) -> None:
        self._drawn = self._done
        seconds = time.monotonic() - self._began
        known = seconds > _ESTIMATED_AFTER_S and 0 < self._done < self._total
        left = seconds * (self._total - self._done) / self._done if known else None
        self._write(_ERASE_LINE + line(self._title, self._done / max(1, self._total), left, _columns()))


def line(title: str, share: float, seconds_left: float | None, columns: int) -> str:
    """As much of title, bar, percentage and time left as fits; the last column stays free, for terminals wrap there."""
    room = columns - 1
    share = min(max(share, 0.0), 1.0)
    percentage = f"{int(100 * share):3d}%"
    known = percentage if seconds_left is None else f"{percentage}  {_clock(seconds_left)}"
    bar = min(_WIDEST, room - len(f"{title}  []  {known}"))
    if bar >= _NARROWEST:
        return f"{title}  [{'#' * int(share * bar):-<{bar}}]  {known}"
    for ending in (known, percentage):
        if len(f"{title}  {ending}") <= room:
            return f"{title}  {ending}"
    return f"{title[: max(0, room - len(percentage) - 1)]} {percentage}"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}"


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _COLUMNS
    except (OSError, ValueError):  # the terminal is gone
        return _COLUMNS
