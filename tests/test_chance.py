from itertools import product

import torch

from digits.data import rng

PURPOSES = (rng.ORDER, rng.AUGMENTATION, rng.STROKES, rng.TURNS)


def drawn(seed, number, purpose):
    return tuple(torch.rand(3, generator=rng.make_generator(seed, number, purpose)).tolist())


def test_each_seed_each_number_and_each_purpose_has_chance_of_its_own():
    cases = list(product((0, 1, 2**32 - 1), (0, 1, 2, 400_000), PURPOSES))
    assert len({drawn(*case) for case in cases}) == len(cases)


def test_the_same_three_give_the_same():
    assert drawn(7, 123, rng.ORDER) == drawn(7, 123, rng.ORDER)
