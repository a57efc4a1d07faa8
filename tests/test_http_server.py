"""Connections: writes, threads, deadlines, misbehaving clients."""

import contextlib
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

from digits.server import http_server
from digits.server.concurrency import ConnectionSlots
from digits.server.http_handler import MAX_BLANK_LINES, RECEIVE
from digits.server.http_message import Response
from digits.server.http_server import LINGERING, WAITING_BODIES, Server
from digits.server.router import MAX_BODY
from digits.server.static_files import CHUNK
from digits.server.uploads import MAX_UPLOAD
from tests.support import PROJECT
from tests.support.http_client import (
    GET,
    HOST,
    TEXT,
    Answer,
    answers_of,
    ask,
    connect,
    eventually,
    raw,
    read_all,
    read_answer,
    serving,
)


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    (folder / "empty.csv").write_bytes(b"")
    (folder / "large.bin").write_bytes(b"a" * (3 * CHUNK + 17))
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(64 << 20)
    return answers_of(folder)


@pytest.fixture(scope="module")
def server(answer):
    with serving(Server("127.0.0.1", 0, answer, max_body=lambda path: 3_000_000)) as server:
        yield server


@pytest.fixture
def impatient(answer):
    """A server with two threads and little time."""
    with serving(Server("127.0.0.1", 0, answer, deadline_s=1.0, threads=2)) as server:
        yield server


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


def test_a_large_file_is_sent_in_chunks_and_the_first_includes_the_head(answer):
    with serving(CountingServer("127.0.0.1", 0, answer)) as server:
        server.writes = []
        assert ask(server, "/large.bin").body == b"a" * (3 * CHUNK + 17)
        assert len(server.writes) == 4
        assert len(server.writes[0]) > CHUNK


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

    def told(request):
        return Response(200, {"Content-Type": "text/plain"}, request.body[:4] + request.body[-4:])

    body = b"head" + b"x" * (RECEIVE * 3) + b"tail"
    with serving(Server("127.0.0.1", 0, told, max_body=limit_of)) as server, connect(server) as connection:
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
                connection.settimeout(20)
        assert Answer(got).status == 408


def test_a_missing_body_is_not_waited_for_forever(impatient):
    with connect(impatient) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nContent-Length: 5\r\n" + HOST + b"\r\nhell")
        assert Answer(read_all(connection)).status == 408


def test_an_unauthorized_request_is_rejected_before_its_body_is_read(server):
    with connect(server) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 5\r\n\r\n")
        assert read_answer(connection).status == 403


CLAIM = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n"
WHOLE = CLAIM % (RECEIVE + 1) + b"x" * (RECEIVE + 1)


ROOM = 4 * RECEIVE


@pytest.fixture
def full(answer, monkeypatch):
    """A server with room for no further large body, and the connection that has reserved it all."""
    monkeypatch.setattr(http_server, "LARGE_BODIES", ROOM)
    with serving(Server("127.0.0.1", 0, answer, max_body=lambda _path: ROOM)) as server, connect(server) as holder:
        holder.sendall((CLAIM % ROOM)[:-2] + b"Expect: 100-continue\r\n\r\n")
        assert holder.recv(RECEIVE).startswith(b"HTTP/1.1 100 ")
        yield server, holder


def test_a_large_body_waits_for_room_and_is_answered_then(full):
    server, holder = full
    with connect(server) as waiting, contextlib.ExitStack() as others:
        waiting.sendall(WHOLE)
        for _ in range(WAITING_BODIES):
            others.enter_context(connect(server)).sendall(CLAIM % (RECEIVE + 1))
        assert eventually(lambda: b" 503 " in raw(server, WHOLE)), "more than that don't wait"
        assert Answer(raw(server, CLAIM % 5 + b"hello")).status == 200, "small ones need no room"
        holder.close()
        assert read_answer(waiting).status == 200


