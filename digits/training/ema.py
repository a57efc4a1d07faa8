"""Exponential moving average (EMA) of the weights."""

import copy

import torch
from torch import nn


class EMA:
    """Exponential moving average of a network's weights and of its batch statistics.

    B. Polyak and A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992. `network` is the average
    itself, in evaluation mode. In the first steps it forgets faster, (1 + n) / (10 + n) as in TensorFlow's
    ExponentialMovingAverage: otherwise it would remember the random start.
    """

    def __init__(self, network: nn.Module, decay: float):
        self.decay = decay
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        pairs = list(zip(self.network.state_dict().values(), network.state_dict().values(), strict=True))
        self._averaged = [(mine, theirs) for mine, theirs in pairs if mine.is_floating_point()]
        self._counted = [(mine, theirs) for mine, theirs in pairs if not mine.is_floating_point()]

    @torch.no_grad()
    def update(self, steps: int) -> None:
        """After step number `steps`, counted from 1."""
        decay = min(self.decay, (1 + steps) / (10 + steps))
        mine, theirs = map(list, zip(*self._averaged))
        torch._foreach_lerp_(mine, theirs, 1 - decay)  # one call for all: torch.optim.swa_utils does the same
        for count, latest in self._counted:
            count.copy_(latest)
