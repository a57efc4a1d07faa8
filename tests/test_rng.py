from itertools import product

import torch

from digits.data import rng

PURPOSES = (rng.ORDER, rng.AUGMENTATION, rng.STROKES, rng.TURNS)


def drawn(seed, number, purpose):
    return tuple(torch.rand(3, generator=rng.make_generator(seed, number, purpose)).tolist())


def test_each_seed_step_and_stream_has_its_own_random_numbers():
    cases = list(product((0, 1, 2**32 - 1), (0, 1, 2, 400_000), PURPOSES))
    assert len({drawn(*case) for case in cases}) == len(cases)


def test_the_same_seed_step_and_stream_repeat_the_same_numbers():
    assert drawn(7, 123, rng.ORDER) == drawn(7, 123, rng.ORDER)
