"""Authorization of control: hosts, origins, tokens, read-only servers."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from digits.runlog import contract
from digits.server.guard import Authorization
from digits.server.host_names import is_loopback
from digits.server.routes import Site
from digits.server.startup import access_of, page_url, read_options
from tests.support import PROJECT
from tests.support.example_project import RUN, project_in, server_of
from tests.support.http_client import ask, serving, site_server

STOP = b'{"action": "stop"}'  # no trainer is running: an authorized request gets 409
PAGES = "https://example.org"  # a site named with --allow-origin


@pytest.fixture(scope="module")
def idle(tmp_path_factory):
    """A server without a results folder, which rejected requests must not create."""
    folder = tmp_path_factory.mktemp("project")
    with serving(server_of(folder)) as running:
        running.results = folder / "results"
        yield running
    assert not running.results.exists()


# Host header, and whether it is accepted.
OURS = """
127.0.0.1 127.0.0.1:8000 127.0.0.1: 127.0.0.2 127.255.255.254:1 10.0.0.1 192.168.1.7:8000 169.254.1.1 0.0.0.0
0.0.0.0:8000 255.255.255.255 [::1] [::1]:8000 [::] [fe80::1]:8000 [::ffff:127.0.0.1] [2001:db8::7]:443 localhost
localhost:8000 LOCALHOST LocalHost:8000 a.localhost:8000 digits.localhost:8000 10.1.2.3:80
"""
OTHERS = r"""
evil.example evil.example:8000 EVIL.example 127.0.0.1.evil.example localhost.evil.example 127.0.0.1.nip.io localtest.me
localhost.localdomain localhos localhostt xlocalhost local 127.1 127.0.1 2130706433 0x7f000001 0x7f.0.0.1 017700000001
0177.0.0.1 127.0.0.1. 127.0.0.256 127.0.0.1.1 127.0.0.01 127.0.0 1 0 ::1 [::1 ::1] [::1]] [] [:] [::1%25lo] [::1%lo]
[127.0.0.1] [localhost] [::1].evil.example [::1]evil [evil.example] 127.0.0.1:abc 127.0.0.1:8000:1 127.0.0.1:-1
127.0.0.1:123456 :8000 . .. * null localhost@evil.example evil.example@localhost evil.example/localhost
evil.example#localhost localhost;x localhost:8000.evil.example 256.0.0.1 0177.0.0.1. evillocalhost [::1]evil.example
127.0.0.1:8000:8000 localhost\x xn--localhost-abc %6cocalhost http://localhost //localhost loc_host
"""
SPACED = [
    "",
    "localhost, evil.example",
    "evil.example, localhost",
    "127.0.0.1 evil.example",
    "loc\talhost",
    "localh\xf6st",
]
HOSTS = dict.fromkeys(OURS.split(), True) | dict.fromkeys([*OTHERS.split(), *SPACED], False)


@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0"])
def test_only_an_ip_address_or_our_own_name_is_accepted_whatever_is_bound(tmp_path, bound):
    access = Authorization()
    with serving(site_server(Site(tmp_path / "results", tmp_path, access), host=bound, names=(bound,))) as running:
        found = {}
        for host in HOSTS:
            asked = [("GET", "/control", b""), ("GET", "/options", b""), ("POST", "/control", STOP)]
            found[host] = [
                ask(running, path, method=method, headers={"Host": host}, body=body, token=access.token).status
                for method, path, body in asked
            ]
        assert found == {host: [200, 200, 409] if good else [403] * 3 for host, good in HOSTS.items()}


# A page or program may send any of these together.
METHODS = ("GET", "HEAD", "POST", "DELETE", "PUT", "OPTIONS")
CONTENT_TYPES = (None, "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data")
ORIGINS = (
    None,
    "http://127.0.0.1",
    "http://127.0.0.1:8001",
    "http://localhost",
    "https://127.0.0.1",
    "null",
    PAGES,
    "",
)
SITES = (None, "same-origin", "none", "same-site", "cross-site", "nonsense")
TOKENS = ("right", "wrong", None)


def due(method: str, origin, site, token) -> int:
    """The expected status, derived independently of the program."""
    if method in ("GET", "HEAD"):
        return 200
    if origin not in (None, "http://127.0.0.1") or site not in (None, "same-origin", "none"):
        return 403
    if method in ("PUT", "OPTIONS"):
        return 405
    if token != "right":
        return 401
    return {"POST": 409, "DELETE": 404}[method]


@pytest.mark.parametrize("method", METHODS)
def test_no_combination_of_headers_of_a_foreign_page_is_accepted(idle, method):
    path = f"/runs/{RUN}" if method == "DELETE" else "/control"
    wrong = []
    for content_type, origin, site, token in itertools.product(CONTENT_TYPES, ORIGINS, SITES, TOKENS):
        fields = {"Content-Type": content_type, "Origin": origin, "Sec-Fetch-Site": site}
        headers = {name: value for name, value in fields.items() if value is not None}
        word = {"right": idle.token, "wrong": "x" * len(idle.token), None: ""}[token]
        body = STOP if method in ("POST", "PUT") else b""
        status = ask(idle, path, method=method, headers=headers, body=body, token=word).status
        if status != due(method, origin, site, token):
            wrong.append((content_type, origin, site, token, status))
    assert wrong == []


WRONG_TOKENS = {
    "empty": lambda token: "",
    "truncated": lambda token: token[:-1],
    "extended": lambda token: token + "x",
    "doubled": lambda token: token * 2,
    "in the other case": lambda token: token.swapcase(),
    "with another last character": lambda token: token[:-1] + ("x" if token[-1] != "x" else "y"),
    "listed twice": lambda token: f"{token}, {token}",
    "quoted": lambda token: f'"{token}"',
    "a bearer token": lambda token: f"Bearer {token}",
    "null": lambda token: "null",
    "very long": lambda token: "x" * 20_000,
    "not ASCII": lambda token: "\xe9" * 32,
}


@pytest.mark.parametrize("wrong", WRONG_TOKENS.values(), ids=WRONG_TOKENS)
def test_a_wrong_token_is_rejected(idle, wrong):
    headers = {"X-Control-Token": wrong(idle.token)}
    assert ask(idle, "/control", method="POST", body=STOP, headers=headers).status == 401
    assert ask(idle, "/control", method="POST", body=STOP, token=idle.token).status == 409


def test_tokens_are_unique_and_long():
    tokens = {Authorization().token for _ in range(100)}
    assert len(tokens) == 100 and min(map(len, tokens)) >= 32


# A path and body for each route that changes something, and its status with authorization.
CHANGES = [
    ("POST", "/runs", b'{"options": {"epochs": 0}}', 400),
    ("POST", "/resume", b"{}", 409),
    ("POST", "/control", STOP, 409),
    ("POST", f"/runs/{RUN}", b'{"name": "x"}', 404),
    ("DELETE", f"/runs/{RUN}", b"", 404),
    ("POST", "/queue", b'{"options": {"epochs": 0}}', 400),
    ("DELETE", "/queue", b"", 200),
    ("DELETE", f"/queue/{RUN}", b"", 404),
]


# Predictions change nothing.
FREE = [
    ("POST", "/predict"),
    ("PUT", "/predict"),
    ("POST", "/v1/models/mnist:predict"),
    ("POST", "/v2/models/mnist/infer"),
]


def test_every_route_that_changes_something_is_in_the_table_or_listed_as_free():
    routes = Site(Path()).routes
    changing = {(route, method) for route in routes for method in route.handlers if method != "GET"}
    tested = {(route, m) for route in routes for m, path, _, _ in CHANGES if route.pattern.fullmatch(path)}
    free = {(route, method) for route in routes for method, path in FREE if route.pattern.fullmatch(path)}
    assert changing == (tested & changing) | free


@pytest.mark.parametrize(("method", "path", "body", "status"), CHANGES)
def test_every_change_needs_the_token(idle, method, path, body, status):
    for word in ("", "wrong"):
        refused = ask(idle, path, method=method, body=body, token=word)
        assert (refused.status, refused.headers["www-authenticate"]) == (401, "Control-Token")
        assert "token" in refused.json()["error"] and idle.token not in refused.body.decode()
    assert ask(idle, path, method=method, body=body, token=idle.token).status == status


def test_a_read_only_server_rejects_the_correct_token_too(tmp_path):
    with serving(server_of(project_in(tmp_path / "project"), allowed=False)) as running:
        for method, path, body, _ in CHANGES:
            for word in (running.token, "wrong", ""):
                refused = ask(running, path, method=method, body=body, token=word)
                assert (refused.status, "read-only" in refused.json()["error"]) == (403, True)
        assert ask(running, "/control").json()["control_enabled"] is False
        assert ask(running, "/results/training_log.json").status == 200


PRIVATE = "Traceback: what the trainer printed"
READS = ["/", "/control", "/options", "/openapi.json", "/training_status", "/healthz", "/nowhere", "/results/runs.json"]
READS += [f"/results/{name}" for name in (*contract.FILES, contract.TRAINER_LOG, contract.CONTROL)]


def disclosed(server, token: str) -> dict:
    answers = [ask(server, path, token=token) for path in READS]
    answers += [ask(server, path, method=method, body=body, token=token) for method, path, body, _ in CHANGES]
    text = b"".join(str(answer.headers).encode() + answer.body for answer in answers)
    fields = {**ask(server, "/control", token=token).json(), **ask(server, "/options", token=token).json()}
    return {
        "lines": PRIVATE in text.decode(errors="replace"),
        "path": str(server.results) in text.decode(errors="replace"),
        "fields": sorted(fields.keys() & {"fixed_args", "exit_code", "free_bytes", "last_words"}),
    }


@pytest.mark.parametrize("allowed", [True, False])
def test_trainer_output_free_space_and_paths_need_the_token(tmp_path, allowed):
    folder = project_in(tmp_path / "project")
    (folder / "results" / contract.TRAINER_LOG).write_text(f"{PRIVATE}\n")
    nothing = {"lines": False, "path": False, "fields": []}
    everything = {"lines": True, "path": True, "fields": ["exit_code", "fixed_args", "free_bytes", "last_words"]}
    with serving(server_of(folder, allowed)) as running:
        running.results = folder / "results"
        assert disclosed(running, "") == disclosed(running, "wrong") == nothing
        assert disclosed(running, running.token) == (everything if allowed else nothing)
        control = {word: ask(running, "/control", token=word).json() for word in ("", "wrong", running.token)}
        assert [state["authorized"] for state in control.values()] == [False, False, allowed]
        assert {state["control_enabled"] for state in control.values()} == {allowed}


def test_an_allowed_origin_gets_no_control(tmp_path):
    access = Authorization()
    with serving(site_server(Site(tmp_path / "results", tmp_path, access), origins=[PAGES])) as running:
        for path in ("/control", "/options"):
            headers = ask(running, path, headers={"Origin": PAGES}).headers
            assert not [name for name in headers if name.startswith("access-control")]
            assert headers["cross-origin-resource-policy"] == "same-origin"
        for method, path, body, _ in CHANGES:
            asked = {"Origin": PAGES, "Sec-Fetch-Site": "cross-site"}
            assert ask(running, path, method=method, headers=asked, body=body, token=access.token).status == 403
            asked |= {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x-control-token"}
            preflight = ask(running, path, method="OPTIONS", headers=asked)
            assert (preflight.status, preflight.headers.get("access-control-allow-origin")) == (403, None)


# Bind address, and whether control is enabled by default.
BOUND = {
    "127.0.0.1": True,
    "127.8.9.10": True,
    "::1": True,
    "0:0:0:0:0:0:0:1": True,
    "localhost": True,
    "LocalHost": True,
    "0.0.0.0": False,
    "::": False,
    "": False,
    "192.168.1.7": False,
    "10.0.0.1": False,
    "128.0.0.1": False,
    "::ffff:127.0.0.1": False,
    "fe80::1": False,
    "localhost.evil.example": False,
    "a.localhost": False,
    "127.1": False,
    "2130706433": False,
    "training.example": False,
    "größer.example": False,
}


@pytest.mark.parametrize("host", BOUND)
def test_control_is_enabled_by_default_on_loopback_only(host):
    assert is_loopback(host) is BOUND[host]
    assert access_of(read_options(["--host", host])).allowed is BOUND[host]
    assert access_of(read_options(["--host", host, "--allow-control"])).allowed is True


@pytest.mark.parametrize("options", [[], ["--host", "0.0.0.0"], ["--host", "0.0.0.0", "--allow-control"]])
def test_the_url_has_the_token_only_if_control_is_enabled(options, tmp_path):
    access = access_of(read_options(options))
    with site_server(Site(tmp_path, tmp_path, access)) as running:
        port = running.server_address[1]
        fragment = f"#token={access.token}" if access.allowed else ""
        assert page_url(running, access) == f"http://127.0.0.1:{port}/{fragment}"


@pytest.mark.process
@pytest.mark.parametrize("options", [[], ["--host", "0.0.0.0"]])
def test_the_token_is_printed_once_and_never_logged(options, tmp_path):
    command = [sys.executable, str(PROJECT / "server.py"), "--port", "0", "--no-browser", "--verbose", *options]
    process = subprocess.Popen(
        [*command, "--results-dir", str(tmp_path / "results")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        greeting = process.stdout.readline()
        url, _, token = next(word for word in greeting.split() if "http://" in word).partition("#token=")
        assert bool(token) is not bool(options)
        process.server_address = ("127.0.0.1", int(url.rstrip("/").rpartition(":")[2]))
        secret = token or "there-is-none"
        for method, path, body, _ in CHANGES:
            ask(process, path, method=method, body=body, token=secret)
            ask(process, path, method=method, body=body, token=f"{secret}x")
        ask(process, f"/?token={secret}")
        ask(process, "/control", headers={"Referer": f"{url}#token={secret}", "Cookie": secret})
        assert secret not in ask(process, "/control").body.decode()
    finally:
        process.terminate()
        output, log = process.communicate(timeout=60)
    assert log.count("POST /runs ") == 2 and "GET /control 200" in log
    assert secret not in output + log and not (tmp_path / "results").exists()
