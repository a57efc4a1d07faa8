"""Construction of a trainer from a Config: the same for a run, its continuation and its replay."""

from dataclasses import fields

import torch

from digits.config import Config
from digits.data.augment import Augmentation
from digits.models import builders, precision, weights_file
from digits.models.precision import Precision
from digits.training import optimizers
from digits.training.distributed import Group
from digits.training.schedule import Schedule
from digits.training.trainer import Trainer


def build_trainer(
    config: Config, images: int, device: torch.device, group: Group | None = None, environment: dict | None = None
) -> Trainer:
    """Seed, network, optimiser and schedule for `images` training images, on the device.

    `environment` is what the log says of an earlier process: its precision is used again, without a trial.
    """
    group = group or Group()
    torch.manual_seed(config.seed)
    with torch.device("meta"):  # counted before it takes memory
        weights_file.check_size(builders.build_model(config.model, config.channels, config.dropout, config.norm))
    network = builders.build_model(config.model, config.channels, config.dropout, config.norm).to(device)
    numbers = Precision.from_log(device, environment or {}) or precision.choose_precision(
        config.precision, network, device
    )
    numbers = Precision.from_log(device, group.broadcast(numbers.describe()))
    network = numbers.to_memory_format(network)
    return Trainer(
        network,
        optimizers.make(config.optimizer, network, config.weight_decay),
        _schedule(config, images),
        numbers,
        augmentation=Augmentation(**{item.name: getattr(config, item.name) for item in fields(Augmentation)}),
        label_smoothing=config.label_smoothing,
        ema=config.ema,
        outliers=config.outlier_ratio,
        seed=config.seed,
        group=group,
    )


def _schedule(config: Config, images: int) -> Schedule:
    """A run on few images is still warming up when it ends, unless half an epoch is enough."""
    warmup_steps = min(config.warmup_steps, batches_per_epoch(config, images) // 2)
    return Schedule(config.lr, warmup_steps, config.cooldown, total_steps(config, images))


def batches_per_epoch(config: Config, images: int) -> int:
    return -(-images // config.batch_size)


def total_steps(config: Config, images: int) -> int:
    return config.steps or config.epochs * batches_per_epoch(config, images)
