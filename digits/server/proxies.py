"""Reverse proxies in front of the server: X-Forwarded-* of trusted ones, and a prefix of the path.

Anybody can send X-Forwarded-*, so that it counts only if the connection comes from an address that the user named. A
proxy appends to what its client sent: the last value is its own.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from digits.server.guard import SAFE_METHODS
from digits.server.http_message import Request, Response

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~@:+-]+)+")
_PORT = re.compile(r"\[(.+)\](?::[0-9]+)?|([0-9.]+):[0-9]+")  # an address in brackets, or one of IPv4 with a port


class Proxies:
    """Restores the request that a proxy received. `trusted`: networks of proxies; `root_path`: "" or "/proxy/8000".

    The prefix is removed where it is present, so that proxies that strip it, and health checks without one, work too.
    """

    def __init__(self, trusted: "Iterable[IPv4Network | IPv6Network]" = (), root_path: str = ""):
        self.trusted = tuple(trusted)
        self.root_path = root_path

    def restore(self, request: Request, peer: str) -> None:
        """Set client, scheme, host and path of `request`, which came from the address `peer`."""
        request.client = _without_mapping(peer)
        prefix = self.root_path
        if self.trusted and self._trusts(request.client):
            last = {name: value.rpartition(",")[2].strip() for name, value in request.headers.items()}
            request.client = self._client(request)
            if last.get("x-forwarded-proto", "").lower() in ("http", "https"):
                request.scheme = last["x-forwarded-proto"].lower()
            request.host = last.get("x-forwarded-host") or request.host
            given = last.get("x-forwarded-prefix", "").rstrip("/")
            prefix = given if _is_prefix(given) and not prefix else prefix
        if prefix and request.path.startswith(f"{prefix}/"):
            request.path = request.path[len(prefix) :]

    def redirect(self, request: Request) -> Response | None:
        """To the root path with its slash, without which the page's relative addresses would lead elsewhere."""
        if not self.root_path or request.path != self.root_path or request.method not in SAFE_METHODS:
            return None
        return Response(308, {"Location": f"{self.root_path}/{request.raw_query}"})

    def _client(self, request: Request) -> str:
        """The address nearest to the server, among those that the request passed, that is no trusted proxy's."""
        client = request.client
        for part in reversed(request.headers.get("x-forwarded-for", "").split(",")):
            match = _PORT.fullmatch(part.strip())
            address = _address((match[1] or match[2]) if match else part.strip())
            if address is None:  # "unknown", or forged
                return client
            client = str(address)
            if not self._trusts(client):
                return client
        return client

    def _trusts(self, address: str) -> bool:
        parsed = _address(address)
        return parsed is not None and any(parsed in network for network in self.trusted)


def parse_trusted(text: str) -> "IPv4Network | IPv6Network":
    """An address or a network such as 10.0.0.0/8. Raises ValueError with the reason."""
    from ipaddress import ip_network  # takes 4 ms, which only servers behind a proxy need

    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address or network: write it as 127.0.0.1 or 10.0.0.0/8") from None
    if network.prefixlen == 0:
        raise ValueError(f"{text} trusts every client: name the proxy's address or its network")
    if "/" in text and str(network.network_address) != text.partition("/")[0].lower():
        raise ValueError(f"{text} is an address within a network: write {network}, or the address alone")
    return network


def parse_root_path(text: str) -> str:
    """The path without its last slash; "" for "/". Raises ValueError with the reason."""
    path = text.rstrip("/")
    if path and not _is_prefix(path):
        raise ValueError(f"{text!r} is not a path: write it as /proxy/8000/")
    return path


def _is_prefix(path: str) -> bool:
    return bool(_PREFIX.fullmatch(path)) and not {".", ".."} & set(path.split("/"))


def _address(text: str) -> "IPv4Address | IPv6Address | None":
    from ipaddress import ip_address

    try:
        return ip_address(_without_mapping(text))
    except ValueError:
        return None


def _without_mapping(address: str) -> str:
    """An IPv4 client of a socket for IPv6, ::ffff:192.0.2.1, as IPv4; without the zone of a link-local address."""
    rest = address.partition("%")[0].lower().removeprefix("::ffff:")
    return rest if "." in rest else address.partition("%")[0]
