"""A run as CSV: a row per epoch, or per batch."""

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from digits.files import open_within
from digits.runlog import contract
from digits.runlog.training_log import section


def write_csv(log: dict, folder: Path, file: TextIO, batches: bool = False) -> None:
    """Write the epochs of `log`, or the batches of the run in `folder`; numbers as in the log, "" if missing.

    Batches are those of batches.csv; without that file, as another trainer's, the log's groups of them.
    """
    if batches:
        try:
            with io.TextIOWrapper(open_within(folder, contract.BATCHES), encoding="utf-8", newline="") as source:
                shutil.copyfileobj(source, file)
            return
        except FileNotFoundError:
            pass
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows(_rows(section(log, "batches" if batches else "epochs")))


def _rows(columns: dict) -> Iterator[list]:
    known = {name: column for name, column in columns.items() if isinstance(column, list)}
    yield list(known)
    for row in range(max(map(len, known.values()), default=0)):
        cells = [column[row] if row < len(column) else None for column in known.values()]
        yield ["" if cell is None else cell for cell in cells]
