"""Rate limit per client address: a token bucket for each, in a table of bounded size."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address

from digits.server.http_message import Problem, Request

BURST = 20  # requests at once: a folder of pictures sent by a script
ADDRESSES = 10_000  # in the table, 2 MB; more clients than that are no small host's
_IPV6_PREFIX = 64  # bits: what a provider gives one customer, who can use any address in it


class RateLimit:
    """`per_minute` requests a minute for each address, up to `burst` of them at once. `now`: a clock in seconds."""

    def __init__(
        self,
        per_minute: float,
        burst: int = BURST,
        addresses: int = ADDRESSES,
        now: Callable[[], float] = time.monotonic,
    ):
        self._per_second = per_minute / 60
        self._burst = burst
        self._addresses = addresses
        self._now = now
        self._full_at: OrderedDict[str, float] = OrderedDict()  # when the bucket is full again; last used at the end
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._full_at)

    def check(self, request: Request) -> None:
        """Raise Problem (429) if this request comes too soon after others of its client."""
        if wait := self.take(request.client):
            reason = f"Too many requests from your address: at most {self._per_second * 60:g} a minute."
            raise Problem(429, reason, {"Retry-After": str(math.ceil(wait))})

    def take(self, address: str) -> float:
        """0 if a request of `address` may be answered now, which is counted; else the seconds until one may."""
        key = _network_of(address)
        with self._lock:
            now = self._now()
            full_at = max(now, self._full_at.get(key, now)) + 1 / self._per_second
            wait = full_at - now - self._burst / self._per_second
            if wait > 1e-9:  # not rounding errors
                return wait
            self._full_at[key] = full_at
            self._full_at.move_to_end(key)
            while len(self._full_at) > self._addresses:  # the bucket unused for longest is the one most likely full
                self._full_at.popitem(last=False)
            return 0.0


def _network_of(address: str) -> str:
    """The address, for IPv6 the network of its customer; the text itself if it is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(int(parsed) >> (128 - _IPV6_PREFIX))
