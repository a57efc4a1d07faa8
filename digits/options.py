"""Every option of training, once: its name, type, limits, default and help. The command line is made from it.

Knows no torch, so that a wrong option is refused before anything heavy is imported.
"""

import math
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import click

PROJECT = Path(__file__).resolve().parent.parent  # data and results lie there, wherever the programs are called from
MODELS = ("cnn4",)
CHANNELS_OF = {"cnn4": 4}  # how many convolutions a model has
LR_OF = {"adam": 0.008, "adamw": 0.008, "sgd": 0.1}  # where --lr is not given
_NAME_LENGTH = 80


class FiniteFloat(click.FloatRange):
    """click's range lets "nan" pass, which is not below any limit."""

    def convert(self, value, param, ctx):
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
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
        if not value.strip() or len(value) > _NAME_LENGTH or not value.isprintable():
            self.fail(f"a name is 1 to {_NAME_LENGTH} printable characters.", param, ctx)
        return value.strip()


def _option(default, type, help, **extra):
    return field(default=default, metadata={"type": type, "help": help, **extra})


_FOLDER = click.Path(file_okay=False, path_type=Path)


@dataclass(frozen=True)
class Config:
    """What one training run is told to do."""

    model: str = _option("cnn4", click.Choice(MODELS), "Network to train.")
    channels: tuple[int, ...] = _option(
        (16, 32, 64, 128), Channels(), "Channels of each convolution.", shown="16,32,64,128"
    )
    dropout: float = _option(
        0.0, FiniteFloat(0, 1, max_open=True), "Fraction of hidden units left out at random in training."
    )
    epochs: int = _option(10, click.IntRange(1, 1_000_000), "Passes over the training images.")
    batch_size: int = _option(128, click.IntRange(1, 60_000), "Images per optimiser step.")
    optimizer: str = _option("adamw", click.Choice(tuple(LR_OF)), "How the weights follow the gradient.")
    lr: float | None = _option(
        None,
        FiniteFloat(0, min_open=True),
        "Highest learning rate of the one-cycle schedule.",
        shown=f"{LR_OF['adamw']}; with sgd {LR_OF['sgd']}",
    )
    weight_decay: float = _option(0.01, FiniteFloat(0), "Pull of the weights towards zero.")
    seed: int = _option(1, click.IntRange(0, 2**32 - 1), "Start of all random choices: same seed, same weights.")
    device: str = _option("auto", click.Choice(("auto", "cpu", "cuda", "mps")), "Where to compute; auto: the fastest.")
    precision: str = _option(
        "auto",
        click.Choice(("auto", "float32", "bfloat16")),
        "Number format of the convolutions; auto: bfloat16 where a check at the start finds it right and faster.",
    )
    dataset: str = _option(
        "auto",
        click.Choice(("auto", "mnist", "synthetic")),
        "Images to train on; auto: MNIST from disk or download, else drawn synthetic digits.",
    )
    data_dir: Path = _option(
        PROJECT / "data",
        _FOLDER,
        "Folder of the data set, laid out as torchvision does.",
        shown="data, beside mnist_cnn.py",
        envvar="MNIST_DATA_DIR",
    )
    limit: int = _option(0, click.IntRange(0), "Train on the first so many images only; 0: all.")
    validation: int = _option(5000, click.IntRange(0, 59_999), "Training images held out to watch the progress on.")
    results_dir: Path = _option(
        PROJECT / "results", _FOLDER, "Folder for log, predictions and weights.", shown="results, beside mnist_cnn.py"
    )
    name: str | None = _option(
        None, Name(), "Name of the run on the page.", shown="the model and the options that were changed"
    )
    samples: int = _option(10, click.IntRange(0, 100), "Random test images shown with their predictions.")
    keep: int = _option(20, click.IntRange(0), "Earlier runs kept in results/runs.")
    quiet: bool = _option(False, bool, "Print errors only.")

    @classmethod
    def from_options(cls, **values) -> "Config":
        """Fill in what depends on other options. Raises click.UsageError where two options contradict each other."""
        config = cls(**values)
        wanted = CHANNELS_OF[config.model]
        if len(config.channels) != wanted:
            given = ",".join(map(str, config.channels))
            message = f"{config.model} has {wanted} convolutions, and {given} names {len(config.channels)}."
            raise click.BadParameter(message, param_hint="'--channels'")
        return replace(config, lr=config.lr or LR_OF[config.optimizer], name=config.name or config.summary())

    def summary(self) -> str:
        """The model, and what else is not as usual: a name by which to tell runs apart."""
        words = [self.model]
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in _TELLING and value != item.default:
                words.append(f"{item.name.replace('_', ' ')} {_plain(value)}")
        return ", ".join(words)[:_NAME_LENGTH]

    def as_json(self) -> dict:
        return {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}


# What makes one run learn otherwise than another.
_TELLING = {"channels", "dropout", "epochs", "batch_size", "optimizer", "lr", "weight_decay", "seed", "precision"}
_TELLING |= {"dataset", "limit", "validation"}


def _plain(value) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)


def train_options(command):
    """Decorate a click command with an option for each field of Config."""
    for item in reversed(fields(Config)):
        meta = item.metadata
        command = click.option(
            "--" + item.name.replace("_", "-"),
            type=meta["type"],
            is_flag=meta["type"] is bool,
            default=item.default,
            show_default=meta.get("shown", item.default is not False),
            envvar=meta.get("envvar"),
            show_envvar="envvar" in meta,
            help=meta["help"],
        )(command)
    return command
