"""Buckets: a curve of any length in bounded space. Two neighbors become one when there are too many."""

import copy
import math

from digits.files import rounded

LIMIT = 1000  # buckets: more than the pixels of most charts, and 60 kB of JSON


class Buckets:
    """The columns `batches` of the run log: at most `limit` buckets, each over the same power of two of batches.

    loss and accuracy are means over a bucket's finite values, loss_min and loss_max its extremes (so no spike is lost);
    step, epoch, lr and seconds (since training began) are those of its last batch, images_per_second the mean rate.
    """

    def __init__(self, limit: int = LIMIT):
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
            self._full = [first.joined(second) for first, second in zip(self._full[::2], self._full[1::2], strict=True)]
            self.width *= 2

    def state(self) -> dict:
        """Plain values from which `restore` makes the same buckets."""
        return {"width": self.width, "open": self._open.values(), "full": [bucket.values() for bucket in self._full]}

    def restore(self, state: dict) -> None:
        self.width = state["width"]
        self._open = _Bucket.of(state["open"])
        self._full = [_Bucket.of(values) for values in state["full"]]

    def buckets(self) -> list["_Bucket"]:
        """As they are now: batches added later don't change them."""
        return [*self._full, copy.copy(self._open)] if self._open.batches else list(self._full)


class _Bucket:
    __slots__ = (
        "accuracies", "accuracy_sum", "batches", "epoch", "loss_max", "loss_min", "loss_sum", "losses",
        "lr", "rate_sum", "rates", "seconds", "step",
    )  # fmt: skip

    def __init__(self):
        self.batches = self.step = self.epoch = self.losses = self.accuracies = self.rates = 0
        self.loss_sum = self.accuracy_sum = self.rate_sum = 0.0
        self.loss_min, self.loss_max = math.inf, -math.inf
        self.lr = self.seconds = None

    @classmethod
    def of(cls, values: list) -> "_Bucket":
        bucket = cls()
        for name, value in zip(cls.__slots__, values, strict=True):
            setattr(bucket, name, value)
        return bucket

    def values(self) -> list:
        return [getattr(self, name) for name in self.__slots__]

    def add(self, step, epoch, loss, accuracy, lr, rate, seconds) -> None:
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

    def joined(self, later: "_Bucket") -> "_Bucket":
        both = _Bucket()
        both.step, both.epoch, both.lr, both.seconds = later.step, later.epoch, later.lr, later.seconds
        both.loss_min = min(self.loss_min, later.loss_min)
        both.loss_max = max(self.loss_max, later.loss_max)
        for count in ("batches", "losses", "loss_sum", "accuracies", "accuracy_sum", "rates", "rate_sum"):
            setattr(both, count, getattr(self, count) + getattr(later, count))
        return both


def columns(buckets: list[_Bucket]) -> dict[str, list]:
    """Equal-length columns as the run log keeps them."""
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
