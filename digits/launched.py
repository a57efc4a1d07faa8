"""Which process of a run this is, as torchrun tells it in the environment. Knows no torch."""

import os


def size() -> int:
    """How many processes train together; 1 where torchrun has started none."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """The number of this process on its machine: that of its accelerator."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def leads() -> bool:
    """Whether this is the process that writes and speaks."""
    return rank() == 0
