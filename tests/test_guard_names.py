"""Request guard with --allow-host: listed names in Host and Origin, and what stays refused."""

import pytest

from digits.server.guard import Authorization
from digits.server.host_names import parse_host_name
from digits.server.routes import Site
from tests.support.http_client import ask, serving, site_server

NAMES = ("train.example.org", "*.app.github.dev", "pi.local", "localhost", "[2001:db8::7]")
STOP = b'{"action": "stop"}'  # no trainer is running: an authorized request gets 409


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    access = Authorization()
    with serving(site_server(Site(folder / "results", folder, access), names=NAMES)) as running:
        running.token = access.token
        yield running


LISTED = """
train.example.org TRAIN.example.org train.example.org:443 train.example.org:8000 train.example.org: pi.local
pi.local:8000 me-8000.app.github.dev me-8000.APP.github.dev:443 a_b.app.github.dev localhost:8443 127.0.0.1:8000
[2001:db8::7] [2001:db8::8]
"""
UNLISTED = r"""
evil.example example.org www.train.example.org xtrain.example.org train.example.org.evil.example train.example.org. pi
pi.local.evil.example app.github.dev .app.github.dev a.b.app.github.dev app.github.dev.evil.example *.app.github.dev
evilapp.github.dev me.app.github.dev.evil.example a..app.github.dev train.example.org:port train.example.org:8000:1
train.example.org@evil.example evil.example@train.example.org train.example.org/ train.example.org,evil.example
train.example.org\.evil.example https://train.example.org .train.example.org 2130706433 127.1 local x.pi.local
"""
HOSTS = dict.fromkeys(LISTED.split(), True) | dict.fromkeys([*UNLISTED.split(), ""], False)


@pytest.mark.parametrize("host", HOSTS)
def test_a_listed_name_is_answered_and_no_other(server, host):
    answers = [
        ask(server, path, method=method, headers={"Host": host}, body=body, token=server.token).status
        for method, path, body in [("GET", "/control", b""), ("POST", "/control", STOP)]
    ]
    assert answers == ([200, 409] if HOSTS[host] else [403, 403])


# Host, Origin, Sec-Fetch-Site, and whether a change with the token is accepted.
ORIGINS = [
    ("train.example.org", "https://train.example.org", None, True),
    ("train.example.org", "http://train.example.org", None, True),
    ("train.example.org", "HTTPS://TRAIN.example.org", "same-origin", True),
    ("train.example.org:443", "https://train.example.org", None, True),
    ("train.example.org:80", "http://train.example.org", None, True),
    ("train.example.org", "https://train.example.org:443", None, True),
    ("train.example.org:8443", "https://train.example.org:8443", None, True),
    ("train.example.org:8000", "http://train.example.org:8000", None, True),
    ("me-8000.app.github.dev", "https://me-8000.app.github.dev", "same-origin", True),
    ("pi.local:8000", "http://pi.local:8000", None, True),
    ("localhost:8443", "https://localhost:8443", "same-origin", True),
    ("[2001:db8::7]:8443", "https://[2001:db8::7]:8443", None, True),
    # a proxy omits the port, or puts its own there: the browser says that it is the page's own server
    ("train.example.org", "https://train.example.org:8443", "same-origin", True),
    ("train.example.org:8000", "https://train.example.org", "same-origin", True),
    ("train.example.org", "https://train.example.org:8443", None, False),
    ("train.example.org:8000", "http://train.example.org:8001", None, False),
    ("train.example.org:8000", "http://train.example.org:8001", "same-site", False),
    # a proxy puts the server's address there
    ("127.0.0.1:8000", "https://train.example.org", "same-origin", True),
    ("localhost:8000", "https://me-8000.app.github.dev", "same-origin", True),
    ("127.0.0.1:8000", "https://train.example.org", None, True),
    ("127.0.0.1:8000", "https://train.example.org:8443", None, False),
    ("127.0.0.1:8000", "https://train.example.org", "cross-site", False),
    ("127.0.0.1:8000", "https://evil.example", "same-origin", False),
    # other names
    ("train.example.org", "https://evil.example", None, False),
    ("train.example.org", "https://evil.example", "same-origin", False),
    ("train.example.org", "https://pi.local", None, False),
    ("train.example.org", "https://pi.local", "same-origin", False),
    ("train.example.org", "https://train.example.org", "cross-site", False),
    ("train.example.org", "https://train.example.org", "same-site", False),
    ("train.example.org", "https://train.example.org.evil.example", None, False),
    ("train.example.org", "https://www.train.example.org", None, False),
    ("train.example.org", "null", None, False),
    ("train.example.org", "", None, False),
    ("train.example.org", "file://", None, False),
    ("train.example.org", "ftp://train.example.org", None, False),
    ("train.example.org", "https://train.example.org/", None, False),
    ("train.example.org", "https://train.example.org https://evil.example", None, False),
    ("train.example.org", "https://train.example.org@evil.example", None, False),
    ("me-8000.app.github.dev", "https://evil-8000.app.github.dev", "same-site", False),
    ("me-8000.app.github.dev", "https://evil-8000.app.github.dev", None, False),
    ("me-8000.app.github.dev", "https://app.github.dev", None, False),
    ("evil.example", "https://evil.example", "same-origin", False),
    ("192.0.2.1", "https://192.0.2.1", None, False),  # not listed: http only
    ("[2001:db8::8]", "https://[2001:db8::8]", None, False),
]


