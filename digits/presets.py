"""Recipes: sets of ordinary options under a name. Whatever is named on the command line goes before them."""

import textwrap
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Preset:
    """`options` differ from those of the default run; `purpose` says what for."""

    purpose: str
    options: dict[str, object] = field(default_factory=dict)


PRESETS = {
    "default": Preset("the usual run: a good network within two minutes on two cores"),
    "fast": Preset("99 % as soon as possible", {"epochs": 1}),
    "best": Preset("as accurate as one network gets within half an hour", {"model": "cnn6", "epochs": 15}),
    "course": Preset(
        "what a textbook does: Adam at a constant rate, batches of 64, no augmentation, no averaging",
        {"optimizer": "adam", "lr": 0.001, "warm_up": 0, "decay": 0.7, "weight_decay": 0.0, "batch_size": 64},
    ),
}


def option(name: str) -> str:
    """How a field of options.Config is called on the command line."""
    return "--" + name.replace("_", "-")


def overview() -> str:
    """All presets for a reader: what each is for, and the options that it stands for."""
    lines = []
    for name, preset in PRESETS.items():
        words = [f"{option(key)} {value}" for key, value in preset.options.items()]
        lines += [
            f"{name}: {preset.purpose}",
            *textwrap.wrap(" ".join(words), 78, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False),
            "",
        ]
    return "\n".join([*lines, "Any of these options, given beside --preset, goes before it."])
