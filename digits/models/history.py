"""Snapshots of the network for the page: the current weights in float32, those after each epoch in float16.

With them the page, or any other program, runs the network without torch.
"""

import zlib
from typing import NamedTuple

import torch

from digits.data.mnist import CLASSES, MEAN, SIZE, STD
from digits.files import every_second, is_number
from digits.models.export import export_model, import_model
from digits.models.network import Network, checked_views
from digits.renames import present_fields

SNAPSHOTS_KEPT = 20
ROWS_KEPT = 50  # rows of a file with one per epoch; of validation predictions: 45 kB each
MAX_HISTORY_BYTES = 16_000_000
_LARGEST = torch.finfo(torch.float16).max


class Snapshot(NamedTuple):
    """The exported parameters after an epoch, and what was fitted on its validation images."""

    numbers: bytes  # float16
    ood_threshold: float | None = None  # evaluation/ood.py
    temperature: float | None = None  # evaluation/calibration.py
    views: int = 1  # models/network.py: more in the finished network only


class ModelHistory:
    """network.json, network.bin (float32) and network-epochs.bin (float16, one epoch after another)."""

    def __init__(self) -> None:
        self._layers: list[dict] = []
        self._views = 1
        self._numbers = torch.zeros(0)
        self._epoch = 0
        self._kept: list[tuple[int, Snapshot]] = []

    def restore(self, saved: dict, history: bytes, epoch: int) -> None:
        """Load the files of an earlier process up to `epoch`. Raises ValueError for damaged ones."""
        kept = snapshots_of(saved, history)
        if saved["epochs"] and not kept:
            raise ValueError("its checksum does not match the snapshots")
        self._kept = [(number, one) for number, one in kept.items() if number <= epoch]

    def add_epoch(
        self,
        epoch: int,
        network: Network,
        ood_threshold: float | None = None,
        temperature: float | None = None,
    ) -> None:
        self.set_current(epoch, network)
        half = self._numbers.clamp(-_LARGEST, _LARGEST).half()
        self._kept.append((epoch, Snapshot(half.numpy().astype("<f2").tobytes(), ood_threshold, temperature)))
        while len(self._kept) > max(1, min(SNAPSHOTS_KEPT, MAX_HISTORY_BYTES // half.nbytes)):
            self._kept = every_second(self._kept)

    def set_current(self, epoch: int, network: Network) -> None:
        """Make it the network of network.bin without a snapshot: the finished one is the last epoch's, with views."""
        self._epoch, self._views = epoch, network.views
        self._layers, self._numbers = export_model(network)

    @property
    def current(self) -> bytes:
        return self._numbers.numpy().astype("<f4").tobytes()

    @property
    def history(self) -> bytes:
        return b"".join(kept.numbers for _, kept in self._kept)

    def as_json(self, facts: dict) -> dict:
        """`facts` are added to the description of the current network."""
        return {
            "epoch": self._epoch,
            "input": {"rows": SIZE, "columns": SIZE, "mean": MEAN, "std": STD},
            "labels": [str(digit) for digit in range(CLASSES)],
            **facts,
            "views": self._views,
            "layers": self._layers,
            "numbers": len(self._numbers),
            "crc32": zlib.crc32(self.current),
            "epochs": [epoch for epoch, _ in self._kept],
            "ood_thresholds": [kept.ood_threshold for _, kept in self._kept],
            "temperatures": [kept.temperature for _, kept in self._kept],
            "epochs_crc32": zlib.crc32(self.history),
        }


def snapshots_of(saved: dict, history: bytes) -> dict[int, Snapshot]:
    """Snapshots by epoch, from network.json and network-epochs.bin; {} if the two do not match.

    A trainer killed between writing the two has added an epoch to one: the earlier epochs still match. Raises
    ValueError for a damaged network.json.
    """
    saved = present_fields(saved)
    _check(saved)
    size = 2 * saved["numbers"]
    thresholds, temperatures = saved.get("ood_thresholds"), saved.get("temperatures")  # missing in older files
    before = history[: size * len(saved["epochs"])]
    if saved.get("epochs_crc32") not in (zlib.crc32(history), zlib.crc32(before)):
        return {}
    return {
        epoch: Snapshot(
            history[size * at : size * (at + 1)],
            thresholds[at] if thresholds else None,
            temperatures[at] if temperatures else None,
        )
        for at, epoch in enumerate(saved["epochs"])
    }


def latest(saved: dict, numbers: bytes) -> Snapshot | None:
    """The network of the last epoch, with the content of network.bin; None if that does not match `saved`."""
    if len(numbers) != 4 * saved["numbers"] or zlib.crc32(numbers) != saved["crc32"]:
        return None
    views = checked_views(saved.get("views", 1))  # missing in older files
    return Snapshot(numbers, saved.get("ood_threshold"), saved.get("temperature"), views)


def _check(saved: dict) -> None:
    """Raise ValueError for a network.json whose entries about the epochs are invalid."""
    numbers, epochs = saved.get("numbers"), saved.get("epochs")
    if type(numbers) is not int or numbers < 1 or not isinstance(epochs, list):
        raise ValueError("its numbers or epochs are damaged")
    if not all(type(epoch) is int for epoch in epochs) or epochs != sorted(set(epochs)):
        raise ValueError("its epochs are damaged")
    for key in ("ood_thresholds", "temperatures"):
        values = saved.get(key)
        values = [None] * len(epochs) if values is None else values
        if not isinstance(values, list) or len(values) != len(epochs):
            raise ValueError(f"its {key} are damaged")
        if not all(value is None or is_number(value) for value in values):
            raise ValueError(f"its {key} are damaged")


def load_snapshot(saved: dict, numbers: bytes, views: int = 1) -> Network:
    """The network of network.json with the parameters of one epoch, float32 or float16, and its number of views.

    Raises ValueError if its output is not ten logits; other invalid files raise errors of several types.
    """
    dtype = torch.float32 if len(numbers) == 4 * saved["numbers"] else torch.float16
    network = import_model(saved["layers"], torch.frombuffer(bytearray(numbers), dtype=dtype).float())
    network.views = views
    with torch.inference_mode():
        logits = network(torch.zeros(1, 1, SIZE, SIZE))
    if logits.shape != (1, CLASSES):
        raise ValueError(f"{CLASSES} logits were expected, not {tuple(logits.shape)}")
    return network


def downsample(rows: list[dict]) -> list[dict]:
    """The rows, or every second one, including the last, if there are more than ROWS_KEPT."""
    return every_second(rows) if len(rows) > ROWS_KEPT else rows


def kept_rows(rows: object, epoch: int) -> list[dict]:
    """The rows of the epochs up to `epoch`. Raises ValueError unless `rows` is a list with ascending epochs."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) and type(row.get("epoch")) is int for row in rows):
        raise ValueError("its epochs are damaged")
    epochs = [row["epoch"] for row in rows]
    if epochs != sorted(set(epochs)):
        raise ValueError("its epochs are damaged")
    return [row for row in rows if row["epoch"] <= epoch]
