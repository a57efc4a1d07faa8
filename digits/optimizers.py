"""Adam, AdamW and SGD with momentum: torch's own kernels, without the classes of torch.optim.

These classes import torch's compiler when the first one is made, which costs a second and 150 MB that training does not
need. The functions behind them (torch.optim.adam.adam and so on) are public and do the arithmetic here as well.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd


class Optimizer:
    """Changes `parameters` by their gradients. `state` is what it remembers: a list by name, a tensor per parameter."""

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


def make(name: str, network: nn.Module, weight_decay: float) -> Optimizer:
    """`name` is adam (decay as part of the gradient), adamw (decay of its own) or sgd."""
    if name == "sgd":
        return SGD(network.parameters(), weight_decay)
    return Adam(network.parameters(), weight_decay, decoupled=name == "adamw")