@pytest.mark.parametrize(("host", "origin", "site", "accepted"), ORIGINS)
def test_pages_of_a_listed_name_may_change_something_and_no_others(server, host, origin, site, accepted):
    headers = {"Host": host, "Origin": origin} | ({"Sec-Fetch-Site": site} if site else {})
    answer = ask(server, "/control", method="POST", headers=headers, body=STOP, token=server.token)
    assert answer.status == (409 if accepted else 403)
    assert ask(server, "/control", method="POST", headers=headers, body=STOP).status == (401 if accepted else 403)
    assert not [name for name in answer.headers if name.startswith("access-control")]


# Headers of a refused request, and the words that its error has.
REMEDIES = [
    ({"Host": "other.example:8000"}, "--allow-host other.example."),
    ({"Host": "OTHER.example"}, "--allow-host other.example."),
    ({"Host": "x-8000.preview.app.github.dev"}, "--allow-host x-8000.preview.app.github.dev."),
    ({"Host": "a b"}, "--allow-host NAME"),
    ({"Host": "<script>"}, "--allow-host NAME"),
    ({"Host": "2130706433"}, "--allow-host NAME"),
    ({"Origin": "https://other.example"}, "--allow-host other.example."),
    ({"Origin": "https://127.0.0.1"}, "--allow-host 127.0.0.1."),
    ({"Host": "[::1]:80", "Origin": "https://[::1]"}, "--allow-host [::1]."),
    ({"Origin": "https://train.example.org:8443"}, "pass on Host unchanged"),
    ({"Origin": "null"}, "not allowed here."),
    ({"Origin": "https://other.example", "Sec-Fetch-Site": "cross-site"}, "not allowed here."),
]


@pytest.mark.parametrize(("headers", "words"), REMEDIES)
def test_the_error_names_the_exact_option(server, headers, words):
    error = ask(server, "/control", method="POST", headers=headers, body=STOP, token=server.token).json()["error"]
    assert words in error and error.count("--allow") == words.count("--allow"), error


def test_the_error_names_the_option_for_pages_of_other_sites_where_there_is_one(server):
    headers = {"Origin": "https://other.example", "Sec-Fetch-Site": "cross-site"}
    error = ask(server, "/predict", method="POST", headers=headers, body=b"x").json()["error"]
    assert "--allow-origin https://other.example." in error


VALID = {
    "train.example.org": "train.example.org",
    "TRAIN.Example.ORG": "train.example.org",
    "pi": "pi",
    "raspberry.local": "raspberry.local",
    "a_b.example": "a_b.example",
    "*.app.github.dev": "*.app.github.dev",
    "größer.example": "xn--grer-wna1l.example",
    "192.168.1.7": "192.168.1.7",
    "::1": "[::1]",
    "[2001:DB8:0::7]": "[2001:db8::7]",
}
INVALID = r"""
* *. *.com *.local **.example.org a.*.example.org *x.example.org x*.example.org *.*.example.org *example.org
http://train.example.org https://train.example.org:8000 train.example.org/ train.example.org/path //train.example.org
train.example.org:8000 127.0.0.1:8000 [::1]:8000 train.example.org: train..example.org .example.org example.org.
-a.example a-.example a,b 2130706433 127.1 256.1.1.1 1.2.3.4.5 example.0x7f train@example.org %65xample.org [::1 ::1]
"""


@pytest.mark.parametrize("text", VALID)
def test_a_name_is_taken_as_browsers_send_it(text):
    assert parse_host_name(text) == VALID[text]


@pytest.mark.parametrize(
    "text", [*INVALID.split(), "", " ", "a b", "a" * 64, ".".join(["a" * 60] * 5), "\u2603..example"]
)
def test_anything_else_is_refused_in_one_line(text):
    with pytest.raises(ValueError, match=r"host name|wildcard|one label"):
        parse_host_name(text)
