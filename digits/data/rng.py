"""Random number generators: one for each purpose and step of a run.

Random numbers depend on the seed, the step and the purpose alone. So a resumed run needs no saved generator state, and
torch's global generator serves dropout only.
"""

import hashlib

from torch import Generator

# Purposes:
ORDER, AUGMENTATION, STROKES, TURNS, FORMS = "order", "augmentation", "strokes", "turns", "forms"
HARD_EXAMPLES = "hard examples"


def make_generator(seed: int, step: int, purpose: str) -> Generator:
    """A generator on the CPU for a step (for ORDER an epoch). torch uses 32 bits of a seed, so all three are hashed."""
    digest = hashlib.blake2b(f"{seed} {step} {purpose}".encode(), digest_size=4).digest()
    return Generator().manual_seed(int.from_bytes(digest, "little"))
