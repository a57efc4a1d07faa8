"""Training configuration: every option once, with its type, limits, default and help text.

The command line (cli/options_from_config.py) and the page's form (server/options_schema.py) are generated from it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from digits import renames
from digits.architectures import ARCHITECTURES, NORMS, Architecture
from digits.errors import ConfigError
from digits.option_types import (
    NAME_LENGTH,
    Channels,
    Choice,
    Flag,
    Folder,
    Name,
    Number,
    Option,
    OptionGroup,
    as_text,
    flag,
)
from digits.paths import PLACE, PROJECT
from digits.presets import PRESETS

MAX_EPOCHS = 1_000_000  # also by remote control
DEFAULT_LR = {"adam": 0.006, "adamw": 0.006, "sgd": 0.1, "muon": 0.01}  # by optimizer, without --lr

# Sections of the page's form, in order; MORE, MACHINE, OUTPUT and FILES have no section of their own, and the options
# of the last three do not change what is learned.
NETWORK, LEARNING, AUGMENTATION = OptionGroup("Network"), OptionGroup("Learning"), OptionGroup("Augmentation")
DATA, MORE = OptionGroup("Data"), OptionGroup()
MACHINE = OptionGroup(properties={"identifies": False})
OUTPUT = OptionGroup(properties={"identifies": False, "on_resume": True})
FILES = OptionGroup(properties={"identifies": False, "on_resume": True, "on_page": False})

_STEPS, _FRACTION, _BELOW_1 = Number(int, 0, 1_000_000_000), Number(float, 0, 1), Number(float, 0, 1, max_open=True)
_BY_MODEL = "depends on the model"
_BY_OPTIMIZER = f"{PRESETS['default'].options['lr']}; adam, adamw: {DEFAULT_LR['adamw']}, sgd: {DEFAULT_LR['sgd']}"


@dataclass(frozen=True)
class Config:
    """The options of one training run."""

    preset: str = NETWORK.option(
        "default", Choice(tuple(PRESETS)), "Named set of options; explicit options override it.", identifies=False
    )
    model: str = NETWORK.option(
        "cnn4-quick", Choice(tuple(ARCHITECTURES)), "Architecture; `models` lists them.", identifies=False
    )
    channels: tuple[int, ...] | None = NETWORK.option(
        None, Channels(), "Channels of each convolution.", default_text=_BY_MODEL, owner="model"
    )
    dropout: float | None = MORE.option(
        None, _BELOW_1, "Dropout before the last linear layer.", default_text=_BY_MODEL, owner="model"
    )
    norm: str | None = MORE.option(
        None, Choice(NORMS), "Normalization after each convolution.", default_text=_BY_MODEL, owner="model"
    )

    epochs: int = LEARNING.option(8, Number(int, 1, MAX_EPOCHS), "Passes over the training images.", on_resume=True)
    steps: int = MORE.option(0, _STEPS, "Stop after this many optimizer steps; 0: after --epochs.", on_resume=True)
    batch_size: int = LEARNING.option(128, Number(int, 1, 60_000), "Images per optimizer step.")
    optimizer: str = LEARNING.option("adamw", Choice(tuple(DEFAULT_LR)), "Optimizer.")
    lr: float | None = LEARNING.option(
        None, Number(float, 0, min_open=True), "Peak learning rate.", default_text=_BY_OPTIMIZER, owner="optimizer"
    )
    momentum: float = MORE.option(0.95, _BELOW_1, "Momentum of the optimizer muon.", before=0.95)
    warmup_steps: int = MORE.option(200, _STEPS, "Steps of linear learning-rate warmup; at most half an epoch.")
    cooldown: float = MORE.option(
        0.8, _FRACTION, "Fraction of the run over which the learning rate decays to 0; 0 disables it."
    )
    weight_decay: float = MORE.option(0.1, Number(float, 0), "Weight decay.")
    label_smoothing: float = MORE.option(0.05, _BELOW_1, "Label smoothing.")
    ema: float = MORE.option(0.998, _BELOW_1, "EMA decay; the averaged weights are evaluated and saved; 0 disables.")

    rotation: float = AUGMENTATION.option(
        10.0, Number(float, 0, 180), "Augmentation: rotate by up to this many degrees."
    )
    translate: float = AUGMENTATION.option(
        2.0, Number(float, 0, 14), "Augmentation: translate by up to this many pixels, horizontally and vertically."
    )
    scale: float = AUGMENTATION.option(
        0.1, Number(float, 0, 0.9), "Augmentation: scale width and height by up to this fraction."
    )
    shear: float = AUGMENTATION.option(
        0.15, Number(float, 0, 2), "Augmentation: shear by up to this many pixels per pixel."
    )
    elastic: float = AUGMENTATION.option(
        0.0, Number(float, 0, 14), "Augmentation: elastic distortion of up to this many pixels."
    )
    stroke_width: float = AUGMENTATION.option(
        0.0, _FRACTION, "Augmentation: dilate or erode strokes by up to this many pixels."
    )
    low_res: float = AUGMENTATION.option(
        0.0, _FRACTION, "Augmentation: fraction of images downscaled to as few as 7x7 pixels and upscaled again."
    )
    augmentation_cooldown: float = MORE.option(
        0.0, _FRACTION, "Fraction of the run over which the augmentation decays to none; 0 disables it."
    )
    outlier_ratio: float = AUGMENTATION.option(
        0.125, _FRACTION, "Outlier images per training image (outlier exposure), for rejecting non-digits."
    )
    synthetic_ratio: float = AUGMENTATION.option(
        0.03, _FRACTION, "Synthetic digits per training image, in forms rare in MNIST.", before=0.0
    )
    hard_examples: float = MORE.option(
        0.0, _FRACTION, "Fraction of the images in a pass from epoch 2 on, chosen by their loss; 0: all.", before=0.0
    )

    views: int = MORE.option(1, Number(int, 1, 9), "Shifted views averaged in the final predictions.", before=1)

    dataset: str = DATA.option(
        "auto", Choice(("auto", "mnist", "synthetic")), "Images; auto: MNIST from disk or download, else synthetic."
    )
    data_dir: Path = FILES.option(
        PROJECT / "data",
        Folder(),
        "Folder of the data set, in torchvision's layout.",
        default_text=f"data, {PLACE}",
        envvar="MNIST_DATA_DIR",
    )
    train_limit: int = MORE.option(0, Number(int, 0, 60_000), "Train on the first N images only; 0: all.")
    validation: int = DATA.option(5000, Number(int, 0, 59_999), "Training images held out for validation.")
    seed: int = DATA.option(1, Number(int, 0, 2**32 - 1), "Random seed.")

    device: str = MACHINE.option("auto", Choice(("auto", "cpu", "cuda", "mps")), "Device; auto: the fastest available.")
    precision: str = MORE.option(
        "auto", Choice(("auto", "float32", "bfloat16")), "Number format; auto: bfloat16 if found correct and faster."
    )
    threads: int = MACHINE.option(0, Number(int, 0, 1024), "CPU threads; 0: torch's default.")
    deterministic: bool = MACHINE.option(False, Flag(), "Force deterministic algorithms.")

    results_dir: Path = FILES.option(
        PROJECT / "results", Folder(), "Folder for log, predictions and weights.", default_text=f"results, {PLACE}"
    )
    name: str | None = DATA.option(
        None, Name(), "Name of the run.", default_text="model and non-default options", on_resume=True, identifies=False
    )
    samples: int = MACHINE.option(10, Number(int, 0, 100), "Random test images shown with their predictions.")
    checkpoint_every: float = OUTPUT.option(30.0, Number(float, 0), "Seconds between checkpoints within an epoch.")
    pause_each_epoch: bool = OUTPUT.option(False, Flag(), "Pause after each epoch, until the run is continued.")
    pause_on_fall: bool = OUTPUT.option(False, Flag(), "Pause after an epoch in which the validation accuracy fell.")
    keep_runs: int = FILES.option(20, Number(int, 0), "Earlier runs kept in results/runs.")
    tensorboard: Path | None = FILES.option(None, Folder(), "Folder for TensorBoard's files.", default_text="none")
    quiet: bool = FILES.option(False, Flag(), "Print errors only.")

    @classmethod
    def from_options(cls, **given: Any) -> "Config":
        """A Config with the explicitly `given` options over those of the preset over the defaults.

        Raises ConfigError if options contradict each other.
        """
        recipe = _recipe(given.get("preset", cls.preset)) | given
        config = cls(**{name: recipe[name] for name in recipe if name in given or name not in OWNER})
        architecture(config.model, channels=config.channels)
        defaults = config.defaults()
        unset = {name: defaults[name] for name in OWNER if getattr(config, name) is None}
        return replace(config, name=config.name or config.summary(), **unset)

    def defaults(self) -> dict[str, Any]:
        """The default of each option, given this preset, model and optimizer."""
        recipe = _recipe(self.preset)
        own = ARCHITECTURES[self.model].settings | {"lr": DEFAULT_LR[self.optimizer]}
        others = [name for name, owner in OWNER.items() if getattr(self, owner) != recipe[owner]]
        return recipe | {name: own[name] for name in OWNER if name in others or recipe[name] is None}

    def summary(self, former: Mapping[str, str] = MappingProxyType({})) -> str:
        """The model, the preset and the non-default options: a run's automatic name.

        `former` maps current to former names of options and presets: it gives the name that an earlier version chose.
        """
        words = [self.model] if self.preset == "default" else [self.model, former.get(self.preset, self.preset)]
        defaults = self.defaults()
        for name in names_of("identifies"):
            if (value := getattr(self, name)) not in (None, defaults[name]):
                words.append(f"{former.get(name, name).replace('_', ' ')} {as_text(value).replace(',', '-')}")
        return ", ".join(words)[:NAME_LENGTH]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Config":
        """The inverse of `as_json`, also with former names (renames.py).

        Options that the run's version lacked get their value from before they existed. Raises KeyError if the model is
        missing, which every version has logged, and ValueError for an invalid field.
        """
        values = saved_options(values)
        return cls(**{name: _from_json(option, values[name]) for name, option in OPTIONS.items()})

    def as_json(self) -> dict[str, Any]:
        return {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}


OPTIONS: Mapping[str, Option] = {
    field.name: Option(field.name, field.default, **field.metadata) for field in fields(Config)
}
OWNER = {name: option.owner for name, option in OPTIONS.items() if option.owner}


def _recipe(preset: str) -> dict[str, Any]:
    """The defaults, with the preset's options on top."""
    return {name: option.default for name, option in OPTIONS.items()} | PRESETS[preset].options


