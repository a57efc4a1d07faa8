"""The network: layers in order, and the mean of its logits over shifted views of an image."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from digits.data.mnist import MEAN, STD

BACKGROUND = -MEAN / STD  # a pixel without ink, normalized
SHIFTS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))  # rows, columns
MAX_VIEWS = len(SHIFTS)


class Network(nn.Sequential):
    """Layers in order. Predictions average `views` views: the image, then copies shifted by one pixel.

    Input: normalized images, float32 (N, 1, H, W); output: logits (N, 10). In training mode there is only the image
    itself. Each view costs a forward pass. The mean is that of the logits, not of the probabilities: the OOD score
    needs logits, and the accuracy is the same (benchmarks/LOG.md).
    """

    views: int = 1

    def forward(self, images: Tensor) -> Tensor:
        if self.training or self.views == 1:
            return super().forward(images)
        logits = [super(Network, self).forward(view) for view in shifted(images, self.views)]
        return torch.stack(logits).mean(dim=0)


def shifted(images: Tensor, views: int) -> list[Tensor]:
    """The first `views` shifts of normalized images (N, 1, H, W), background moving in; the first is no shift."""
    height, width = images.shape[-2:]
    framed = pad(images, (1, 1, 1, 1), value=BACKGROUND)
    return [framed[..., 1 - y : 1 - y + height, 1 - x : 1 - x + width] for y, x in SHIFTS[:views]]


def checked_views(views: object) -> int:
    """The number of views that a file names. Raises ValueError for an invalid one."""
    if type(views) is not int or not 1 <= views <= MAX_VIEWS:
        raise ValueError(f"{views!r} is not a number of views from 1 to {MAX_VIEWS}")
    return views


def cpu_state_dict(network: nn.Module) -> dict[str, Tensor]:
    """The state dict on the CPU and contiguous, so that any program can read it."""
    return {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
