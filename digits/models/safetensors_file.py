"""safetensors file of a network: its state dict, and in the header what mnist_cnn.pth says about it."""

import json
from collections.abc import Mapping
from pathlib import Path

from digits.files import read_file
from digits.models.network import Network, cpu_state_dict

SUFFIX = ".safetensors"
_LENGTH_BYTES = 8  # of the header's length, little-endian, before the header (JSON)
_TEXTS = ("run_id", "dataset")  # metadata that are texts, not JSON


def as_metadata(content: Mapping[str, object]) -> dict[str, str]:
    """Values as texts, which is all that safetensors and ONNX admit: JSON but for names. None is left out."""
    known = {name: value for name, value in content.items() if value is not None}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in known.items()}


def safetensors_file(network: Network, metadata: Mapping[str, str]) -> bytes:
    """The content of the file. Raises ModuleNotFoundError without the package safetensors."""
    from safetensors.torch import save

    return save(cpu_state_dict(network), metadata={"format": "pt", **metadata})


def load(path: Path, max_bytes: int) -> dict:
    """The content of mnist_cnn.pth from which the file was made. Raises errors of many types for another file."""
    from safetensors.torch import load

    content = read_file(path, max_bytes)
    length = int.from_bytes(content[:_LENGTH_BYTES], "little")
    texts = json.loads(content[_LENGTH_BYTES : _LENGTH_BYTES + length]).get("__metadata__", {})
    facts = {name: text if name in _TEXTS else json.loads(text) for name, text in texts.items() if name != "format"}
    return {**facts, "state_dict": load(content)}
