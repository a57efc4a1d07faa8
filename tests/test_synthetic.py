"""The built-in synthetic digits."""

import pytest
import torch

from digits.data.skeletons import SAMPLES, SKELETONS, library
from digits.data.synthetic import BOX, SIZE, draw


@pytest.fixture(scope="module")
def drawn():
    return draw(1500, seed=1)


def mean_position(images):
    """Center of mass (N, 2) in pixels: row, column."""
    mass = images.double()
    place = torch.arange(SIZE, dtype=torch.double)
    return torch.stack([mass.sum(2) @ place, mass.sum(1) @ place], dim=1) / mass.sum((1, 2))[:, None]


def extent(images, axis):
    """Pixels from the first to the last with ink, along an axis (1 rows, 2 columns)."""
    inked = images.amax(3 - axis) > 0  # (N, SIZE)
    first = inked.int().argmax(1)
    last = SIZE - 1 - inked.flip(1).int().argmax(1)
    return last - first + 1


def test_images_and_labels_have_the_shapes_and_types_of_mnist(drawn):
    images, labels = drawn
    assert images.shape == (1500, 28, 28) and images.dtype == torch.uint8
    assert labels.shape == (1500,) and labels.dtype == torch.uint8


def test_the_same_seed_draws_the_same_bytes(drawn):
    images, labels = draw(1500, seed=1)
    assert torch.equal(images, drawn[0]) and torch.equal(labels, drawn[1])


def test_another_seed_draws_other_digits(drawn):
    images, labels = draw(1500, seed=2)
    assert (images != drawn[0]).flatten(1).any(1).all()
    assert not torch.equal(labels, drawn[1])


def test_the_number_of_threads_changes_no_byte(drawn):
    threads = torch.get_num_threads()
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            assert torch.equal(draw(1500, seed=1)[0], drawn[0])
    finally:
        torch.set_num_threads(threads)


def test_drawing_does_not_change_the_global_random_state():
    before = torch.get_rng_state()
    draw(10, seed=0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("count", [0, 1, 7, 123])
def test_the_ten_digits_are_equally_frequent_to_within_one(count):
    images, labels = draw(count, seed=0)
    frequency = torch.bincount(labels, minlength=10)
    assert len(images) == len(labels) == count
    assert frequency.max() - frequency.min() <= 1


def test_labels_come_in_random_order(drawn):
    labels = drawn[1].long()
    same_as_next = (labels[1:] == labels[:-1]).double().mean()
    assert 0.05 < same_as_next < 0.15  # a tenth at random


def test_every_image_has_contrast(drawn):
    images, _ = drawn
    assert images.amax((1, 2)).min() > 50
    ink = images.double().mean((1, 2)) / 255
    assert ink.min() > 0.01 and ink.max() < 0.5  # a line, neither a speck nor a blot


def test_the_background_is_black(drawn):
    assert (drawn[0] == 0).double().mean() > 0.6


def test_the_center_of_mass_is_within_a_pixel_of_the_center(drawn):
    assert (mean_position(drawn[0]) - 14).abs().max() < 1


def test_ink_fills_the_box_of_mnist_in_its_longer_dimension(drawn):
    longer = torch.maximum(extent(drawn[0], 1), extent(drawn[0], 2))
    assert longer.max() <= BOX
    assert (longer >= BOX - 2).double().mean() > 0.98  # a soft edge may fade before it reaches the border


def test_a_probe_trained_on_one_seed_classifies_digits_of_another():
    def pixels(images):
        return torch.nn.functional.avg_pool2d(images.double() / 255, 2).flatten(1)  # (N, 196)

    def likeness(one, other):
        return (-(torch.cdist(pixels(one), pixels(other)) ** 2) / 8).exp()

    images, labels = draw(3000, seed=4)
    targets = torch.nn.functional.one_hot(labels.long(), 10).double()
    ridge = likeness(images, images) + 0.1 * torch.eye(len(images), dtype=torch.double)
    weights = torch.linalg.solve(ridge, targets)  # kernel ridge regression
    others, wanted = draw(1000, seed=5)
    right = (likeness(others, images) @ weights).argmax(1) == wanted
    recall = {digit: right[wanted == digit].double().mean().item() for digit in range(10)}
    assert min(recall.values()) > 0.7, recall


def test_every_skeleton_is_sampled_evenly_along_its_path():
    shapes = library()
    points = shapes.curve @ shapes.control  # (S, SAMPLES, 2)
    steps = points.diff(dim=1).norm(dim=2)
    median = steps.median(dim=1, keepdim=True).values
    lifts = torch.tensor([text.count("/") for lines in SKELETONS.values() for _, text in lines])
    assert points.shape[1] == SAMPLES
    assert ((steps > 2 * median).sum(1) <= lifts).all()


def test_every_digit_has_several_shapes():
    assert sorted(SKELETONS) == list(range(10))
    assert min(len(lines) for lines in SKELETONS.values()) >= 5


@pytest.mark.parametrize("count", [1, 1000, 1100])
def test_progress_counts_add_up_to_the_number_of_images(count):
    counts = []
    draw(count, seed=0, progress=counts.append)
    assert sum(counts) == count and min(counts) > 0


def test_an_exception_in_the_progress_callback_ends_the_work():
    def stop(_):
        calls.append(1)
        raise KeyboardInterrupt

    calls = []
    with pytest.raises(KeyboardInterrupt):
        draw(60_000, seed=0, progress=stop)
    assert len(calls) == 1
