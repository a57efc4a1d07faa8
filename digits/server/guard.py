"""Request guard: Host against DNS rebinding, Origin and Sec-Fetch-Site against cross-site requests.

A page of another site can make the browser send requests here under a name of its own that resolves to 127.0.0.1, or
from a form or script of its own.
"""

import re
import socket

from digits.server.cors import Sharing
from digits.server.http_message import Problem, Request

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{0,5})?")
SAFE = ("GET", "HEAD")  # they change nothing


def check(request: Request, names: frozenset[str], sharing: Sharing) -> None:
    """Raise Problem unless the request is for an IP address, localhost or one of `names` (in lower case), and, where it
    could change something, from a page of that very host, from one that `sharing` covers, or from no page at all."""
    if request.host is None:  # nobody's browser
        if request.method not in SAFE:
            raise Problem(403, "The request does not say which host it is for.")
    elif not _is_ours(request.host.lower(), names):
        raise Problem(403, "This server does not have that name. Use its IP address, or start it with --host NAME.")
    if request.method not in SAFE and _is_of_another_site(request) and not sharing.covers(request):
        raise Problem(403, "Only this server's own page may send this.")


def _is_of_another_site(request: Request) -> bool:
    """What a browser says of who asks: any of both is enough. As Go 1.25's CrossOriginProtection, which compares no
    scheme and leaves Origin alone where Sec-Fetch-Site is sent: nothing else is served here that would need that.

    A program says nothing, and is believed: it could say anything.
    """
    headers = request.headers
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    return "origin" in headers and headers["origin"].lower() != f"http://{request.host}".lower()


def _is_ours(host: str, names: frozenset[str]) -> bool:
    match = _HOST.fullmatch(host)
    if not match:
        return False
    name = match[1]
    if name == "localhost" or name.endswith(".localhost") or name in names:
        return True
    if name.startswith("["):
        return _is_address(socket.AF_INET6, name[1:-1])
    return _is_address(socket.AF_INET, name)


def _is_address(family: int, text: str) -> bool:
    try:
        socket.inet_pton(family, text)
    except OSError:
        return False
    return True
