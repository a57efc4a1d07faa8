import pytest

from digits.runlog.throughput import Throughput


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_throughput_is_measured_per_batch(clock):
    pace = Throughput(clock)
    clock.now = 0.5
    assert pace.update(100) == 200
    clock.now = 0.75
    assert pace.update(100) == 400


def test_batches_reported_together_share_the_time(clock):
    """Metrics of an accelerator arrive for many steps together."""
    pace = Throughput(clock)
    rates = []
    for group in (4, 4, 2):
        clock.now += 0.01 * group
        rates += [pace.update(128, together=group) for _ in range(group)]
    assert rates == pytest.approx([12_800] * 10)
    assert pace.images_per_second == pytest.approx(12_800)
    assert pace.seconds_left(100) == pytest.approx(1.0)


def test_pauses_and_evaluations_are_not_counted(clock):
    pace = Throughput(clock)
    clock.now = 1.0
    pace.update(100)
    clock.now = 9.0
    pace.restart()
    clock.now = 10.0
    assert pace.update(100) == 100


def test_without_time_or_images_there_is_no_rate(clock):
    pace = Throughput(clock)
    assert pace.update(100) is None
    clock.now = 1.0
    assert pace.update(0) is None
    assert pace.seconds_left(None) is None


def test_elapsed_time_continues_from_an_earlier_process(clock):
    clock.now = 50.0
    pace = Throughput(clock)
    clock.now = 53.0
    pace.restart()  # the data are there
    pace.resume(100.0)
    clock.now = 54.5
    pace.update(1)
    pace.restart()
    clock.now = 55.5
    assert pace.elapsed == 102.5


def test_a_pause_does_not_count_as_training_time(clock):
    pace = Throughput(clock)
    for _ in range(10):
        clock.now += 1.0
        pace.update(100)
    clock.now += 3600.0
    pace.exclude(3600.0)
    assert pace.seconds_left(10) == 10.0
    assert pace.elapsed == 10.0
    clock.now += 1.0
    assert pace.update(100) == 100
    assert pace.seconds_left(10) == 10.0
