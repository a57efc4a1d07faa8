"""Rate limit per address: token buckets on a clock of the test's own."""

import pytest

from digits.server.http_message import Problem, Request
from digits.server.rate_limit import RateLimit


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def limit(clock: Clock, **options) -> RateLimit:
    return RateLimit(60, **({"burst": 5} | options), now=clock)


def taken(of: RateLimit, address: str, count: int) -> list[float]:
    return [round(of.take(address), 3) for _ in range(count)]


def test_a_burst_is_answered_and_then_one_request_per_interval():
    clock = Clock()
    buckets = limit(clock)
    assert taken(buckets, "203.0.113.5", 7) == [0, 0, 0, 0, 0, 1, 1]
    clock.now += 0.4
    assert taken(buckets, "203.0.113.5", 1) == [0.6]
    clock.now += 0.6
    assert taken(buckets, "203.0.113.5", 2) == [0, 1]
    clock.now += 3600  # a full bucket holds no more than the burst
    assert taken(buckets, "203.0.113.5", 6) == [0, 0, 0, 0, 0, 1]


def test_addresses_do_not_share_their_buckets_but_a_customer_of_ipv6_has_one():
    buckets = limit(Clock(), burst=1)
    assert taken(buckets, "203.0.113.5", 2) == [0, 1]
    assert taken(buckets, "203.0.113.6", 2) == [0, 1]
    assert taken(buckets, "2001:db8:1:2::1", 2) == [0, 1]
    assert taken(buckets, "2001:db8:1:2:ffff::9", 1) == [1]
    assert taken(buckets, "2001:db8:1:3::1", 1) == [0]
    assert taken(buckets, "not an address", 2) == [0, 1]


def test_the_table_is_bounded_and_keeps_the_addresses_that_ask_most():
    clock = Clock()
    buckets = limit(clock, addresses=100, burst=2)
    for number in range(5000):
        buckets.take(f"10.0.{number // 250}.{number % 250}")
        buckets.take("203.0.113.5")
        assert len(buckets) <= 100
    assert taken(buckets, "203.0.113.5", 1) == [1]


@pytest.mark.parametrize(("per_minute", "retry_after"), [(60, "1"), (1, "60"), (7, "9"), (60_000, "1")])
def test_the_problem_says_when_to_try_again(per_minute, retry_after):
    request = Request("POST", "/predict", {"host": "a"})
    request.client = "203.0.113.5"
    buckets = RateLimit(per_minute, burst=1, now=Clock())
    buckets.check(request)
    with pytest.raises(Problem, match=f"at most {per_minute} a minute") as caught:
        buckets.check(request)
    assert (caught.value.status, caught.value.headers) == (429, {"Retry-After": retry_after})
