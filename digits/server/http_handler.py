"""One HTTP connection: http.server parses each request, after a strict check of what it would let pass (RFC 9112).

http.server accepts bare LF, folded lines, HTTP/0.9 and repeated fields, and waits without a deadline; a proxy in front
that reads the same bytes otherwise could be made to smuggle requests past it.
"""

import contextlib
import io
import re
import socket
import time
from http.server import BaseHTTPRequestHandler

from digits.server import http_headers
from digits.server.http_message import Problem, Request, Response
from digits.server.static_files import CHUNK

# How long a client has to read the last response on its connection, and how much it may still send meanwhile: more than
# the largest body, which it may have begun to send.
LINGER_S = 1.0
LINGER_BYTES = 4 << 20
RECEIVE = 64 << 10  # bytes at a time: any head, and any body but the largest
# Far more than the longest URL; the usual limit of other servers.
MAX_LINE = 8000  # bytes of the request line
# A browser sends 1 kB, and up to 20 kB when other programs on localhost have set cookies.
MAX_HEAD = 32_000  # bytes of request line and fields
MAX_FIELDS = 99  # a browser sends 20; http.client parses no more
# Some clients send one after a body (RFC 9112, 2.2).
MAX_BLANK_LINES = 4  # before a request

_END = b"\r\n\r\n"  # of a head
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(_TOKEN + rb" [!-~\x80-\xff]+ HTTP/([0-9])\.[0-9]")
_FIELDS = re.compile(rb"(?:" + _TOKEN + rb":[^\r\n]*\r\n)*")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?=[^\n])|(?<!\r)\n")
_DIGITS = re.compile(r"[0-9]{1,18}")


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one client, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._receiver = _Receiver(self.connection, self.server)
        self.rfile = io.BufferedReader(self._receiver, RECEIVE)

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client has gone, asks nothing more, or does not read
            super().handle()

    def handle_one_request(self) -> None:
        request = None
        try:
            request = self._read_head()
            length = _body_length(request, self.server.max_body(request.path))
            if length:  # a client without permission does not get so far as to fill the memory
                self.server.guard(request)
                request.body = self._read_body(request, length)
            response = self.server.respond(request)
            self.close_connection |= self.server.places.are_short
        except Problem as problem:  # where the next request begins is unknown now
            response, self.close_connection = problem.response(), True
            if request:  # a page of another origin may read why
                self.server.sharing.mark(request, response)
        try:
            self._send(response, head_only=request is not None and request.method == "HEAD")
        finally:
            self.server.log_request(request, response)
        if self.close_connection:
            self._linger()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Called by `parse_request`."""
        raise Problem(int(code), explain or message or "The request is malformed.")

    def handle_expect_100(self) -> bool:
        """Called by `parse_request`; the body is asked for once the client may send it."""
        return True

    # -- receiving

    def _read_head(self) -> Request:
        """The next request without its body. Raises Problem, and OSError if there is none."""
        self._receiver.await_request()
        head, blank_lines = bytearray(), 0
        while not head.endswith(_END):
            chunk = self._receive()
            end = (head[-3:] + chunk).find(_END)
            head += self.rfile.read(len(chunk) if end < 0 else end + len(_END) - min(3, len(head)))
            while head.startswith(b"\r\n"):
                blank_lines += 1
                if blank_lines > MAX_BLANK_LINES:
                    raise Problem(400, f"More than {MAX_BLANK_LINES} blank lines before a request.")
                del head[:2]
            _check_head(head, len(chunk))
        return self._parse(bytes(head))

    def _receive(self) -> bytes:
        """All that has arrived, at least a byte; it stays in `rfile`."""
        try:
            chunk = self.rfile.peek()
        except TimeoutError:
            if self._receiver.deadline is None:  # idle between two requests
                raise
            raise Problem(408, f"The request did not arrive within {self.server.deadline_s:g} s.") from None
        if not chunk:
            raise ConnectionError("the client has gone")
        return chunk

    def _parse(self, head: bytes) -> Request:
        line, _, fields = head.partition(b"\r\n")
        if not _FIELDS.fullmatch(fields, 0, len(fields) - 2):
            raise Problem(400, "A field of the request is not a name, a colon and a value.")
        if fields.count(b"\r\n") > MAX_FIELDS + 1:
            raise Problem(431, f"The request has more than {MAX_FIELDS} fields.")
        connection, self.rfile = self.rfile, io.BytesIO(fields)
        try:
            self.raw_requestline = line + b"\r\n"
            self.parse_request()
        finally:
            self.rfile = connection
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            name, value = name.lower(), value.strip(" \t")
            if name == "host" and name in headers:
                raise Problem(400, "The request has more than one Host.")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        if "host" not in headers and self.request_version != "HTTP/1.0":
            raise Problem(400, "The request has no Host.")
        options = headers.get("connection", "").lower().replace(" ", "").split(",")
        self.close_connection = "close" in options or (self.close_connection and "keep-alive" not in options)
        return Request(self.command, line.split(b" ")[1].decode("latin-1"), headers)

    def _read_body(self, request: Request, length: int) -> bytes:
        with self.server.body_of(length):
            if request.headers.get("expect", "").lower() == "100-continue":
                self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            try:
                body = self.rfile.read(length)
            except TimeoutError:
                raise Problem(408, f"The request did not arrive within {self.server.deadline_s:g} s.") from None
        if len(body) < length:
            raise ConnectionError("the client has gone")
        return body

    # -- sending

    def _send(self, response: Response, head_only: bool) -> None:
        common = http_headers.NOT_MODIFIED if response.status == 304 else http_headers.CONTENT
        try:
            self.connection.settimeout(self.server.deadline_s)  # for each `sendall` as a whole
            head = response.head(not self.close_connection, common)
            if head_only:
                return self.connection.sendall(head)
            # One write: a second would wait for the acknowledgment of the first, 44 ms on a kept connection.
            self.connection.sendall(head + response.body)
            for content in response.rest(CHUNK):
                self.connection.sendall(content)
        finally:
            response.close()

    def _linger(self) -> None:
        """Let the client read the response: closing with unread bytes here would destroy it (RST)."""
        self.connection.shutdown(socket.SHUT_WR)
        self._receiver.await_request(LINGER_S)
        count, content = 0, b" "
        while content and count < LINGER_BYTES:
            content = self.rfile.read1(RECEIVE)
            count += len(content)


class _Receiver(io.RawIOBase):
    """A socket as a raw stream with a deadline, which starts with the first byte of a request."""

    def __init__(self, connection: socket.socket, server):
        self._connection, self._server = connection, server
        self.deadline: float | None = None
        self._awaited_since = 0.0

    def await_request(self, within_s: float | None = None) -> None:
        """Start a new deadline: that many seconds from now, or the server's from the next byte on."""
        self._awaited_since = time.monotonic()
        self.deadline = None if within_s is None else self._awaited_since + within_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        now = time.monotonic()
        left = self._server.deadline_s if self.deadline is None else max(0.001, self.deadline - now)
        self._connection.settimeout(left)
        with self._server.places.awaiting(self._connection, self._awaited_since):
            count = self._connection.recv_into(buffer)
        if self.deadline is None:
            self.deadline = time.monotonic() + self._server.deadline_s
        return count


