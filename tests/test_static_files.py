"""Files as responses: ETags, ranges, and files that change during transfer."""

import os
import random

import pytest

from digits.server.http_server import Server
from digits.server.static_files import CHUNK, file_response
from tests.support.http_client import GET, HOST, TEXT, Answer, answers_of, ask, raw, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    (folder / "empty.csv").write_bytes(b"")
    (folder / "large.bin").write_bytes(random.Random(0).randbytes(3 * CHUNK + 17))
    return folder


@pytest.fixture(scope="module")
def server(folder):
    with serving(Server("127.0.0.1", 0, answers_of(folder))) as server:
        yield server


TAG = "TAG"  # placeholder for the file's ETag
KNOWN = {
    TAG: 304,
    f"W/{TAG}": 304,
    "*": 304,
    f'"other", {TAG}': 304,
    f'"other",{TAG},W/"third"': 304,
    f'  "a" ,  {TAG}  ': 304,
    f'"with, comma", {TAG}': 304,
    f", ,{TAG}": 304,
    '"other"': 200,
    'W/"other"': 200,
    "": 200,
    '"*"': 200,
    "other": 200,
    '"': 200,
    f"{TAG}x"[1:]: 200,
}


@pytest.mark.parametrize("known", KNOWN)
def test_a_matching_etag_gets_304(server, known):
    tag = ask(server, "/text.csv").headers["etag"]
    got = ask(server, "/text.csv", headers={"If-None-Match": known.replace(TAG, tag)})
    assert got.status == KNOWN[known]
    assert got.headers["etag"] == tag
    assert got.body == (b"" if got.status == 304 else TEXT)


def test_an_etag_is_strong_and_quoted(server):
    tag = ask(server, "/text.csv").headers["etag"]
    assert tag.startswith('"') and tag.endswith('"') and len(tag) > 10


RANGES = {
    "bytes=0-3": (206, b"0123", "bytes 0-3/10"),
    "bytes=4-4": (206, b"4", "bytes 4-4/10"),
    "bytes=7-": (206, b"789", "bytes 7-9/10"),
    "bytes=0-": (206, TEXT, "bytes 0-9/10"),
    "bytes=7-9999999999999999999999": (206, b"789", "bytes 7-9/10"),
    "bytes=-3": (206, b"789", "bytes 7-9/10"),
    "bytes=-10": (206, TEXT, "bytes 0-9/10"),
    "bytes=-99": (206, TEXT, "bytes 0-9/10"),
    "Bytes= 1-2 ": (206, b"12", "bytes 1-2/10"),
    "bytes=10-": (416, None, "bytes */10"),
    "bytes=10-20": (416, None, "bytes */10"),
    "bytes=99999999999999999999999-": (416, None, "bytes */10"),
    "bytes=-0": (416, None, "bytes */10"),
    "bytes=3-2": (200, TEXT, None),
    "bytes=0-1,4-5": (200, TEXT, None),
    "bytes=-": (200, TEXT, None),
    "bytes=": (200, TEXT, None),
    "bytes=a-b": (200, TEXT, None),
    "bytes=--1": (200, TEXT, None),
    "bytes=1": (200, TEXT, None),
    "bytes=0x1-2": (200, TEXT, None),
    "bytes=+1-2": (200, TEXT, None),
    "bytes=\xb2-\xb3": (200, TEXT, None),
    "lines=0-3": (200, TEXT, None),
    "0-3": (200, TEXT, None),
    f"bytes={'9' * 5000}-": (200, TEXT, None),
}


@pytest.mark.parametrize("value", RANGES)
def test_a_single_range_is_served_and_anything_else_gets_the_whole_file(server, value):
    status, body, content_range = RANGES[value]
    got = ask(server, "/text.csv", headers={"Range": value})
    assert (got.status, got.headers.get("content-range")) == (status, content_range)
    if body is not None:
        assert got.body == body
        assert got.headers["accept-ranges"] == "bytes"


def test_an_empty_file_has_no_ranges(server):
    assert ask(server, "/empty.csv").body == b""
    assert ask(server, "/empty.csv", headers={"Range": "bytes=0-"}).status == 416


def test_a_range_of_a_large_file_is_cut_exactly(server, folder):
    content = (folder / "large.bin").read_bytes()
    start, stop = CHUNK - 5, 2 * CHUNK + 6
    assert ask(server, "/large.bin", headers={"Range": f"bytes={start}-{stop - 1}"}).body == content[start:stop]


def test_if_range_with_another_version_gets_the_whole_file(server):
    tag = ask(server, "/text.csv").headers["etag"]
    for if_range, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200), ("Wed, 21 Oct 2015 07:28:00 GMT", 200)):
        assert ask(server, "/text.csv", headers={"Range": "bytes=1-", "If-Range": if_range}).status == status


def test_a_matching_etag_takes_precedence_over_a_range_and_head_ignores_ranges(server):
    assert ask(server, "/text.csv", headers={"Range": "bytes=1-", "If-None-Match": "*"}).status == 304
    assert ask(server, "/text.csv", method="HEAD", headers={"Range": "bytes=1-"}).status == 200


def test_a_file_replaced_during_transfer_arrives_unchanged(folder, tmp_path):
    old, new = os.urandom(2 * CHUNK), os.urandom(2 * CHUNK)
    (tmp_path / "a.bin").write_bytes(old)

    def answer(request):
        response = file_response(request, str(tmp_path), "a.bin")
        (tmp_path / "b.bin").write_bytes(new)
        os.replace(tmp_path / "b.bin", tmp_path / "a.bin")
        return response

    with serving(Server("127.0.0.1", 0, answer)) as server:
        assert ask(server, "/").body == old
        assert ask(server, "/").body == new


@pytest.mark.parametrize("left", [0, 10, CHUNK + 1])
def test_a_file_that_shrinks_while_it_is_sent_ends_the_connection_instead_of_its_framing(tmp_path, left):
    (tmp_path / "a.bin").write_bytes(b"a" * 2 * CHUNK)

    def answer(request):
        response = file_response(request, str(tmp_path), "a.bin")
        os.truncate(tmp_path / "a.bin", left)
        return response

    with serving(Server("127.0.0.1", 0, answer)) as server:
        got = Answer(raw(server, (GET + HOST + b"\r\n") * 2))
        assert int(got.headers["content-length"]) == 2 * CHUNK
        assert got.body == b"a" * max(CHUNK, left)
