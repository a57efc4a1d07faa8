"""Weights and training state as files: whole, self-describing, loadable with torch.load(weights_only=True)."""

import io
from pathlib import Path

import torch
from torch import nn

from digits import models
from digits.options import Config
from digits.training import MEAN, STD, Learner

FORMAT = 1


def weights_file(network: nn.Module, config: Config, **facts) -> bytes:
    """mnist_cnn.pth: the weights, and all that is needed to build the network and feed it."""
    return _packed(
        {
            "format": FORMAT,
            "model": {"name": config.model, "channels": list(config.channels), "dropout": config.dropout},
            "input": {"shape": [1, models.SIZE, models.SIZE], "mean": MEAN, "std": STD},
            "labels": [str(digit) for digit in range(models.CLASSES)],
            "state_dict": _plain(network.state_dict()),
            **facts,
        }
    )


def load_network(path: str | Path) -> nn.Module:
    """The trained network of a mnist_cnn.pth, on the CPU, ready to read digits. Raises ValueError for other files."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        model = content["model"]
        network = models.build(model["name"], tuple(model["channels"]), model["dropout"])
        network.load_state_dict(content["state_dict"])
    except OSError:
        raise
    except Exception as error:  # torch.load raises whatever its many readers raise
        raise ValueError(f"{path} holds no network of this program: {error}") from error
    return network.eval()


def checkpoint_file(learner: Learner, config: Config, run_id: str, position: dict[str, int]) -> bytes:
    """checkpoint.pth: everything that changes in training. `batch` batches of `epoch` are done, `step` in all.

    The order of the data needs no state: it follows from seed and epoch (training.batches).
    """
    return _packed(
        {
            "format": FORMAT,
            "run_id": run_id,
            "config": config.as_json(),
            **position,
            "network": _plain(learner.network.state_dict()),
            "optimizer": learner.optimizer.state_dict(),
            "random": torch.get_rng_state(),
        }
    )


def _packed(content: dict) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _plain(state: dict) -> dict:
    """On the CPU and in the ordinary memory order, so that any program can read it."""
    return {name: value.detach().cpu().contiguous() for name, value in state.items()}
