"""Weights and training state as files: whole, self-describing, loadable with torch.load(weights_only=True).

torch writes a zip file but checks no sum when it loads one: so each carries the SHA-256 of its content.
"""

import hashlib
import io
import math
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

from digits.config import Config
from digits.data.mnist import MEAN, STD
from digits.errors import UserError
from digits.files import named_by_user, read_file
from digits.models import builders
from digits.project import invocation


def cpu_state_dict(network: nn.Module) -> dict[str, Tensor]:
    """Its state on the CPU and in the ordinary memory order, so that any program can read it."""
    return {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}


FORMAT = 2  # 1 had no sum
MOST_NUMBERS = 128_000_000  # of a network: 39 times the largest at its usual size
MOST_BYTES = 4 * MOST_NUMBERS + (1 << 20)  # of mnist_cnn.pth
MOST_STATE_BYTES = 4 * MOST_BYTES  # of a checkpoint: the network, its average, and twice as much for Adam
REMEDY = f"train a network with {invocation('mnist_cnn')}, or name another file."
_REASON_LENGTH = 200  # characters of what torch says: it may go on for a page


class DamagedFile(Exception):
    """A file that is there, and is not what was written; the message says how."""


def weights_file(network: nn.Module, config: Config, **facts) -> bytes:
    """mnist_cnn.pth: the weights, and all that is needed to build the network and feed it."""
    return serialize(
        {
            "model": {
                "name": config.model,
                "channels": list(config.channels),
                "dropout": config.dropout,
                "norm": config.norm,
            },
            "input": {"shape": [1, builders.SIZE, builders.SIZE], "mean": MEAN, "std": STD},
            "labels": [str(digit) for digit in range(builders.CLASSES)],
            "state_dict": cpu_state_dict(network),
            **facts,
        }
    )


def load_network(path: str | Path) -> nn.Module:
    """The trained network of a mnist_cnn.pth, on the CPU, ready to read digits. Raises ValueError for other files."""
    return load_trained(named_by_user(Path(path)))[0]


def load_trained(path: str | Path) -> tuple[nn.Module, dict]:
    """The same network, and all that stands in the file."""
    try:
        content = load(path, MOST_BYTES)
        if "state_dict" not in content:
            raise DamagedFile("it is not the file of the weights")
        model = content["model"]
        # norm: files of format 1 have none, and their models' own was meant
        with torch.device("meta"):  # takes no memory, however many channels the file names
            network = builders.build_model(model["name"], tuple(model["channels"]), model["dropout"], model.get("norm"))
        network.load_state_dict(content["state_dict"], assign=True)
        _check_temperature(content.get("temperature"))
    except OSError:
        raise
    except Exception as error:  # whatever a dict of another kind leads to
        reason = " ".join(str(error).split())[:_REASON_LENGTH]
        raise ValueError(f"{path} holds no network of this program: {reason}") from error
    return network.float().eval(), content


def _check_temperature(temperature: float | None) -> None:
    if temperature is not None and not 0 < temperature < math.inf:
        raise DamagedFile(f"{temperature} is not a temperature")


def open_trained(path: Path) -> tuple[nn.Module, dict]:
    """The same for a path that a user names. Raises UserError, with what to do about it."""
    try:
        return load_trained(path)
    except FileNotFoundError:
        raise UserError(f"{path} is not there: {REMEDY}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}): {REMEDY}") from None
    except ValueError as error:
        raise UserError(f"{str(error).rstrip('.')}: {REMEDY}") from None


def serialize(content: dict) -> bytes:
    """A dict of plain values and tensors as the bytes of a file, with format and sum."""
    content = {"format": FORMAT, **content}
    buffer = io.BytesIO()
    torch.save({**content, "sha256": digest(content)}, buffer)
    return buffer.getvalue()


def check_size(network: nn.Module) -> None:
    """Raise UserError for a network whose files would be too large to be read again."""
    numbers = sum(parameter.numel() for parameter in network.parameters())
    if numbers > MOST_NUMBERS:
        raise UserError(f"The network has {numbers:,} parameters, at most are {MOST_NUMBERS:,}: try fewer --channels.")


def load(path: str | Path, most_bytes: int = MOST_STATE_BYTES) -> dict:
    """What was packed. Raises OSError if the file can't be read, and Damaged if it is not as it was written.

    A file of more than `most_bytes`, packed or unpacked, is refused before it is read.
    """
    # At once: of half a file torch would say "Invalid argument".
    file = io.BytesIO(read_file(Path(path), most_bytes))
    try:
        with zipfile.ZipFile(file) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > most_bytes:
            raise DamagedFile(f"it has more than {most_bytes:,} bytes")
        file.seek(0)
        content = torch.load(file, map_location="cpu", weights_only=True)
    except DamagedFile:
        raise
    except Exception as error:  # whatever its many readers raise; some of their texts lead astray
        raise DamagedFile("it is damaged or cut short, or no file of this program") from error
    if not isinstance(content, dict) or content.get("format") not in (1, FORMAT):
        raise DamagedFile("it is not a file of this program")
    written = content.pop("sha256", None)
    if content["format"] == FORMAT and written != digest(content):
        raise DamagedFile("its content does not have the SHA-256 that was written with it")
    return content


def digest(content) -> str:
    """SHA-256 over values, not over a file: names, types, shapes and bytes in their order, however they are stored."""
    total = hashlib.sha256()
    _add(content, total)
    return total.hexdigest()


def _add(value, total) -> None:
    if isinstance(value, Tensor):
        total.update(f"{value.dtype} {list(value.shape)} ".encode())
        total.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
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
