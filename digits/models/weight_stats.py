"""Weight statistics for the page: the filters of the first layer, and a histogram of each layer after each epoch."""

import torch
from torch import Tensor, nn

from digits.files import is_number, rounded
from digits.models.history import downsample, kept_rows
from digits.renames import present_fields

BARS = 40  # bins
MAX_FILTER_WEIGHTS = 700  # of the first layer, kept for each epoch: 50 epochs of larger ones would exceed 300 kB
_LAYERS = (nn.Conv2d, nn.Linear)


class WeightHistograms:
    """weights.json: the current filters, and the histograms of the epochs kept."""

    def __init__(self) -> None:
        self._epochs: list[dict] = []
        self._filters: dict | None = None

    def restore(self, saved: dict, epoch: int) -> None:
        """Load the file of an earlier process up to `epoch`. Raises ValueError for a damaged one."""
        rows = kept_rows(saved.get("epochs"), epoch)
        self._epochs = [_without_damage(row) | {"layers": _histograms(row.get("layers"))} for row in rows]

    def add_epoch(self, epoch: int, network: nn.Module) -> None:
        layers = [(name, layer) for name, layer in network.named_modules() if isinstance(layer, _LAYERS)]
        self._filters = _filters(*next((item for item in layers if isinstance(item[1], nn.Conv2d)), (None, None)))
        row = {"epoch": epoch, "layers": [histogram(name, layer.weight) for name, layer in layers]}
        values = self._filters["values"] if self._filters else []
        kept = {"filters": values} if 0 < len(values) <= MAX_FILTER_WEIGHTS else {}
        self._epochs = downsample([*self._epochs, row | kept])

    def as_json(self) -> dict:
        return {"filters": self._filters, "epochs": self._epochs}


def histogram(name: str, weight: Tensor) -> dict:
    """The histogram of a layer's weights in BARS bins from the minimum to the maximum.

    NaN and infinite weights are not counted; `std` is the standard deviation of the others.
    """
    values = weight.detach().float().cpu().flatten()
    values = values[values.isfinite()]
    if not len(values):
        return {"name": name, "low": 0.0, "high": 0.0, "std": 0.0, "counts": [0] * BARS}
    low, high = values.min().item(), values.max().item()
    counts = torch.histc(values, BARS, low, high) if low < high else torch.tensor([len(values)] + [0] * (BARS - 1))
    facts = {"low": low, "high": high, "std": values.std(correction=0).item()}
    return {
        "name": name,
        **{key: rounded(value, 5) for key, value in facts.items()},
        "counts": counts.int().tolist(),
    }


def _without_damage(row: dict) -> dict:
    """The row of an epoch, without filters that are no numbers; older files have none."""
    filters = row.get("filters")
    is_whole = isinstance(filters, list) and all(map(is_number, filters))
    return row if is_whole else {key: value for key, value in row.items() if key != "filters"}


def _histograms(layers: object) -> list[dict]:
    """The `layers` of a file, with the current names of their fields. Raises ValueError."""
    present = [present_fields(layer) for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []
    if not isinstance(layers, list) or len(present) != len(layers) or not all(map(_is_histogram, present)):
        raise ValueError("its histograms are damaged")
    return present


def _is_histogram(layer: dict) -> bool:
    """Whether it has the form of a result of `histogram`."""
    if not isinstance(layer.get("name"), str):
        return False
    counts = layer.get("counts")
    return (
        all(is_number(layer.get(key)) for key in ("low", "high", "std"))
        and isinstance(counts, list)
        and len(counts) == BARS
        and all(type(count) is int for count in counts)
    )


def _filters(name: str | None, layer: nn.Conv2d | None) -> dict | None:
    """The kernels of the first convolution, row by row; None without a convolution."""
    if layer is None:
        return None
    kernels = layer.weight.detach().float().cpu()[:, 0]  # (C, rows, columns), of the single input channel
    count, rows, columns = kernels.shape
    values = [rounded(value, 4) for value in kernels.nan_to_num(0, 0, 0).flatten().tolist()]
    return {"name": name, "count": count, "rows": rows, "columns": columns, "values": values}
