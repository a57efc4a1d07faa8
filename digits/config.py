"""Training configuration: every option once, with its type, limits, default and help text.

The command line (cli/options.py) and the page's form (server/options_schema.py) are generated from it. Standard library
only: reading a setting imports neither click nor torch.
"""

import math
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType

from digits import renames
from digits.architectures import ARCHITECTURES, NORMS, Architecture
from digits.errors import ConfigError
from digits.presets import PRESETS, flag
from digits.project import PLACE, PROJECT

DEFAULT_LR = {"adam": 0.006, "adamw": 0.006, "sgd": 0.1, "muon": 0.01}  # by optimizer, without --lr
NAME_LENGTH = 80


# -- types of options: `parse` converts text or a JSON value and raises ValueError; `schema` describes them to a form


@dataclass(frozen=True)
class Number:
    """A finite number of `type` int or float, within limits; an open limit is excluded."""

    type: type
    min: float | None = None
    max: float | None = None
    min_open: bool = False
    max_open: bool = False

    def parse(self, value):
        try:
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                raise ValueError
            number = self.type(value)
            if not math.isfinite(number) or (isinstance(value, float) and number != value):
                raise ValueError
        except (ValueError, OverflowError):
            raise ValueError(f"{value!r} is not a {'whole' if self.type is int else 'finite'} number.") from None
        below = self.min is not None and (number <= self.min if self.min_open else number < self.min)
        above = self.max is not None and (number >= self.max if self.max_open else number > self.max)
        if below or above:
            raise ValueError(f"{value} is not in the range {self.range}.")
        return number

    @property
    def range(self) -> str:
        low = "" if self.min is None else f"{self.min}{'<' if self.min_open else '<='}"
        high = "" if self.max is None else f"{'<' if self.max_open else '<='}{self.max}"
        return f"{low}x{high}"

    def schema(self) -> dict:
        limits = {name: getattr(self, name) for name in ("min", "max", "min_open", "max_open")}
        given = {name: limit for name, limit in limits.items() if limit is not None and limit is not False}
        return {"kind": self.type.__name__} | given


@dataclass(frozen=True)
class Choice:
    choices: tuple[str, ...]

    def parse(self, value) -> str:
        if value not in self.choices:
            raise ValueError(f"{value!r} is not one of {', '.join(self.choices)}.")
        return value

    def schema(self) -> dict:
        return {"kind": "choice", "choices": list(self.choices)}


class Flag:
    """On or off."""

    def parse(self, value) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is neither true nor false.")
        return value

    def schema(self) -> dict:
        return {"kind": "bool"}


class Channels:
    """Channel counts, comma-separated or as a list, as a tuple of ints."""

    LARGEST = 4096  # a typing error would otherwise fill the memory

    def parse(self, value) -> tuple[int, ...]:
        parts = value.split(",") if isinstance(value, str) else value
        try:
            counts = tuple(int(part) for part in parts)
            whole = all(not isinstance(part, bool) and count == float(part) for part, count in zip(parts, counts))
        except (TypeError, ValueError):
            whole = False
        if not whole or not counts:
            raise ValueError(f"{value!r} is not a list of whole numbers such as 16,32,64,128.")
        if not all(1 <= count <= self.LARGEST for count in counts):
            raise ValueError(f"{value}: each channel count must be between 1 and {self.LARGEST:,}.")
        return counts

    def schema(self) -> dict:
        return {"kind": "channels", "min": 1, "max": self.LARGEST}


class Name:
    """One line of printable characters."""

    def parse(self, value) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > NAME_LENGTH or not value.isprintable():
            raise ValueError(f"A name is 1 to {NAME_LENGTH} printable characters.")
        return value.strip()

    def schema(self) -> dict:
        return {"kind": "text", "max_length": NAME_LENGTH}


class Folder:
    """A directory, which need not exist yet."""

    def parse(self, value) -> Path:
        path = Path(value)
        if path.exists() and not path.is_dir():
            raise ValueError(f"{path} is a file, not a directory.")
        return path

    def schema(self) -> dict:
        return {"kind": "text"}


# -- the options


def _option(
    default,
    kind,
    help: str,
    *,
    default_text: str | None = None,
    envvar: str | None = None,
    identifies: bool = False,
    on_resume: bool = False,
    on_page: bool = True,
    owner: str | None = None,
):
    """A field of Config.

    identifies: two runs that differ in it learn differently, so it is part of a run's automatic name.
    on_resume: may change with --resume, since nothing learned so far depends on it.
    on_page: the page's form may set it; not what writes elsewhere, deletes runs, or silences a trainer's output.
    owner: the field ("model" or "optimizer") that decides its default; a preset's value is for the preset's own owner.
    """
    metadata = {
        "kind": kind,
        "help": help,
        "default_text": default_text,
        "envvar": envvar,
        "identifies": identifies,
        "on_resume": on_resume,
        "on_page": on_page,
        "owner": owner,
    }
    return field(default=default, metadata=metadata)