def _check_head(head: bytes | bytearray, new: int) -> None:
    """Raise Problem as soon as the bytes so far can't become a request: TLS or HTTP/0.9 is refused at once, and a head
    without end is not received. Checks only the `new` bytes, so that a head in pieces costs no more than a whole one.
    """
    start = max(0, len(head) - new - 1)  # a CR may have come before its LF
    end = head.find(b"\r\n", 0, MAX_LINE + 2)
    if end < 0 and len(head) > MAX_LINE + 1:  # with a CR whose LF is yet to come
        raise Problem(414, f"The request line is longer than {MAX_LINE} bytes.")
    if len(head) > MAX_HEAD:
        raise Problem(431, f"The request's fields are longer than {MAX_HEAD} bytes.")
    if _CONTROL.search(head, start):
        raise Problem(400, "The request has control characters, or lines that don't end in CR LF.")
    if end >= start:
        match = _REQUEST_LINE.fullmatch(head, 0, end)
        if not match or match[1] == b"0":
            raise Problem(400, "The request line is not HTTP/1.1.")
        if match[1] != b"1":
            raise Problem(505, "This server speaks HTTP/1.1.")


def _body_length(request: Request, most: int) -> int:
    """Bytes of the body that follows. Two ways to state a length are how requests are smuggled past a proxy: 400."""
    length = request.headers.get("content-length", "0")
    if "transfer-encoding" in request.headers:
        if "content-length" in request.headers:
            raise Problem(400, "The request has both Transfer-Encoding and Content-Length.")
        raise Problem(411, "Send the body whole, with its Content-Length.")
    if not _DIGITS.fullmatch(length):
        raise Problem(400, "Content-Length is not a number.")
    if int(length) > most:
        raise Problem(413, f"The body is longer than {most} bytes.")
    return int(length)
