"""Every option of training, once: its name, type, limits, default and help. The command line is made from it.

Knows no torch, so that a wrong option is refused before anything heavy is imported.
"""

import math
from dataclasses import Field, asdict, dataclass, field, fields, replace
from pathlib import Path

import click

from digits.architectures import ARCHITECTURES, NORMS, Architecture
from digits.presets import PRESETS, flag
from digits.project import PLACE, PROJECT

LR_OF = {"adam": 0.006, "adamw": 0.006, "sgd": 0.1, "muon": 0.01}  # where --lr is not given
NAME_LENGTH = 80


class FiniteFloat(click.FloatRange):
    """click's range lets "nan" pass, which is not below any limit."""

    def convert(self, value, param, ctx):
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


class Channels(click.ParamType):
    """Comma-separated channel counts, as a tuple of ints."""

    name = "n,n,..."
    largest = 4096  # a typing error would otherwise fill the memory

    def convert(self, value, param, ctx):
        try:
            counts = tuple(int(part) for part in value.split(",")) if isinstance(value, str) else tuple(value)
        except ValueError:
            self.fail(f"{value!r} is not a list of whole numbers such as 16,32,64,128.", param, ctx)
        if not all(1 <= count <= self.largest for count in counts):
            self.fail(f"{value}: each channel count must be between 1 and {self.largest:,}.", param, ctx)
        return counts


class Name(click.ParamType):
    """A name for a person to read: one line of printable characters."""

    name = "text"

    def convert(self, value, param, ctx):
        if not value.strip() or len(value) > NAME_LENGTH or not value.isprintable():
            self.fail(f"a name is 1 to {NAME_LENGTH} printable characters.", param, ctx)
        return value.strip()


def _option(default, type, help, **extra):
    return field(default=default, metadata={"type": type, "help": help, **extra})


# What a preset sets of its own network or optimiser says nothing of another.
_OWNED = {"channels": "model", "dropout": "model", "norm": "model", "lr": "optimizer"}
_FOLDER = click.Path(file_okay=False, path_type=Path)
_OWN = "the model's own"