_OWN = "the model's own"


@dataclass(frozen=True)
class Config:
    """The options of one training run."""

    preset: str = _option("default", Choice(tuple(PRESETS)), "Recipe that the other options start from.")
    model: str = _option(
        "cnn4-quick", Choice(tuple(ARCHITECTURES)), "Architecture to train; see the command models for all of them."
    )
    channels: tuple[int, ...] | None = _option(
        None, Channels(), "Channels of each convolution.", default_text=_OWN, identifies=True, owner="model"
    )
    dropout: float | None = _option(
        None,
        Number(float, 0, 1, max_open=True),
        "Dropout probability before the last linear layer.",
        default_text=_OWN,
        identifies=True,
        owner="model",
    )
    norm: str | None = _option(
        None,
        Choice(NORMS),
        "Normalization after each convolution.",
        default_text=_OWN,
        identifies=True,
        owner="model",
    )
    epochs: int = _option(
        10, Number(int, 1, 1_000_000), "Passes over the training images.", identifies=True, on_resume=True
    )
    steps: int = _option(
        0,
        Number(int, 0, 1_000_000_000),
        "Stop after this many batches, even within an epoch; 0: after --epochs.",
        identifies=True,
        on_resume=True,
    )
    batch_size: int = _option(128, Number(int, 1, 60_000), "Images per optimizer step.", identifies=True)
    optimizer: str = _option("adamw", Choice(tuple(DEFAULT_LR)), "Optimizer.", identifies=True)
    lr: float | None = _option(
        None,
        Number(float, 0, min_open=True),
        "Peak learning rate.",
        default_text=f"{DEFAULT_LR['adamw']}; with sgd {DEFAULT_LR['sgd']}, with muon {DEFAULT_LR['muon']}",
        identifies=True,
        owner="optimizer",
    )
    warmup_steps: int = _option(
        200,
        Number(int, 0, 1_000_000_000),
        "Steps of linear learning-rate warmup; at most half an epoch.",
        identifies=True,
    )
    cooldown: float = _option(
        0.8,
        Number(float, 0, 1),
        "Fraction of the run over which the learning rate decays to 0; 0 disables it.",
        identifies=True,
    )
    weight_decay: float = _option(0.1, Number(float, 0), "Weight decay.", identifies=True)
    label_smoothing: float = _option(0.05, Number(float, 0, 1, max_open=True), "Label smoothing.", identifies=True)
    ema: float = _option(
        0.998,
        Number(float, 0, 1, max_open=True),
        "EMA decay; the averaged weights are evaluated and saved; 0 disables.",
        identifies=True,
    )
    rotation: float = _option(
        10.0, Number(float, 0, 180), "Augmentation: rotate by up to this many degrees.", identifies=True
    )
    translate: float = _option(
        2.0,
        Number(float, 0, 14),
        "Augmentation: translate by up to this many pixels, horizontally and vertically.",
        identifies=True,
    )
    scale: float = _option(
        0.1, Number(float, 0, 0.9), "Augmentation: scale width and height by up to this fraction.", identifies=True
    )
    shear: float = _option(
        0.15, Number(float, 0, 2), "Augmentation: shear by up to this many pixels per pixel.", identifies=True
    )
    elastic: float = _option(
        0.0, Number(float, 0, 14), "Augmentation: elastic distortion of up to this many pixels.", identifies=True
    )
    stroke_width: float = _option(
        0.0,
        Number(float, 0, 1),
        "Augmentation: dilate or erode strokes by up to this many pixels.",
        identifies=True,
    )
    low_res: float = _option(
        0.0,
        Number(float, 0, 1),
        "Augmentation: fraction of images reduced to as few as 7x7 pixels and enlarged again.",
        identifies=True,
    )
    outlier_ratio: float = _option(
        0.0625,
        Number(float, 0, 1),
        "Outlier images per training image (outlier exposure), for rejecting non-digits.",
        identifies=True,
    )
    seed: int = _option(1, Number(int, 0, 2**32 - 1), "Random seed.", identifies=True)
    device: str = _option("auto", Choice(("auto", "cpu", "cuda", "mps")), "Device; auto: the fastest available.")
    precision: str = _option(
        "auto",
        Choice(("auto", "float32", "bfloat16")),
        "Number format; auto: bfloat16 where a check at start-up finds it correct and faster.",
        identifies=True,
    )
    threads: int = _option(0, Number(int, 0, 1024), "CPU threads; 0: torch's default.")
    deterministic: bool = _option(False, Flag(), "Force deterministic algorithms.")
    dataset: str = _option(
        "auto",
        Choice(("auto", "mnist", "synthetic")),
        "Training images; auto: MNIST from disk or download, else synthetic digits.",
        identifies=True,
    )
    data_dir: Path = _option(
        PROJECT / "data",
        Folder(),
        "Folder of the data set, in torchvision's layout.",
        default_text=f"data, {PLACE}",
        envvar="MNIST_DATA_DIR",
        on_resume=True,
        on_page=False,
    )
    train_limit: int = _option(0, Number(int, 0, 60_000), "Train on the first N images only; 0: all.", identifies=True)
    validation: int = _option(5000, Number(int, 0, 59_999), "Training images held out for validation.", identifies=True)
    results_dir: Path = _option(
        PROJECT / "results",
        Folder(),
        "Folder for log, predictions and weights.",
        default_text=f"results, {PLACE}",
        on_resume=True,
        on_page=False,
    )
    name: str | None = _option(
        None, Name(), "Name of the run.", default_text="the model and the non-default options", on_resume=True
    )
    samples: int = _option(10, Number(int, 0, 100), "Random test images shown with their predictions.")
    checkpoint_every: float = _option(
        30.0, Number(float, 0), "Seconds between checkpoints within an epoch.", on_resume=True
    )
    keep_runs: int = _option(20, Number(int, 0), "Earlier runs kept in results/runs.", on_resume=True, on_page=False)
    quiet: bool = _option(False, Flag(), "Print errors only.", on_resume=True, on_page=False)

    @classmethod
    def from_options(cls, **given) -> "Config":
        """The options `given` explicitly, on top of the preset's, on top of the defaults.

        Raises ConfigError where two options contradict each other.
        """
        preset = given.get("preset", cls.preset)
        recipe = {item.name: item.default for item in fields(cls)} | PRESETS[preset].options | given
        config = cls(**{name: recipe[name] for name in recipe if name in given or name not in OWNER})
        architecture(config.model, channels=config.channels)
        defaults = config._defaults()
        unset = {name: defaults[name] for name in OWNER if getattr(config, name) is None}
        return replace(config, name=config.name or config.summary(), **unset)

    def _defaults(self) -> dict:
        """The value of each option that is not given, which depends on preset, model and optimizer."""
        recipe = {item.name: item.default for item in fields(self)} | PRESETS[self.preset].options
        own = ARCHITECTURES[self.model].settings | {"lr": DEFAULT_LR[self.optimizer]}
        others = [name for name, owner in OWNER.items() if getattr(self, owner) != recipe[owner]]
        return recipe | {name: own[name] for name in OWNER if name in others or recipe[name] is None}

    def summary(self, former: Mapping[str, str] = MappingProxyType({})) -> str:
        """The model, the preset and the non-default options: a run's automatic name.

        former: present to former names of options and presets, for the automatic name that an earlier version chose.
        """
        words = [self.model] if self.preset == "default" else [self.model, former.get(self.preset, self.preset)]
        defaults = self._defaults()
        for name in names_of("identifies"):
            value = getattr(self, name)
            if value not in (None, defaults[name]):
                words.append(f"{former.get(name, name).replace('_', ' ')} {_text(value)}")
        return ", ".join(words)[:NAME_LENGTH]

    @property
    def automatic_names(self) -> set[str]:
        """The automatic name, as this version chooses it and as an earlier one did."""
        return {self.summary(), self.summary(renames.FORMER)}

    @classmethod
    def from_json(cls, values: dict) -> "Config":
        """The inverse of `as_json`. Raises KeyError for a missing field, since another version had other defaults, and
        ValueError for an invalid value. Former names are read as well (renames.py).
        """
        values = renames.present_options(values)
        return cls(**{item.name: _from_json(item, values[item.name]) for item in fields(cls)})

    def as_json(self) -> dict:
        return {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}


def _from_json(item: Field, value):
    if isinstance(item.default, Path):
        return Path(value)  # which need not exist here
    return None if value is None and item.default is None else item.metadata["kind"].parse(value)


OPTIONS: Mapping[str, Field] = {item.name: item for item in fields(Config)}
OWNER = {name: item.metadata["owner"] for name, item in OPTIONS.items() if item.metadata["owner"]}


def names_of(property: str) -> tuple[str, ...]:
    """The options for which that flag of `_option` is set: identifies, on_resume or on_page."""
    return tuple(name for name, item in OPTIONS.items() if item.metadata[property])


def architecture(name: str | None, **settings) -> Architecture | None:
    """That architecture, with the `settings` that are not None instead of its own. Raises ConfigError."""
    if name is None:
        if any(value is not None for value in settings.values()):
            raise ConfigError("These are settings of one model: name it as well.")
        return None
    try:
        return ARCHITECTURES[name].varied(**settings)
    except ValueError as error:  # dropout and norm are checked by their types
        raise ConfigError(f"Invalid value for {flag('channels')}: {error}", "channels") from None


def _text(value) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
