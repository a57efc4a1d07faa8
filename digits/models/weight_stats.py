"""Weight statistics, as a file for the page: the filters of the first layer, a histogram for each layer.

After each epoch a histogram is added, so that one can watch the weights spread.
"""

import torch
from torch import Tensor, nn

from digits.epoch_rows import downsample, kept_rows
from digits.files import is_number
from digits.renames import present_fields

BARS = 40
_LAYERS = (nn.Conv2d, nn.Linear)


class WeightHistograms:
    """weights.json: the filters as they are now, and the histograms after each epoch kept."""

    def __init__(self):
        self._epochs: list[dict] = []
        self._filters: dict | None = None

    def restore(self, saved: dict, epoch: int) -> None:
        """Take what an earlier process wrote of the epochs up to `epoch`. Raises ValueError for what it did not."""
        rows = kept_rows(saved.get("epochs"), epoch)
        self._epochs = [row | {"layers": _histograms(row.get("layers"))} for row in rows]

    def add_epoch(self, epoch: int, network: nn.Module) -> None:
        layers = [(name, layer) for name, layer in network.named_modules() if isinstance(layer, _LAYERS)]
        self._filters = _filters(*next((item for item in layers if isinstance(item[1], nn.Conv2d)), (None, None)))
        self._epochs.append({"epoch": epoch, "layers": [histogram(name, layer.weight) for name, layer in layers]})
        self._epochs = downsample(self._epochs)

    def as_json(self) -> dict:
        return {"filters": self._filters, "epochs": self._epochs}


def histogram(name: str, weight: Tensor) -> dict:
    """How many of a layer's weights lie in each of BARS equal parts from the least to the greatest.

    NaN and infinite weights are left out; `std` is the standard deviation of the others.
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
        **{key: float(f"{value:.5g}") for key, value in facts.items()},
        "counts": counts.int().tolist(),
    }


def _histograms(layers: object) -> list[dict]:
    """`layers` of a file, under the present names of their fields. Raises ValueError."""
    if not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
        raise ValueError("its histograms are damaged")
    present = [present_fields(layer) for layer in layers]
    if not all(map(_is_histogram, present)):
        raise ValueError("its histograms are damaged")
    return present


def _is_histogram(layer) -> bool:
    """Whether `histogram` may have given that."""
    if not isinstance(layer, dict) or not isinstance(layer.get("name"), str):
        return False
    counts = layer.get("counts")
    return (
        all(is_number(layer.get(key)) for key in ("low", "high", "std"))
        and isinstance(counts, list)
        and len(counts) == BARS
        and all(type(count) is int for count in counts)
    )


def _filters(name: str | None, layer: nn.Conv2d | None) -> dict | None:
    """The kernels of the first convolution, row by row; None where there is none."""
    if layer is None:
        return None
    kernels = layer.weight.detach().float().cpu()[:, 0]  # (C, rows, columns): one channel enters
    count, rows, columns = kernels.shape
    values = [float(f"{value:.4g}") for value in kernels.nan_to_num(0, 0, 0).flatten().tolist()]
    return {"name": name, "count": count, "rows": rows, "columns": columns, "values": values}
