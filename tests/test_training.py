import copy
import math
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from digits.data import augment
from digits.data.augment import Augmentation
from digits.data.forms import Forms
from digits.data.mnist import Split, normalize
from digits.data.outliers import Outliers
from digits.evaluation import ood
from digits.models import builders
from digits.models.precision import Precision
from digits.training import optimizers, sampling
from digits.training.schedule import Schedule
from digits.training.train_state import RunningAverage, Step
from digits.training.trainer import Trainer

PLAIN = Precision(torch.device("cpu"))


def split(count=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 10, (count,), generator=generator)
    images = torch.randint(0, 30, (count, 28, 28), generator=generator, dtype=torch.uint8)
    images[torch.arange(count), 2 * labels + 4] = 255  # a line whose height is the label
    return Split(images, labels)


def made(lr=0.01, steps=100, optimizer="adamw", seed=0, **extra):
    torch.manual_seed(seed)
    network = builders.build_model("cnn4", (4, 4, 8, 8))
    schedule = Schedule(lr, warmup_steps=10, cooldown=0.5, total=steps)
    return Trainer(network, optimizers.make(optimizer, network, 0.01), schedule, PLAIN, **extra)


def step_of(trained, batch):
    """The result of one step."""
    steps = []
    trained.on_step = lambda step, _: steps.append(step)
    trained.step(batch)
    (step,) = steps
    return step


def test_pixels_are_normalized_like_in_torchvision():
    images = torch.arange(256, dtype=torch.uint8)[:, None, None].expand(256, 28, 28)
    expected = (images.unsqueeze(1).float() / 255 - 0.1307) / 0.3081
    torch.testing.assert_close(normalize(images), expected)


def test_each_epoch_has_its_own_permutation_of_all_images():
    first, again, second = (sampling.shuffled_indices(1000, seed=1, epoch=epoch) for epoch in (1, 1, 2))
    assert first.sort().values.tolist() == list(range(1000))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_shuffling_does_not_change_the_global_random_state():
    state = torch.get_rng_state()
    sampling.shuffled_indices(1000, seed=1, epoch=1)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "muon"])
def test_every_optimizer_learns(optimizer):
    trained = made(lr=0.02 if optimizer == "sgd" else 0.005, steps=40, optimizer=optimizer)
    data = split(256)
    before = trained.evaluate(data).loss
    for step in range(40):
        trained.step(data[64 * (step % 4) : 64 * (step % 4 + 1)])
    assert trained.evaluate(data).loss < 0.7 * before


def test_the_augmentation_of_each_step_is_that_of_the_schedule(monkeypatch):
    amounts = []

    def drawn(count, augmentation, generator):
        amounts.append((augmentation.rotation, augmentation.translate))
        return augment.draw(count, augmentation, generator)

    monkeypatch.setattr("digits.training.trainer.draw", drawn)
    trained = made(steps=4, augmentation=Augmentation(rotation=20, translate=2))
    trained.schedule = replace(trained.schedule, augmentation_cooldown=0.5)
    for _ in range(4):
        trained.step(split())
    assert amounts == [(20, 2), (20, 2), (20, 2), (10, 1)]


def test_a_step_reports_loss_and_hits_of_its_batch_before_the_update():
    trained = made()
    data = split()
    trained.network.train()
    with torch.no_grad():
        logits = trained.network(normalize(data.images))
    expected = F.cross_entropy(logits, data.labels).item()
    trained = made()
    step = step_of(trained, data)
    assert step.loss == pytest.approx(expected, rel=1e-5)
    assert step.correct == int((logits.argmax(1) == data.labels).sum())
    assert step.images == 64


def test_evaluation_is_independent_of_the_batch_size():
    trained = made()
    data = split(2500)
    trained.network.eval()
    with torch.no_grad():
        logits = trained.network(normalize(data.images))
    trained.network.train()
    read = trained.evaluate(data)
    assert read.loss == pytest.approx(F.cross_entropy(logits, data.labels).item(), rel=1e-5)
    assert read.correct == int((logits.argmax(1) == data.labels).sum())
    assert read.total == 2500
    torch.testing.assert_close(read.probabilities(), logits.double().softmax(1), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(read.energies, -logits.exp().sum(1).log())


def test_evaluation_changes_neither_the_network_nor_its_mode():
    trained = made()
    before = {name: value.clone() for name, value in trained.network.state_dict().items()}
    trained.network.train()
    trained.evaluate(split())
    assert trained.network.training
    assert all(torch.equal(before[name], value) for name, value in trained.network.state_dict().items())


def test_the_mean_counts_each_image_once():
    mean = RunningAverage()
    mean.add(Step(loss=1.0, correct=10, images=100, lr=0.1))
    mean.add(Step(loss=4.0, correct=50, images=50, lr=0.1))
    assert (mean.loss, mean.accuracy) == (2.0, 0.4)


def test_the_same_seed_gives_the_same_weights():
    def trained():
        one = made(seed=3)
        for indices in sampling.shuffled_indices(64, seed=3, epoch=1).split(16):
            one.step(split()[indices])
        return one.network.state_dict()

    first, second = trained(), trained()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_label_smoothing_changes_the_gradient_and_not_the_reported_loss():
    trained, plain = made(label_smoothing=0.2), made()
    data = split()
    logits = plain.network.train()(normalize(data.images))
    F.cross_entropy(logits, data.labels, label_smoothing=0.2).backward()
    expected = [parameter.grad.clone() for parameter in plain.network.parameters()]
    step = step_of(trained, data)
    assert step.loss == pytest.approx(F.cross_entropy(logits, data.labels).item(), rel=1e-5)
    for parameter, gradient in zip(trained.network.parameters(), expected):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-6)


