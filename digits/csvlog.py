"""batches.csv: every batch of a run, appended once and never rewritten."""

import math
import os
from pathlib import Path


class CsvLog:
    """Rows collect in memory (a microsecond each) and go to the disk together, in one append.

    After a failed append the file is cut back to its last whole row, so that a full disk leaves no torn line.
    """

    def __init__(self, path: Path, fields: tuple[str, ...]):
        self._rows: list[str] = []
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o644)
        self._size = 0
        self.write(",".join(fields) + "\n")

    def append(self, step: int, epoch: int, *values: float | None) -> None:
        cells = ["" if value is None or not math.isfinite(value) else f"{value:.6g}" for value in values]
        self._rows.append(f"{step},{epoch},{','.join(cells)}\n")

    def take(self) -> str:
        """The rows since the last call, now the caller's to `write`."""
        rows, self._rows = self._rows, []
        return "".join(rows)

    def write(self, text: str) -> None:
        content = text.encode()
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
