"""Probabilities of the test samples after each epoch, for the page's scrubber."""

from torch import Tensor

from digits.data.mnist import CLASSES
from digits.files import is_number
from digits.models.history import downsample, kept_rows


class SampleHistory:
    """The part `history` of test_samples.json: a row for each epoch kept, the last one included."""

    def __init__(self) -> None:
        self._rows: list[dict] = []

    def restore(self, saved: dict, epoch: int) -> None:
        """Continue an earlier process's rows up to `epoch`; older files have none. Raises ValueError if damaged."""
        rows = kept_rows(saved.get("history", []), epoch)
        if not all(_is_valid(row) for row in rows):
            raise ValueError("its history is damaged")
        self._rows = rows

    def add_epoch(self, epoch: int, temperature: float | None, probabilities: Tensor) -> None:
        """Add or replace a row. probabilities: (samples, 10), calibrated with `temperature`."""
        ten = [[round(p, 4) for p in row] for row in probabilities.tolist()]
        before = [row for row in self._rows if row["epoch"] < epoch]
        self._rows = downsample([*before, {"epoch": epoch, "temperature": temperature, "probabilities": ten}])

    def as_json(self) -> list[dict]:
        return self._rows


def _is_valid(row: dict) -> bool:
    probabilities, temperature = row.get("probabilities"), row.get("temperature")
    return (
        (temperature is None or is_number(temperature))
        and isinstance(probabilities, list)
        and all(isinstance(ten, list) and len(ten) == CLASSES and all(map(is_number, ten)) for ten in probabilities)
    )
