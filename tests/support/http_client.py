"""A client that sends exact bytes, and a server that stops at the end of its `with` block."""

import contextlib
import json
import os
import socket
import threading
import time
from pathlib import Path

from digits.server.guard import CorsPolicy
from digits.server.http_message import Problem, Request, Response, json_response
from digits.server.http_server import Server
from digits.server.static_files import CHUNK, file_response

HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /text.csv HTTP/1.1\r\n"
TEXT = b"0123456789"  # what is in text.csv


class Answer:
    def __init__(self, content: bytes):
        head, _, self.body = content.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        self.version, status, _ = line.split(" ", 2)
        self.status = int(status)
        self.headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}

    def json(self):
        return json.loads(self.body)


def answers_of(folder: Path):
    """A small site for tests of the HTTP server: the files of `folder`, and routes that fail."""
    (folder / "text.csv").write_bytes(TEXT)

    def answer(request: Request) -> Response:
        if request.path == "/echo":
            return json_response({"method": request.method, "body": request.body.decode("latin-1")})
        if request.path.startswith("/fail"):
            raise RuntimeError("a fault\nin the program")
        if request.path == "/problem":
            raise Problem(404, "There is nothing here.")
        if request.path == "/long":
            return Response(200, {"Content-Type": "application/octet-stream"}, b"b" * 3 * CHUNK)
        return file_response(request, str(folder), request.path[1:])

    return answer


@contextlib.contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def site_server(site, host: str = "127.0.0.1", origins=(), **options) -> Server:
    """A server of all routes of `site`, on a free port."""
    cors = CorsPolicy(origins, site.cross_origin_methods)
    return Server(host, 0, site.answer, max_body=site.max_body, cors=cors, **options)


def connect(server) -> socket.socket:
    return socket.create_connection(server.server_address[:2], timeout=60)


def quiet_port() -> int:
    """A free port below those that the system assigns, so that no other program gets it while nobody listens there.

    Each test worker takes its own.
    """
    first = 20_000 + 1000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in range(first, first + 1000):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("no free port")


def read_all(connection: socket.socket) -> bytes:
    """Everything until the server closes or resets the connection."""
    content = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            content += part
    return content


def read_answer(connection: socket.socket, body: bool = True) -> Answer:
    """Exactly one response of a persistent connection."""
    content = b""
    while not content.endswith(b"\r\n\r\n"):
        content += read_exactly(connection, 1)
    answer = Answer(content)
    if body:
        answer.body = read_exactly(connection, int(answer.headers.get("content-length", 0)))
    return answer


def read_exactly(connection: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        part = connection.recv(count - len(content))
        assert part, f"the server closed after {content!r}"
        content += part
    return content


def raw(server, content: bytes) -> bytes:
    """The response to `content`, after which the client sends no more."""
    with connect(server) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
        return read_all(connection)


def ask(server, path: str, *, method: str = "GET", headers=(), body: bytes = b"", token: str = "") -> Answer:
    """One request on a new connection. `headers` is a dict or pairs; Host is added unless given."""
    fields = dict(headers)
    if token:
        fields["X-Control-Token"] = token
    if "Host" not in fields:
        fields["Host"] = "127.0.0.1"
    if body:
        fields["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "Connection: close"]
    return Answer(raw(server, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body))


def eventually(condition, seconds: float = 60) -> bool:
    """Wait until the condition is true; False if it is not within that time, which suits a busy machine."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