@dataclass(frozen=True)
class Config:
    """What one training run is told to do."""

    preset: str = _option(
        "default", click.Choice(tuple(PRESETS)), "Recipe that the other options start from.", eager=True
    )
    model: str = _option(
        "cnn4-quick", click.Choice(tuple(ARCHITECTURES)), "Network to train; the command models tells of each."
    )
    channels: tuple[int, ...] | None = _option(None, Channels(), "Channels of each convolution.", shown=_OWN)
    dropout: float | None = _option(
        None,
        FiniteFloat(0, 1, max_open=True),
        "Fraction of hidden units left out at random in training.",
        shown=_OWN,
    )
    norm: str | None = _option(None, click.Choice(NORMS), "What follows each convolution.", shown=_OWN)
    epochs: int = _option(10, click.IntRange(1, 1_000_000), "Passes over the training images.")
    steps: int = _option(
        0, click.IntRange(0, 1_000_000_000), "End after so many batches, within an epoch as well; 0: after --epochs."
    )
    batch_size: int = _option(128, click.IntRange(1, 60_000), "Images per optimiser step.")
    optimizer: str = _option("adamw", click.Choice(tuple(LR_OF)), "How the weights follow the gradient.")
    lr: float | None = _option(
        None,
        FiniteFloat(0, min_open=True),
        "Highest learning rate.",
        shown=f"{LR_OF['adamw']}; with sgd {LR_OF['sgd']}, with muon {LR_OF['muon']}",
    )
    warm_up: int = _option(
        200, click.IntRange(0, 1_000_000_000), "Steps over which the rate rises to --lr; half an epoch at most."
    )
    decay: float = _option(0.8, FiniteFloat(0, 1), "Last part of the run, over which the rate falls to 0; 0: never.")
    weight_decay: float = _option(0.1, FiniteFloat(0), "Pull of the weights towards zero.")
    label_smoothing: float = _option(0.05, FiniteFloat(0, 1, max_open=True), "Part of each label spread over all ten.")
    ema: float = _option(
        0.998,
        FiniteFloat(0, 1, max_open=True),
        "Test and keep a moving average of the weights; so much of it stays at each step. 0: the last weights.",
    )
    rotation: float = _option(10.0, FiniteFloat(0, 180), "Augmentation: turn images by up to so many degrees.")
    shift: float = _option(2.0, FiniteFloat(0, 14), "Move them by up to so many pixels, across and down.")
    scale: float = _option(0.1, FiniteFloat(0, 0.9), "Stretch or shrink them by up to this part, across and down.")
    shear: float = _option(0.15, FiniteFloat(0, 2), "Slant them by up to so many pixels per pixel.")
    elastic: float = _option(0.0, FiniteFloat(0, 14), "Bend them: pull points by up to so many pixels.")
    thickness: float = _option(0.0, FiniteFloat(0, 1), "Thicken or thin the strokes by up to so many pixels.")
    coarse: float = _option(0.0, FiniteFloat(0, 1), "Take this part of them from as few as 7 pixels on a side.")
    outliers: float = _option(
        0.0625, FiniteFloat(0, 1), "So many pictures per image that show no digit, to learn what to refuse."
    )
    seed: int = _option(1, click.IntRange(0, 2**32 - 1), "Start of all random choices: same seed, same weights.")
    device: str = _option("auto", click.Choice(("auto", "cpu", "cuda", "mps")), "Where to compute; auto: the fastest.")
    precision: str = _option(
        "auto",
        click.Choice(("auto", "float32", "bfloat16")),
        "Number format of the convolutions; auto: bfloat16 where a check at the start finds it right and faster.",
    )
    threads: int = _option(0, click.IntRange(0, 1024), "Processor threads; 0: as many as torch chooses.")
    deterministic: bool = _option(False, bool, "Use only algorithms that repeat, where the device has others too.")
    dataset: str = _option(
        "auto",
        click.Choice(("auto", "mnist", "synthetic")),
        "Images to train on; auto: MNIST from disk or download, else drawn synthetic digits.",
    )
    data_dir: Path = _option(
        PROJECT / "data",
        _FOLDER,
        "Folder of the data set, laid out as torchvision does.",
        shown=f"data, {PLACE}",
        envvar="MNIST_DATA_DIR",
    )
    limit: int = _option(0, click.IntRange(0, 60_000), "Train on the first so many images only; 0: all.")
    validation: int = _option(5000, click.IntRange(0, 59_999), "Training images held out to watch the progress on.")
    results_dir: Path = _option(
        PROJECT / "results", _FOLDER, "Folder for log, predictions and weights.", shown=f"results, {PLACE}"
    )
    name: str | None = _option(
        None, Name(), "Name of the run on the page.", shown="the model and the options that were changed"
    )
    samples: int = _option(10, click.IntRange(0, 100), "Random test images shown with their predictions.")
    checkpoint_every: float = _option(
        30.0, FiniteFloat(0), "Seconds after which a checkpoint is written within an epoch, too."
    )
    keep: int = _option(20, click.IntRange(0), "Earlier runs kept in results/runs.")
    quiet: bool = _option(False, bool, "Print errors only.")

    @classmethod
    def from_options(cls, **values) -> "Config":
        """Fill in what depends on other options. Raises click.UsageError where two options contradict each other."""
        config = cls(**values)
        architecture(config.model, channels=config.channels)
        usual = config._usual()
        left = {name: usual[name] for name in _OWNED if getattr(config, name) is None}
        return replace(config, name=config.name or config.summary(), **left)

    def _usual(self) -> dict:
        """What each option is where nobody names it, given preset, model and optimiser."""
        recipe = {item.name: item.default for item in fields(self)} | PRESETS[self.preset].options
        own = ARCHITECTURES[self.model].settings | {"lr": LR_OF[self.optimizer]}
        others = [name for name, owner in _OWNED.items() if getattr(self, owner) != recipe[owner]]
        return recipe | {name: own[name] for name in _OWNED if name in others or recipe[name] is None}

    def summary(self) -> str:
        """The model, and what else is not as usual: a name by which to tell runs apart."""
        words = [self.model] if self.preset == "default" else [self.model, self.preset]
        usual = self._usual()
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in TELLING and value not in (None, usual[item.name]):
                words.append(f"{item.name.replace('_', ' ')} {_plain(value)}")
        return ", ".join(words)[:NAME_LENGTH]

    @classmethod
    def from_json(cls, values: dict) -> "Config":
        """What `as_json` gave. Raises KeyError where a field is missing: another version meant other defaults, and
        ValueError or TypeError for a value that the option does not take.
        """
        return cls(**{item.name: _from_json(item, values[item.name]) for item in fields(cls)})

    def as_json(self) -> dict:
        return {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}


