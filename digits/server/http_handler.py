"""One HTTP/1.1 connection: reads requests within a deadline, sends responses, and closes in order."""

import contextlib
import socket
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from digits.server.guard import SECURITY_HEADERS
from digits.server.http_message import Problem, Request, Response, check_head, parse_head
from digits.server.static_files import CHUNK

if TYPE_CHECKING:
    from digits.server.http_server import Server

MAX_DEFLATE_RATIO = 1032  # of the length decompressed to that compressed (zlib's technical details)
# How long a client has to read the last response on its connection, and how much it may still send meanwhile: more than
# the largest body, which it may have begun to send.
LINGER_S = 1.0
LINGER_BYTES = 32 << 20
RECEIVE = 64 << 10  # bytes at a time: enough for any head and most bodies
# Bytes sent within one deadline: six connections of a page share a line of 400 kbit/s, 8 kB/s each.
PIECE = 64 << 10
# Some clients send one after a body (RFC 9112, 2.2).
MAX_BLANK_LINES = 4  # before a request

SERVER_NAME = "digits"  # the page checks it before it offers features that only this server has
_COMMON = f"Server: {SERVER_NAME}\r\nCache-Control: no-cache\r\n"  # revalidate every time: a file changes every second
_HEADERS = SECURITY_HEADERS | {"X-Server": SERVER_NAME}  # once more, since some proxies put their own name into Server
WITH_CONTENT = _COMMON + "".join(f"{name}: {value}\r\n" for name, value in _HEADERS.items())


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one client, one after the other."""

    server: "Server"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._receiver = _Receiver(self.connection, self.server)

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client is gone, idle, or does not read
            super().handle()

    def handle_one_request(self) -> None:
        request = None
        try:
            request = parse_head(self._receiver.receive_head())
            self.server.proxies.restore(request, str(self.client_address[0]))
            response = self._respond(request)
            self.close_connection = not request.keep_alive or self.server.slots.nearly_full
        except Problem as problem:  # it is unknown where the next request begins
            response, self.close_connection = problem.response(), True
            if request:  # let a page of an allowed origin read the reason
                self.server.cors.add_headers(request, response)
        try:
            self._send(response, head_only=request is not None and request.method == "HEAD")
        finally:
            self.server.log_response(request, response)
        if self.close_connection:
            self._linger()

    def _respond(self, request: Request) -> Response:
        limit = self.server.max_body(request.path)
        length = _body_length(request, limit)
        if not length:
            return self.server.respond(request)
        self.server.guard(request)  # before a client without permission can fill the memory
        decoded = min(limit, length * MAX_DEFLATE_RATIO) if "content-encoding" in request.headers else length
        with self.server.room_for_body(decoded) as seconds:
            if request.headers.get("expect", "").lower() == "100-continue":
                self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.body = self._receiver.receive_body(length, seconds)
            try:
                return self.server.respond(request)
            finally:
                request.body = b""

    def _send(self, response: Response, head_only: bool) -> None:
        # A client keeps the headers that came with the file, so a 304 omits them: they are a third of the bytes of an
        # idle poll.
        head = response.head(
            not self.close_connection, _COMMON if response.status == 304 else self.server.common_headers(response)
        )
        try:
            self._receiver.set_timeout(self.server.deadline_s)  # for each `sendall` as a whole
            # One write: a second would wait for the acknowledgment of the first, 44 ms on a kept connection.
            self._send_pieces(head if head_only else head + response.body)
            for content in () if head_only else response.rest(CHUNK):
                self._send_pieces(content)
        finally:
            response.close()

    def _send_pieces(self, content: bytes) -> None:
        for start in range(0, len(content), PIECE):
            self.connection.sendall(content[start : start + PIECE])

    def _linger(self) -> None:
        """Let the client read the response: closing the connection with unread input would discard it (RST)."""
        self.connection.shutdown(socket.SHUT_WR)
        self._receiver.discard()


class _Receiver:
    """Bytes from a client, with a deadline for each request that starts with its first byte."""

    def __init__(self, connection: socket.socket, server: "Server"):
        self._connection, self._server = connection, server
        self._buffer = bytearray()  # received, and not yet part of a request
        self._timeout: float | None = None  # of the socket
        self._since = 0.0  # when the first byte of the request could have come
        self._deadline: float | None = None  # None before that byte

    def set_timeout(self, seconds: float) -> None:
        if seconds != self._timeout:  # each takes a system call
            self._connection.settimeout(seconds)
            self._timeout = seconds

    def receive_head(self) -> bytes:
        """Request line and header fields, through the empty line. Raises Problem, and OSError if no request comes."""
        buffer, new, blank_lines = self._buffer, len(self._buffer), 0
        self._since = time.monotonic()
        self._deadline = self._since + self._server.deadline_s if buffer else None
        while True:
            while buffer.startswith(b"\r\n"):
                blank_lines += 1
                if blank_lines > MAX_BLANK_LINES:
                    raise Problem(400, f"More than {MAX_BLANK_LINES} blank lines before a request.")
                del buffer[:2]
            end = buffer.find(b"\r\n\r\n", max(0, len(buffer) - new - 3))
            if end >= 0:
                return self._take(end + 4)
            check_head(buffer, new)
            new = self._receive()

    def receive_body(self, length: int, seconds: float | None) -> bytes:
        """Receive a body within `seconds` from now; None: within the rest of the request's deadline."""
        if seconds is not None:
            self._deadline = time.monotonic() + seconds
        while len(self._buffer) < length:
            self._receive()
        return self._take(length)

    def discard(self) -> None:
        """Discard further input, up to LINGER_S or LINGER_BYTES. Raises OSError when the client is gone."""
        self._since = time.monotonic()
        self._deadline = self._since + LINGER_S
        count = len(self._buffer)
        with contextlib.suppress(Problem):  # the deadline has passed
            while count < LINGER_BYTES:
                self._buffer.clear()
                count += self._receive()

    def _take(self, count: int) -> bytes:
        with memoryview(self._buffer) as buffer:
            taken = bytes(buffer[:count])
        del self._buffer[:count]
        return taken

    def _receive(self) -> int:
        """Receive into the buffer; returns the number of bytes, at least one. Raises Problem (408) and OSError."""
        limit, slots = self._server.deadline_s, self._server.slots
        self.set_timeout(limit if self._deadline is None else max(0.001, self._deadline - time.monotonic()))
        slots.begin_waiting(self._connection, self._since)
        try:
            chunk = self._connection.recv(RECEIVE)
        except TimeoutError:
            if self._deadline is None:  # idle between two requests
                raise
            raise Problem(408, f"The request did not arrive within {limit:g} s.") from None
        finally:
            slots.end_waiting(self._connection)
        if not chunk:
            raise ConnectionError("the client is gone")
        if self._deadline is None:
            self._deadline = time.monotonic() + limit
        self._buffer += chunk
        return len(chunk)


def _body_length(request: Request, limit: int) -> int:
    """Length of the body. Raises Problem: 400 also for two lengths, by which requests are smuggled past a proxy."""
    length = request.headers.get("content-length", "0")
    if "transfer-encoding" in request.headers:
        if "content-length" in request.headers:
            raise Problem(400, "The request has both Transfer-Encoding and Content-Length.")
        raise Problem(411, "Send the body whole, with its Content-Length.")
    if not (length.isascii() and length.isdigit() and len(length) <= 18):
        raise Problem(400, "Content-Length is not a number.")
    if int(length) > limit:
        raise Problem(413, f"The body is longer than {limit:,} bytes.")
    return int(length)
