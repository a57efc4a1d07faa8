"""Networks that behave like trained ones, without training."""

import torch

from digits.models.builders import build_model


def trained_like(name: str, norm: str | None = None, channels: tuple[int, ...] | None = None) -> torch.nn.Sequential:
    """A network with batch statistics and some negative scales, in evaluation mode."""
    torch.manual_seed(0)
    network = build_model(name, channels, norm=norm)
    with torch.no_grad():
        for layer in network:
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.weight.normal_(0.5, 1)
                layer.bias.normal_()
                layer.running_mean.normal_()
                layer.running_var.uniform_(0.5, 2)
    return network.eval()
