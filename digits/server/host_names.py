"""Names of the server: those given with --allow-host, and their comparison with Host and Origin.

An unlisted name may be anybody's, made to resolve to this machine (DNS rebinding).
"""

import re
import socket
from collections.abc import Iterable, Mapping

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{0,5}))?")
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::([1-9][0-9]{0,4}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}  # browsers omit them
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:\*\.{_LABEL}\.)?{_LABEL}(?:\.{_LABEL})*")  # a wildcard has two labels behind it at least
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # as a last label, browsers take the name for an IPv4 address
_MAX_NAME = 253  # characters (RFC 1035)


class HostNames:
    """Names that a server answers to besides IP addresses and localhost; a leading `*.` stands for one label."""

    def __init__(self, names: Iterable[str] = ()):
        lower = [name.lower() for name in names]
        self._names = frozenset(name for name in lower if not name.startswith("*."))
        self._parents = frozenset(name[2:] for name in lower if name.startswith("*."))

    def include(self, name: str) -> bool:
        """Whether `name`, in lower case and without a port, is listed."""
        label, _, parent = name.partition(".")
        return name in self._names or (label != "" and parent in self._parents)

    def admit_host(self, host: str) -> bool:
        """Whether the value of a Host field names this server."""
        match = _HOST.fullmatch(host.lower())
        return match is not None and (_is_own_address(match[1]) or self.include(match[1]))

    def admit_origin(self, origin: str, host: str, headers: Mapping[str, str]) -> bool:
        """Whether `origin` is http or https of a listed name and that of the request to `host`, with these headers.

        Its name is that of `host`, unless a proxy has put this server's address there. Its port is that of `host`, or
        the default one where that has none; a proxy may omit or change it if the browser itself says "same-origin".
        """
        match, asked = _ORIGIN.fullmatch(origin.lower()), _HOST.fullmatch(host.lower())
        if not match or not asked or not self.include(match[2]):
            return False
        if match[2] != asked[1] and not _is_own_address(asked[1]):
            return False
        if headers.get("sec-fetch-site") == "same-origin":
            return True
        default = _DEFAULT_PORTS[match[1]]
        port = asked[2] if match[2] == asked[1] else None
        return int(match[3] or default) == int(port or default)


def parse_host_name(text: str) -> str:
    """The name as browsers send it, in lower case, or `*.` and a name. Raises ValueError with the reason."""
    name = text.strip().lower()
    if re.match(r"[a-z]+:/", name) or "/" in name:
        raise ValueError(f"{text!r} is a URL: write the host name alone, such as train.example.org")
    if address := _address(name):
        return address
    if re.search(r":[0-9]*$", name):
        raise ValueError(f"{text!r} has a port: write the host name alone, which holds for all ports")
    name = ".".join(map(_to_ascii, name.split(".")))
    if "*" in name and not (_NAME.fullmatch(name) and len(name) <= _MAX_NAME):
        raise ValueError(f"{text!r}: a wildcard stands for one label in front of a domain, such as *.app.github.dev")
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME or _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise ValueError(f"{text!r} is not a host name: write it as train.example.org or *.app.github.dev")
    return name


def parse_origin(text: str) -> str:
    """The origin as browsers send it. Raises ValueError for anything else: a path, several, `*`, `null`."""
    match = _ORIGIN.fullmatch(text.lower())
    if not match or int(match[3] or 1) > 65535:
        raise ValueError(f"{text!r} is not an origin: write it as https://example.org or http://example.org:8080")
    scheme, host, port = match.groups()
    return f"{scheme}://{host}" if port is None or int(port) == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def name_of_host(host: str) -> str | None:
    """The name in a Host field, if --allow-host takes it; else None."""
    match = _HOST.fullmatch(host.lower())
    return _listable(match[1]) if match else None


def name_of_origin(origin: str) -> str | None:
    """The name in an origin, if --allow-host takes it; else None."""
    match = _ORIGIN.fullmatch(origin.lower())
    return _listable(match[2]) if match else None


def _to_ascii(label: str) -> str:
    """An international label in Punycode, as in browsers: Python's codec idna would turn ß into ss."""
    if label.isascii():
        return label
    import unicodedata

    return f"xn--{unicodedata.normalize('NFKC', label).encode('punycode').decode()}"


def _listable(name: str) -> str | None:
    try:
        return parse_host_name(name)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can reach the address: 127.0.0.0/8, ::1 or localhost."""
    if host.lower() == "localhost":
        return True
    return _packed(socket.AF_INET, host)[:1] == b"\x7f" or _packed(socket.AF_INET6, host) == bytes(15) + b"\1"


def _is_own_address(name: str) -> bool:
    """Whether it is an IP address or localhost, which no other site can be called."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return bool(_packed(socket.AF_INET6, name[1:-1]) if name.startswith("[") else _packed(socket.AF_INET, name))


def _address(text: str) -> str | None:
    """An IP address as it stands in URLs, IPv6 in brackets; None for anything else."""
    if _packed(socket.AF_INET, text):
        return text
    packed = _packed(socket.AF_INET6, text[1:-1] if text.startswith("[") and text.endswith("]") else text)
    return f"[{socket.inet_ntop(socket.AF_INET6, packed)}]" if packed else None


def _packed(family: int, host: str) -> bytes:
    """The IP address as bytes; empty if `host` is not an address of that family."""
    try:
        return socket.inet_pton(family, host)
    except (OSError, ValueError):
        return b""
