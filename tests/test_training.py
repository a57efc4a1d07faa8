import copy
import math

import pytest
import torch
from torch.nn import functional as F

from digits.data.augment import Augmentation
from digits.data.mnist import Split, normalize
from digits.data.outliers import Outliers
from digits.errors import Diverged
from digits.evaluation import ood
from digits.models import builders
from digits.models.precision import Precision
from digits.training import optimizers, trainer
from digits.training.schedule import Schedule
from digits.training.trainer import Trainer

PLAIN = Precision(torch.device("cpu"))


def split(count=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 10, (count,), generator=generator)
    images = torch.randint(0, 30, (count, 28, 28), generator=generator, dtype=torch.uint8)
    images[torch.arange(count), 2 * labels + 4] = 255  # a line whose height is the label
    return Split(images, labels)


def learner(lr=0.01, steps=100, optimizer="adamw", seed=0, **extra):
    torch.manual_seed(seed)
    network = builders.build_model("cnn4", (4, 4, 8, 8))
    schedule = Schedule(lr, warmup_steps=10, cooldown=0.5, total=steps)
    return Trainer(network, optimizers.make(optimizer, network, 0.01), schedule, PLAIN, **extra)


def test_pixels_are_normalised_as_torchvision_users_know_it():
    images = torch.arange(256, dtype=torch.uint8)[:, None, None].expand(256, 28, 28)
    expected = (images.unsqueeze(1).float() / 255 - 0.1307) / 0.3081
    torch.testing.assert_close(normalize(images), expected)


def test_an_epoch_sees_every_image_once_in_an_order_of_its_own():
    first, again, second = (trainer.shuffled_indices(1000, seed=1, epoch=epoch) for epoch in (1, 1, 2))
    assert first.sort().values.tolist() == list(range(1000))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_the_order_of_the_data_leaves_the_global_random_state_alone():
    state = torch.get_rng_state()
    trainer.shuffled_indices(1000, seed=1, epoch=1)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "muon"])
def test_every_optimiser_learns(optimizer):
    taught = learner(lr=0.02 if optimizer == "sgd" else 0.005, steps=40, optimizer=optimizer)
    data = split(256)
    before = taught.evaluate(data).loss
    for step in range(40):
        taught.step(data[64 * (step % 4) : 64 * (step % 4 + 1)])
    assert taught.evaluate(data).loss < 0.7 * before


def test_a_step_reports_loss_and_hits_of_its_batch_before_the_update():
    taught = learner()
    data = split()
    taught.network.train()
    with torch.no_grad():
        logits = taught.network(normalize(data.images))
    expected = F.cross_entropy(logits, data.labels).item()
    taught = learner()
    (step,) = taught.step(data)
    assert step.loss == pytest.approx(expected, rel=1e-5)
    assert step.correct == int((logits.argmax(1) == data.labels).sum())
    assert step.images == 64


def test_evaluation_equals_a_plain_recount_whatever_the_size_of_the_parts():
    taught = learner()
    data = split(2500)
    taught.network.eval()
    with torch.no_grad():
        logits = taught.network(normalize(data.images))
    taught.network.train()
    read = taught.evaluate(data)
    assert read.loss == pytest.approx(F.cross_entropy(logits, data.labels).item(), rel=1e-5)
    assert read.correct == int((logits.argmax(1) == data.labels).sum())
    assert read.total == 2500
    torch.testing.assert_close(read.probabilities, logits.softmax(1))
    torch.testing.assert_close(read.energies, -logits.exp().sum(1).log())


def test_evaluation_changes_neither_the_network_nor_its_mode():
    taught = learner()
    before = {name: value.clone() for name, value in taught.network.state_dict().items()}
    taught.network.train()
    taught.evaluate(split())
    assert taught.network.training
    assert all(torch.equal(before[name], value) for name, value in taught.network.state_dict().items())


def test_the_mean_counts_each_image_once():
    mean = trainer.RunningAverage()
    mean.add(trainer.Step(loss=1.0, correct=10, images=100, lr=0.1))
    mean.add(trainer.Step(loss=4.0, correct=50, images=50, lr=0.1))
    assert (mean.loss, mean.accuracy) == (2.0, 0.4)


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_names_step_and_rate(loss):
    with pytest.raises(Diverged, match=r"step 1,234 .*lr 0\.5.*lower --lr"):
        trainer.check_finite(loss, step=1234, lr=0.5)
    trainer.check_finite(1e30, step=1, lr=0.5)


