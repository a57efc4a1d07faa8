"""Connections: writes, threads, deadlines, misbehaving clients."""

import contextlib
import socket
import struct
import threading
import time

import pytest

from digits.server.http_handler import MAX_BLANK_LINES, PIECE, RECEIVE
from digits.server.http_message import Response
from digits.server.http_server import Server
from digits.server.router import MAX_BODY
from digits.server.static_files import CHUNK
from digits.server.uploads import MAX_UPLOAD
from tests.support.http_client import (
    GET,
    HOST,
    TEXT,
    Answer,
    ask,
    connect,
    eventually,
    raw,
    read_all,
    read_answer,
    serving,
)

# -- answers -----------------------------------------------------------------------------------------------------------


def test_an_internal_error_is_a_500_and_one_line_in_the_terminal(server, capfd):
    with connect(server) as connection:
        for _ in range(2):  # and the connection goes on
            connection.sendall(b"GET /fail\x9bx HTTP/1.1\r\n" + HOST + b"\r\n")
            got = read_answer(connection)
            assert got.status == 500
            assert b"fault" not in got.body
    lines = capfd.readouterr().err.splitlines()
    assert lines == ["GET /fail\\x9bx: RuntimeError: a fault\\nin the program"] * 2


class CountingSocket:
    def __init__(self, connection: socket.socket, writes: list):
        self._connection = connection
        self._writes = writes

    def sendall(self, content: bytes) -> None:
        self._writes.append(content)
        self._connection.sendall(content)

    def __getattr__(self, name: str):
        return getattr(self._connection, name)


class CountingServer(Server):
    def get_request(self):
        connection, address = super().get_request()
        return CountingSocket(connection, self.writes), address


@pytest.mark.parametrize("path", ["/text.csv", "/empty.csv", "/echo", "/problem", "/fail"])
def test_a_response_is_one_write(answer, path):
    with serving(CountingServer("127.0.0.1", 0, answer)) as server:
        server.writes = []
        got = ask(server, path)
        assert len(server.writes) == 1
        assert server.writes[0].endswith(got.body)


@pytest.mark.parametrize(("path", "body"), [("/large.bin", b"a" * (3 * CHUNK + 17)), ("/long", b"b" * 3 * CHUNK)])
def test_a_large_response_is_sent_in_pieces_each_with_its_own_deadline(answer, path, body):
    with serving(CountingServer("127.0.0.1", 0, answer)) as server:
        server.writes = []
        assert ask(server, path).body == body
        assert max(map(len, server.writes)) == PIECE
        assert server.writes[0].endswith(body[:1000]), "the first includes the head"


# -- connections -------------------------------------------------------------------------------------------------------


def test_keep_alive_and_pipelining_work(server):
    with connect(server) as connection:
        for _ in range(3):
            connection.sendall(GET + HOST + b"\r\n")
            got = read_answer(connection)
            assert (got.body, got.headers["connection"]) == (TEXT, "keep-alive")
        connection.sendall((GET + HOST + b"\r\n") * 2 + GET + HOST + b"Connection: close\r\n\r\n")
        assert read_all(connection).count(TEXT) == 3


def test_a_request_may_come_in_pieces(server):
    with connect(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"\r\n" + GET + HOST + b"\r\n":
            connection.sendall(bytes([byte]))
            time.sleep(0.001)  # so that they don't come together after all
        assert read_answer(connection).body == TEXT


def test_a_few_blank_lines_before_a_request_are_skipped_and_more_are_rejected(server):
    assert Answer(raw(server, b"\r\n" * MAX_BLANK_LINES + GET + HOST + b"\r\n")).body == TEXT
    assert Answer(raw(server, b"\r\n" * (MAX_BLANK_LINES + 1) + GET + HOST + b"\r\n")).status == 400
    with connect(server) as connection:  # between two requests as well
        for blank_lines in (MAX_BLANK_LINES, MAX_BLANK_LINES, MAX_BLANK_LINES + 1):
            connection.sendall(b"\r\n" * blank_lines + GET + HOST + b"\r\n")
            got = read_answer(connection)
        assert (got.status, got.headers["connection"]) == (400, "close")


def test_clients_that_send_only_blank_lines_are_rejected_while_sending(server):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(server)) for _ in range(50)]
        for client in clients:
            with contextlib.suppress(ConnectionError):
                client.sendall(b"\r\n" * 100_000)
        for client in clients:
            assert read_answer(client).status == 400
        assert ask(server, "/text.csv").status == 200


def limit_of(path: str) -> int:
    return MAX_UPLOAD if path == "/predict" else MAX_BODY


