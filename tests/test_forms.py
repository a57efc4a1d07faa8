"""Synthetic digits in forms that are rare in MNIST."""

import pytest
import torch

from digits.data import forms
from digits.data.forms import Forms
from digits.data.mnist import Split


def batch(count=64):
    return Split(torch.zeros(count, 28, 28, dtype=torch.uint8), torch.zeros(count, dtype=torch.long))


@pytest.fixture(scope="module")
def drawn():
    return forms.draw(2000, torch.Generator().manual_seed(0))


def test_most_are_ones_zeros_and_sevens_and_all_digits_with_several_forms_occur(drawn):
    counts = drawn.labels.bincount(minlength=10)
    assert counts[1] > counts[0] > counts[7] > counts[[2, 3, 4, 5, 6, 8, 9]].max()
    assert (counts[[2, 3, 4, 6, 8, 9]] > 0).all()


def test_they_are_framed_like_mnist_digits(drawn):
    for axis in (1, 2):
        inked = drawn.images.amax(axis) > 0
        first, last = inked.int().argmax(1), 27 - inked.flip(1).int().argmax(1)
        assert (last - first < 20).all()


def test_a_slashed_zero_has_ink_in_its_middle(drawn):
    zeros = drawn.images[drawn.labels == 0]
    assert (zeros[:, 12:17, 12:17].amax((1, 2)) > 50).float().mean() > 0.95


def test_half_of_the_ones_are_wider_than_a_stick(drawn):
    ones = drawn.images[drawn.labels == 1]
    width = (ones.amax(1) > 50).sum(1)
    assert (width >= 8).float().mean() > 0.5


def test_forms_depend_on_seed_and_step_only():
    whole = Forms(0.25)
    steps = [whole.sample_for(batch(), 1, step) for step in range(12)]
    for step in (0, 5, 6, 11):
        again = Forms(0.25).sample_for(batch(), 1, step)
        assert torch.equal(again.images, steps[step].images) and torch.equal(again.labels, steps[step].labels)
    whole.sample_for(batch(20), 1, 4)  # the last batch of an epoch is smaller
    assert torch.equal(whole.sample_for(batch(), 1, 5).images, steps[5].images)
    assert not torch.equal(Forms(0.25).sample_for(batch(), 2, 5).images, steps[5].images)


@pytest.mark.parametrize(("count", "expected"), [(1, 0), (8, 0), (9, 1), (128, 8)])
def test_the_requested_number_of_forms_is_drawn(count, expected):
    sample = Forms(0.0625).sample_for(batch(count), 0, 0)
    assert len(sample) == expected


def test_the_global_random_state_is_unchanged():
    before = torch.get_rng_state()
    Forms(0.5).sample_for(batch(), 0, 0)
    assert torch.equal(torch.get_rng_state(), before)
