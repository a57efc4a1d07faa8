"""Data-parallel training: torchrun starts several processes, each computes its shard of every batch.

All draw the same random numbers, for the whole batch, and take their part of them; batch norm and gradients are summed
over all. So the processes together do what one would do with the same batches, but for the order of additions.
"""

import os
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from digits import launch
from digits.errors import UserError

_ASKED_EVERY = 32  # times
_PATIENCE = timedelta(minutes=5)  # for a process that evaluates or writes while the others wait


class Group:
    """The processes of a run, this one being number `rank` of `size`. One alone is a group too, and costs nothing."""

    def __init__(self, rank: int = 0, size: int = 1, device: torch.device | None = None):
        self.rank, self.size, self.device = rank, size, device
        self.batch = 0  # images of the present batch, in all processes
        self.waiting = False  # in a pause, which all of them know of
        self._questions = 0

    @classmethod
    def join(cls, device: torch.device) -> "Group":
        """The group that torchrun started this process for, if any did; waits until all are there.

        Raises UserError where they do not find each other.
        """
        if launch.size() == 1:
            return cls()
        backend = "nccl" if device.type == "cuda" else "gloo"
        try:
            distributed.init_process_group(backend, timeout=_PATIENCE)
        except (RuntimeError, ValueError) as error:
            place = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
            words = str(error).split("\n")[0].rstrip(".")
            raise UserError(f"The processes of this run do not find each other at {place} ({words}).") from None
        return cls(distributed.get_rank(), distributed.get_world_size(), device)

    def shard(self, images: int) -> slice:
        """Which of `images` this process takes; the parts differ by one image at most."""
        self.batch = images
        return slice(images * self.rank // self.size, images * (self.rank + 1) // self.size)

    def sum(self, values: Tensor) -> Tensor:
        """Over all processes, in place."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

    def any(self, here: bool, now: bool = False) -> bool:
        """Whether it is so in any process: then all know it, and at the same time.

        Accelerators would wait for each other, so they ask only every 32nd time, in a pause, or `now`, and say no in
        between.
        """
        if self.size == 1:
            return here
        self._questions += 1
        if self.skip_sync(self._questions) and not now:
            return False
        return self.sum(torch.tensor(float(here), device=self.device)).item() > 0

    def skip_sync(self, number: int) -> bool:
        """Whether the question of that number is better not asked: see `any`."""
        return self.size > 1 and self.device.type != "cpu" and number % _ASKED_EVERY > 0 and not self.waiting

    def broadcast(self, value):
        """What process 0 has: for what each would measure otherwise."""
        if self.size == 1:
            return value
        values = [value]
        distributed.broadcast_object_list(values)
        return values[0]

    def check_same(self, value: str) -> None:
        """Raise UserError in every process where they don't all have the same `value`, the digest of their images."""
        if self.any(value != self.broadcast(value), now=True):
            raise UserError("The processes don't have the same images: give all of them the same --data-dir.")

    def ddp(self, network: nn.Module) -> nn.Module:
        """The network as it is to be called in training: its gradients become the mean over all processes."""
        if self.size == 1:
            return network
        return nn.parallel.DistributedDataParallel(network)

    def convert_layers(self, network: nn.Sequential) -> nn.Sequential:
        """The same network, with layers that depend on the whole batch, or on chance, replaced by such as share it."""
        if self.size > 1:
            for layer in network.children():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.__class__, layer.group = SharedBatchNorm2d, self
                elif isinstance(layer, nn.Dropout):
                    layer.__class__, layer.group = SharedDropout, self
        return network


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm over the batches of all processes; torch's SyncBatchNorm does this on GPUs only.

    Sums are taken in float32 at least, whatever the input's type, and the mean first: no cancellation.
    """

    group: Group

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return super().forward(images)
        values = images.to(torch.promote_types(images.dtype, torch.float32))  # (n, C, H, W), n may be 0
        count = self.group.batch * values.shape[2] * values.shape[3]
        mean = _Sum.apply(values.sum(dim=(0, 2, 3))) / count  # (C,)
        centred = values - mean[:, None, None]
        variance = _Sum.apply(centred.square().sum(dim=(0, 2, 3))) / count  # (C,)
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / max(1, count - 1)), self.momentum)  # unbiased, as torch has it
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(images.dtype)


class SharedDropout(nn.Dropout):
    """Dropout that draws for the whole batch, and takes this process's part."""

    group: Group

    def forward(self, values: Tensor) -> Tensor:
        if not self.training:
            return values
        whole = values.new_ones(self.group.batch, *values.shape[1:])
        return values * F.dropout(whole, self.p)[self.group.shard(self.group.batch)]


class _Sum(torch.autograd.Function):
    """The sum over all processes; what each loses by it is summed as well."""

    @staticmethod
    def forward(context, values: Tensor) -> Tensor:
        values = values.clone()
        distributed.all_reduce(values)
        return values

    @staticmethod
    def backward(context, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        distributed.all_reduce(gradient)
        return gradient
