"""Batch records of a run: the bounded curve in the training log, and every batch as a row of batches.csv."""

import copy
import itertools
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from digits.files import append_whole, naming, open_handle, rounded
from digits.runlog.contract import LOSS_DIGITS

BUCKETS_KEPT = 1000  # more than the pixels of most charts, and 60 kB of JSON
LONGEST_LINE = 1000  # bytes; a longer line is foreign, and could fill the memory


class Buckets:
    """The curve `batches` of the training log: at most `limit` buckets, each over the same 2^k batches.

    loss and accuracy are means over a bucket's finite values, loss_min and loss_max its extremes (so no spike is lost);
    step, epoch, lr and seconds (since training began) are those of its last batch, images_per_second the mean rate.
    At the limit, neighboring buckets are merged in pairs.
    """

    def __init__(self, limit: int = BUCKETS_KEPT):
        self.limit = limit
        self.width = 1  # batches in a bucket
        self._full: list[_Bucket] = []
        self._open = _Bucket()

    def add(
        self,
        step: int,
        epoch: int,
        loss: float,
        accuracy: float | None,
        lr: float | None,
        rate: float | None,
        seconds: float | None = None,
    ) -> None:
        self._open.add(step, epoch, loss, accuracy, lr, rate, seconds)
        if self._open.batches < self.width:
            return
        self._full.append(self._open)
        self._open = _Bucket()
        if len(self._full) >= self.limit:
            self._full = [first.merged(second) for first, second in zip(self._full[::2], self._full[1::2], strict=True)]
            self.width *= 2

    def state(self) -> dict:
        """State for `restore`, as plain values."""
        return {"width": self.width, "open": asdict(self._open), "full": [asdict(bucket) for bucket in self._full]}

    def restore(self, state: dict) -> None:
        self.width = state["width"]
        self._open = _Bucket.from_state(state["open"])
        self._full = list(map(_Bucket.from_state, state["full"]))

    def snapshot(self) -> "list[_Bucket]":
        """A copy of the buckets that later batches don't change."""
        return [*self._full, copy.copy(self._open)] if self._open.batches else list(self._full)


@dataclass(slots=True)
class _Bucket:
    """Sums over the batches of one bucket."""

    accuracies: int = 0
    accuracy_sum: float = 0.0
    batches: int = 0
    epoch: int = 0
    loss_max: float = -math.inf
    loss_min: float = math.inf
    loss_sum: float = 0.0
    losses: int = 0
    lr: float | None = None
    rate_sum: float = 0.0
    rates: int = 0
    seconds: float | None = None
    step: int = 0

    @classmethod
    def from_state(cls, values: dict | list) -> "_Bucket":
        """From `asdict`, or from the values in alphabetical order, which checkpoints of version 0.2.0 have."""
        return cls(**values if isinstance(values, dict) else dict(zip(sorted(cls.__slots__), values, strict=True)))

    def add(
        self,
        step: int,
        epoch: int,
        loss: float,
        accuracy: float | None,
        lr: float | None,
        rate: float | None,
        seconds: float | None,
    ) -> None:
        self.batches += 1
        self.step, self.epoch, self.lr, self.seconds = step, epoch, lr, seconds
        if math.isfinite(loss):
            self.losses += 1
            self.loss_sum += loss
            self.loss_min = min(self.loss_min, loss)
            self.loss_max = max(self.loss_max, loss)
        if accuracy is not None and math.isfinite(accuracy):
            self.accuracies += 1
            self.accuracy_sum += accuracy
        if rate is not None:
            self.rates += 1
            self.rate_sum += rate

    def merged(self, later: "_Bucket") -> "_Bucket":
        both = _Bucket(step=later.step, epoch=later.epoch, lr=later.lr, seconds=later.seconds)
        both.loss_min = min(self.loss_min, later.loss_min)
        both.loss_max = max(self.loss_max, later.loss_max)
        for count in ("batches", "losses", "loss_sum", "accuracies", "accuracy_sum", "rates", "rate_sum"):
            setattr(both, count, getattr(self, count) + getattr(later, count))
        return both


def columns(buckets: Sequence[_Bucket]) -> dict[str, list]:
    """Buckets as columns of equal length, as the training log stores them."""
    return {
        "step": [b.step for b in buckets],
        "epoch": [b.epoch for b in buckets],
        "loss": [rounded(b.loss_sum / b.losses, 5) if b.losses else None for b in buckets],
        "loss_min": [rounded(b.loss_min, 5) for b in buckets],
        "loss_max": [rounded(b.loss_max, 5) for b in buckets],
        "accuracy": [rounded(b.accuracy_sum / b.accuracies, 5) if b.accuracies else None for b in buckets],
        "lr": [rounded(b.lr, 5) for b in buckets],
        "images_per_second": [rounded(b.rate_sum / b.rates, 4) if b.rates else None for b in buckets],
        "seconds": [rounded(b.seconds, 5) for b in buckets],
    }


class BatchCsv:
    """Writer of batches.csv. Rows are buffered in memory (a microsecond each) and appended in one write.

    After a failed write the file is truncated to its last complete row, so that a full disk leaves no partial line.
    """

    def __init__(self, path: Path, fields: tuple[str, ...], resume: bool = False):
        self._rows: list[str] = []
        self._header = ",".join(fields) + "\n"
        self._path = path
        self._file = open_handle(path, os.O_RDWR | os.O_CREAT | (0 if resume else os.O_TRUNC))
        self._size = os.lseek(self._file, 0, os.SEEK_END)
        if not self._size:
            self.write(self._header)

    def append(self, step: int, epoch: int, loss: float, *values: float | None) -> None:
        """Buffer the row of one batch; takes a microsecond or two, regardless of the run's length."""
        cells = [cell(loss, LOSS_DIGITS), *(cell(value, 6) for value in values)]
        self._rows.append(f"{step},{epoch},{','.join(cells)}\n")

    def truncate_rows(self, rows: int) -> int:
        """Keep the header and the first `rows` rows; returns how many of them exist.

        A partial last row is always removed; so are all rows if the header differs.
        """
        self._rows.clear()
        os.lseek(self._file, 0, os.SEEK_SET)
        with open(self._file, "rb", closefd=False) as lines:
            is_ours = lines.readline(LONGEST_LINE) == self._header.encode()
            rest = iter(lambda: lines.readline(LONGEST_LINE), b"")
            whole = itertools.takewhile(lambda line: line.endswith(b"\n"), itertools.islice(rest, rows))
            lengths = list(map(len, whole)) if is_ours else []
        self._size = is_ours * len(self._header) + sum(lengths)
        os.ftruncate(self._file, self._size)
        os.lseek(self._file, self._size, os.SEEK_SET)
        if not is_ours:
            self.write(self._header)
        return len(lengths)

    def sync(self) -> None:
        """Flush written rows to disk, so that they survive a power failure."""
        with naming(self._path):
            os.fsync(self._file)

    def drain(self) -> str:
        """The rows buffered since the last call, for the caller to `write`."""
        rows, self._rows = self._rows, []
        return "".join(rows)

    def write(self, text: str) -> None:
        with naming(self._path):
            self._size = append_whole(self._file, self._size, text.encode())

    def close(self) -> None:
        os.close(self._file)


def cell(value: float | None, digits: int) -> str:
    """`value` with `digits` significant digits; "" if it is missing or not finite."""
    return "" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"