def _from_json(item: Field, value):
    if isinstance(item.default, Path):
        return Path(value)
    if value is None and item.default is None:
        return None
    try:
        return click.types.convert_type(item.metadata["type"]).convert(value, None, None)
    except click.BadParameter as error:
        raise ValueError(f"{item.name}: {error.message}") from None


# What makes one run learn otherwise than another.
TELLING = {"channels", "dropout", "norm", "epochs", "steps", "batch_size", "optimizer", "lr", "warm_up", "decay"}
TELLING |= {
    "weight_decay",
    "label_smoothing",
    "ema",
    "rotation",
    "shift",
    "scale",
    "shear",
    "elastic",
    "thickness",
    "coarse",
    "outliers",
}
TELLING |= {"seed", "precision", "dataset", "limit", "validation"}
# What a continued run may be told anew: none of it changes what was learned so far.
CHANGEABLE = {"epochs", "steps", "name", "results_dir", "data_dir", "keep", "checkpoint_every", "quiet"}


def _plain(value) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _start_from(ctx: click.Context, parameter: click.Parameter, preset: str) -> str:
    """The preset's options become the defaults of the others; Config.from_options decides about the rest."""
    ours = {name: value for name, value in PRESETS[preset].options.items() if name not in _OWNED}
    ctx.default_map = {**(ctx.default_map or {}), **ours}
    return preset


def architecture(name: str | None, **settings) -> Architecture | None:
    """That architecture with `settings` that are not None instead of its own. Raises click.UsageError."""
    if name is None:
        if any(value is not None for value in settings.values()):
            raise click.UsageError("These are settings of one network: name it, too.")
        return None
    try:
        return ARCHITECTURES[name].varied(**settings)
    except ValueError as error:  # dropout and norm are checked by their types
        raise click.BadParameter(str(error), param_hint="'--channels'") from None


def train_options(command):
    """Decorate a click command with an option for each field of Config."""
    return _with_options(command, fields(Config))


def model_options(command):
    """Decorate a click command with the options that vary an architecture."""
    return _with_options(command, [item for item in fields(Config) if item.name in ("channels", "dropout", "norm")])


def evaluation_options(command):
    """Decorate a click command with the options that say which images to read, and where to compute."""
    chosen = [item for item in fields(Config) if item.name in ("dataset", "data_dir", "device")]
    ours = {"default": None, "show_default": "that of the training", "help": "Images to read; auto: MNIST if possible."}
    return _with_options(command, chosen, dataset=ours)


def _with_options(command, items, **changed):
    """`changed` has for the name of a field what is to be otherwise here."""
    for item in reversed(items):
        meta = item.metadata
        attributes = {
            "type": meta["type"],
            "is_flag": meta["type"] is bool,
            "default": item.default,
            "show_default": meta.get("shown", item.default is not False),
            "envvar": meta.get("envvar"),
            "show_envvar": "envvar" in meta,
            "help": meta["help"],
            "is_eager": meta.get("eager", False),
            "callback": _start_from if item.name == "preset" else None,
        }
        attributes |= changed.get(item.name, {})
        command = click.option(flag(item.name), **attributes)(command)
    return command
