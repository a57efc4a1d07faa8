"""Half the numbers' width and another memory order, where this machine computes them rightly and faster.

bfloat16 with channels_last doubles the speed of small convolutions on processors made for it. On others it is many
times slower, and some versions have computed a first layer of one channel wrongly: so it is tried, not assumed. The
memory order alone gains 1.1 to 1.9 times, and is tried as well.

Both decide how numbers are rounded, and a run has to repeat: so what is compared is processor time on one thread, which
busy neighbours hardly change (5 %, where two threads that wait for each other differed by half), and a near tie goes
to float32 and to channels_last.
"""

import contextlib
import copy
import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_FASTER = 1.18  # times, or bfloat16 is not worth a rounding error; where it pays it is 1.25 to 2.3
_CLEARLY_FASTER = 1.25  # times that the contiguous order must be: mostly channels_last is, so it wins a tie
_SIMILAR = 0.95  # cosine between two gradients: rounding leaves 0.99, wrong kernels next to nothing
_ROUNDS = 3
_IMAGES = 64  # on one thread; with fewer, what a call costs by itself hides what its arithmetic gains


@dataclass(frozen=True)
class Precision:
    """float32, or bfloat16 under autocast; images and filters as N, C, H, W in memory or with the channels last."""

    device: torch.device
    bfloat16: bool = False
    channels_last: bool = False

    @classmethod
    def from_log(cls, device: torch.device, environment: dict) -> "Precision | None":
        """What `describe` gave, if it is in there."""
        if "precision" not in environment:
            return None
        names = (environment["precision"], environment.get("memory_format"))
        return cls(device, bfloat16=names[0] == "bfloat16", channels_last=names[1] == "channels_last")

    def autocast(self):
        if not self.bfloat16:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def arranged(self, tensor_or_network):
        """The same tensor (N, C, H, W) or network, in the memory order that suits."""
        return tensor_or_network.to(memory_format=torch.channels_last) if self.channels_last else tensor_or_network

    def describe(self) -> dict:
        """For the run log's section `environment`."""
        return {
            "precision": "bfloat16" if self.bfloat16 else "float32",
            "memory_format": "channels_last" if self.channels_last else "contiguous",
        }


def choose(wanted: str, network: nn.Module, device: torch.device) -> Precision:
    """`wanted` is float32, bfloat16, or auto. All ways in question take some steps on copies of the network.

    Costs 0.2 to 0.5 s for cnn4-quick, up to 1.6 s for the largest. Neither the network nor any random state is changed.
    """
    if wanted == "bfloat16":
        return Precision(device, bfloat16=True, channels_last=True)
    best = Precision(device)
    with _one_thread():
        best = _better(best, Precision(device, channels_last=True), 1 / _CLEARLY_FASTER, network)
        if wanted == "auto" and _may_know_bfloat16(device):
            best = _better(best, Precision(device, bfloat16=True, channels_last=True), _FASTER, network)
    return best


@contextlib.contextmanager
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _better(known: Precision, other: Precision, faster: float, network: nn.Module) -> Precision:
    """The other, if its gradient points the same way and its steps are that many times faster; else the known one.

    The least of some times is compared: neighbours only ever add to one.
    """
    images = torch.rand(_IMAGES, 1, 28, 28, generator=torch.Generator().manual_seed(0)).to(known.device)
    labels = (torch.arange(_IMAGES) % 10).to(known.device)
    try:
        trials = [_Trial(network, precision, images, labels) for precision in (known, other)]
        similarity = F.cosine_similarity(*(trial.gradient() for trial in trials), dim=0).item()
        if not similarity >= _SIMILAR:  # also where it is no number
            return known
        rounds = [[trial.seconds() for trial in trials] for _ in range(_ROUNDS)]  # in turn: the load may change
    except RuntimeError:  # this device has no such kernel
        return known
    known_seconds, other_seconds = map(min, zip(*rounds))
    return other if known_seconds >= faster * other_seconds else known


def _may_know_bfloat16(device: torch.device) -> bool:
    """An x86 processor without AVX-512 has no instruction for it: steps take ten times as long, no need to try."""
    return device.type != "cpu" or torch.backends.cpu.get_cpu_capability() != "AVX2"


class _Trial:
    def __init__(self, network: nn.Module, precision: Precision, images: Tensor, labels: Tensor):
        self.network = precision.arranged(copy.deepcopy(network)).train()
        self.precision = precision
        self.images, self.labels = precision.arranged(images), labels
        # Where the processor computes: a busy neighbour takes turns, but adds nothing to this thread's time.
        self.clock = time.process_time if images.device.type == "cpu" else time.perf_counter

    def gradient(self) -> Tensor:
        """Of the loss by all parameters, as one vector; without dropout, which differs from call to call."""
        for layer in self.network.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = 0.0
        self.network.zero_grad()
        with self.precision.autocast():
            logits = self.network(self.images)
        F.cross_entropy(logits.float(), self.labels).backward()
        return torch.cat([parameter.grad.float().flatten() for parameter in self.network.parameters()])

    def seconds(self) -> float:
        start = self.clock()
        self.gradient().sum().item()  # .item() waits for an accelerator
        return self.clock() - start
