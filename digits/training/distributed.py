"""Data-parallel training: torchrun starts several processes, each computes its shard of every batch.

All draw the same random numbers for the whole batch and use their shard of them; batch-norm statistics and gradients
are summed over all. The result matches a single process up to rounding.
"""

import os
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.functional import dropout

from digits import torchrun
from digits.errors import UserError

T = TypeVar("T")

_SYNC_EVERY = 32  # calls, on accelerators
_TIMEOUT = timedelta(minutes=5)  # for a process that evaluates or writes while the others wait


class Group:
    """The `size` processes of a run, of which this one has the rank `rank`; a single process has no overhead.

    `batch_size` is the number of images of the current batch in all processes: batch norm and dropout need it.
    """

    def __init__(self, rank: int = 0, size: int = 1, device: torch.device | None = None):
        self.rank, self.size, self.device = rank, size, device
        self.batch_size = 0
        self.waiting = False  # all processes are paused
        self._calls = 0

    @classmethod
    def join(cls, device: torch.device) -> "Group":
        """The group that torchrun started this process for; waits until all processes have joined.

        Raises UserError if they can't connect to each other.
        """
        if torchrun.size() == 1:
            return cls()
        backend = "nccl" if device.type == "cuda" else "gloo"
        try:
            distributed.init_process_group(backend, timeout=_TIMEOUT)
        except (RuntimeError, ValueError) as error:
            place = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
            words = str(error).split("\n")[0].rstrip(".")
            raise UserError(f"The processes of this run can't connect to each other at {place} ({words}).") from None
        return cls(distributed.get_rank(), distributed.get_world_size(), device)

    def shard(self, images: int) -> slice:
        """The shard of this process among `images` images; shards differ in size by at most one."""
        return slice(images * self.rank // self.size, images * (self.rank + 1) // self.size)

    def sum(self, values: Tensor) -> Tensor:
        """Sum over all processes, in place."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

    def any(self, here: bool, now: bool = False) -> bool:
        """Whether `here` is true in any process; all get the same answer.

        Accelerators would wait for each other, so they compare only at every 32nd call, in a pause, or with `now`, and
        get False in between.
        """
        if self.size == 1:
            return here
        self._calls += 1
        if self.skip_sync(self._calls) and not now:
            return False
        return self.sum(torch.tensor(float(here), device=self.device)).item() > 0

    def skip_sync(self, call: int) -> bool:
        """Whether the call with that number should skip synchronization; see `any`."""
        on_accelerator = self.device is not None and self.device.type != "cpu"
        return self.size > 1 and on_accelerator and call % _SYNC_EVERY > 0 and not self.waiting

    def broadcast(self, value: T) -> T:
        """The value of process 0, in all processes."""
        if self.size == 1:
            return value
        values: list = [value]
        distributed.broadcast_object_list(values)
        return values[0]

    def check_same(self, value: str) -> None:
        """Raise UserError in every process unless all have the same `value`, the digest of their images."""
        if self.any(value != self.broadcast(value), now=True):
            raise UserError("The processes don't have the same images: give all of them the same --data-dir.")

    def ddp(self, network: nn.Module) -> nn.Module:
        """The network to call in training: its gradients are averaged over all processes."""
        if self.size == 1:
            return network
        return nn.parallel.DistributedDataParallel(network)

    def convert_layers(self, network: nn.Sequential) -> nn.Sequential:
        """The network with its batch norm and dropout synchronized over all processes; it shares all parameters."""
        if self.size > 1:
            for name, layer in network.named_children():
                if isinstance(layer, nn.BatchNorm2d):
                    network.register_module(name, SyncBatchNorm2d.like(layer, self))
                elif isinstance(layer, nn.Dropout):
                    network.register_module(name, SyncDropout(layer.p, self))
        return network


class SyncBatchNorm2d(nn.BatchNorm2d):
    """Batch norm with the statistics of all processes; torch's SyncBatchNorm works on GPUs only.

    Sums are computed in float32 or better, the mean first, to avoid cancellation.
    """

    def __init__(self, channels: int, group: Group, **options: Any):
        super().__init__(channels, **options)
        self.group = group

    @classmethod
    def like(cls, layer: nn.BatchNorm2d, group: Group) -> "SyncBatchNorm2d":
        """A layer that shares its parameters and buffers with `layer`."""
        copy = cls(layer.num_features, group, eps=layer.eps, momentum=layer.momentum)
        copy.weight, copy.bias = layer.weight, layer.bias
        for name, buffer in layer.named_buffers(recurse=False):
            copy.register_buffer(name, buffer)
        return copy.train(layer.training)

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return super().forward(images)
        values = images.to(torch.promote_types(images.dtype, torch.float32))  # (n, C, H, W), n may be 0
        count = self.group.batch_size * values.shape[2] * values.shape[3]
        assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
        mean = _Sum.apply(values.sum(dim=(0, 2, 3))) / count  # (C,)
        centered = values - mean[:, None, None]
        variance = _Sum.apply(centered.square().sum(dim=(0, 2, 3))) / count  # (C,)
        with torch.no_grad():
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / max(1, count - 1)), self.momentum)  # unbiased, as in torch
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centered * scale[:, None, None] + self.bias[:, None, None]).to(images.dtype)


class SyncDropout(nn.Dropout):
    """Dropout that draws a mask for the whole batch, and applies this process's shard of it."""

    def __init__(self, p: float, group: Group):
        super().__init__(p)
        self.group = group

    def forward(self, values: Tensor) -> Tensor:
        if not self.training:
            return values
        whole = values.new_ones(self.group.batch_size, *values.shape[1:])
        return values * dropout(whole, self.p)[self.group.shard(self.group.batch_size)]


class _Sum(torch.autograd.Function):
    """Sum over all processes, in the forward and in the backward pass."""

    @staticmethod
    def forward(_, values: Tensor) -> Tensor:
        values = values.clone()
        distributed.all_reduce(values)
        return values

    @staticmethod
    def backward(_, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        distributed.all_reduce(gradient)
        return gradient