def test_room_for_large_bodies_is_free_again_after_each_answer(full):
    server, holder = full
    holder.close()
    for _ in range(3):
        whole = CLAIM % (ROOM // 2 + 1) + b"x" * (ROOM // 2 + 1)
        assert Answer(raw(server, whole)).status == 200
    assert Answer(raw(server, WHOLE)).status == 200


def test_a_small_compressed_body_reserves_the_room_that_it_may_take(full):
    server, _ = full
    head = CLAIM[:-2] + b"Content-Encoding: gzip\r\n\r\n"
    with contextlib.ExitStack() as others:
        for _ in range(WAITING_BODIES):
            others.enter_context(connect(server)).sendall(CLAIM % (RECEIVE + 1))
        assert eventually(lambda: b" 503 " in raw(server, head % 500 + b"x" * 500))


def test_an_idle_connection_is_closed_silently(impatient):
    with connect(impatient) as connection:
        assert read_all(connection) == b""
    with connect(impatient) as connection:
        connection.sendall(GET + HOST + b"\r\n")
        read_answer(connection)
        assert read_all(connection) == b""


def test_clients_that_do_not_read_occupy_no_thread(impatient):
    with contextlib.ExitStack() as clients:
        for _ in range(2):
            client = clients.enter_context(connect(impatient))
            client.sendall(b"GET /huge.bin HTTP/1.1\r\n" + HOST + b"\r\n")
        assert eventually(lambda: ask(impatient, "/text.csv").status == 200)


@contextlib.contextmanager
def at_work(server, answer, count: int):
    """Clients whose responses take until the block ends."""
    gate, begun = threading.Event(), threading.Semaphore(0)

    def wait(request):
        if request.path == "/wait":
            begun.release()
            gate.wait(60)
        return answer(request)

    server.answer = wait
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(connect(server)).sendall(b"GET /wait HTTP/1.1\r\n" + HOST + b"\r\n")
            assert begun.acquire(timeout=20)
        try:
            yield
        finally:
            gate.set()


def test_while_all_threads_are_busy_a_client_gets_503_immediately(impatient, answer):
    with at_work(impatient, answer, 2):
        got = ask(impatient, "/text.csv")
        assert (got.status, got.headers["retry-after"]) == (503, "1")
        assert got.json()["error"]
        with connect(impatient) as silent:  # and one that has not asked yet, too
            assert Answer(read_all(silent)).status == 503
    assert eventually(lambda: ask(impatient, "/text.csv").status == 200)


def test_a_flood_of_clients_gets_503_and_leaks_nothing(impatient, answer):
    with at_work(impatient, answer, 2), contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(impatient)) for _ in range(LINGERING + 48)]
        for client in clients:
            assert read_answer(client).status == 503
        assert len(impatient.lingering) <= LINGERING + 1  # the last one may just be on its way out
    assert eventually(lambda: ask(impatient, "/text.csv").status == 200)
    assert eventually(lambda: not impatient.lingering)


SILENT = {
    "idle after an answer": GET + HOST + b"\r\n",
    "nothing sent": b"",
    "half a request line": b"GET /te",
    "half a head": GET + HOST,
    "half a body": b"POST /echo HTTP/1.1\r\nContent-Length: 5\r\n" + HOST + b"\r\nhell",
}


@pytest.mark.parametrize("silent", SILENT)
def test_silent_connections_are_closed_for_new_ones(answer, silent):
    with (
        serving(Server("127.0.0.1", 0, answer, deadline_s=60, threads=4)) as server,
        contextlib.ExitStack() as stack,
    ):
        clients = []
        for _ in range(4):  # as many as there are threads
            client = stack.enter_context(connect(server))
            client.sendall(SILENT[silent])
            if silent.startswith("idle"):
                assert read_answer(client).status == 200
            client.setblocking(False)
            clients.append(client)
        for _ in range(3):
            assert ask(server, "/text.csv").body == TEXT
        ended = 0
        for client in clients:
            with contextlib.suppress(BlockingIOError):
                assert client.recv(1) == b""
                ended += 1
        assert ended >= 1
        if not silent.startswith("idle"):  # there the last one was told that its connection ends
            assert ended <= 3  # one for each of the others


def test_the_connection_that_has_been_waited_for_longest_is_closed_first(monkeypatch):
    monkeypatch.setattr("digits.server.concurrency.PATIENCE_S", 60)
    slots = ConnectionSlots(2)
    assert slots.acquire()
    assert slots.acquire()
    (young, _), (old, _) = pairs = [socket.socketpair() for _ in range(2)]
    with contextlib.ExitStack() as stack:
        for one in (*pairs[0], *pairs[1]):
            stack.enter_context(one)
        now = time.monotonic()
        slots.begin_waiting(old, now - 5)
        slots.end_waiting(old)
        slots.begin_waiting(young, now - 3)
        slots.begin_waiting(old, now - 5)  # a byte has come: that makes it no younger
        ended = threading.Thread(target=lambda: old.recv(1) or slots.release())
        ended.start()
        assert slots.acquire()
        ended.join()
        young.setblocking(False)
        with pytest.raises(BlockingIOError):
            young.recv(1)


