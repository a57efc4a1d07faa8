"""Weights and training state as self-describing files that torch.load(weights_only=True) reads.

torch does not verify checksums when it loads a file, so each file contains the SHA-256 of its content.
"""

import hashlib
import io
import math
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

from digits.config import Config
from digits.data.mnist import CLASSES, MEAN, SIZE, STD
from digits.errors import UserError
from digits.files import named_by_user, read_file
from digits.models import builders, safetensors_file
from digits.models.network import Network, checked_views, cpu_state_dict
from digits.paths import invocation

FORMAT = 2  # 1 had no checksum
MAX_PARAMETERS = 128_000_000  # 39 times the largest default network
MAX_BYTES = 4 * MAX_PARAMETERS + (1 << 20)  # of mnist_cnn.pth
MAX_STATE_BYTES = 4 * MAX_BYTES  # of a checkpoint: the network, its EMA, and twice as much for Adam
REMEDY = f"train a network with {invocation('mnist_cnn')}, or name another file."
_REASON_LENGTH = 200  # characters of a message from torch, which may be a page long


class DamagedFile(Exception):
    """A file whose content is not what was written; the message gives the reason."""


def weights_file(network: Network, config: Config, **facts) -> bytes:
    """The content of mnist_cnn.pth: the weights, the network's settings, its input format, and `facts`."""
    return serialize(
        {
            "model": {
                "name": config.model,
                "channels": list(config.channels or ()),
                "dropout": config.dropout,
                "norm": config.norm,
                "views": network.views,
            },
            "input": {"shape": [1, SIZE, SIZE], "mean": MEAN, "std": STD},
            "labels": [str(digit) for digit in range(CLASSES)],
            "state_dict": cpu_state_dict(network),
            **facts,
        }
    )


def load_network(path: str | Path) -> Network:
    """The network of a mnist_cnn.pth or its export to safetensors, on the CPU, in evaluation mode.

    Raises ValueError for other files.
    """
    return load_trained(named_by_user(Path(path)))[0]


def load_trained(path: str | Path) -> tuple[Network, dict]:
    """The network of a mnist_cnn.pth, as from `load_network`, and the content of the file."""
    try:
        is_safetensors = Path(path).suffix == safetensors_file.SUFFIX
        content = safetensors_file.load(Path(path), MAX_BYTES) if is_safetensors else load(path, MAX_BYTES)
        if "state_dict" not in content:
            raise DamagedFile("it is not a weights file")
        model = content["model"]
        # Files of format 1 have no norm: the architecture's default.
        with torch.device("meta"):  # allocates no memory for a manipulated number of channels
            network = builders.build_model(model["name"], tuple(model["channels"]), model["dropout"], model.get("norm"))
        network.load_state_dict(content["state_dict"], assign=True)
        network.views = checked_views(model.get("views", 1))  # files of earlier versions have none
        check_temperature(content.get("temperature"))
    except (ModuleNotFoundError, OSError):
        raise
    except Exception as error:  # an invalid file raises errors of many types
        reason = " ".join(str(error).split())[:_REASON_LENGTH]
        raise ValueError(f"{path} is not a weights file of this project: {reason}") from error
    return network.float().eval(), content


def check_temperature(temperature: float | None) -> None:
    """Raise DamagedFile for an invalid temperature, TypeError for something other than a number; None is valid."""
    if temperature is not None and not 0 < temperature < math.inf:
        raise DamagedFile(f"{temperature} is not a temperature")


def open_trained(path: Path) -> tuple[Network, dict]:
    """Like `load_trained`, for a path that the user named: raises UserError with a remedy."""
    try:
        return load_trained(path)
    except FileNotFoundError:
        earlier = sorted(path.parent.glob(f"*/*/{path.name}"))  # by the time of their start
        remedy = f"name the file of an earlier run, such as {earlier[-1]}." if earlier else REMEDY
        raise UserError(f"{path} does not exist: {remedy}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}): {REMEDY}") from None
    except ValueError as error:
        raise UserError(f"{str(error).rstrip('.')}: {REMEDY}") from None


def serialize(content: dict) -> bytes:
    """A dict of plain values and tensors as the bytes of a file, with format and checksum."""
    content = {"format": FORMAT, **content}
    buffer = io.BytesIO()
    torch.save({**content, "sha256": digest(content)}, buffer)
    return buffer.getvalue()


def check_size(network: nn.Module) -> None:
    """Raise UserError for a network whose files would exceed the limit for reading."""
    count = sum(parameter.numel() for parameter in network.parameters())
    if count > MAX_PARAMETERS:
        raise UserError(f"The network has {count:,} parameters; the limit is {MAX_PARAMETERS:,}: use fewer --channels.")


def load(path: str | Path, max_bytes: int = MAX_STATE_BYTES) -> dict:
    """The dict that was serialized. Raises OSError for an unreadable file, DamagedFile for a damaged one.

    A file of more than `max_bytes`, compressed or decompressed, is rejected before it is read.
    """
    file = io.BytesIO(read_file(Path(path), max_bytes))
    try:
        with zipfile.ZipFile(file) as parts:
            size = sum(part.file_size for part in parts.infolist())
        if size > max_bytes:
            raise DamagedFile(f"it has more than {max_bytes:,} bytes")
        file.seek(0)
        content = torch.load(file, map_location="cpu", weights_only=True)
    except DamagedFile:
        raise
    except Exception as error:  # zipfile, pickle and torch raise errors of many types, some with misleading messages
        raise DamagedFile("it is damaged, truncated, or not a file of this project") from error
    if not isinstance(content, dict) or content.get("format") not in (1, FORMAT):
        raise DamagedFile("it is not a file of this project")
    written = content.pop("sha256", None)
    if content["format"] == FORMAT and written != digest(content):
        raise DamagedFile("its content does not match its SHA-256")
    return content


def digest(content: object) -> str:
    """SHA-256 of names, types, shapes and values in their order, independent of how a file stores them."""
    total = hashlib.sha256()
    _add(content, total)
    return total.hexdigest()


def _add(value: object, total: "hashlib._Hash") -> None:
    if isinstance(value, Tensor):
        total.update(f"{value.dtype} {list(value.shape)} ".encode())
        total.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    elif isinstance(value, dict):
        total.update(f"dict {len(value)} ".encode())
        for key, item in value.items():
            total.update(f"{key!r} ".encode())
            _add(item, total)
    elif isinstance(value, (list, tuple)):
        total.update(f"list {len(value)} ".encode())
        for item in value:
            _add(item, total)
    else:
        total.update(f"{value!r} ".encode())
