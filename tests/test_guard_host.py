"""Request guard: allowed hosts, and origins that may change something."""

import pytest

from digits.server.http_server import Server
from tests.support.http_client import TEXT, Answer, answers_of, ask, raw, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(
        Server("127.0.0.1", 0, answers_of(tmp_path_factory.mktemp("files")), names=("training.example",))
    ) as server:
        yield server


NAMES = {  # with --host training.example; tests/test_guard.py has the table of all other hosts
    "training.example": 200,
    "TRAINING.example:8000": 200,
    "evil.example": 403,
    "x.training.example": 403,
    "training.example.evil.example": 403,
}


@pytest.mark.parametrize("host", NAMES)
def test_only_the_configured_host_name_is_answered(server, host):
    got = ask(server, "/text.csv", headers={"Host": host})
    assert got.status == NAMES[host]
    assert (got.body == TEXT) == (got.status == 200)


@pytest.mark.parametrize("name", ["training.example", "evil.example"])
def test_the_host_of_a_whole_url_counts(server, name):
    got = ask(server, f"http://{name}/text.csv")
    assert got.status == NAMES[name]


def test_a_whole_url_needs_a_host_field_too(server):
    head = b"GET http://127.0.0.1/text.csv HTTP/1.%d\r\n\r\n"
    assert Answer(raw(server, head % 1)).status == 400
    assert Answer(raw(server, head % 0)).status == 200


@pytest.mark.parametrize("origin", [b"", b"Origin: http://none\r\n"])
def test_http_1_0_without_a_host_cannot_change_anything(server, origin):
    assert Answer(raw(server, b"GET /text.csv HTTP/1.0\r\n%s\r\n" % origin)).body == TEXT
    assert Answer(raw(server, b"POST /echo HTTP/1.0\r\n%s\r\n" % origin)).status == 403


ORIGINS = {
    "http://127.0.0.1": 200,
    "HTTP://127.0.0.1": 200,
    None: 200,
    "http://127.0.0.1:8000": 403,
    "https://127.0.0.1": 403,
    "http://localhost": 403,
    "http://evil.example": 403,
    "http://127.0.0.1.evil.example": 403,
    "http://evil.example http://127.0.0.1": 403,
    "null": 403,
    "": 403,
}


@pytest.mark.parametrize("origin", ORIGINS)
def test_only_our_own_page_may_post(server, origin):
    headers = {} if origin is None else {"Origin": origin}
    assert ask(server, "/echo", method="POST", headers=headers).status == ORIGINS[origin]
    assert ask(server, "/echo", headers=headers).status == 200


SITES = {"same-origin": 200, "none": 200, "same-site": 403, "cross-site": 403, "": 403}


@pytest.mark.parametrize("site", SITES)
def test_sec_fetch_site_rejects_other_sites_without_an_origin(server, site):
    headers = {"Sec-Fetch-Site": site}
    assert ask(server, "/echo", method="POST", headers=headers).status == SITES[site]
    assert ask(server, "/echo", headers=headers).status == 200