def test_trickling_clients_are_closed_for_new_ones(answer):
    with (
        serving(Server("127.0.0.1", 0, answer, deadline_s=60, threads=4)) as server,
        contextlib.ExitStack() as stack,
    ):
        clients, ended = [stack.enter_context(connect(server)) for _ in range(4)], threading.Event()

        def trickle() -> None:
            while not ended.wait(0.01):
                for client in clients:
                    with contextlib.suppress(OSError):
                        client.sendall(b"x")

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            assert [ask(server, "/text.csv").status for _ in range(3)] == [200] * 3
        finally:
            ended.set()
            thread.join()


def test_near_the_cap_a_connection_is_closed_after_its_response(answer):
    with (
        serving(Server("127.0.0.1", 0, answer, deadline_s=60, threads=4)) as server,
        contextlib.ExitStack() as stack,
    ):
        clients = [stack.enter_context(connect(server)) for _ in range(4)]
        told = []
        for client in clients:
            client.sendall(GET + HOST + b"\r\n")
            got = read_answer(client)
            assert got.body == TEXT
            told.append(got.headers["connection"])
        assert told[-1] == "close" and read_all(clients[-1]) == b""


def test_more_viewers_than_threads_are_all_served_repeatedly(answer):
    """Each keeps its connection open, and reconnects when the server closes it."""
    with (
        serving(Server("127.0.0.1", 0, answer, deadline_s=60, threads=8)) as server,
        contextlib.ExitStack() as stack,
    ):
        kept: dict[int, socket.socket] = {}
        for viewer in [*range(20)] * 3:
            content = b""
            if viewer in kept:
                with contextlib.suppress(ConnectionError):
                    kept[viewer].sendall(GET + HOST + b"\r\n")
                    content = kept[viewer].recv(1, socket.MSG_PEEK)
            if not content:
                kept[viewer] = stack.enter_context(connect(server))
                kept[viewer].sendall(GET + HOST + b"\r\n")
            got = read_answer(kept[viewer])
            assert (got.status, got.body) == (200, TEXT)
            if got.headers["connection"] == "close":
                kept.pop(viewer).close()


def test_a_response_arrives_although_the_client_is_still_sending(server):
    with connect(server) as connection:
        connection.sendall(b"a" * (1 << 20))
        connection.shutdown(socket.SHUT_WR)
        content = b""
        while part := connection.recv(65536):  # ends in order, not with a reset
            content += part
    assert Answer(content).status == 414


def test_a_disconnected_client_prints_nothing_in_the_terminal(server, capfd):
    for path in (b"/huge.bin", b"/text.csv"):
        for _ in range(5):
            connection = connect(server)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close means reset
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")
            connection.close()
    assert ask(server, "/text.csv").status == 200
    time.sleep(0.1)
    assert capfd.readouterr().err == ""


def test_verbose_logs_every_request(answer, capfd):
    lines = []

    def shown() -> bool:
        lines.extend(capfd.readouterr().err.splitlines())
        return len(lines) >= 2

    with serving(Server("127.0.0.1", 0, answer, verbose=True)) as server:
        ask(server, "/text.csv")
        raw(server, b"\x16\x03\x01")
        assert eventually(shown)
    assert sorted(lines) == ["GET /text.csv 200", "no request: 400"]


class Unwritable:
    """A stderr that can't be written."""

    def __init__(self, error: Exception):
        self.error = error

    def write(self, _text: str) -> None:
        raise self.error

    flush = write


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("I/O operation on closed file")])
def test_an_unwritable_stderr_affects_no_response_or_connection(answer, monkeypatch, error):
    monkeypatch.setattr(sys, "stderr", Unwritable(error))
    with serving(Server("127.0.0.1", 0, answer, verbose=True)) as server, connect(server) as connection:
        for path, status in ((b"/text.csv", 200), (b"/fail", 500), (b"/text.csv", 200)):
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")
            assert read_answer(connection).status == status


def test_a_request_is_logged_after_its_response(answer, monkeypatch):
    answered = threading.Event()

    class Slow:
        def write(self, _text: str) -> None:
            answered.wait(60)

        def flush(self) -> None:
            pass

    monkeypatch.setattr(sys, "stderr", Slow())
    with serving(Server("127.0.0.1", 0, answer, verbose=True)) as server:
        with connect(server) as connection:
            connection.sendall(GET + HOST + b"\r\n")
            assert read_answer(connection).body == TEXT
        answered.set()


@pytest.mark.process
def test_an_error_is_logged_without_an_import_which_would_need_a_file_descriptor():
    program = "import sys; from digits.server import http_server; before = set(sys.modules);"
    program += "http_server.log('a\\nb \u00e9'); print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "a\\nb \\xe9\n")
