import math
from dataclasses import asdict, replace

import pytest

from digits.training.schedule import Schedule

CASES = [
    Schedule(0.01, warmup_steps, cooldown, total, augmentation)
    for warmup_steps in (0, 1, 7, 100)
    for cooldown, augmentation in ((0.0, 0.0), (0.3, 0.0), (0.5, 0.4), (1.0, 0.4), (0.3, 1.0), (0.0, 0.3))
    for total in (1, 2, 10, 99, 1000)
]


def both(schedule, step):
    return schedule(step), schedule.augmentation(step)


@pytest.mark.parametrize("schedule", CASES)
def test_the_rate_is_positive_and_at_most_the_peak_before_the_end(schedule):
    rates = [schedule(step) for step in range(schedule.total)]
    assert all(0 < rate <= 0.01 for rate in rates)
    highest = rates.index(max(rates))
    assert rates[: highest + 1] == sorted(rates[: highest + 1])
    assert rates[highest:] == sorted(rates[highest:], reverse=True)


def test_the_rate_is_piecewise_linear():
    schedule = Schedule(lr=1.0, warmup_steps=4, cooldown=0.5, total=20)
    expected = [0.25, 0.5, 0.75, *[1.0] * 8, *(n / 10 for n in range(9, 0, -1))]
    assert [schedule(step) for step in range(20)] == pytest.approx(expected)
    assert schedule(20) == 0.0
    assert schedule(25) == 0.0  # never below


def test_the_augmentation_decays_linearly_to_none():
    schedule = Schedule(lr=1.0, warmup_steps=4, cooldown=0.5, total=20, augmentation_cooldown=0.25)
    expected = [*[1.0] * 16, 0.8, 0.6, 0.4, 0.2, 0.0, 0.0]
    assert [schedule.augmentation(step) for step in range(22)] == pytest.approx(expected)
    assert {replace(schedule, augmentation_cooldown=0.0).augmentation(step) for step in range(22)} == {1.0}


def test_a_changed_length_moves_the_decay_of_the_augmentation_and_a_changed_rate_does_not():
    schedule = Schedule(lr=1.0, warmup_steps=4, cooldown=0.5, total=20, augmentation_cooldown=0.5)
    changed = schedule.at_rate(8, 0.1)
    assert [changed.augmentation(step) for step in range(20)] == [schedule.augmentation(step) for step in range(20)]
    longer = changed.of_length(12, 40)
    assert longer.augmentation(11) == schedule.augmentation(11) < 1 == longer.augmentation(12)
    assert longer.augmentation(30) == pytest.approx(0.5)


def test_without_warmup_and_cooldown_the_rate_is_constant():
    schedule = Schedule(lr=0.001, warmup_steps=0, cooldown=0.0, total=10)
    assert {schedule(step) for step in range(100)} == {0.001}
    assert schedule.before_decay == math.inf


@pytest.mark.parametrize("schedule", CASES)
@pytest.mark.parametrize("longer", [2, 3.7])
def test_a_longer_run_starts_like_a_shorter_one(schedule, longer):
    other = replace(schedule, total=math.ceil(longer * schedule.total))
    same = int(min(schedule.before_decay, 3000))
    assert schedule.begins_like(other, same)
    assert [both(schedule, step) for step in range(same)] == [both(other, step) for step in range(same)]
    if schedule.cooldown or schedule.augmentation_cooldown:
        assert both(schedule, same) != both(other, same)  # and no further
        assert not schedule.begins_like(other, same + 1)


def test_runs_of_equal_length_have_equal_schedules_and_other_rates_differ():
    schedule = Schedule(lr=0.01, warmup_steps=10, cooldown=0.5, total=100)
    assert schedule.begins_like(replace(schedule), 100)
    assert not schedule.begins_like(replace(schedule, lr=0.02), 1)
    assert not schedule.begins_like(replace(schedule, warmup_steps=11), 1)


def test_a_changed_rate_holds_from_its_step_on_and_keeps_the_shape():
    schedule = Schedule(lr=1.0, warmup_steps=4, cooldown=0.5, total=20)
    changed = schedule.at_rate(8, 0.1).at_rate(14, 1.0)
    assert [changed(step) for step in range(8)] == [schedule(step) for step in range(8)]
    assert [changed(step) for step in range(8, 14)] == pytest.approx([0.1 * schedule(step) for step in range(8, 14)])
    assert changed(14) == pytest.approx(1.0)
    assert changed(17) / changed(14) == pytest.approx(schedule(17) / schedule(14))
    with pytest.raises(ValueError, match="already decayed to 0"):
        schedule.at_rate(20, 0.1)


def test_a_rate_set_during_warmup_ends_the_warmup():
    schedule = Schedule(lr=1.0, warmup_steps=10, cooldown=0.5, total=20)
    changed = schedule.at_rate(0, 0.3)
    assert [changed(step) for step in range(11)] == pytest.approx([0.3] * 11)
    assert 0 < changed(19) < changed(15) < 0.3


def test_a_changed_length_holds_from_its_step_on():
    schedule = Schedule(lr=1.0, warmup_steps=4, cooldown=0.5, total=20)
    longer = schedule.of_length(8, 40)
    assert longer(39) > 0 and longer(40) == 0
    assert [longer(step) for step in range(41)] == [replace(schedule, total=40)(step) for step in range(41)]
    late = schedule.of_length(15, 40)
    assert late(14) == schedule(14) and late(15) == 1.0


def test_changes_survive_serialization_and_distinguish_schedules():
    schedule = Schedule(lr=1.0, warmup_steps=4, cooldown=0.5, total=20)
    changed = schedule.at_rate(8, 0.1).of_length(9, 40)
    assert Schedule.from_json(asdict(changed)) == changed
    assert Schedule.from_json(asdict(schedule)) == schedule
    assert changed.begins_like(schedule, 8) and not changed.begins_like(schedule, 9)
    assert changed.begins_like(replace(changed, total=60), 12)
    assert changed.before_decay == 21, "half of forty, and the first step of the fall is as high"


def test_a_longer_run_keeps_the_rate_where_it_was_changed():
    schedule = Schedule(lr=1.0, warmup_steps=4, cooldown=0.5, total=20)
    changed = schedule.at_rate(14, 0.2)
    longer = changed.lengthened(40)
    assert [longer(step) for step in range(14)] == [changed(step) for step in range(14)]
    assert longer(14) == pytest.approx(changed(14)) == pytest.approx(0.2)
    assert [longer(step) for step in range(14, 40)] == pytest.approx(
        [0.2 * min(1, (40 - step) / 20) for step in range(14, 40)]
    )
    assert changed.lengthened(20) == changed
    assert schedule.lengthened(40) == replace(schedule, total=40)
    assert changed.lengthened(10)(14) == 0, "of a damaged log"


def test_a_change_during_cooldown_is_where_a_longer_run_continues():
    changed = Schedule(lr=1.0, warmup_steps=4, cooldown=0.5, total=20).at_rate(14, 0.2)
    assert changed.before_decay == 14
    assert changed.begins_like(changed.lengthened(40), 14) and not changed.begins_like(changed.lengthened(40), 16)
