"""The trainer: one optimizer step, evaluation; its construction from a Config."""

from collections.abc import Callable
from dataclasses import fields
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from digits.config import Config
from digits.data import mnist, rng
from digits.data.augment import Augmentation, apply, draw
from digits.data.forms import Forms
from digits.data.mnist import Split
from digits.data.outliers import Outliers
from digits.evaluation import ood
from digits.evaluation.evaluation import Evaluation, evaluate_split
from digits.models import builders, precision, weights_file
from digits.models.network import Network, cpu_state_dict
from digits.models.precision import Precision
from digits.training import optimizers, schedule
from digits.training.distributed import Group
from digits.training.optimizers import EMA, Optimizer
from digits.training.sampling import HardExamples
from digits.training.schedule import Schedule
from digits.training.train_state import Step, TrainState

_PENDING_ON_ACCELERATOR = 32  # steps whose loss is read at once: reading each would make the accelerator wait

OnStep = Callable[[Step, int], None]


class _Pending(NamedTuple):
    """A step whose loss is not known yet."""

    values: Tensor  # (2,): loss and number of correct images; with hard examples (2 + images,): the losses, too
    images: int
    lr: float
    indices: Tensor | None  # (images,)


class Trainer:
    """A network with all that trains it. Splits may be on any device; the network's is the fastest.

    `state` covers the steps whose losses are known: all on the CPU; up to 32 fewer on an accelerator, where `steps` is
    ahead until `synchronize` is called. `on_step` gets each of these steps, and how many became known together.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        schedule: Schedule,
        precision: Precision,
        *,
        batches_per_epoch: int = 1,
        augmentation: Augmentation | None = None,
        label_smoothing: float = 0.0,
        ema: float = 0.0,
        outliers: float = 0.0,
        forms: float = 0.0,
        hard: HardExamples | None = None,
        seed: int = 0,
        group: Group | None = None,
        pending_limit: int | None = None,
        on_step: OnStep = lambda *_: None,
    ):
        self.network, self.optimizer, self.schedule, self.precision = network, optimizer, schedule, precision
        self.batches_per_epoch = batches_per_epoch
        self.augmentation = augmentation or Augmentation()
        self.label_smoothing = label_smoothing
        self.average = EMA(network, ema) if ema else None
        self.outliers = Outliers(outliers) if outliers else None
        self.forms = Forms(forms) if forms else None
        self.hard = hard
        self.seed = seed
        self.group = group or Group()
        self.state = TrainState()
        self.steps = 0  # done
        self.on_step = on_step
        self._parallel = self.group.ddp(self.group.convert_layers(network))
        self._pending: list[_Pending] = []
        if hard:
            hard.before_pass = self.synchronize
        self._pending_limit = pending_limit or (1 if precision.device.type == "cpu" else _PENDING_ON_ACCELERATOR)

    @property
    def eval_model(self) -> Network:
        """The network to evaluate and save: the average if there is one."""
        return self.average.network if self.average else self.network

    @property
    def epochs(self) -> int:
        """Epochs of the run; the last one may be cut short."""
        return -(-self.schedule.total // self.batches_per_epoch)

    def step(self, batch: Split, indices: Tensor | None = None) -> None:
        """Forward, backward and update, with all processes; `indices` (N,) of the images are for hard examples."""
        lr = self.schedule(self.steps)
        digits = self.forms.appended(batch, self.seed, self.steps) if self.forms else batch
        images, labels, total = self._prepare(digits)
        self.group.batch_size = total
        logits = self._logits(images)  # (n, 10): of the batch, of further forms, of outliers
        log_p = logits[: len(labels)].log_softmax(dim=1)
        losses = -log_p.gather(1, labels[:, None])
        objective = losses.sum() / len(digits)  # this process's share of the mean
        if self.label_smoothing:  # C. Szegedy and others, "Rethinking the Inception Architecture", 2015
            uniform = -log_p.mean(dim=1).sum() / len(digits)
            objective = (1 - self.label_smoothing) * objective + self.label_smoothing * uniform
        if self.outliers:
            objective = objective + ood.WEIGHT * ood.outlier_exposure_loss(ood.energies(logits), len(labels)) / total
        self.optimizer.zero_grad()
        (objective * self.group.size).backward()  # the group averages the gradients
        self.optimizer.step(lr)
        self.steps += 1
        if self.average:
            self.average.update(self.steps)
        mine = len(batch.labels[self.group.shard(total)])  # of the batch, without further forms
        loss = losses[:mine].detach().sum() / len(batch)
        correct = (log_p.argmax(dim=1) == labels)[:mine].sum()
        values = torch.stack([loss, correct])
        if self.hard and indices is not None:  # all processes get the losses of all images, as they get the sums
            of_batch = losses.new_zeros(len(batch))
            of_batch[self.group.shard(total)] = losses[:mine, 0].detach()
            values = torch.cat([values, of_batch])
        self._pending.append(_Pending(values, len(batch), lr, indices))
        if len(self._pending) >= self._pending_limit:
            self.synchronize()

    @property
    def is_synchronized(self) -> bool:
        return not self._pending

    def synchronize(self) -> None:
        """Bring `state` up to date: waits for the accelerator and for all processes, which must call it together."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        rows = self.group.sum(pad_sequence([one.values for one in pending], batch_first=True))
        for row, (loss, correct), (_, images, lr, indices) in zip(rows, rows[:, :2].tolist(), pending):
            if self.hard and indices is not None:
                self.hard.record(indices, row[2 : 2 + images])
            step = Step(loss, int(correct), images, lr)
            self.state.add(step)
            self.on_step(step, len(rows))

    def evaluate(self, split: Split) -> Evaluation:
        """Evaluate `eval_model` on all images of the split."""
        return evaluate_split(self.eval_model, split, self.precision, self.group)

    def state_dict(self) -> dict:
        """Everything that training changes except `state`, on the CPU and in the default memory format."""
        state = {
            "steps": self.steps,
            "network": cpu_state_dict(self.network),
            "average": cpu_state_dict(self.average.network) if self.average else None,
            "optimizer": self.optimizer.state_dict(),
            "hard_examples": self.hard.state_dict() if self.hard else None,
        }
        return state | _rng_states(self.precision.device)

    def load_state_dict(self, state: dict) -> None:
        self.steps = state["steps"]
        self.network.load_state_dict(state["network"])
        if self.average:
            self.average.network.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.hard:
            self.hard.load_state_dict(state["hard_examples"])
        _set_rng_states(state, self.precision.device)

    def _prepare(self, batch: Split) -> tuple[Tensor, Tensor, int]:
        """Shard of digits and outliers that this process computes, augmented.

        Returns images (n, 28, 28), labels (m,) of the first m, which are digits, and the number of images in all
        processes.
        """
        images = batch.images
        if self.outliers:
            images = torch.cat([images, self.outliers.sample_for(batch, self.seed, self.steps)])
        shard, device = self.group.shard(len(images)), self.precision.device
        mine, labels = images[shard].to(device), batch.labels[shard].to(device)
        if self.augmentation.any:
            amounts = self.augmentation.scaled(self.schedule.augmentation(self.steps))
            generator = rng.make_generator(self.seed, self.steps, rng.AUGMENTATION)
            mine = apply(mine, draw(len(images), amounts, generator)[shard].to(device))
        return mine, labels, len(images)

    def _logits(self, images: Tensor) -> Tensor:
        with self.precision.autocast():
            return self._parallel(self.precision.to_memory_format(mnist.normalize(images))).float()


