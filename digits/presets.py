"""Presets: named sets of options, which explicit options override."""

import textwrap
from dataclasses import dataclass, field

from digits.option_types import as_text, flag


@dataclass(frozen=True)
class Preset:
    """Options that differ from the defaults, and their purpose in one line."""

    purpose: str
    options: dict[str, object] = field(default_factory=dict)


_UNCHANGED = {  # no augmentation, no additional images
    "rotation": 0.0,
    "translate": 0.0,
    "scale": 0.0,
    "shear": 0.0,
    "outlier_ratio": 0.0,
    "synthetic_ratio": 0.0,
}

PRESETS = {
    "default": Preset(
        "the default run: a good network within a minute on two cores",
        {
            "model": "cnn4-valid",
            "epochs": 4,
            "batch_size": 192,
            "optimizer": "muon",
            "lr": 0.004,
            "momentum": 0.9,
            "warmup_steps": 80,
            "label_smoothing": 0.1,
            "augmentation_cooldown": 0.4,
            "outlier_ratio": 0.0625,
            "hard_examples": 0.5,
            "views": 5,
        },
    ),
    "fast": Preset(
        "99 % within seconds",
        {
            "model": "cnn4-strided-valid",
            "epochs": 1,
            "train_limit": 23_904,  # 249 batches
            "batch_size": 96,
            "optimizer": "muon",
            "lr": 0.02,
            "momentum": 0.8,
            "warmup_steps": 16,
            "cooldown": 0.6,
            "weight_decay": 0.1,
            "label_smoothing": 0.1,
            "ema": 0.0,
            **_UNCHANGED,
        },
    ),
    "best": Preset(
        "the most accurate single network, within ten minutes on two cores",
        {
            "model": "cnn6",
            "epochs": 18,
            "optimizer": "muon",
            "lr": 0.007,
            "weight_decay": 0.05,
            "ema": 0.999,
            "elastic": 1.5,
            "outlier_ratio": 0.0,
            "synthetic_ratio": 0.0,
            "views": 9,
        },
    ),
    "tiny": Preset(
        "99.4 % with fewer than 3,500 weights",
        {
            "model": "tiny",
            "epochs": 30,
            "optimizer": "muon",
            "lr": 0.02,
            "momentum": 0.9,
            "cooldown": 0.9,
            "weight_decay": 0.003,
            "label_smoothing": 0.0,
            "ema": 0.999,
            "shear": 0.1,
            "outlier_ratio": 0.0,
            "synthetic_ratio": 0.0,
            "hard_examples": 0.6,
            "views": 9,
        },
    ),
    "textbook": Preset(
        "textbook recipe: Adam, batches of 64, no augmentation, no averaging",
        {
            "model": "cnn4",
            "epochs": 10,
            "optimizer": "adam",
            "lr": 0.001,
            "warmup_steps": 0,
            "cooldown": 0.7,
            "weight_decay": 0.0,
            "batch_size": 64,
            "label_smoothing": 0.0,
            "ema": 0.0,
            **_UNCHANGED,
        },
    ),
}


def overview() -> str:
    """Text of the command presets: purpose and options of each."""
    lines = []
    for name, preset in PRESETS.items():
        words = [f"{flag(key)} {as_text(value)}" for key, value in preset.options.items()]
        lines += [
            f"{name}: {preset.purpose}",
            *textwrap.wrap(" ".join(words), 78, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False),
            "",
        ]
    return "\n".join([*lines, "Explicit options override the preset."])
