"""Rank and world size under torchrun, from the environment. Does not import torch."""

import os
from contextlib import contextmanager

from digits.errors import UserError

_NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # for several processes to find each other
_BACKENDS = ("gloo/", "NCCL")  # as torch's RuntimeErrors name them


def check() -> None:
    """Raises UserError if the environment lacks torchrun's variables."""
    if not 0 <= rank() < size():
        raise _refused(f"RANK={rank()} is not below WORLD_SIZE={size()}")
    if local_rank() < 0:
        raise _refused(f"LOCAL_RANK={local_rank()} is negative")
    missing = [name for name in _NEEDED if not os.environ.get(name)]
    if size() > 1 and missing:
        raise _refused(
            f"WORLD_SIZE is {size()}, but {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set"
        )
    if size() > 1 and not 0 < _number("MASTER_PORT", 0) < 65536:
        raise _refused(f"MASTER_PORT={os.environ['MASTER_PORT']} is not a port")


def size() -> int:
    """World size: the number of processes; 1 without torchrun."""
    return _number("WORLD_SIZE", 1)


def rank() -> int:
    """Rank of this process among all processes, from 0."""
    return _number("RANK", 0)


def local_rank() -> int:
    """Rank of this process on its machine: the index of its accelerator."""
    return _number("LOCAL_RANK", 0)


def is_main_process() -> bool:
    """Whether this is the process that writes files and prints."""
    return rank() == 0


@contextmanager
def together():
    """Within this block of distributed work, a process that has ended or can't be reached raises UserError."""
    try:
        yield
    except RuntimeError as error:
        if size() == 1 or not any(backend in str(error) for backend in _BACKENDS):
            raise
        raise UserError(
            "Another process of this run has ended or can't be reached: its output says why. --resume continues."
        ) from None


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    try:
        return int(text)
    except ValueError:
        raise _refused(f"{name}={text} is not a whole number") from None


def _refused(reason: str) -> UserError:
    return UserError(
        f"{reason}: start several processes with torchrun, or a single one without these variables "
        "(unset WORLD_SIZE RANK LOCAL_RANK)."
    )
