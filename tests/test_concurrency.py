"""Fair queue for computing: order, timeouts, errors."""

import threading

import pytest

from digits.server.concurrency import FairSemaphore
from tests.support.http_client import eventually

PATIENT = 60.0


def test_concurrency_is_limited_to_the_number_of_places():
    turns, inside, release = FairSemaphore(2), threading.Semaphore(0), threading.Event()

    def work():
        with turns.acquired(PATIENT):
            inside.release()
            release.wait(PATIENT)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert eventually(lambda: turns.waiting == 3, PATIENT)
    assert all(inside.acquire(timeout=PATIENT) for _ in range(2)) and not inside.acquire(blocking=False)
    release.set()
    for thread in threads:
        thread.join(PATIENT)
    assert turns.waiting == 0 and all(inside.acquire(blocking=False) for _ in range(3))


def test_places_are_assigned_in_order_and_a_thread_with_more_work_queues_again():
    turns, order = FairSemaphore(1), []

    def work(name: str, times: int):
        for _ in range(times):
            with turns.acquired(PATIENT):
                order.append(name)

    with turns.acquired(PATIENT):
        threads = []
        for place, (name, times) in enumerate((("many", 9), ("one", 1), ("other", 1)), start=1):
            threads.append(threading.Thread(target=work, args=(name, times)))
            threads[-1].start()
            assert eventually(lambda place=place: turns.waiting == place, PATIENT)
    for thread in threads:
        thread.join(PATIENT)
    assert order[:3] == ["many", "one", "other"] and order[3:] == ["many"] * 8


def test_a_timed_out_thread_leaves_the_queue_and_the_place_goes_to_the_next():
    turns = FairSemaphore(1)
    with turns.acquired(PATIENT):
        with pytest.raises(TimeoutError), turns.acquired(0.0):
            pytest.fail("the only place is taken")
        assert turns.waiting == 0
    with turns.acquired(0.0):
        pass


def test_a_place_is_released_after_an_error():
    turns = FairSemaphore(1)
    with pytest.raises(ZeroDivisionError), turns.acquired(PATIENT):
        raise ZeroDivisionError
    with turns.acquired(0.0):
        pass
