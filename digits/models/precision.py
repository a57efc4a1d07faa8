"""Number format, memory format and device: bfloat16 and channels_last if they are correct and faster on this machine.

bfloat16 with channels_last doubles the speed of small convolutions on processors that support it. On others it is many
times slower, and some versions of torch compute a first layer of one channel incorrectly, so it is tried first. The
memory format alone gains a factor of 1.1 to 1.9 and is tried as well.

Both affect rounding, and runs must be reproducible. So candidates are compared by CPU time on one thread, which other
processes hardly change (5 %; with two threads that wait for each other it was 50 %), and near ties go to float32 and
channels_last.
"""

import contextlib
import copy
import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, cross_entropy

from digits import torchrun
from digits.data.mnist import CLASSES, SIZE
from digits.errors import UserError

_BFLOAT16_SPEEDUP = 1.18  # minimum: less is not worth the rounding errors; with hardware support it is 1.25 to 2.3
_CONTIGUOUS_SPEEDUP = 1.25  # minimum: channels_last is mostly faster, so it wins a tie
_MIN_COSINE = 0.95  # similarity of two gradients: 0.99 with rounding errors, near 0 with wrong kernels
_ROUNDS = 3
_IMAGES = 64  # on one thread: with fewer, overhead per call hides the gain


def choose_device(wanted: str) -> torch.device:
    """`wanted` is auto, cpu, cuda or mps. Raises UserError for an unavailable device."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        available["mps"] &= torchrun.size() == 1  # mps has no distributed backend
        wanted = next(name for name, is_available in available.items() if is_available)
    if not available[wanted]:
        raise UserError(f"No {wanted} device is available: use --device auto or --device cpu.")
    if wanted != "cuda":
        return torch.device(wanted)
    if torchrun.local_rank() >= torch.cuda.device_count():
        raise UserError(f"torchrun started more processes than there are CUDA devices ({torch.cuda.device_count()}).")
    return torch.device(wanted, torchrun.local_rank())


@dataclass(frozen=True)
class Precision:
    """float32, or bfloat16 under autocast; tensors (N, C, H, W) contiguous or channels_last."""

    device: torch.device
    bfloat16: bool = False
    channels_last: bool = False

    @classmethod
    def from_log(cls, device: torch.device, environment: dict) -> "Precision | None":
        """The precision of a run log's section `environment`, if it has one."""
        if "precision" not in environment:
            return None
        names = (environment["precision"], environment.get("memory_format"))
        return cls(device, bfloat16=names[0] == "bfloat16", channels_last=names[1] == "channels_last")

    def autocast(self) -> AbstractContextManager:
        if not self.bfloat16:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def to_memory_format(self, tensor_or_network):
        """A tensor (N, C, H, W) or network in this memory format."""
        return tensor_or_network.to(memory_format=torch.channels_last) if self.channels_last else tensor_or_network

    def describe(self) -> dict:
        """Fields of the run log's section `environment`."""
        return {
            "precision": "bfloat16" if self.bfloat16 else "float32",
            "memory_format": "channels_last" if self.channels_last else "contiguous",
        }


def choose_precision(wanted: str, network: nn.Module, device: torch.device) -> Precision:
    """`wanted` is float32, bfloat16 or auto. The candidates are timed on copies of the network.

    Takes 0.2 to 0.4 s for cnn4-quick, up to 1.3 s for the largest network. Changes neither the network nor a generator.
    """
    if wanted == "bfloat16":
        return Precision(device, bfloat16=True, channels_last=True)
    best, *others = Precision(device), Precision(device, channels_last=True)
    if wanted == "auto" and may_support_bfloat16(device):
        others.append(Precision(device, bfloat16=True, channels_last=True))
    with _one_thread():
        seconds = _seconds([best, *others], network)
    for other, speedup in zip(others, (1 / _CONTIGUOUS_SPEEDUP, _BFLOAT16_SPEEDUP)):
        if other in seconds and seconds.get(best, math.inf) >= speedup * seconds[other]:
            best = other
    return best


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _seconds(candidates: list[Precision], network: nn.Module) -> dict[Precision, float]:
    """Seconds per step of each candidate whose gradient agrees with that of the first.

    It is the minimum of _ROUNDS steps, since other processes only add to the time.
    """
    device = candidates[0].device
    images = torch.rand(_IMAGES, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(0)).to(device)
    labels = (torch.arange(_IMAGES) % CLASSES).to(device)
    trials: dict[Precision, Trial] = {}
    expected = None
    for candidate in candidates:
        try:
            trial = Trial(network, candidate, images, labels)
            gradient = trial.gradient()
        except RuntimeError:  # no such kernel on this device
            continue
        expected = gradient if expected is None else expected
        if cosine_similarity(expected, gradient, dim=0).item() >= _MIN_COSINE:  # False for NaN
            trials[candidate] = trial
    rounds = [
        [trial.seconds() for trial in trials.values()] for _ in range(_ROUNDS)
    ]  # in turn, since the load may change
    return dict(zip(trials, map(min, zip(*rounds))))


def may_support_bfloat16(device: torch.device) -> bool:
    """False for x86 processors without AVX-512, where bfloat16 steps take ten times as long."""
    return device.type != "cpu" or torch.backends.cpu.get_cpu_capability() != "AVX2"


class Trial:
    """Steps of a copy of the network in one precision."""

    def __init__(self, network: nn.Module, precision: Precision, images: Tensor, labels: Tensor):
        self.network = precision.to_memory_format(copy.deepcopy(network)).train()
        self.precision = precision
        self.images, self.labels = precision.to_memory_format(images), labels
        # On the CPU, time of other processes does not count.
        self.clock = time.process_time if images.device.type == "cpu" else time.perf_counter

    def gradient(self) -> Tensor:
        """The gradient of the loss as one vector, without dropout, which is random."""
        for layer in self.network.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = 0.0
        self.network.zero_grad()
        with self.precision.autocast():
            logits = self.network(self.images)
        cross_entropy(logits.float(), self.labels).backward()
        gradients = (parameter.grad for parameter in self.network.parameters())
        return torch.cat([gradient.float().flatten() for gradient in gradients if gradient is not None])

    def seconds(self) -> float:
        start = self.clock()
        self.gradient().sum().item()  # .item() waits for an accelerator
        return self.clock() - start
