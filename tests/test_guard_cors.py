"""Cross-origin requests: sites named with --allow-origin may read runs and predict, and change nothing."""

import pytest

from digits.runlog import contract
from digits.server.host_names import parse_origin
from digits.server.routes import Site
from tests.support.example_project import RUN, project_in
from tests.support.http_client import ask, serving, site_server

PAGES = "https://example.org"
OTHER = "http://other.example:8080"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = project_in(tmp_path_factory.mktemp("project"))
    for model in (contract.WEIGHTS, contract.NETWORK):  # so that /predict answers 503
        for path in folder.rglob(model):
            path.unlink()
    live = Site(folder / "results", folder)
    with serving(site_server(live, origins=[PAGES, OTHER], names=("api.example",))) as server:
        yield server


ORIGINS = {
    "https://example.org": "https://example.org",
    "HTTPS://Example.ORG": "https://example.org",
    "https://example.org:443": "https://example.org",
    "http://example.org:80": "http://example.org",
    "http://example.org:443": "http://example.org:443",
    "http://localhost:8000": "http://localhost:8000",
    "http://192.168.1.2:5500": "http://192.168.1.2:5500",
    "http://[::1]:8000": "http://[::1]:8000",
    "https://xn--grer-6qa5d.example": "https://xn--grer-6qa5d.example",
    "https://example.org/": None,
    "https://example.org/page": None,
    "https://example.org?x": None,
    "https://example.org#x": None,
    "https://*.example.org": None,
    "https://*": None,
    "*": None,
    "null": None,
    "": None,
    "example.org": None,
    "//example.org": None,
    "ftp://example.org": None,
    "file://": None,
    "https://": None,
    "https://user@example.org": None,
    "https://example.org:": None,
    "https://example.org:0": None,
    "https://example.org:65536": None,
    "https://example.org:port": None,
    "https://example..org": None,
    "https://größer.example": None,
    "https://example.org https://other.example": None,
    "https://example.org,https://other.example": None,
    "https://example.org\n": None,
}


@pytest.mark.parametrize("text", ORIGINS)
def test_origins_are_normalized_or_rejected(text):
    if ORIGINS[text] is not None:
        assert parse_origin(text) == ORIGINS[text]
        return
    with pytest.raises(ValueError, match="is not an origin"):
        parse_origin(text)


READ = {
    "/results/training_log.json": 200,
    "/results/batches.csv": 200,
    "/results/network.bin": 200,
    "/results/test.png": 200,
    "/results/runs.json": 200,
    f"/results/runs/{RUN}/training_log.json": 200,
    "/results/runs/20990101-120000-abcd/training_log.json": 404,
    "/training_status": 200,
    "/openapi.json": 200,
    "/healthz": 200,
}


def varies(answer) -> list[str]:
    return answer.headers["vary"].split(", ")


def test_vary_names_every_header_that_a_response_depends_on(site):
    for fields in ({}, {"Origin": PAGES}, {"Origin": PAGES, "If-None-Match": "*"}):
        answer = ask(site, "/results/training_log.json", headers=fields)
        assert varies(answer) == ["Accept-Encoding", "Origin"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", READ)
def test_an_allowed_origin_reads_runs_and_the_headers_that_the_page_needs(site, path, method):
    answer = ask(site, path, method=method, headers={"Origin": PAGES})
    assert (answer.status, "Origin" in varies(answer)) == (READ[path], True)
    assert answer.headers["access-control-allow-origin"] == PAGES
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"ETag", "Date", "Server", "Content-Range", "Retry-After"} == set(exposed)
    assert "access-control-allow-credentials" not in answer.headers


def test_an_allowed_origin_gets_304_and_206_responses_too(site):
    etag = ask(site, "/results/batches.csv").headers["etag"]
    for fields, status in (
        ({"If-None-Match": etag}, 304),
        ({"Range": "bytes=1-2"}, 206),
        ({"Range": "bytes=99-"}, 416),
    ):
        answer = ask(site, "/results/batches.csv", headers={"Origin": OTHER} | fields)
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, OTHER)


STRANGERS = [
    None,
    "https://evil.example",
    "http://example.org",
    "https://example.org:8443",
    "https://example.org.evil.example",
    "https://evil-example.org",
    "https://www.example.org",
    "https://EXAMPLE.org",
    "https://example.org/",
    f"{PAGES} {OTHER}",
    f"{PAGES}, {OTHER}",
    "null",
    "*",
    "",
]


@pytest.mark.parametrize("origin", STRANGERS)
def test_other_origins_get_no_cors_headers_and_vary_is_set(site, origin):
    headers = {} if origin is None else {"Origin": origin}
    for path in READ:
        answer = ask(site, path, headers=headers)
        assert (answer.status, "Origin" in varies(answer)) == (READ[path], True)
        assert not [name for name in answer.headers if name.startswith("access-control")]


ONLY_OURS = ["/", "/index.html", "/web/main.js", "/web/style.css", f"/runs/{RUN}", "/nowhere", "/results/README.md"]


@pytest.mark.parametrize("path", ONLY_OURS)
def test_routes_that_are_not_shared_get_no_cors_headers(site, path):
    named, plain = ask(site, path, headers={"Origin": PAGES}), ask(site, path)
    assert (named.status, named.headers.keys()) == (plain.status, plain.headers.keys())
    assert not [name for name in named.headers if name.startswith("access-control")]
    assert "Origin" not in named.headers.get("vary", "")


