import json
import math
import random

import pytest

from digits.runlog.batches import Buckets, columns


def filled(losses, limit=8):
    buckets = Buckets(limit)
    for step, loss in enumerate(losses, start=1):
        buckets.add(step, epoch=1 + step // 100, loss=loss, accuracy=loss / 2, lr=step / 1000, rate=100.0)
    return buckets, columns(buckets.snapshot())


def test_up_to_the_limit_every_step_has_a_bucket():
    _, curve = filled([0.5, 0.25, 1.0])
    assert curve["step"] == [1, 2, 3]
    assert curve["loss"] == curve["loss_min"] == curve["loss_max"] == [0.5, 0.25, 1.0]
    assert curve["accuracy"] == [0.25, 0.125, 0.5]


def test_any_number_of_steps_stays_within_the_limit_with_columns_of_equal_length():
    for steps in range(1, 300):
        buckets, curve = filled([1.0] * steps)
        lengths = {len(column) for column in curve.values()}
        assert len(lengths) == 1
        assert lengths.pop() <= 8
        assert curve["step"] == sorted(set(curve["step"]))
        assert curve["step"][-1] == steps
        assert sum(bucket.batches for bucket in buckets.snapshot()) == steps


def test_means_and_extremes_are_those_of_the_batches_in_the_bucket():
    rng = random.Random(1)
    losses = [rng.random() for _ in range(1000)]
    _, curve = filled(losses)
    start = 0
    for bucket, end in enumerate(curve["step"]):
        part = losses[start:end]
        assert math.isclose(curve["loss"][bucket], sum(part) / len(part), rel_tol=1e-4)
        assert math.isclose(curve["loss_min"][bucket], min(part), rel_tol=1e-4)
        assert math.isclose(curve["loss_max"][bucket], max(part), rel_tol=1e-4)
        start = end


def test_one_spike_in_a_hundred_thousand_batches_is_kept():
    _, curve = filled([0.1] * 70_000 + [42.0] + [0.1] * 29_999)
    assert max(curve["loss_max"]) == 42.0


def test_non_finite_losses_are_skipped_and_a_bucket_of_only_those_is_null():
    _, curve = filled([1.0, math.nan, math.inf, 3.0])
    assert curve["loss"] == [1.0, None, None, 3.0]
    _, merged = filled([1.0, math.nan] * 8)
    assert merged["loss"][0] == merged["loss_max"][0] == 1.0


def test_a_list_once_taken_does_not_change_with_later_batches():
    buckets, _ = filled([1.0] * 9)  # the last one is alone in a bucket for two
    taken = buckets.snapshot()
    before = columns(taken)
    buckets.add(10, 1, 5.0, 0.5, 0.1, 1.0)
    assert columns(taken) == before


def test_missing_values_are_null():
    buckets = Buckets()
    buckets.add(1, 1, 0.5, accuracy=None, lr=None, rate=None)
    curve = columns(buckets.snapshot())
    assert (curve["accuracy"], curve["lr"], curve["images_per_second"]) == ([None], [None], [None])


@pytest.mark.parametrize("batches", [0, 1, 7, 8, 100, 1037])
def test_buckets_continue_from_a_saved_state(batches):
    def add(target, steps):
        for step in steps:
            target.add(
                step, 1, math.nan if step == 5 else 1 / step, None if step % 3 else 0.5, 0.1, step if step % 2 else None
            )

    whole, first, second = Buckets(limit=8), Buckets(limit=8), Buckets(limit=8)
    add(whole, range(1, batches + 200))
    add(first, range(1, batches + 1))
    second.restore(json.loads(json.dumps(first.state())))  # plain values
    add(second, range(batches + 1, batches + 200))
    assert columns(second.snapshot()) == columns(whole.snapshot())


def test_a_checkpoint_of_version_0_2_0_has_the_same_buckets():
    """In it, the state of a bucket is a list of values in the alphabetical order of their names."""
    buckets, curve = filled([0.5, math.nan, 1.0] * 7, limit=8)
    state = buckets.state()
    named = [state["open"], *state["full"]]
    former = [[value for _, value in sorted(values.items())] for values in named]
    restored = Buckets(8)
    restored.restore(state | {"open": former[0], "full": former[1:]})
    assert restored.state() == state
    assert columns(restored.snapshot()) == curve
