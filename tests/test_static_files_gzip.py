"""Compressed text files: content, size, ETags."""

import gzip
import json
import os
import random
import threading

import pytest

from digits.files import write_atomically
from digits.runlog import contract
from digits.server.http_message import Problem, Request
from digits.server.http_server import Server
from digits.server.routes import Site
from digits.server.static_files import CHUNK, GzipCache, file_response
from tests.support import PROJECT
from tests.support.http_client import ask, serving, site_server

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    site = Site(results, PROJECT)
    (results / "training_log.json").write_text('{"run_id": "x"}' + " " * 5000)
    with serving(Server("127.0.0.1", 0, site.answer, max_body=site.max_body)) as server:
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
def test_compression_depends_on_accept_encoding(page, accepted, taken):
    assert ("content-encoding" in ask(page, "/", headers={"Accept-Encoding": accepted}).headers) is taken


def test_either_etag_revalidates(page):
    plain, small = ask(page, "/"), ask(page, "/", headers=GZIP)
    assert small.headers["etag"] == f"W/{plain.headers['etag']}", "other bytes may not have the same strong tag"
    for known in (plain, small):
        for headers in ({}, GZIP):
            assert ask(page, "/", headers=headers | {"If-None-Match": known.headers["etag"]}).status == 304


def test_a_changed_file_is_compressed_again(tmp_path):
    (tmp_path / "index.html").write_text("old " * 100)
    with serving(site_server(Site(tmp_path, tmp_path))) as server:
        assert gzip.decompress(ask(server, "/", headers=GZIP).body) == b"old " * 100
        (tmp_path / "index.html").write_text("newer " * 100)
        assert gzip.decompress(ask(server, "/", headers=GZIP).body) == b"newer " * 100


def test_a_range_is_sent_uncompressed(page):
    part = ask(page, "/web/style.css", headers=GZIP | {"Range": "bytes=0-9"})
    assert part.status == 206 and part.body == (PROJECT / "web" / "style.css").read_bytes()[:10]
    assert "content-encoding" not in part.headers and not part.headers["etag"].startswith("W/")


# -- files of runs -----------------------------------------------------------------------------------------------------

RUN = "20260101-120000-abcd"
FILES = (contract.PREDICTIONS, contract.TRAINING_LOG, contract.LAYER_WEIGHTS, contract.NETWORK, contract.TEST_SAMPLES)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A server with a live and a finished run, whose predictions are larger than a chunk."""
    results = tmp_path_factory.mktemp("results")
    site = Site(results, PROJECT)
    for folder in (results, results / contract.RUNS / RUN):
        folder.mkdir(parents=True, exist_ok=True)
        for name in (*FILES, contract.BATCHES, contract.TEST_IMAGES, contract.NETWORK_NUMBERS, contract.RUNS_INDEX):
            (folder / name).write_text(json.dumps({"run_id": RUN, "name": name, "numbers": [*range(2000)]}))
        numbers = [round(number * 0.37 % 1, 4) for number in range(100_000)]
        (folder / contract.PREDICTIONS).write_text(json.dumps({"confidences": numbers}))
    with serving(Server("127.0.0.1", 0, site.answer)) as server:
        server.results = results
        yield server


@pytest.mark.parametrize("folder", ["", f"runs/{RUN}/"])
@pytest.mark.parametrize("name", FILES)
def test_files_of_ended_and_live_runs_are_sent_in_gzip(runs, folder, name):
    path = f"/results/{folder}{name}"
    content = (runs.results / folder / name).read_bytes()
    plain, small = ask(runs, path), ask(runs, path, headers=GZIP)
    assert plain.body == content == gzip.decompress(small.body)
    assert len(small.body) < 0.5 * len(content)
    assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert "accept-ranges" not in small.headers, "a range would be one of the file, not of what was sent"
    assert ask(runs, path, headers=GZIP, method="HEAD").headers["content-length"] == str(len(small.body))
    for known in (plain, small):
        for fields in ({}, GZIP):
            again = ask(runs, path, headers=fields | {"If-None-Match": known.headers["etag"]})
            assert (again.status, again.body, again.headers["vary"]) == (304, b"", "Accept-Encoding")
    part = GZIP | {"Range": "bytes=5-9"}
    assert ask(runs, path, headers=part).body == content[5:10]
    assert ask(runs, path, headers=part | {"If-Range": plain.headers["etag"]}).status == 206
    assert ask(runs, path, headers=part | {"If-Range": small.headers["etag"]}).status == 200


@pytest.mark.parametrize("name", [contract.BATCHES, contract.TEST_IMAGES, contract.NETWORK_NUMBERS])
def test_files_read_by_range_or_hardly_compressible_are_sent_uncompressed(runs, name):
    for method in ("GET", "HEAD"):
        answer = ask(runs, f"/results/{name}", headers=GZIP, method=method)
        assert "content-encoding" not in answer.headers
        assert answer.headers["content-length"] == str((runs.results / name).stat().st_size)


def test_a_replaced_log_is_compressed_again(runs):
    path = runs.results / contract.TRAINING_LOG
    before = path.read_bytes()
    for step in range(3):
        write_atomically(path, b'{"step": %d, "x": "' % step + b"x" * 1000 + b'"}')
        got = ask(runs, f"/results/{contract.TRAINING_LOG}", headers=GZIP)
        assert json.loads(gzip.decompress(got.body))["step"] == step
    write_atomically(path, before)


def sent(compressed: GzipCache, folder, name: str) -> bytes:
    request = Request("GET", f"/{name}", {"host": "127.0.0.1", "accept-encoding": "gzip"})
    return compressed.compress(request, file_response(request, str(folder), name)).body


def test_a_version_is_compressed_once_and_the_least_recently_used_is_evicted(tmp_path):
    content = random.Random(1)
    for name in ("a.json", "b.json", "c.json"):
        (tmp_path / name).write_text(json.dumps([content.random() for _ in range(1000)]))
    size = len(sent(GzipCache(), tmp_path, "a.json"))
    compressed = GzipCache(max_bytes=round(2.5 * size))  # two of the three
    a, b = (sent(compressed, tmp_path, name) for name in ("a.json", "b.json"))
    assert sent(compressed, tmp_path, "a.json") is a
    sent(compressed, tmp_path, "c.json")
    assert sent(compressed, tmp_path, "a.json") is a
    assert sent(compressed, tmp_path, "b.json") is not b


def test_concurrent_requests_compress_a_version_once(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([*range(100_000)]))
    compressed, bodies, gate = GzipCache(), [], threading.Barrier(20)

    def read() -> None:
        gate.wait()
        bodies.append(sent(compressed, tmp_path, "a.json"))

    threads = [threading.Thread(target=read) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(bodies), len({id(body) for body in bodies})) == (20, 1)


def test_a_file_that_shrinks_during_compression_is_neither_sent_nor_cached(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"x" * 2 * CHUNK)
    compressed = GzipCache()
    request = Request("GET", "/a.json", {"host": "127.0.0.1", "accept-encoding": "gzip"})
    response = file_response(request, str(tmp_path), "a.json")
    os.truncate(path, CHUNK)
    with pytest.raises(Problem) as refused:
        compressed.compress(request, response)
    assert refused.value.status == 503
    path.write_bytes(b"y" * 2 * CHUNK)
    assert gzip.decompress(sent(compressed, tmp_path, "a.json")) == b"y" * 2 * CHUNK
