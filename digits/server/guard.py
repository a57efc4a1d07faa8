"""Request guard: Host, Origin and token checks, CORS, and the security headers of every response.

A page of another site can make the browser send requests to this server: under that site's own name, made to resolve to
127.0.0.1 (DNS rebinding), or from a form or script (cross-site request forgery).
"""

import hmac
import re
import secrets
import socket
from collections.abc import Callable, Iterable

from digits.server.http_message import Problem, Request, Response

# The page loads nothing from another host and runs no inline script; no page may frame it.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
SAFE_METHODS = ("GET", "HEAD")  # they change nothing
TOKEN_HEADER = "X-Control-Token"  # a custom header: a page of another origin cannot send it without a preflight
_TOKEN_BYTES = 24  # 192 bits: a billion guesses a second find it in 10^41 years
PREFLIGHT_MAX_AGE_S = 7200  # the longest that Chromium honors
# What the page sends, and reads, beyond the CORS-safelisted headers.
_ALLOWED_HEADERS = "Content-Encoding, Content-Type, If-Modified-Since, If-None-Match, If-Range, Range"
_EXPOSED_HEADERS = "Content-Range, Date, ETag, Retry-After, Server"

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{0,5})?")
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::([1-9][0-9]{0,4}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}  # browsers omit them


class Authorization:
    """The token that changes need; `allowed`: whether this server accepts changes, else it is read-only.

    The token is printed once, for a person; it is never logged.
    """

    def __init__(self, allowed: bool = True):
        self.allowed = allowed
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)

    def admits(self, request: Request) -> bool:
        """Whether `request` may change something, or read what only its owner may."""
        given = request.headers.get(TOKEN_HEADER.lower(), "")
        return self.allowed and hmac.compare_digest(given.encode("latin-1"), self.token.encode())

    def check(self, request: Request) -> None:
        """Raise Problem with 403 or 401 unless `request` may change something."""
        if not self.allowed:
            raise Problem(403, "This server is read-only: start it with --allow-control to change that.")
        if not self.admits(request):
            reason = f"Send the token that the server printed at startup as {TOKEN_HEADER}."
            raise Problem(401, reason, {"WWW-Authenticate": "Control-Token"})


class CorsPolicy:
    """Cross-origin requests from pages of `origins`, as `parse_origin` returns them (CORS, the Fetch standard).

    `methods_of` returns the methods that such pages may use for a path. All others get responses without CORS headers.
    """

    def __init__(self, origins: Iterable[str] = (), methods_of: Callable[[str], tuple[str, ...]] = lambda _path: ()):
        self._origins = frozenset(origins)
        self._methods_of = methods_of

    def allows(self, request: Request) -> bool:
        """Whether `request`, or the one that it is a preflight for, comes from such a page and is allowed."""
        if not self._origins:
            return False
        headers = request.headers
        method = headers.get("access-control-request-method") if request.method == "OPTIONS" else request.method
        return headers.get("origin") in self._origins and method in self._methods_of(request.path)

    def preflight(self, request: Request) -> Response | None:
        """The response to an allowed preflight; None for any other request."""
        if request.method != "OPTIONS" or not self.allows(request):
            return None
        headers = {
            "Access-Control-Allow-Methods": ", ".join(self._methods_of(request.path)),
            "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
            "Access-Control-Max-Age": str(PREFLIGHT_MAX_AGE_S),
        }
        # From a public site to a private address: https://wicg.github.io/private-network-access
        if request.headers.get("access-control-request-private-network") == "true":
            headers["Access-Control-Allow-Private-Network"] = "true"
        return Response(200, headers)

    def add_headers(self, request: Request, response: Response) -> None:
        """Add CORS headers to any response, errors too. `Vary` is for every client: caches serve them all."""
        if not self._origins or not self._methods_of(request.path):
            return
        headers = response.headers
        headers["Vary"] = f"{headers['Vary']}, Origin" if "Vary" in headers else "Origin"
        if self.allows(request):
            headers["Access-Control-Allow-Origin"] = request.headers["origin"]
            headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS


def parse_origin(text: str) -> str:
    """The origin as browsers send it. Raises ValueError for anything else: a path, several, `*`, `null`."""
    match = _ORIGIN.fullmatch(text.lower())
    if not match or int(match[3] or 1) > 65535:
        raise ValueError(f"{text!r} is not an origin: write it as https://example.org or http://example.org:8080")
    scheme, host, port = match.groups()
    return f"{scheme}://{host}" if port is None or int(port) == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def check_request(request: Request, host_names: frozenset[str], cors: CorsPolicy) -> None:
    """Raise Problem (403) for an invalid Host, or for a cross-site request that may change something.

    Valid hosts are IP addresses, localhost and `host_names` (in lower case).
    """
    if request.host is None:  # HTTP/1.0; browsers send one
        if request.method not in SAFE_METHODS:
            raise Problem(403, "The request has no Host.")
    elif not _is_own_host(request.host.lower(), host_names):
        raise Problem(403, "Unknown Host. Use the server's IP address, or start it with --host NAME.")
    if request.method not in SAFE_METHODS and _is_cross_site(request) and not cors.allows(request):
        raise Problem(403, "Requests from pages of other origins are not allowed here.")


def _is_cross_site(request: Request) -> bool:
    """Whether Sec-Fetch-Site or Origin says so: like Go 1.25's CrossOriginProtection, but stricter if both are sent.

    A request without either comes from a program, which could send anything.
    """
    headers = request.headers
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    return "origin" in headers and headers["origin"].lower() != f"http://{request.host}".lower()


def _is_own_host(host: str, names: frozenset[str]) -> bool:
    match = _HOST.fullmatch(host)
    if not match:
        return False
    name = match[1]
    if name == "localhost" or name.endswith(".localhost") or name in names:
        return True
    return bool(_packed(socket.AF_INET6, name[1:-1]) if name.startswith("[") else _packed(socket.AF_INET, name))


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can reach the address: 127.0.0.0/8, ::1 or localhost."""
    if host.lower() == "localhost":
        return True
    return _packed(socket.AF_INET, host)[:1] == b"\x7f" or _packed(socket.AF_INET6, host) == bytes(15) + b"\1"


def _packed(family: int, host: str) -> bytes:
    """The IP address as bytes; empty if `host` is not an address of that family."""
    try:
        return socket.inet_pton(family, host)
    except (OSError, ValueError):
        return b""
