"""HTTP parsing and response headers."""

import contextlib
import random
import socket

import pytest

from digits.server.http_handler import MAX_BLANK_LINES
from digits.server.http_message import MAX_FIELDS, MAX_HEAD, MAX_LINE, MAX_QUERY_PARAMETERS
from digits.server.http_server import Server
from digits.server.router import MAX_BODY
from tests.support.http_client import GET, HOST, Answer, answers_of, ask, connect, raw, read_all, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(Server("127.0.0.1", 0, answers_of(tmp_path_factory.mktemp("files")))) as server:
        yield server


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/text.csv", {}),
        ("/text.csv", {"Range": "bytes=1-2"}),
        ("/text.csv", {"Range": "bytes=99-"}),
        ("/echo", {}),
        ("/problem", {}),
        ("/fail", {}),
        ("/text.csv", {"Host": "elsewhere.example"}),
        ("/echo", {"Content-Length": "x"}),
    ],
)
def test_every_response_with_a_body_has_the_security_headers(server, path, headers):
    got = ask(server, path, headers=headers)
    policy = dict(part.strip().split(" ", 1) for part in got.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["referrer-policy"] == "no-referrer"
    assert got.headers["cross-origin-resource-policy"] == "same-origin"
    assert got.headers["cross-origin-opener-policy"] == "same-origin"
    assert got.headers["cache-control"] == "no-cache"
    assert got.headers["server"] == "digits"
    assert got.headers["date"].endswith(" GMT")


def test_a_304_has_no_body(server):
    """Most polls get a 304: with some 450 bytes of the browser's headers the whole stays under 1 kB."""
    got = ask(server, "/text.csv", headers={"If-None-Match": "*"})
    assert (got.status, got.body) == (304, b"")
    assert set(got.headers) == {"server", "cache-control", "etag", "connection", "date"}
    assert sum(len(f"{name}: {value}\r\n") for name, value in got.headers.items()) < 300


def test_an_error_is_a_problem_document_with_one_sentence(server):
    got = ask(server, "/problem")
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing here.",
        "error": "There is nothing here.",
    }


