"""Optimizers: Adam, AdamW, SGD with momentum and Muon, on torch's kernels without the classes of torch.optim.

These classes import torch's compiler when the first one is made, which costs a second and 150 MB that training does not
need. The functions behind them (torch.optim.adam.adam and so on) are public and do the arithmetic here as well.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

_ITERATIONS = 3  # towards orthogonality


class Optimizer:
    """Changes `parameters` by their gradients. `state` is what it remembers: lists of tensors, by name."""

    def __init__(self, parameters: Iterable[nn.Parameter], weight_decay: float):
        self.parameters = list(parameters)
        self.weight_decay = weight_decay
        # one kernel for all parameters; not every version has it on other devices
        self.fused = self.parameters[0].device.type in ("cpu", "cuda")
        self.state: dict[str, list[Tensor]] = {}

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def step(self, lr: float) -> None:
        """One update at that learning rate."""
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
        return [parameter.grad for parameter in self.parameters]


class Adam(Optimizer):
    """D. Kingma and J. Ba, "Adam", 2014; with `decoupled` decay I. Loshchilov and F. Hutter's AdamW, 2017.

    Betas 0.9 and 0.999, epsilon 1e-8, as the papers have them.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], weight_decay: float, decoupled: bool):
        super().__init__(parameters, weight_decay)
        self._update = adamw if decoupled else adam
        # read by the processor unless the kernel is fused: there they must not lie on an accelerator
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
    """Stochastic gradient descent with Nesterov's momentum of 0.9, as I. Sutskever and others wrote it in 2013."""

    def __init__(self, parameters: Iterable[nn.Parameter], weight_decay: float):
        super().__init__(parameters, weight_decay)
        self.state = {"momentum": self._zeros()}

    @torch.no_grad()
    def step(self, lr: float) -> None:
        sgd(
            self.parameters,
            self._gradients(),
            self.state["momentum"],
            fused=self.fused,
            weight_decay=self.weight_decay,
            momentum=0.9,
            lr=lr,
            dampening=0.0,
            nesterov=True,
            maximize=False,
        )


class Muon(Optimizer):
    """Momentum, made orthogonal: a step about as long along each direction of a matrix, whatever its gradient there.

    K. Jordan and others, "Muon: an optimizer for hidden layers in neural networks", 2024; the size of a step as in
    J. Liu and others, "Muon is Scalable for LLM Training", 2025: elements move as far as those of AdamW, so rate and
    decay mean the same. A kernel counts as a matrix (outputs, inputs * height * width). What is no matrix of several
    inputs to several hidden units moves by AdamW: biases, norms, kernels of one input, the last layer.
    """

    momentum = 0.95
    rms = 0.2  # root mean square of an element's step, at rate 1: about that of Adam

    def __init__(self, parameters: Iterable[nn.Parameter], weight_decay: float):
        super().__init__(parameters, weight_decay)
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
        means, gradients = self.state["momentum"], [parameter.grad for parameter in self.matrices]
        torch._foreach_lerp_(means, gradients, 1 - self.momentum)
        ahead = torch._foreach_lerp(gradients, means, self.momentum)  # Nesterov's way
        torch._foreach_mul_(self.matrices, 1 - lr * self.weight_decay)
        for parameter, way in zip(self.matrices, orthogonal([matrix.flatten(1) for matrix in ahead])):
            parameter.add_(way.view(parameter.shape), alpha=-lr * self.rms * max(way.shape) ** 0.5)


def orthogonal(matrices: list[Tensor]) -> list[Tensor]:
    """Nearly the orthogonal matrices next to `matrices`, each (m, n): their singular values become about 1.

    Newton and Schulz's iteration with Jordan's coefficients, which are quick rather than exact: values from a twentieth
    of the norm end between 0.6 and 1.2, lesser ones below. It is done on the squares of the matrices, of which all fit
    into one tensor with zeros around them, and applied at the end: small matrices cost as much as calls do.
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
            square = factor @ square @ factor  # of the matrices as they are by now; all of these commute
    found = [place[: len(matrix), : len(matrix)] @ matrix for place, matrix in zip(whole, wide)]
    return [way if way.shape == matrix.shape else way.T.contiguous() for way, matrix in zip(found, matrices)]


def make(name: str, network: nn.Module, weight_decay: float) -> Optimizer:
    """`name` is adam (decay as part of the gradient), adamw (decay of its own), sgd or muon."""
    if name == "sgd":
        return SGD(network.parameters(), weight_decay)
    if name == "muon":
        return Muon(network.parameters(), weight_decay)
    return Adam(network.parameters(), weight_decay, decoupled=name == "adamw")
