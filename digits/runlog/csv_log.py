"""The batch log: a row of batches.csv for every batch, appended once and never rewritten."""

import itertools
import math
import os
from pathlib import Path

from digits.files import naming, open_handle
from digits.runlog.schema import LOSS_DIGITS

LONGEST_LINE = 1000  # bytes; a longer one is not of this program, and may be as long as the disk


class BatchCsv:
    """Rows collect in memory (a microsecond each) and go to the disk together, in one append.

    After a failed append the file is cut back to its last whole row, so that a full disk leaves no torn line.
    """

    def __init__(self, path: Path, fields: tuple[str, ...], resume: bool = False):
        self._rows: list[str] = []
        self._head = ",".join(fields) + "\n"
        self._path = path
        self._file = open_handle(path, os.O_RDWR | os.O_CREAT | (0 if resume else os.O_TRUNC))
        self._size = os.lseek(self._file, 0, os.SEEK_END)
        if not self._size:
            self.write(self._head)

    def append(self, step: int, epoch: int, loss: float, *values: float | None) -> None:
        """One batch; a microsecond or two, whatever the length of the run."""
        cells = [cell(loss, LOSS_DIGITS), *(cell(value, 6) for value in values)]
        self._rows.append(f"{step},{epoch},{','.join(cells)}\n")

    def truncate_rows(self, rows: int) -> int:
        """Keep the header and the first so many rows; gives how many of them are there.

        A torn last row goes in any case, and all go where the header is another one.
        """
        self._rows.clear()
        os.lseek(self._file, 0, os.SEEK_SET)
        with open(self._file, "rb", closefd=False) as lines:
            is_ours = lines.readline(LONGEST_LINE) == self._head.encode()
            rest = iter(lambda: lines.readline(LONGEST_LINE), b"")
            whole = itertools.takewhile(lambda line: line.endswith(b"\n"), itertools.islice(rest, rows))
            lengths = list(map(len, whole)) if is_ours else []
        self._size = is_ours * len(self._head) + sum(lengths)
        os.ftruncate(self._file, self._size)
        os.lseek(self._file, self._size, os.SEEK_SET)
        if not is_ours:
            self.write(self._head)
        return len(lengths)

    def sync(self) -> None:
        """What was written outlives a power cut."""
        with naming(self._path):
            os.fsync(self._file)

    def drain(self) -> str:
        """The rows since the last call, now the caller's to `write`."""
        rows, self._rows = self._rows, []
        return "".join(rows)

    def write(self, text: str) -> None:
        content = text.encode()
        if not content:
            return
        with naming(self._path):
            try:
                while content:
                    content = content[os.write(self._file, content) :]
            except OSError:
                os.ftruncate(self._file, self._size)
                os.lseek(self._file, self._size, os.SEEK_SET)
                raise
        self._size = os.lseek(self._file, 0, os.SEEK_CUR)

    def close(self) -> None:
        os.close(self._file)


def cell(value: float | None, digits: int) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"