RAW = [
    # the request line
    (b"GET /text.csv\r\n\r\n", 400),
    (b"GET\r\n\r\n", 400),
    (b"nonsense\r\n", 400),
    (b"GET /text.csv HTTP/0.9\r\n" + HOST + b"\r\n", 400),
    (b"GET /text.csv HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"GET /text.csv HTTP/1.1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /text.csv HTTP/11\r\n" + HOST + b"\r\n", 400),
    (b"GET /text.csv HTTP/1.\xb2\r\n" + HOST + b"\r\n", 400),
    (b"GET /text.csv http/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET  /text.csv HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /text.csv  HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /text.csv HTTP/1.1 \r\n" + HOST + b"\r\n", 400),
    (b" GET /text.csv HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET\t/text.csv\tHTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /text .csv HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /text.csv\x00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /text.csv\x0b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /text.csv\x7f HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"G(T /text.csv HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),  # TLS: somebody typed https
    (b"\x05\x01\x00", 400),  # SOCKS
    (b"GET /" + b"a" * MAX_LINE + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    (b"GET /" + b"a" * MAX_LINE, 414),
    (b"a" * MAX_LINE * 2, 414),
    # the fields
    (GET + b"\r\n", 400),
    (GET + HOST * 2 + b"\r\n", 400),
    (GET + HOST + b"host: 127.0.0.1\r\n\r\n", 400),
    (GET + HOST + b"no colon\r\n\r\n", 400),
    (GET + HOST + b": no name\r\n\r\n", 400),
    (GET + HOST + b"A : space before the colon\r\n\r\n", 400),
    (GET + b"Host : 127.0.0.1\r\n\r\n", 400),
    (GET + HOST + b" folded: line\r\n\r\n", 400),
    (GET + HOST + b"A: b\r\n folded\r\n\r\n", 400),
    (GET + HOST + b"A: b\rC: d\r\n\r\n", 400),
    (GET + HOST + b"A: b\nC: d\r\n\r\n", 400),
    (GET + HOST + b"A: b\r\r\n\r\n", 400),
    (GET + HOST + b"A: b\r\r\nC: d\r\n\r\n", 400),
    (GET + b"Host: 127.0.0.1\r\r\n\r\n", 400),
    (GET + HOST + b"Content-Length: 0\r\r\n\r\n", 400),
    (GET + HOST + b"A: b\r\n\r\r\n", 400),
    (GET + HOST + b"A: b\r\n\r\n"[:-1] + b"\r\n", 400),
    (GET + HOST + b"A:\r\r\n\r\n", 400),
    (GET + HOST + b"\r\r\n\r\n", 400),
    (b"GET /text.csv HTTP/1.1\r\r\n" + HOST + b"\r\n", 400),
    (b"GET /text.csv\r HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"\r" + GET + HOST + b"\r\n", 400),
    (b"\n" + GET + HOST + b"\r\n", 400),
    (b"\r\r\n" + GET + HOST + b"\r\n", 400),
    (b"\r\n" * (MAX_BLANK_LINES + 1), 400),
    (GET + b"\tHost: 127.0.0.1\r\n\r\n", 400),
    (GET + HOST + b"A: b\r\n\tfolded\r\n\r\n", 400),
    (GET + HOST + b"A\t: b\r\n\r\n", 400),
    (GET + HOST + b"A\x00: b\r\n\r\n", 400),
    (b"GET /text.csv?" + b"&".join([b"a=b"] * (MAX_QUERY_PARAMETERS + 1)) + b" HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /text.csv HTTP/1.1\nHost: 127.0.0.1\n\n", 400),
    (GET + HOST + b"A: \x00\r\n\r\n", 400),
    (GET + HOST + b"\xc3\xa4: b\r\n\r\n", 400),
    (GET + HOST + b"A: " + b"b" * MAX_HEAD + b"\r\n\r\n", 431),
    (GET + HOST + b"A: " + b"b" * MAX_HEAD * 2, 431),
    (GET + HOST + b"A: b\r\n" * MAX_FIELDS + b"\r\n", 431),
    # the body
    (GET + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (GET + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    (GET + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    (GET + HOST + b"Content-Length: 5, 6\r\n\r\nhello", 400),
    (GET + HOST + b"Content-Length: -1\r\n\r\n", 400),
    (GET + HOST + b"Content-Length: +5\r\n\r\nhello", 400),
    (GET + HOST + b"Content-Length: 0x5\r\n\r\nhello", 400),
    (GET + HOST + b"Content-Length: 5 5\r\n\r\nhello", 400),
    (GET + HOST + b"Content-Length: five\r\n\r\nhello", 400),
    (GET + HOST + b"Content-Length: \xb2\r\n\r\nhello", 400),
    (GET + HOST + b"Content-Length:\r\n\r\n", 400),
    (GET + HOST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
    (GET + HOST + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1), 413),
    (GET + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 411),
    (GET + HOST + b"Transfer-Encoding: identity\r\n\r\n", 411),
]


@pytest.mark.parametrize("size", [1, 7])
def test_a_head_split_into_pieces_is_parsed_like_a_whole_one(server, size):
    long = GET + HOST + b"".join(b"A-%d: b\r\n" % number for number in range(MAX_FIELDS - 1)) + b"\r\n"
    for content, status in (*RAW[:15], *((long, 200),)):
        with connect(server) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(ConnectionError):
                for start in range(0, len(content), size):
                    connection.sendall(content[start : start + size])
                connection.shutdown(socket.SHUT_WR)
            assert Answer(read_all(connection)).status == status


@pytest.mark.parametrize(("content", "status"), RAW, ids=range(len(RAW)))
def test_malformed_requests_get_one_error_and_the_connection_is_closed(server, content, status):
    answers = raw(server, content + b"GET /echo HTTP/1.1\r\n" + HOST + b"\r\n")
    got = Answer(answers)
    assert got.status == status
    assert got.headers["connection"] == "close"
    assert got.json()["status"] == status  # one whole document, and nothing after it


def test_no_bytes_crash_the_server(server, capfd):
    rng = random.Random(1)
    valid = GET + HOST + b"Content-Length: 5\r\nRange: bytes=1-2\r\nIf-None-Match: *\r\n\r\nhello"
    for _ in range(200):
        content = bytearray(valid)
        for _ in range(rng.randrange(1, 6)):
            content[rng.randrange(len(content))] = rng.choice([*b"\r\n\0 :/\xff", rng.randrange(256)])
        got = raw(server, bytes(content[: rng.randrange(len(content) + 1)]))
        assert not got or 200 <= Answer(got).status < 506
    assert ask(server, "/text.csv").status == 200
    assert capfd.readouterr().err == ""
