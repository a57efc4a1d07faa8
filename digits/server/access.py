"""Authorization: the token that a change needs, and whether this server accepts changes at all."""

import hmac
import secrets
import socket

from digits.server.http_message import Problem, Request

HEADER = "X-Control-Token"  # a page of another site can't send it: the browser would ask here first, and be refused
_BYTES = 24  # 192 bits: a billion guesses a second find it in 10^41 years


class Authorization:
    """`allowed`: whether anybody may. The token is printed once, for a person; no log ever has it."""

    def __init__(self, allowed: bool = True):
        self.allowed = allowed
        self.token = secrets.token_urlsafe(_BYTES)

    def admits(self, request: Request) -> bool:
        """Whether `request` may change something, or see what is shown only to those who may."""
        given = request.headers.get(HEADER.lower(), "")
        return self.allowed and hmac.compare_digest(given.encode("latin-1"), self.token.encode())

    def check(self, request: Request) -> None:
        """Raise Problem with 403 or 401 unless `request` may change something."""
        if not self.allowed:
            raise Problem(403, "This server is read-only: start it with --allow-control to change that.")
        if not self.admits(request):
            told = f"This needs the token that the server printed at its start, as {HEADER}."
            raise Problem(401, told, {"WWW-Authenticate": "Control-Token"})


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach that address: 127.0.0.0/8, ::1 or localhost."""
    if host.lower() == "localhost":
        return True
    return _packed(socket.AF_INET, host)[:1] == b"\x7f" or _packed(socket.AF_INET6, host) == bytes(15) + b"\1"


def _packed(family: int, host: str) -> bytes:
    """The address as bytes; none of what is no address of that family."""
    try:
        return socket.inet_pton(family, host)
    except (OSError, ValueError):
        return b""