def test_the_same_seed_gives_the_same_weights():
    def taught():
        one = learner(seed=3)
        for indices in trainer.shuffled_indices(64, seed=3, epoch=1).split(16):
            one.step(split()[indices])
        return one.network.state_dict()

    first, second = taught(), taught()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_label_smoothing_changes_the_gradient_as_torch_has_it_and_not_the_loss_that_is_told():
    taught, plain = learner(label_smoothing=0.2), learner()
    data = split()
    logits = plain.network.train()(normalize(data.images))
    F.cross_entropy(logits, data.labels, label_smoothing=0.2).backward()
    expected = [parameter.grad.clone() for parameter in plain.network.parameters()]
    (step,) = taught.step(data)
    assert step.loss == pytest.approx(F.cross_entropy(logits, data.labels).item(), rel=1e-5)
    for parameter, gradient in zip(taught.network.parameters(), expected):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-6)


def test_augmentation_follows_from_seed_and_step_alone():
    def losses(seed, random_state):
        taught = learner(augmentation=Augmentation(rotation=20, elastic=3), seed=0)
        taught.seed = seed
        torch.manual_seed(random_state)
        return [taught.step(split())[0].loss for _ in range(3)]

    assert losses(5, 1) == losses(5, 2)
    assert losses(5, 1) != losses(6, 1)
    assert losses(5, 1)[0] != learner().step(split())[0].loss


def test_exposed_to_outliers_a_network_tells_them_from_digits_by_their_energy():
    def confused(share):
        taught = learner(outliers=share, steps=60)
        for seed in range(60):
            taught.step(split(seed=seed))
        strange = Outliers(1.0).sample_for(split(), seed=5, step=0)
        strange, known = (taught.evaluate(Split(images, split().labels)) for images in (strange, split(seed=99).images))
        return ood.outlier_exposure_loss(torch.cat([known.energies, strange.energies]), digits=64).item()

    assert confused(0.25) < 0.6 * confused(0.0)


def test_the_loss_that_is_told_is_of_the_digits_alone():
    taught = learner(outliers=0.5)
    taught.network.eval()  # batch norm would see the outliers, too
    with torch.no_grad():
        logits = taught.network(normalize(split().images))
    (step,) = taught.step(split())
    assert step.loss == pytest.approx(F.cross_entropy(logits, split().labels).item(), rel=1e-5)
    assert step.correct == int((logits.argmax(1) == split().labels).sum()) and step.images == 64


def test_outliers_follow_from_seed_and_step_alone():
    def losses(seed, random_state):
        taught = learner(outliers=0.25)
        taught.seed = seed
        torch.manual_seed(random_state)
        return [taught.step(split())[0].loss for _ in range(3)]

    assert losses(5, 1) == losses(5, 2)
    assert losses(5, 1) != losses(6, 1)


@pytest.mark.parametrize("images", [1, 3, 5])
def test_a_batch_may_be_too_small_for_an_outlier(images):
    (step,) = learner(outliers=0.125).step(split(images))
    assert math.isfinite(step.loss) and step.images == images


def test_the_average_follows_the_weights_and_their_batch_statistics():
    taught = learner(ema=0.5)
    expected = {name: value.clone() for name, value in taught.network.state_dict().items()}
    for steps in (1, 2, 3):
        taught.step(split(seed=steps))
        decay = min(0.5, (1 + steps) / (10 + steps))
        for name, value in taught.network.state_dict().items():
            expected[name] = decay * expected[name] + (1 - decay) * value if value.is_floating_point() else value
    for name, value in taught.eval_model.state_dict().items():
        torch.testing.assert_close(value, expected[name], msg=name)
    assert taught.eval_model is not taught.network
    with torch.no_grad():
        logits = taught.eval_model.eval()(normalize(split().images))
    torch.testing.assert_close(taught.evaluate(split()).probabilities, logits.softmax(1))


def test_numbers_fetched_late_are_the_same_and_come_in_order():
    """As from an accelerator, where asking for each would make it wait."""
    prompt, late = learner(), learner()
    late._late_at_most = 4
    batches = [split(seed=seed) for seed in range(10)]
    at_once = [step for batch in batches for step in prompt.step(batch)]
    in_parts = [late.step(batch) for batch in batches]
    assert [len(part) for part in in_parts] == [0, 0, 0, 4, 0, 0, 0, 4, 0, 0]
    assert [step for part in in_parts for step in part] + late.flush_metrics() == at_once
    assert late.flush_metrics() == []


def test_a_state_brings_everything_back_that_the_next_steps_depend_on():
    def made():
        return learner(ema=0.9, augmentation=Augmentation(translate=2), optimizer="sgd")

    first = made()
    for seed in range(3):
        first.step(split(seed=seed))
    state = copy.deepcopy(first.state_dict())
    expected = [first.step(split(seed=seed))[0] for seed in range(3, 6)]
    second = made()
    second.load_state_dict(state)
    assert [second.step(split(seed=seed))[0] for seed in range(3, 6)] == expected
    for (name, one), other in zip(first.eval_model.state_dict().items(), second.eval_model.state_dict().values()):
        assert torch.equal(one, other), name
