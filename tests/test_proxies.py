"""Reverse proxies: X-Forwarded-* of trusted addresses, and a prefix of the path."""

import pytest

from digits.server.guard import Authorization
from digits.server.http_message import Request
from digits.server.http_server import Server
from digits.server.proxies import Proxies, parse_root_path, parse_trusted
from digits.server.routes import Site
from tests.support.http_client import TEXT, answers_of, ask, eventually, serving, site_server

TRUSTED = tuple(map(parse_trusted, ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]))
STOP = b'{"action": "stop"}'  # no trainer is running: an authorized request gets 409


def restored(peer: str, headers: dict[str, str], path: str = "/", root_path: str = "") -> Request:
    request = Request("GET", path, {"host": "inner:8000"} | headers)
    Proxies(TRUSTED, root_path).restore(request, peer)
    return request


# Peer, X-Forwarded-For, and the client.
CLIENTS = [
    ("10.0.0.1", None, "10.0.0.1"),
    ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
    ("10.0.0.1", "203.0.113.5:51000", "203.0.113.5"),
    ("10.0.0.1", "[2001:db9::5]:51000", "2001:db9::5"),
    ("10.0.0.1", "2001:DB9:0::5", "2001:db9::5"),
    ("10.0.0.1", "198.51.100.9, 203.0.113.5", "203.0.113.5"),  # the first one is what the client claims
    ("10.0.0.1", "203.0.113.5, 10.2.3.4", "203.0.113.5"),  # two proxies
    ("10.0.0.1", "198.51.100.9,203.0.113.5,192.0.2.7,10.2.3.4", "203.0.113.5"),
    ("10.0.0.1", "10.9.9.9, 10.2.3.4", "10.9.9.9"),
    ("10.0.0.1", "unknown", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.5, unknown", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.5, unknown, 10.2.3.4", "10.2.3.4"),
    ("10.0.0.1", "", "10.0.0.1"),
    ("10.0.0.1", ", ,", "10.0.0.1"),
    ("10.0.0.1", "1.2.3.4.5", "10.0.0.1"),
    ("10.0.0.1", "::ffff:203.0.113.5", "203.0.113.5"),
    ("::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"),
    ("2001:db8::1", "203.0.113.5", "203.0.113.5"),
    ("192.0.2.7", "203.0.113.5", "203.0.113.5"),
    ("192.0.2.8", "203.0.113.5", "192.0.2.8"),
    ("127.0.0.1", "203.0.113.5", "127.0.0.1"),
    ("11.0.0.1", "203.0.113.5", "11.0.0.1"),
    ("::ffff:203.0.113.9", "10.0.0.1", "203.0.113.9"),
    ("fe80::1%eth0", None, "fe80::1"),
]


@pytest.mark.parametrize(("peer", "forwarded", "client"), CLIENTS)
def test_the_client_is_the_nearest_address_that_is_no_trusted_proxy(peer, forwarded, client):
    assert restored(peer, {} if forwarded is None else {"x-forwarded-for": forwarded}).client == client


# Headers, and what they make of scheme, host and path if the peer is trusted.
FORWARDED = [
    ({}, "http", "inner:8000", "/a"),
    ({"x-forwarded-proto": "https"}, "https", "inner:8000", "/a"),
    ({"x-forwarded-proto": "HTTPS"}, "https", "inner:8000", "/a"),
    ({"x-forwarded-proto": "http, https"}, "https", "inner:8000", "/a"),
    ({"x-forwarded-proto": "wss"}, "http", "inner:8000", "/a"),
    ({"x-forwarded-host": "train.example"}, "http", "train.example", "/a"),
    ({"x-forwarded-host": "evil.example, train.example:8443"}, "http", "train.example:8443", "/a"),
    ({"x-forwarded-host": ""}, "http", "inner:8000", "/a"),
    ({"x-forwarded-prefix": "/p"}, "http", "inner:8000", "/a"),  # stripped already
    ({"x-forwarded-prefix": "/a", "path": "/a/b"}, "http", "inner:8000", "/b"),
    ({"x-forwarded-prefix": "/a/", "path": "/a/b"}, "http", "inner:8000", "/b"),
    ({"x-forwarded-prefix": "//a", "path": "//a/b"}, "http", "inner:8000", "//a/b"),
    ({"x-forwarded-prefix": "/..", "path": "/../b"}, "http", "inner:8000", "/../b"),
    ({"x-forwarded-prefix": "https://evil.example", "path": "/b"}, "http", "inner:8000", "/b"),
    ({"forwarded": "for=203.0.113.5;host=evil.example;proto=https"}, "http", "inner:8000", "/a"),
]


@pytest.mark.parametrize(("headers", "scheme", "host", "path"), FORWARDED)
def test_forwarded_headers_count_from_trusted_addresses_only(headers, scheme, host, path):
    asked = headers.get("path", "/a")
    request = restored("10.0.0.1", headers, asked)
    assert (request.scheme, request.host, request.path) == (scheme, host, path)
    request = restored("203.0.113.5", headers, asked)
    assert (request.scheme, request.host, request.path) == ("http", "inner:8000", asked)