# Origin, path, method; expected status and allowed methods.
PREFLIGHTS = [
    (PAGES, "/results/training_log.json", "GET", 200, "GET, HEAD"),
    (PAGES, "/results/training_log.json", "HEAD", 200, "GET, HEAD"),
    (PAGES, f"/results/runs/{RUN}/batches.csv", "GET", 200, "GET, HEAD"),
    (PAGES, "/results/runs.json", "GET", 200, "GET, HEAD"),
    (PAGES, "/training_status", "GET", 200, "GET, HEAD"),
    (PAGES, "/predict", "POST", 200, "POST, PUT"),
    (PAGES, "/predict", "PUT", 200, "POST, PUT"),
    (OTHER, "/predict?format=hf", "POST", 200, "POST, PUT"),
    (PAGES, "/v1/models/mnist:predict", "POST", 200, "POST"),
    (PAGES, "/v2/models/mnist/infer", "POST", 200, "POST"),
    (PAGES, "/v2/models/mnist", "GET", 200, "GET, HEAD"),
    (PAGES, "/predict", "GET", 403, None),
    (PAGES, "/predict", "DELETE", 403, None),
    (PAGES, "/predict", "post", 403, None),
    (PAGES, "/predict", None, 403, None),
    (PAGES, "/results/training_log.json", "POST", 403, None),
    (PAGES, "/results/training_log.json", "DELETE", 403, None),
    (PAGES, f"/runs/{RUN}", "POST", 403, None),
    (PAGES, f"/runs/{RUN}", "DELETE", 403, None),
    (PAGES, f"/runs/{RUN}", "GET", 403, None),
    (PAGES, "/", "GET", 403, None),
    (PAGES, "/web/main.js", "GET", 403, None),
    (PAGES, "/nowhere", "GET", 403, None),
    (PAGES, "*", "GET", 403, None),
    ("https://evil.example", "/predict", "POST", 403, None),
    ("https://evil.example", "/training_status", "GET", 403, None),
    ("null", "/predict", "POST", 403, None),
    (None, "/predict", "POST", 405, None),
]


@pytest.mark.parametrize(("origin", "path", "method", "status", "methods"), PREFLIGHTS)
def test_a_preflight_allows_exactly_the_methods_and_headers_of_the_page(site, origin, path, method, status, methods):
    fields = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "range"}
    fields = {name: value for name, value in fields.items() if value is not None}
    answer = ask(site, path, method="OPTIONS", headers=fields)
    assert (answer.status, answer.headers.get("access-control-allow-methods")) == (status, methods)
    assert answer.headers.get("access-control-allow-origin") == (origin if methods else None)
    if methods:
        assert answer.body == b""
        assert {"Content-Type", "If-None-Match", "If-Modified-Since", "Range"} <= set(
            answer.headers["access-control-allow-headers"].split(", ")
        )
        assert int(answer.headers["access-control-max-age"]) > 600
        assert answer.headers["vary"] == "Origin"
    else:
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("origin", "allowed"), [(PAGES, "true"), ("https://evil.example", None)])
def test_an_allowed_public_origin_may_reach_a_private_address(site, origin, allowed):
    fields = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    asked = {"Access-Control-Request-Private-Network": "true"}
    name = "access-control-allow-private-network"
    assert ask(site, "/predict", method="OPTIONS", headers=fields | asked).headers.get(name) == allowed
    assert name not in ask(site, "/predict", method="OPTIONS", headers=fields).headers


# Origin, path, method, body, status; 411 and 503 mean that the request was admitted.
SENT = [
    (PAGES, "/predict", "POST", b"", 411),
    (PAGES, "/predict", "POST", b"\x89PNG\r\n", 503),
    (OTHER, "/predict", "POST", b"\x89PNG\r\n", 503),
    ("https://evil.example", "/predict", "POST", b"\x89PNG\r\n", 403),
    ("http://example.org", "/predict", "POST", b"\x89PNG\r\n", 403),
    ("null", "/predict", "POST", b"\x89PNG\r\n", 403),
    (PAGES, f"/runs/{RUN}", "POST", b'{"name": "mine"}', 403),
    (PAGES, f"/runs/{RUN}", "DELETE", b"", 403),
    (PAGES, "/training_status", "POST", b"", 403),
    (PAGES, "/results/training_log.json", "PUT", b"", 403),
]


@pytest.mark.parametrize(("origin", "path", "method", "body", "status"), SENT)
def test_an_allowed_origin_can_predict_and_cannot_change_runs(site, origin, path, method, body, status):
    fields = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    answer = ask(site, path, method=method, headers=fields, body=body)
    assert answer.status == status
    assert answer.headers.get("access-control-allow-origin") == (None if status == 403 else origin)


def test_an_allowed_origin_can_read_the_error_for_a_large_image(site):
    fields = {"Origin": PAGES, "Content-Length": "99999999"}
    answer = ask(site, "/predict", method="POST", headers=fields)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (413, PAGES)


HOSTS = {"127.0.0.1:8000": 200, "api.example": 200, "evil.example": 403, "example.org": 403}


@pytest.mark.parametrize("host", HOSTS)
def test_the_host_is_checked_with_an_allowed_origin_too(site, host):
    fields = {"Origin": PAGES, "Host": host}
    assert ask(site, "/training_status", headers=fields).status == HOSTS[host]
    preflight = fields | {"Access-Control-Request-Method": "POST"}
    assert ask(site, "/predict", method="OPTIONS", headers=preflight).status == HOSTS[host]


def test_without_an_allowed_origin_there_are_no_cors_headers(live):
    for path in ("/training_status", "/results/runs.json"):
        headers = ask(live, path, headers={"Origin": PAGES}).headers
        assert not [name for name in headers if name.startswith(("access-control", "vary"))]
    preflight = {"Origin": PAGES, "Access-Control-Request-Method": "POST"}
    assert ask(live, "/predict", method="OPTIONS", headers=preflight).status == 403