def test_a_large_body_in_many_pieces_arrives_as_it_was_sent(answer):
    """POST to /predict, the only route for bodies of this size."""

    def ends_of_body(request):
        return Response(200, {"Content-Type": "text/plain"}, request.body[:4] + request.body[-4:])

    body = b"head" + b"x" * (RECEIVE * 3) + b"tail"
    with serving(Server("127.0.0.1", 0, ends_of_body, max_body=limit_of)) as server, connect(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(b"POST /predict HTTP/1.1\r\nContent-Length: %d\r\n" % len(body) + HOST + b"\r\n")
        for start in range(0, len(body), 1448):
            connection.sendall(body[start : start + 1448])
        connection.sendall(GET + HOST + b"\r\n")  # which is no part of it
        assert read_answer(connection).body == b"headtail"
        assert read_answer(connection).status == 200


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_an_unused_body_is_consumed_before_the_next_request(server, method):
    smuggled = GET + HOST + b"\r\n"
    with connect(server) as connection:
        head = f"{method} /echo HTTP/1.1\r\nContent-Length: {len(smuggled)}\r\n".encode() + HOST + b"\r\n"
        connection.sendall(head + smuggled[:10])
        time.sleep(0.02)
        connection.sendall(smuggled[10:] + b"GET /problem HTTP/1.1\r\n" + HOST + b"\r\n")
        got = read_answer(connection, body=method != "HEAD")
        if method == "HEAD":
            assert (got.status, got.body) == (200, b"")
        else:
            assert got.json() == {"method": method, "body": smuggled.decode()}
        assert read_answer(connection).status == 404


def test_expect_100_continue_is_answered(server):
    with connect(server) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n" + HOST + b"\r\n")
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert read_answer(connection).json()["body"] == "hello"


@pytest.mark.parametrize(
    ("version", "option", "stays"),
    [
        ("1.1", "", True),
        ("1.1", "Connection: close\r\n", False),
        ("1.1", "Connection: Upgrade, Close\r\n", False),
        ("1.0", "", False),
        ("1.0", "Connection: keep-alive\r\n", True),
    ],
)
def test_a_connection_stays_open_if_both_sides_want_it(server, version, option, stays):
    with connect(server) as connection:
        connection.sendall(f"GET /text.csv HTTP/{version}\r\n{option}Host: localhost\r\n\r\n".encode())
        got = read_answer(connection)
        assert got.headers["connection"] == ("keep-alive" if stays else "close")
        if not stays:
            assert connection.recv(1) == b""


def test_http_1_0_needs_no_host(server):
    assert Answer(raw(server, b"GET /text.csv HTTP/1.0\r\n\r\n")).body == TEXT


def test_small_packets_are_not_held_back(answer):
    """Nagle's algorithm is off: a response does not wait for the acknowledgment of the one before."""
    seen = []

    class Watched(Server):
        def shutdown_request(self, request):
            seen.append(request.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            super().shutdown_request(request)

    with serving(Watched("127.0.0.1", 0, answer)) as server:
        assert ask(server, "/text.csv").body == TEXT
        assert eventually(lambda: seen)
    assert seen[0]


# -- slow, many, gone --------------------------------------------------------------------------------------------------


def test_a_trickling_client_is_cut_off_by_the_deadline(impatient):
    with connect(impatient) as connection:
        with contextlib.suppress(ConnectionError):
            for byte in GET[:5] + b"x" * 1000:
                connection.sendall(bytes([byte]))
                time.sleep(0.02)
                connection.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    got = connection.recv(65536)
                    break
                connection.settimeout(60)
        assert Answer(got).status == 408


def test_a_missing_body_is_not_waited_for_forever(impatient):
    with connect(impatient) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nContent-Length: 5\r\n" + HOST + b"\r\nhell")
        assert Answer(read_all(connection)).status == 408


def test_an_unauthorized_request_is_rejected_before_its_body_is_read(server):
    with connect(server) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 5\r\n\r\n")
        assert read_answer(connection).status == 403


def test_a_response_arrives_although_the_client_is_still_sending(server):
    with connect(server) as connection:
        connection.sendall(b"a" * (1 << 20))
        connection.shutdown(socket.SHUT_WR)
        content = b""
        while part := connection.recv(65536):  # ends in order, not with a reset
            content += part
    assert Answer(content).status == 414


def test_a_disconnected_client_prints_nothing_in_the_terminal(server, capfd):
    threads = threading.active_count()
    for path in (b"/huge.bin", b"/text.csv"):
        for _ in range(5):
            connection = connect(server)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close means reset
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")
            connection.close()
    assert ask(server, "/text.csv").status == 200
    assert eventually(lambda: threading.active_count() <= threads), "a response to a disconnected client goes on"
    assert capfd.readouterr().err == ""
