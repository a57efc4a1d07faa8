"""The page's files in gzip: the same bytes, fewer of them, and the same versions."""

import gzip

import pytest
from browser import PROJECT
from wire import ask, serving

from digits.httpd import Server
from server import Site

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("results"), PROJECT)
    (site.results / "training_log.json").write_text('{"run_id": "x"}' + " " * 5000)
    with serving(Server("127.0.0.1", 0, site.answer)) as server:
        yield server


@pytest.mark.parametrize(
    ("path", "file"), [("/", "index.html"), ("/web/style.css", "web/style.css"), ("/web/main.js", "web/main.js")]
)
def test_a_client_that_takes_gzip_gets_the_same_file_in_fewer_bytes(page, path, file):
    plain, small = ask(page, path), ask(page, path, headers=GZIP)
    content = (PROJECT / file).read_bytes()
    assert plain.body == content == gzip.decompress(small.body)
    assert len(small.body) < 0.6 * len(content)
    assert small.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert small.headers["content-type"] == plain.headers["content-type"]
    assert small.headers["vary"] == plain.headers["vary"] == "Accept-Encoding", "a cache must tell them apart"
    assert ask(page, path, headers=GZIP, method="HEAD").headers["content-length"] == str(len(small.body))


@pytest.mark.parametrize(
    ("accepted", "taken"),
    {
        "gzip": True,
        "GZIP": True,
        "br,gzip": True,
        "deflate , gzip;q=0.5": True,
        "gzip; q=1.0": True,
        "gzip;q=0": False,
        "gzip;q=0.000": False,
        "br": False,
        "notgzip": False,
        "gzipped": False,
        "": False,
    }.items(),
)
def test_it_is_the_client_who_says_so(page, accepted, taken):
    assert ("content-encoding" in ask(page, "/", headers={"Accept-Encoding": accepted}).headers) is taken


def test_a_version_is_known_again_by_either_tag(page):
    plain, small = ask(page, "/"), ask(page, "/", headers=GZIP)
    assert small.headers["etag"] == f"W/{plain.headers['etag']}", "other bytes may not have the same strong tag"
    for known in (plain, small):
        for headers in ({}, GZIP):
            assert ask(page, "/", headers=headers | {"If-None-Match": known.headers["etag"]}).status == 304


def test_a_changed_file_is_compressed_anew(tmp_path):
    (tmp_path / "index.html").write_text("old " * 100)
    with serving(Server("127.0.0.1", 0, Site(tmp_path, tmp_path).answer)) as server:
        assert gzip.decompress(ask(server, "/", headers=GZIP).body) == b"old " * 100
        (tmp_path / "index.html").write_text("newer " * 100)
        assert gzip.decompress(ask(server, "/", headers=GZIP).body) == b"newer " * 100


def test_a_range_and_what_changes_in_training_go_out_as_they_are(page):
    part = ask(page, "/web/style.css", headers=GZIP | {"Range": "bytes=0-9"})
    assert part.status == 206 and part.body == (PROJECT / "web" / "style.css").read_bytes()[:10]
    log = ask(page, "/results/training_log.json", headers=GZIP)
    assert log.body.startswith(b'{"run_id"') and "content-encoding" not in log.headers
