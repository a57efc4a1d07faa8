"""Outlier images: distribution and reproducibility."""

import pytest
import torch

from digits.data import outliers, signs
from digits.data.mnist import Split
from digits.data.outliers import Outliers


def digits(count=40, labels=None):
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (count, 28, 28), generator=generator, dtype=torch.uint8)
    return Split(images, torch.arange(count) % 10 if labels is None else labels)


def beside(share=0.4, split=None, seed=0, step=0):
    return Outliers(share).sample_for(digits() if split is None else split, seed, step)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 16, 33, 40])
def test_the_requested_number_of_outliers_is_drawn(count):
    images = beside(count / 40)
    assert images.shape == (count, 28, 28) and images.dtype == torch.uint8
    assert (images.amax((1, 2)) > 50).all(), "each of them shows something"
    assert len(beside(0.01)) == 0


def test_outliers_depend_on_seed_and_step_only():
    whole = Outliers(0.4)
    steps = [whole.sample_for(digits(), 1, step) for step in range(30)]
    for step in (0, 7, 8, 29):
        assert torch.equal(beside(seed=1, step=step), steps[step])
    whole.sample_for(digits(13), 1, 4)  # the last batch of an epoch is smaller
    assert torch.equal(whole.sample_for(digits(), 1, 5), steps[5])
    assert len({image.numpy().tobytes() for step in steps for image in step[4:]}) == 30 * 12, "all differ"
    assert not torch.equal(beside(seed=2), beside(seed=1))


def test_the_global_random_state_is_unchanged():
    before = torch.get_rng_state()
    beside()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_quarter_are_turned_digits():
    split = digits()
    found = [any(torch.equal(way, image) for digit in split.images for way in turns(digit)) for image in beside()]
    assert found == [True] * 4 + [False] * 12


def turns(image):
    upper, lower = image.clone(), image.clone()
    upper[-12:], lower[:12] = 0, 0
    left = image.rot90(1)
    return [left, image.rot90(-1), image.flip(1), image.rot90(2), upper, lower, image.max(left)]


@pytest.mark.parametrize(
    ("label", "allowed"),
    [
        (0, {"upper", "lower"}),
        (1, {"crossed"}),
        (2, {"left", "right"}),
        (3, {"left", "right", "mirrored", "upside down"}),
        (6, {"left", "right", "mirrored"}),
        (9, {"left", "right", "mirrored"}),
    ],
)
def test_no_rotation_or_flip_leaves_a_digit(label, allowed):
    names = ("left", "right", "mirrored", "upside down", "upper", "lower", "crossed")
    image = digits(1).images
    turned = outliers.transformed(image.expand(4, 28, 28), torch.full((4,), label), torch.arange(4))
    made = {name for one in turned for name, way in zip(names, turns(image[0])) if torch.equal(one, way)}
    assert made == allowed


LINES = (outliers.glyphs, outliers.tangles, signs.draw)


@pytest.mark.parametrize("draw", [*LINES, outliers.discs])
def test_outliers_are_framed_like_mnist_digits(draw):
    generator = torch.Generator().manual_seed(0)
    images = outliers.rasterize(draw(50, generator), generator) if draw in LINES else draw(50, generator)
    inked = images > 0
    for rows in (inked.any(1), inked.any(2)):
        first = rows.int().argmax(1)
        last = 27 - rows.flip(1).int().argmax(1)
        assert (last - first < 20).all()
    mass, place = images.double(), torch.arange(28, dtype=torch.double)
    for axis in (1, 2):
        middle = mass.sum(axis) @ place / mass.sum((1, 2))
        assert ((middle - 14).abs() <= 0.51).all()


def test_the_center_of_a_disc_is_inked():
    assert (outliers.discs(50, torch.Generator().manual_seed(0))[:, 13:16, 13:16].amax((1, 2)) > 50).all()


def test_every_sign_is_drawn_and_none_is_a_letter_of_the_benchmark():
    from doodles import LETTERS

    forms = [form for forms in signs.SIGNS.values() for form in forms]
    assert not set(forms) & set(LETTERS.values()) and len(set(forms)) == len(forms)
    assert set(LETTERS) <= set(signs.SIGNS)
    assert signs.draw(0, torch.Generator()).shape == (0, 80, 2)
