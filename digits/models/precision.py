"""Number format, memory format and device: bfloat16 and channels_last where they are correct and faster here.

bfloat16 with channels_last doubles the speed of small convolutions on processors made for it. On others it is many
times slower, and some versions have computed a first layer of one channel wrongly: so it is tried, not assumed. The
memory order alone gains 1.1 to 1.9 times, and is tried as well.

Both decide how numbers are rounded, and a run has to repeat: so what is compared is processor time on one thread, which
busy neighbours hardly change (5 %, where two threads that wait for each other differed by half), and a near tie goes
to float32 and to channels_last.
"""

import contextlib
import copy
import math
import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits import launch
from digits.errors import UserError


def choose_device(wanted: str) -> torch.device:
    """`wanted` is auto, cpu, cuda or mps. Raises UserError for one that is not here."""
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        here["mps"] &= launch.size() == 1  # which has no way to share
        wanted = next(name for name, available in here.items() if available)
    if not here[wanted]:
        raise UserError(f"torch finds no {wanted} device here: use --device auto or --device cpu.")
    if wanted != "cuda":
        return torch.device(wanted)
    if launch.local_rank() >= torch.cuda.device_count():
        raise UserError(f"torchrun started more processes than the {torch.cuda.device_count()} cuda devices here.")
    return torch.device(wanted, launch.local_rank())


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

    def to_memory_format(self, tensor_or_network):
        """The same tensor (N, C, H, W) or network, in the memory order that suits."""
        return tensor_or_network.to(memory_format=torch.channels_last) if self.channels_last else tensor_or_network

    def describe(self) -> dict:
        """For the run log's section `environment`."""
        return {
            "precision": "bfloat16" if self.bfloat16 else "float32",
            "memory_format": "channels_last" if self.channels_last else "contiguous",
        }


def choose_precision(wanted: str, network: nn.Module, device: torch.device) -> Precision:
    """`wanted` is float32, bfloat16, or auto. All ways in question take some steps on copies of the network.

    Costs 0.2 to 0.4 s for cnn4-quick, up to 1.3 s for the largest. Neither the network nor any random state is changed.
    """
    if wanted == "bfloat16":
        return Precision(device, bfloat16=True, channels_last=True)
    best, *others = Precision(device), Precision(device, channels_last=True)
    if wanted == "auto" and _may_know_bfloat16(device):
        others.append(Precision(device, bfloat16=True, channels_last=True))
    with _one_thread():
        seconds = _seconds([best, *others], network)
    for other, faster in zip(others, (1 / _CLEARLY_FASTER, _FASTER)):
        if other in seconds and seconds.get(best, math.inf) >= faster * seconds[other]:
            best = other
    return best


@contextlib.contextmanager
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _seconds(ways: list[Precision], network: nn.Module) -> dict[Precision, float]:
    """What a step takes, for those ways whose gradient points where that of the first does.

    The least of some times counts: neighbours only ever add to one.
    """
    device = ways[0].device
    images = torch.rand(_IMAGES, 1, 28, 28, generator=torch.Generator().manual_seed(0)).to(device)
    labels = (torch.arange(_IMAGES) % 10).to(device)
    trials, expected = {}, None
    for way in ways:
        try:
            trial = _Trial(network, way, images, labels)
            gradient = trial.gradient()
        except RuntimeError:  # this device has no such kernel
            continue
        expected = gradient if expected is None else expected
        if F.cosine_similarity(expected, gradient, dim=0).item() >= _SIMILAR:  # not where it is no number
            trials[way] = trial
    rounds = [[trial.seconds() for trial in trials.values()] for _ in range(_ROUNDS)]  # in turn: the load may change
    return dict(zip(trials, map(min, zip(*rounds))))


def _may_know_bfloat16(device: torch.device) -> bool:
    """An x86 processor without AVX-512 has no instruction for it: steps take ten times as long, no need to try."""
    return device.type != "cpu" or torch.backends.cpu.get_cpu_capability() != "AVX2"


class _Trial:
    def __init__(self, network: nn.Module, precision: Precision, images: Tensor, labels: Tensor):
        self.network = precision.to_memory_format(copy.deepcopy(network)).train()
        self.precision = precision
        self.images, self.labels = precision.to_memory_format(images), labels
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
