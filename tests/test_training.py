import math

import pytest
import torch
from torch.nn import functional as F

from digits import models, optimizers, training
from digits.data import Split
from digits.errors import Diverged
from digits.precision import Precision
from digits.training import Learner

PLAIN = Precision(torch.device("cpu"), fast=False)


def split(count=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 10, (count,), generator=generator)
    images = torch.randint(0, 30, (count, 28, 28), generator=generator, dtype=torch.uint8)
    images[torch.arange(count), 2 * labels + 4] = 255  # a line whose height is the label
    return Split(images, labels)


def learner(lr=0.01, steps=100, optimizer="adamw", seed=0):
    torch.manual_seed(seed)
    network = models.build("cnn4", (4, 4, 8, 8))
    return Learner(network, optimizers.make(optimizer, network, 0.01), training.one_cycle(lr, steps), PLAIN)


def test_pixels_are_normalised_as_torchvision_users_know_it():
    images = torch.arange(256, dtype=torch.uint8)[:, None, None].expand(256, 28, 28)
    expected = (images.unsqueeze(1).float() / 255 - 0.1307) / 0.3081
    torch.testing.assert_close(training.normalised(images), expected)


def test_an_epoch_sees_every_image_once_in_an_order_of_its_own():
    first, again, second = (training.batches(1000, 128, seed=1, epoch=epoch) for epoch in (1, 1, 2))
    assert [len(batch) for batch in first] == [128] * 7 + [104]
    assert torch.cat(first).sort().values.tolist() == list(range(1000))
    assert torch.equal(torch.cat(first), torch.cat(again))
    assert not torch.equal(torch.cat(first), torch.cat(second))


def test_the_order_of_the_data_leaves_the_global_random_state_alone():
    state = torch.get_rng_state()
    training.batches(1000, 128, seed=1, epoch=1)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_every_optimiser_learns(optimizer):
    taught = learner(lr=0.02 if optimizer == "sgd" else 0.005, steps=40, optimizer=optimizer)
    data = split(256)
    before = taught.evaluate(data).loss
    for step in range(40):
        taught.step(data[64 * (step % 4) : 64 * (step % 4 + 1)])
    assert taught.evaluate(data).loss < 0.7 * before


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 10, 1000])
def test_the_rate_rises_to_its_highest_and_falls_to_almost_nothing(steps):
    schedule = training.one_cycle(0.01, steps)
    rates = [schedule(step) for step in range(steps)]
    assert all(0 < rate <= 0.01 for rate in rates)
    if steps >= 4:
        assert max(rates) == pytest.approx(0.01)
        assert rates.index(max(rates)) == round(steps / 4)
        assert rates[-1] < 0.005 if steps < 100 else rates[-1] < 1e-4


def test_a_step_reports_loss_and_hits_of_its_batch_before_the_update():
    taught = learner()
    data = split()
    taught.network.train()
    with torch.no_grad():
        logits = taught.network(training.normalised(data.images))
    expected = F.cross_entropy(logits, data.labels).item()
    taught = learner()
    step = taught.step(data)
    assert step.loss == pytest.approx(expected, rel=1e-5)
    assert step.correct == int((logits.argmax(1) == data.labels).sum())
    assert step.images == 64


def test_evaluation_equals_a_plain_recount_whatever_the_size_of_the_parts():
    taught = learner()
    data = split(2500)
    taught.network.eval()
    with torch.no_grad():
        logits = taught.network(training.normalised(data.images))
    taught.network.train()
    read = taught.evaluate(data)
    assert read.loss == pytest.approx(F.cross_entropy(logits, data.labels).item(), rel=1e-5)
    assert read.correct == int((logits.argmax(1) == data.labels).sum())
    assert read.total == 2500
    torch.testing.assert_close(read.probabilities, logits.softmax(1))


def test_evaluation_changes_neither_the_network_nor_its_mode():
    taught = learner()
    before = {name: value.clone() for name, value in taught.network.state_dict().items()}
    taught.network.train()
    taught.evaluate(split())
    assert taught.network.training
    assert all(torch.equal(before[name], value) for name, value in taught.network.state_dict().items())


def test_the_mean_counts_each_image_once():
    mean = training.Mean()
    mean.add(training.Step(loss=1.0, correct=10, images=100, lr=0.1))
    mean.add(training.Step(loss=4.0, correct=50, images=50, lr=0.1))
    assert (mean.loss, mean.accuracy) == (2.0, 0.4)


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_names_step_and_rate(loss):
    with pytest.raises(Diverged, match=r"step 1,234 .*lr 0\.5.*lower --lr"):
        training.check_finite(loss, step=1234, lr=0.5)
    training.check_finite(1e30, step=1, lr=0.5)


def test_the_same_seed_gives_the_same_weights():
    def taught():
        one = learner(seed=3)
        for indices in training.batches(64, 16, seed=3, epoch=1):
            one.step(split()[indices])
        return one.network.state_dict()

    first, second = taught(), taught()
    assert all(torch.equal(first[name], second[name]) for name in first)
