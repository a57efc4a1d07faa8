"""CORS: cross-origin requests from pages of named origins, as the Fetch standard defines them.

A browser lets such a page send and read only what the answers here allow; before anything but a plain GET it asks
first, with OPTIONS (a preflight). Who is not named gets the answers that there would be without all this.
"""

import re
from collections.abc import Callable, Iterable

from digits.server.http_message import Request, Response

MAX_AGE_S = 7200  # that no preflight is sent again: the longest that Chromium keeps to
# What the page sends, and reads, beyond what every page may.
_SENT = "Content-Type, If-Modified-Since, If-None-Match, If-Range, Range"
_READ = "Content-Range, Date, ETag, Retry-After, Server"
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::([1-9][0-9]{0,4}))?")
_USUAL_PORTS = {"http": 80, "https": 443}  # browsers leave them out


def origin_of(text: str) -> str:
    """The origin as browsers write it. Raises ValueError for what is none: a path, several, `*`, `null`."""
    match = _ORIGIN.fullmatch(text.lower())
    if not match or int(match[3] or 1) > 65535:
        raise ValueError(f"{text!r} is no origin: write it as https://example.org or http://example.org:8080")
    scheme, host, port = match.groups()
    return f"{scheme}://{host}" if port is None or int(port) == _USUAL_PORTS[scheme] else f"{scheme}://{host}:{port}"


class Sharing:
    """`origins`: whose pages may ask, as `origin_of` gives them. `methods_of`: by which methods, for a path."""

    def __init__(self, origins: Iterable[str] = (), methods_of: Callable[[str], tuple[str, ...]] = lambda path: ()):
        self._origins = frozenset(origins)
        self._methods_of = methods_of

    def covers(self, request: Request) -> bool:
        """Whether a page that may do so sends this, or asks in a preflight whether it may."""
        headers = request.headers
        method = headers.get("access-control-request-method") if request.method == "OPTIONS" else request.method
        return headers.get("origin") in self._origins and method in self._methods_of(request.path)

    def preflight(self, request: Request) -> Response | None:
        """The answer to a preflight that is covered; None for any other request."""
        if request.method != "OPTIONS" or not self.covers(request):
            return None
        headers = {
            "Access-Control-Allow-Methods": ", ".join(self._methods_of(request.path)),
            "Access-Control-Allow-Headers": _SENT,
            "Access-Control-Max-Age": MAX_AGE_S,
        }
        # From a public site to a private address: https://wicg.github.io/private-network-access
        if request.headers.get("access-control-request-private-network") == "true":
            headers["Access-Control-Allow-Private-Network"] = "true"
        return Response(200, headers)

    def mark(self, request: Request, response: Response) -> None:
        """Add what the answer to `request` has to carry, an error too. `Vary` goes to everybody: caches see all."""
        if not self._origins or not self._methods_of(request.path):
            return
        headers = response.headers
        headers["Vary"] = f"{headers['Vary']}, Origin" if "Vary" in headers else "Origin"
        if self.covers(request):
            headers["Access-Control-Allow-Origin"] = request.headers["origin"]
            headers["Access-Control-Expose-Headers"] = _READ


NOBODY = Sharing()
