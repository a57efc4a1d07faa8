"""Where a run's chance comes from: for each purpose and each step a generator of its own.

What is drawn follows from the seed and the step alone. So a continued run need not know what was drawn before, and the
global random state is left to dropout.
"""

from torch import Generator

ORDER, AUGMENTATION, STROKES, TURNS = range(4)  # purposes


def generator(seed: int, number: int, purpose: int) -> Generator:
    """On the CPU, for the step or epoch `number`; far from its neighbours."""
    return Generator().manual_seed((seed * 1_000_003 + number) % 2**61 | purpose << 61)