DEFAULTS = _recipe("default")  # values of the options without any option; None: depends on others


def names_of(property: str) -> tuple[str, ...]:
    """Names of the options with that boolean property of Option: identifies, on_resume or on_page."""
    return tuple(name for name, option in OPTIONS.items() if getattr(option, property))


def saved_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """Options from a run's log or checkpoint, under their current names, completed with those that its version lacked.

    The model is never filled in, since every version has logged it.
    """
    options = (option for option in OPTIONS.values() if option.name != "model")
    before = {option.name: option.default if option.before is None else option.before for option in options}
    return before | renames.present_options(values)


def _from_json(option: Option, value: Any) -> Any:
    if isinstance(option.default, Path):
        return Path(value)  # it need not exist on this machine
    return None if value is None and option.default is None else option.type.parse(value)


def architecture(name: str | None, **settings: Any) -> Architecture | None:
    """The architecture `name` with the `settings` that are not None; None without a name. Raises ConfigError."""
    if name is None:
        if any(value is not None for value in settings.values()):
            raise ConfigError("These options are settings of one model: name it, too.")
        return None
    try:
        return ARCHITECTURES[name].varied(**settings)
    except ValueError as error:  # dropout and norm are checked by their types
        raise ConfigError(f"Invalid value for {flag('channels')}: {error}", "channels") from None
