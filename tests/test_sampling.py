"""Hard-example sampling; tests/test_resume.py, test_verify.py and test_distributed.py use it in whole runs."""

from itertools import chain

import pytest
import torch

from digits.data.mnist import Split
from digits.training.sampling import Batches, HardExamples, drawn, probabilities

CPU = torch.device("cpu")
IMAGES, SIZE = 70, 8  # 9 batches in an epoch, the last one smaller


def split():
    return Split(torch.zeros(IMAGES, 28, 28, dtype=torch.uint8), torch.arange(IMAGES) % 10)


def batches(fraction=0.5, seed=1):
    return Batches(split(), SIZE, seed, HardExamples(IMAGES, SIZE, fraction, seed, CPU))


def trained(source, first, last, losses):
    """Indices of the batches of these steps; each image has its loss of `losses` (N,) whenever it is trained."""
    order = []
    for batch, indices in source.between(first, last):
        assert torch.equal(batch.labels, source.split.labels[indices])
        source.hard.record(indices, losses[indices])
        order.append(indices.tolist())
    return order


def flat(lists):
    return [*chain.from_iterable(lists)]


def spread(count, seed=0):
    """Losses (count,) as of a trained network: most near 0, few large."""
    return torch.rand(count, generator=torch.Generator().manual_seed(seed)) ** 8 * 5


@pytest.mark.parametrize("count", [1, 30, 500, 700, 999, 1000])
def test_probabilities_are_the_loss_plus_the_mean_loss_times_a_factor_and_at_most_1(count):
    losses = spread(1000)
    p = probabilities(losses, count)
    assert p.sum().item() == pytest.approx(count) and p.max() <= 1
    weights = losses.double() + losses.double().mean()
    low, high = 0.0, 1e9  # the factor by bisection
    for _ in range(200):
        factor = (low + high) / 2
        low, high = (factor, high) if (factor * weights).clamp(max=1).sum() < count else (low, factor)
    torch.testing.assert_close(p, (high * weights).clamp(max=1))


@pytest.mark.parametrize("losses", [torch.zeros(20), torch.eye(20)[3], torch.full((20,), 7.0)])
def test_losses_of_zero_and_equal_losses_are_no_problem(losses):
    p = probabilities(losses, 5)
    assert p.sum().item() == pytest.approx(5) and p.min() > 0
    assert sorted(set(drawn(losses, 5, seed=1, step=0).tolist())) == sorted(drawn(losses, 5, seed=1, step=0).tolist())


def test_a_pass_has_no_image_twice_and_each_as_often_as_its_probability():
    losses = spread(200)
    seen = torch.zeros(200)
    for step in range(2000):
        images = drawn(losses, 100, seed=1, step=step)
        assert len(set(images.tolist())) == 100
        seen[images] += 1
    deviation = (seen / 2000 - probabilities(losses, 100)).abs()
    assert deviation.max() < 0.06  # five standard deviations


def test_the_order_within_a_pass_is_random():
    losses = spread(1000)
    halves = drawn(losses, 500, seed=1, step=0).split(250)
    means = [losses[half].mean().item() for half in halves]
    assert means[0] == pytest.approx(means[1], rel=0.3)


def test_a_pass_is_determined_by_seed_and_step_and_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    one, again, other_seed, other_step = (
        drawn(spread(100), 50, seed, step) for seed, step in ((1, 9), (1, 9), (2, 9), (1, 10))
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other_seed) and not torch.equal(one, other_step)
    assert torch.equal(state, torch.get_rng_state())


def test_the_first_epoch_is_the_one_without_hard_examples():
    plain = [indices.tolist() for _, indices in Batches(split(), SIZE, seed=1).between(0, 9)]
    assert trained(batches(), 0, 9, spread(IMAGES)) == plain
    assert sorted(flat(plain)) == list(range(IMAGES))


def test_from_the_second_epoch_on_images_with_a_high_loss_are_seen_more_often():
    source, losses = batches(), spread(IMAGES)
    order = trained(source, 0, 9 * 41, losses)
    later = torch.tensor(flat(order[9:])).bincount(minlength=IMAGES)
    hardest = losses.argsort(descending=True)
    assert all(len(batch) == SIZE for batch in order[9:])
    assert later.min() > 0
    assert later[hardest[:7]].float().mean() > 2 * later[hardest[-35:]].float().mean()


def test_passes_are_drawn_by_the_latest_losses():
    """The images whose loss was high in the first epoch are easy in the next pass, and then seen less often."""
    source, first, then = batches(), torch.zeros(IMAGES), torch.zeros(IMAGES)
    first[:20], then[20:40] = 9.0, 9.0
    trained(source, 0, 9, first)
    trained(source, 9, 9 + 4 * 20, then)
    last = [trained(source, 89 + 4 * n, 93 + 4 * n, then) for n in range(20)]
    counts = torch.tensor(flat(flat(last))).bincount(minlength=IMAGES)
    assert counts[20:40].float().mean() > 1.5 * counts[:20].float().mean()


@pytest.mark.parametrize("stop", [4, 9, 11, 13, 17, 18, 30])
def test_a_restored_state_continues_within_a_pass(stop):
    losses = spread(IMAGES)
    whole = trained(batches(), 0, 40, losses)
    first, second = batches(), batches()
    trained(first, 0, stop, losses)
    second.hard.load_state_dict(first.hard.state_dict())
    assert trained(first, stop, 40, losses) == whole[stop:]
    assert trained(second, stop, 40, losses) == whole[stop:]


def test_saving_within_a_pass_changes_nothing():
    losses = spread(IMAGES)
    source, order = batches(), []
    for step in range(30):
        order += trained(source, step, step + 1, losses * (1 + step))
        source.hard.state_dict()
    other, expected = batches(), []
    for step in range(30):
        expected += trained(other, step, step + 1, losses * (1 + step))
    assert order == expected


@pytest.mark.parametrize(
    ("images", "size", "fraction"), [(3, 128, 0.5), (100, 128, 0.01), (640, 128, 0.9), (9, 2, 0.4)]
)
def test_any_number_of_images_has_passes(images, size, fraction):
    hard = HardExamples(images, size, fraction, 1, CPU)
    for step in range(hard.batches, hard.batches + 20):
        indices = hard.batch(step)
        assert 0 < len(indices) <= size and len(set(indices.tolist())) == len(indices)
