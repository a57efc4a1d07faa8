"""Random number generators: one for each purpose and step of a run.

What is drawn follows from the seed and the step alone. So a continued run need not know what was drawn before, and the
global random state is left to dropout.
"""

import hashlib

from torch import Generator

ORDER, AUGMENTATION, STROKES, TURNS = "order", "augmentation", "strokes", "turns"  # purposes


def make_generator(seed: int, number: int, purpose: str) -> Generator:
    """On the CPU, for the step or epoch `number`. Of a seed torch uses the last 32 bits, so all three go into these."""
    digest = hashlib.blake2b(f"{seed} {number} {purpose}".encode(), digest_size=4).digest()
    return Generator().manual_seed(int.from_bytes(digest, "little"))
