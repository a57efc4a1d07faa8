"""Optimizers (Adam, AdamW, SGD with momentum, Muon) and the exponential moving average (EMA) of the weights.

The classes of torch.optim import torch's compiler when the first one is created, which costs a second and 150 MB that
training does not need. This module uses the public functions behind them, such as torch.optim.adam.adam.
"""

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from digits.models.network import Network

_ITERATIONS = 3  # of Newton and Schulz


class Optimizer:
    """Updates `parameters` from their gradients; `state` holds lists of tensors by name."""

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float):
        self.parameters: list[Tensor] = list(parameters)
        self.weight_decay = weight_decay
        # a single kernel for all parameters; on other devices not every version of torch has it
        self.fused = self.parameters[0].device.type in ("cpu", "cuda")
        self.state: dict[str, list[Tensor]] = {}

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def step(self, lr: float) -> None:
        """Update the parameters at that learning rate."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, list[Tensor]]:
        return {name: [tensor.cpu().contiguous() for tensor in tensors] for name, tensors in self.state.items()}

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        for name, tensors in self.state.items():
            for mine, saved in zip(tensors, state[name], strict=True):
                mine.copy_(saved)

    def _zeros(self) -> list[Tensor]:
        return [torch.zeros_like(parameter) for parameter in self.parameters]

    def _gradients(self) -> list[Tensor]:
        return list(map(_gradient, self.parameters))


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


class Adam(Optimizer):
    """Adam (D. Kingma and J. Ba, 2014); with `decoupled` weight decay AdamW (I. Loshchilov and F. Hutter, 2017).

    Betas 0.9 and 0.999, epsilon 1e-8, as in the papers.
    """

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float, decoupled: bool):
        super().__init__(parameters, weight_decay)
        self._update = adamw if decoupled else adam
        # without a fused kernel the CPU reads them, so they must not be on an accelerator
        steps = [torch.zeros((), device=p.device if self.fused else "cpu") for p in self.parameters]
        self.state = {"mean": self._zeros(), "square": self._zeros(), "steps": steps}

    @torch.no_grad()
    def step(self, lr: float) -> None:
        self._update(
            self.parameters,
            self._gradients(),
            self.state["mean"],
            self.state["square"],
            [],
            self.state["steps"],
            fused=self.fused,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=lr,
            weight_decay=self.weight_decay,
            eps=1e-8,
            maximize=False,
        )


class SGD(Optimizer):
    """Stochastic gradient descent with Nesterov momentum of 0.9, as in I. Sutskever and others, 2013."""

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float):
        super().__init__(parameters, weight_decay)
        self.state = {"momentum": self._zeros()}

    @torch.no_grad()
    def step(self, lr: float) -> None:
        sgd(
            self.parameters,
            self._gradients(),
            [*self.state["momentum"]],
            fused=self.fused,
            weight_decay=self.weight_decay,
            momentum=0.9,
            lr=lr,
            dampening=0.0,
            nesterov=True,
            maximize=False,
        )


class Muon(Optimizer):
    """Momentum, orthogonalized: equal step lengths along all directions of a matrix, regardless of the gradient.

    K. Jordan and others, "Muon: an optimizer for hidden layers in neural networks", 2024; the size of a step as in
    J. Liu and others, "Muon is Scalable for LLM Training", 2025: elements change as much as with AdamW, so learning
    rate and weight decay mean the same. A kernel counts as a matrix (outputs, inputs * height * width). AdamW updates
    all other parameters: biases, norms, kernels of one input channel, and the last layer.
    """

    rms = 0.2  # root mean square of an element's step at learning rate 1: about that of Adam

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float, momentum: float = 0.95):
        super().__init__(parameters, weight_decay)
        self.momentum = momentum
        wide = [p for p in self.parameters if p.ndim > 1]
        self.matrices = [p for p in wide[:-1] if p.shape[1] > 1]
        hidden = {id(p) for p in self.matrices}
        self._others = Adam([p for p in self.parameters if id(p) not in hidden], weight_decay, decoupled=True)
        self.state = {"momentum": [torch.zeros_like(p) for p in self.matrices], **self._others.state}

    @torch.no_grad()
    def step(self, lr: float) -> None:
        self._others.step(lr)
        if not self.matrices:
            return
        means, gradients = self.state["momentum"], list(map(_gradient, self.matrices))
        torch._foreach_lerp_(means, gradients, 1 - self.momentum)
        ahead = torch._foreach_lerp(gradients, means, self.momentum)  # Nesterov momentum
        torch._foreach_mul_(self.matrices, 1 - lr * self.weight_decay)
        for parameter, update in zip(self.matrices, orthogonal([matrix.flatten(1) for matrix in ahead])):
            parameter.add_(update.view(parameter.shape), alpha=-lr * self.rms * max(update.shape) ** 0.5)


def orthogonal(matrices: list[Tensor]) -> list[Tensor]:
    """Approximately the nearest orthogonal matrices of `matrices`, each (m, n): their singular values become about 1.

    The Newton-Schulz iteration with Jordan's coefficients, which converge fast rather than exactly: singular values
    above a twentieth of the norm end between 0.6 and 1.2, smaller ones below. It runs on the Gram matrices, zero-padded
    into one tensor, and is applied at the end: with small matrices the number of calls decides the cost.
    """
    wide = [matrix.T if matrix.shape[0] > matrix.shape[1] else matrix for matrix in matrices]
    wide = [matrix / norm.clamp(min=1e-7) for matrix, norm in zip(wide, torch._foreach_norm(wide))]
    side = max(map(len, wide))
    square = wide[0].new_zeros(len(wide), side, side)
    for place, matrix in zip(square, wide):
        torch.mm(matrix, matrix.T, out=place[: len(matrix), : len(matrix)])
    whole = None
    for last in (*[False] * (_ITERATIONS - 1), True):
        factor = torch.baddbmm(square, square, square, beta=-4.7750, alpha=2.0315)
        factor.diagonal(dim1=1, dim2=2).add_(3.4445)
        whole = factor if whole is None else factor @ whole
        if not last:
            square = factor @ square @ factor  # the Gram matrices after this iteration; all of these commute
    assert whole is not None
    results = [place[: len(matrix), : len(matrix)] @ matrix for place, matrix in zip(whole, wide)]
    return [one if one.shape == matrix.shape else one.T.contiguous() for one, matrix in zip(results, matrices)]


def make(name: str, network: nn.Module, weight_decay: float, momentum: float = 0.95) -> Optimizer:
    """Optimizer `name`: adam (weight decay added to the gradient), adamw (decoupled weight decay), sgd or muon.

    `momentum` is Muon's.
    """
    if name == "sgd":
        return SGD(network.parameters(), weight_decay)
    if name == "muon":
        return Muon(network.parameters(), weight_decay, momentum)
    return Adam(network.parameters(), weight_decay, decoupled=name == "adamw")


class EMA:
    """Exponential moving average of a network's weights and of its batch statistics.

    B. Polyak and A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992. `network` is the average,
    in evaluation mode. The decay of the first steps is lower, (1 + n) / (10 + n) as in TensorFlow's
    ExponentialMovingAverage: otherwise the random initial weights would dominate.
    """

    def __init__(self, network: Network, decay: float):
        self.decay = decay
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        pairs = list(zip(self.network.state_dict().values(), network.state_dict().values(), strict=True))
        self._averaged = [(mine, theirs) for mine, theirs in pairs if mine.is_floating_point()]
        self._counters = [(mine, theirs) for mine, theirs in pairs if not mine.is_floating_point()]

    @torch.no_grad()
    def update(self, steps: int) -> None:
        """Update the average after step number `steps`, counted from 1."""
        decay = min(self.decay, (1 + steps) / (10 + steps))
        mine, theirs = map(list, zip(*self._averaged))
        torch._foreach_lerp_(mine, theirs, 1 - decay)  # one call for all: torch.optim.swa_utils does the same
        for counter, latest in self._counters:
            counter.copy_(latest)
