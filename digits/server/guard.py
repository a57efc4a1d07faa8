"""Request guard: Host, Origin and token checks, CORS, and the security headers of every response.

A page of another site can make the browser send requests to this server: under that site's own name, made to resolve to
127.0.0.1 (DNS rebinding), or from a form or script (cross-site request forgery).
"""

import hmac
import secrets
from collections.abc import Callable, Iterable

from digits.server.host_names import HostNames, name_of_host, name_of_origin
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
_OWN_SITES = ("same-origin", "none")  # of Sec-Fetch-Site
TOKEN_HEADER = "X-Control-Token"  # a custom header: a page of another origin cannot send it without a preflight
_TOKEN_BYTES = 24  # 192 bits: a billion guesses a second find it in 10^41 years
PREFLIGHT_MAX_AGE_S = 7200  # the longest that Chromium honors
# What the page sends, and reads, beyond the CORS-safelisted headers.
_ALLOWED_HEADERS = "Content-Encoding, Content-Type, If-Modified-Since, If-None-Match, If-Range, Range"
_EXPOSED_HEADERS = "Content-Range, Date, ETag, Retry-After, Server"


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
        return bool(self._origins) and request.headers.get("origin") in self._origins and self.may_allow(request)

    def may_allow(self, request: Request) -> bool:
        """Whether `request`, or the one that it is a preflight for, is one that --allow-origin can allow."""
        headers = request.headers
        method = headers.get("access-control-request-method") if request.method == "OPTIONS" else request.method
        return method in self._methods_of(request.path)

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


def check_request(request: Request, names: HostNames, cors: CorsPolicy) -> None:
    """Raise Problem (403) for an invalid Host, or for a cross-site request that may change something.

    Valid hosts are IP addresses, localhost and `names`. The problem names the option that would allow the request.
    """
    if request.host is None:  # HTTP/1.0; browsers send one
        if request.method not in SAFE_METHODS:
            raise Problem(403, "The request has no Host.")
    elif not names.admit_host(request.host):
        raise _unknown_host(request.host)
    if request.method not in SAFE_METHODS and _is_cross_site(request, names) and not cors.allows(request):
        raise _other_origin(request, names, cors)


def _is_cross_site(request: Request, names: HostNames) -> bool:
    """Whether Sec-Fetch-Site or Origin says so: like Go 1.25's CrossOriginProtection, but stricter if both are sent.

    A request without either comes from a program, which could send anything.
    """
    headers = request.headers
    if headers.get("sec-fetch-site", "same-origin") not in _OWN_SITES:
        return True
    origin = headers.get("origin")
    if origin is None or origin.lower() == f"{request.scheme}://{request.host}".lower():
        return False
    return request.host is None or not names.admit_origin(origin, request.host, headers)


def _unknown_host(host: str) -> Problem:
    if name := name_of_host(host):
        return Problem(403, f"Unknown Host. If {name} is this server, start it with --allow-host {name}.")
    return Problem(403, "Unknown Host. Use the server's IP address, or start it with --allow-host NAME.")


def _other_origin(request: Request, names: HostNames, cors: CorsPolicy) -> Problem:
    reason = "Requests from pages of other origins are not allowed here."
    origin = request.headers.get("origin", "").lower()
    name, is_foreign = name_of_origin(origin), request.headers.get("sec-fetch-site", "same-origin") not in _OWN_SITES
    if name and is_foreign and cors.may_allow(request):
        return Problem(403, f"{reason} To accept those of {origin}, start the server with --allow-origin {origin}.")
    if name and not is_foreign and not names.include(name):
        return Problem(403, f"{reason} If {name} is this server, behind a proxy, start it with --allow-host {name}.")
    if name and not is_foreign:  # another port or name than Host says
        return Problem(403, f"{reason} If {origin} is this server, its proxy must pass on Host unchanged.")
    return Problem(403, reason)