def _rng_states(device: torch.device) -> dict[str, Tensor]:
    """States of torch's generators on the CPU and on the device."""
    states = {"random": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda_random"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        states["mps_random"] = torch.mps.get_rng_state()
    return states


def _set_rng_states(states: dict[str, Tensor], device: torch.device) -> None:
    """The inverse of `_rng_states`; states of other devices are left out."""
    torch.set_rng_state(states["random"])
    if "cuda_random" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda_random"], device)
    if "mps_random" in states and device.type == "mps":
        torch.mps.set_rng_state(states["mps_random"])


def build_trainer(
    config: Config,
    images: int,
    device: torch.device,
    group: Group | None = None,
    environment: dict | None = None,
    on_step: OnStep = lambda *_: None,
) -> Trainer:
    """A seeded trainer on the device, for `images` training images.

    `environment` is that section of an earlier process's log, whose precision is reused without benchmarking.
    """
    group = group or Group()
    torch.manual_seed(config.seed)
    with torch.device("meta"):  # counted before it takes memory
        weights_file.check_size(builders.build_model(config.model, config.channels, config.dropout, config.norm))
    network = builders.build_model(config.model, config.channels, config.dropout, config.norm).to(device)
    chosen = Precision.from_log(device, environment or {})
    chosen = chosen or precision.choose_precision(config.precision, network, device)
    chosen = Precision.from_log(device, group.broadcast(chosen.describe())) or chosen
    network = chosen.to_memory_format(network)
    hard = None
    if 0 < config.hard_examples < 1:
        hard = HardExamples(images, config.batch_size, config.hard_examples, config.seed, device)
    return Trainer(
        network,
        optimizers.make(config.optimizer, network, config.weight_decay, config.momentum),
        schedule.from_config(config, images),
        chosen,
        batches_per_epoch=schedule.batches_per_epoch(images, config.batch_size),
        augmentation=Augmentation(**{item.name: getattr(config, item.name) for item in fields(Augmentation)}),
        label_smoothing=config.label_smoothing,
        ema=config.ema,
        outliers=config.outlier_ratio,
        forms=config.synthetic_ratio,
        hard=hard,
        seed=config.seed,
        group=group,
        on_step=on_step,
    )
