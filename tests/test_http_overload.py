"""More clients than threads, large bodies without room, silent and trickling clients."""

import contextlib
import socket
import threading
import time

import pytest

from digits.server import http_server
from digits.server.concurrency import ConnectionSlots
from digits.server.http_handler import RECEIVE
from digits.server.http_server import LINGERING, WAITING_BODIES, Server
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
            assert begun.acquire(timeout=60)
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
def test_silent_connections_are_closed_for_new_ones(answer, silent, monkeypatch):
    monkeypatch.setattr("digits.server.concurrency.PATIENCE_S", 60)
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
        if not silent.startswith("idle"):  # there the last response announces that its connection ends
            assert ended <= 3  # one for each of the others


def test_the_connection_that_has_been_idle_longest_is_closed_first(monkeypatch):
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


def test_trickling_clients_are_closed_for_new_ones(answer, monkeypatch):
    monkeypatch.setattr("digits.server.concurrency.PATIENCE_S", 60)
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
        last = []
        for client in clients:
            client.sendall(GET + HOST + b"\r\n")
            got = read_answer(client)
            assert got.body == TEXT
            last.append(got.headers["connection"])
        assert last[-1] == "close" and read_all(clients[-1]) == b""


def test_more_viewers_than_threads_are_all_served_repeatedly(answer, monkeypatch):
    """Each keeps its connection open, and reconnects when the server closes it."""
    monkeypatch.setattr("digits.server.concurrency.PATIENCE_S", 60)
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