PATHS = {
    "/proxy/8000/": "/",
    "/proxy/8000/results/runs.json": "/results/runs.json",
    "/results/runs.json": "/results/runs.json",  # the proxy has stripped it
    "/proxy/8000": "/proxy/8000",
    "/proxy/80001/": "/proxy/80001/",
    "/Proxy/8000/": "/Proxy/8000/",
    "/proxy/8000//etc/passwd": "//etc/passwd",
    "/proxy/8000/proxy/8000/": "/proxy/8000/",
    "/x/proxy/8000/": "/x/proxy/8000/",
}


@pytest.mark.parametrize("path", PATHS)
def test_the_root_path_is_removed_once_where_it_is_present(path):
    for peer in ("10.0.0.1", "203.0.113.5"):
        assert restored(peer, {}, path, root_path="/proxy/8000").path == PATHS[path]


@pytest.mark.parametrize("trusted", [(), TRUSTED, (parse_trusted("127.0.0.1"),)])
@pytest.mark.parametrize("forwarded", ["train.example", "evil.example", "127.0.0.1"])
def test_a_forwarded_host_is_checked_like_any_other(tmp_path, trusted, forwarded):
    """Through a real socket from 127.0.0.1, which only the last server trusts."""
    access = Authorization()
    site = Site(tmp_path / "results", tmp_path, access)
    is_trusted = any(str(network) == "127.0.0.1/32" for network in trusted)
    with serving(site_server(site, names=("train.example",), proxies=Proxies(trusted))) as server:

        def change(headers: dict[str, str]) -> int:
            return ask(server, "/control", method="POST", headers=headers, body=STOP, token=access.token).status

        sent = {"X-Forwarded-Host": forwarded, "X-Forwarded-Proto": "https"}
        assert change(sent) == (403 if is_trusted and forwarded == "evil.example" else 409)
        own = sent | {"Origin": f"https://{forwarded}"}
        # An IP address by https is this server's own origin only if a trusted proxy says so.
        accepted = {"train.example": True, "evil.example": False, "127.0.0.1": is_trusted}
        assert change(own) == (409 if accepted[forwarded] else 403)
        assert change(sent | {"Host": "evil.example"}) == (409 if is_trusted and forwarded != "evil.example" else 403)


def test_the_root_path_without_its_slash_leads_to_the_page(tmp_path):
    answers = answers_of(tmp_path)
    with serving(Server("127.0.0.1", 0, answers, proxies=Proxies((), "/proxy/8000"))) as server:
        moved = ask(server, "/proxy/8000?demo")
        assert (moved.status, moved.headers["location"]) == (308, "/proxy/8000/?demo")
        assert ask(server, "/proxy/8000/text.csv").body == ask(server, "/text.csv").body == TEXT
        assert ask(server, "/proxy/8000", headers={"Host": "evil.example"}).status == 403
        assert ask(server, "/proxy/8000", method="POST").status == 404


def test_the_log_has_the_client_behind_a_trusted_proxy(tmp_path, capfd):
    lines = []

    def shown() -> bool:
        lines.extend(capfd.readouterr().err.splitlines())
        return len(lines) >= 2

    proxies = Proxies((parse_trusted("127.0.0.1"),))
    with serving(Server("127.0.0.1", 0, answers_of(tmp_path), proxies=proxies, verbose=True)) as server:
        ask(server, "/text.csv", headers={"X-Forwarded-For": "203.0.113.5"})
        ask(server, "/text.csv")
        assert eventually(shown)
    assert sorted(lines) == ["GET /text.csv 200 for 127.0.0.1", "GET /text.csv 200 for 203.0.113.5"]


@pytest.mark.parametrize(
    ("text", "network"),
    [("127.0.0.1", "127.0.0.1/32"), ("10.0.0.0/8", "10.0.0.0/8"), ("::1", "::1/128"), ("fd00::/8", "fd00::/8")],
)
def test_addresses_and_networks_are_taken(text, network):
    assert str(parse_trusted(text)) == network


@pytest.mark.parametrize(
    "text", ["", "*", "localhost", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.0.0.5/8", "10.0.0.1:80", "https://10.0.0.1"]
)
def test_other_proxies_are_refused(text):
    with pytest.raises(ValueError, match=r"127\.0\.0\.1|trusts every client|10\.0\.0\.0/8"):
        parse_trusted(text)


@pytest.mark.parametrize(("text", "path"), [("/proxy/8000/", "/proxy/8000"), ("/a", "/a"), ("/", ""), ("", "")])
def test_a_root_path_is_taken_with_and_without_its_last_slash(text, path):
    assert parse_root_path(text) == path


@pytest.mark.parametrize(
    "text", ["a", "//a", "/a//b", "/../a", "/a/./b", "/a?b", "/a b", "https://a/b", "/a#b", "/%61"]
)
def test_other_root_paths_are_refused(text):
    with pytest.raises(ValueError, match="/proxy/8000/"):
        parse_root_path(text)