def test_augmentation_depends_on_seed_and_step_only():
    def losses(seed, random_state):
        trained = made(augmentation=Augmentation(rotation=20, elastic=3), seed=0)
        trained.seed = seed
        torch.manual_seed(random_state)
        return [step_of(trained, split()).loss for _ in range(3)]

    assert losses(5, 1) == losses(5, 2)
    assert losses(5, 1) != losses(6, 1)
    assert losses(5, 1)[0] != step_of(made(), split()).loss


def test_with_outlier_exposure_energy_separates_outliers_from_digits():
    def confused(share):
        trained = made(outliers=share, steps=60)
        for seed in range(60):
            trained.step(split(seed=seed))
        strange = Outliers(1.0).sample_for(split(), seed=5, step=0)
        both = (strange, split(seed=99).images)
        strange, known = (trained.evaluate(Split(images, split().labels)) for images in both)
        return ood.outlier_exposure_loss(torch.cat([known.energies, strange.energies]), digits=64).item()

    assert confused(0.25) < 0.6 * confused(0.0)


@pytest.mark.parametrize("more", [{"outliers": 0.5}, {"forms": 0.5}, {"outliers": 0.25, "forms": 0.125}])
def test_the_reported_loss_is_that_of_the_batch_only(more):
    trained = made(**more)
    trained.network.eval()  # batch norm would see the other images, too
    with torch.no_grad():
        logits = trained.network(normalize(split().images))
    step = step_of(trained, split())
    assert step.loss == pytest.approx(F.cross_entropy(logits, split().labels).item(), rel=1e-5)
    assert step.correct == int((logits.argmax(1) == split().labels).sum()) and step.images == 64


def test_outliers_and_forms_depend_only_on_seed_and_step():
    def losses(seed, random_state):
        trained = made(outliers=0.25, forms=0.125)
        trained.seed = seed
        torch.manual_seed(random_state)
        return [step_of(trained, split()).loss for _ in range(3)]

    assert losses(5, 1) == losses(5, 2)
    assert losses(5, 1) != losses(6, 1)


def test_forms_are_learned():
    def loss_of_forms(share):
        trained = made(forms=share, steps=60)
        for seed in range(60):
            trained.step(split(seed=seed))
        return trained.evaluate(Forms(1.0).sample_for(split(), seed=5, step=0)).loss

    assert loss_of_forms(0.5) < 0.6 * loss_of_forms(0.0)


@pytest.mark.parametrize("images", [1, 3, 5])
def test_a_batch_may_be_too_small_for_an_outlier_or_a_form(images):
    step = step_of(made(outliers=0.125, forms=0.0625), split(images))
    assert math.isfinite(step.loss) and step.images == images


def test_ema_follows_weights_and_batch_statistics():
    trained = made(ema=0.5)
    expected = {name: value.clone() for name, value in trained.network.state_dict().items()}
    for steps in (1, 2, 3):
        trained.step(split(seed=steps))
        decay = min(0.5, (1 + steps) / (10 + steps))
        for name, value in trained.network.state_dict().items():
            expected[name] = decay * expected[name] + (1 - decay) * value if value.is_floating_point() else value
    for name, value in trained.eval_model.state_dict().items():
        torch.testing.assert_close(value, expected[name], msg=name)
    assert trained.eval_model is not trained.network
    with torch.no_grad():
        logits = trained.eval_model.eval()(normalize(split().images))
    probabilities = trained.evaluate(split()).probabilities()
    torch.testing.assert_close(probabilities, logits.double().softmax(1), atol=1e-6, rtol=1e-5)


def test_deferred_metrics_are_the_same_and_in_order():
    """As from an accelerator, where reading each would make it wait."""
    prompt, late = made(), made(pending_limit=4)
    batches = [split(seed=seed) for seed in range(10)]
    expected, received, counts = [step_of(prompt, batch) for batch in batches], [], []
    late.on_step = lambda *arrived: received.append(arrived)
    for batch in batches:
        late.step(batch)
        counts.append(late.state.step)
    assert counts == [0, 0, 0, 4, 4, 4, 4, 8, 8, 8]
    assert not late.is_synchronized
    late.synchronize()
    late.synchronize()
    assert late.is_synchronized
    assert received == list(zip(expected, [4] * 8 + [2] * 2))
    assert late.state == prompt.state


def test_a_restored_state_determines_the_next_steps():
    def another():
        return made(ema=0.9, augmentation=Augmentation(translate=2), optimizer="sgd")

    first = another()
    for seed in range(3):
        first.step(split(seed=seed))
    state = copy.deepcopy(first.state_dict())
    expected = [step_of(first, split(seed=seed)) for seed in range(3, 6)]
    second = another()
    second.load_state_dict(state)
    assert [step_of(second, split(seed=seed)) for seed in range(3, 6)] == expected
    for (name, one), other in zip(first.eval_model.state_dict().items(), second.eval_model.state_dict().values()):
        assert torch.equal(one, other), name
