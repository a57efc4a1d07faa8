"""Renamed options, presets and JSON fields: former name to current name.

Both spellings are accepted for now, on the command line, in the control API and in the files of earlier versions; only
the current one is written. The page has the same table in web/core/renames.js.
"""

from collections.abc import Mapping
from typing import Any

from digits.errors import ConfigError
from digits.option_types import flag

OPTIONS = {
    "warm_up": "warmup_steps",
    "decay": "cooldown",
    "coarse": "low_res",
    "thickness": "stroke_width",
    "shift": "translate",
    "limit": "train_limit",
    "keep": "keep_runs",
    "outliers": "outlier_ratio",
}
PRESETS = {"course": "textbook"}
FIELDS = {  # of label.json, runs.json, weights.json, network.json, mnist_cnn.pth, and of a request to change a run
    "kept": "pinned",
    "deviation": "std",
    "energy_limit": "ood_threshold",
    "energy_limits": "ood_thresholds",
}
FORMER = {present: former for former, present in (OPTIONS | PRESETS).items()}


def present_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """Options and preset under their current names. Raises ConfigError for an option given under both names."""
    for former, present in OPTIONS.items():
        if former in values and present in values:
            raise ConfigError(f"{flag(former)} is the former name of {flag(present)}: give one of them.", former)
    options = {OPTIONS.get(name, name): value for name, value in values.items()}
    preset = options.get("preset")
    return options | ({"preset": PRESETS[preset]} if isinstance(preset, str) and preset in PRESETS else {})


def present_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a JSON object under their current names; of two spellings the current one counts."""
    return {FIELDS.get(name, name): value for name, value in values.items() if FIELDS.get(name) not in values}


def notice(values: Mapping[str, Any]) -> str:
    """A one-sentence notice about former names among `values`; empty if there are none."""
    words = [f"{flag(name)} is now {flag(OPTIONS[name])}" for name in values if name in OPTIONS]
    preset = values.get("preset")
    if isinstance(preset, str) and preset in PRESETS:
        words.append(f"--preset {preset} is now --preset {PRESETS[preset]}")
    return f"Renamed options: {', '.join(words)}." if words else ""
