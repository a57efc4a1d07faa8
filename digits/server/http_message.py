"""HTTP requests, responses and errors as values, and the strict grammar of a request's head (RFC 9110, 9112, 9457).

http.server would accept bare LF, folded lines, HTTP/0.9 and repeated fields: a proxy that parses the same bytes
differently could be made to smuggle requests past it. Its parser also builds an email message from the header fields,
which takes a third of the time of a 304 response.
"""

import functools
import json
import re
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import parse_qsl

from digits.files import finite

# Far more than the longest URL; the usual limit of other servers.
MAX_LINE = 8000  # bytes of the request line
# A browser sends 1 kB, and up to 20 kB when other programs on localhost have set cookies.
MAX_HEAD = 32_000  # bytes of request line and header fields
MAX_FIELDS = 99  # a browser sends 20
MAX_QUERY_PARAMETERS = 100  # of a query

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(_TOKEN + rb" [!-~\x80-\xff]+ HTTP/([0-9])\.[0-9]")
_HEAD = re.compile(
    rb"(" + _TOKEN + rb") ([!-~\x80-\xff]+) HTTP/1\.([0-9])\r\n((?:" + _TOKEN + rb":[\t -~\x80-\xff]*\r\n)*)\r\n"
)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?=[^\n])|(?<!\r)\n")


class Problem(Exception):
    """An error response: status, one sentence for people, headers, and the name of the option at fault (`field`)."""

    def __init__(self, status: int, error: str, headers: dict[str, str] | None = None, field: str | None = None):
        super().__init__(error)
        self.status = status
        self.error = error
        self.headers = headers or {}
        self.field = field

    def response(self) -> "Response":
        title = HTTPStatus(self.status).phrase
        content = {"type": "about:blank", "title": title, "status": self.status, "detail": self.error}
        content["error"] = self.error  # the name that the page reads, whichever server responds
        content |= {} if self.field is None else {"field": self.field}
        headers = {"Content-Type": "application/problem+json"} | self.headers
        return Response(self.status, headers, json.dumps(content).encode())


class Request:
    """A parsed request; raises Problem (400).

    `path` is the raw path without the query: no name that is served needs an escape, so nothing is decoded. `query` has
    the decoded parameters, the last of each name, `raw_query` what was sent, with "?". `headers` have lower-case names;
    repeated fields are joined by commas. `host` is None only in HTTP/1.0. `keep_alive`: whether the client keeps the
    connection open. `client` (an IP address) and `scheme` are those of the connection, or what a trusted proxy says.
    `is_admitted`: it was checked.
    """

    __slots__ = (
        *("body", "client", "headers", "host", "is_admitted", "keep_alive", "method", "path", "query", "raw_query"),
        "scheme",
    )

    def __init__(self, method: str, target: str, headers: dict[str, str], keep_alive: bool = True):
        self.method = method
        self.headers = headers
        self.keep_alive = keep_alive
        self.host = headers.get("host")
        if target[:7].lower() == "http://":  # a proxy's client sends the whole URL, and its host counts
            self.host, slash, path = target[7:].partition("/")
            target = slash + path
        self.path, mark, query = target.partition("?")
        self.raw_query = mark + query
        try:
            self.query = (
                dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_QUERY_PARAMETERS)) if query else {}
            )
        except ValueError:
            raise Problem(400, f"The query has more than {MAX_QUERY_PARAMETERS} parameters.") from None
        self.body = b""
        self.client, self.scheme = "", "http"
        self.is_admitted = False


class Response:
    """`body` is sent in one write with the head, the rest of `length` bytes from `file`, in chunks."""

    def __init__(
        self,
        status: int,
        headers: dict[str, str],
        body: bytes = b"",
        length: int | None = None,
        file: IO[bytes] | None = None,
    ):
        self.status = status
        self.headers = headers
        self.body = body
        self.length = len(body) if length is None else length
        self.file = file

    def head(self, keep_alive: bool, common: str) -> bytes:
        """Status line and header fields, `common` being those that every response of the server has."""
        lines = [_status_line(self.status), common]
        lines += [f"{name}: {value}\r\n" for name, value in self.headers.items()]
        if self.status != HTTPStatus.NOT_MODIFIED:
            lines.append(f"Content-Length: {self.length}\r\n")
        lines.append("Connection: keep-alive\r\n" if keep_alive else "Connection: close\r\n")
        lines.append(_date_line(int(time.time())))
        return "".join(lines).encode("latin-1")

    def rest(self, chunk: int) -> Iterator[bytes]:
        """The bytes after `body`, in chunks. Raises ConnectionError if the file is shorter than announced."""
        left = self.length - len(self.body)
        while left > 0:
            content = self.file.read(min(chunk, left)) if self.file else b""
            if not content:
                raise ConnectionError("the file was truncated while it was sent")
            left -= len(content)
            yield content

    def close(self) -> None:
        if self.file:
            self.file.close()


@functools.cache
def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"


@functools.lru_cache(maxsize=1)
def _date_line(now: int) -> str:
    """The last line of a head, and the empty one after it."""
    return time.strftime("Date: %a, %d %b %Y %H:%M:%S GMT\r\n\r\n", time.gmtime(now))


def json_response(value: object, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """`value` as strict JSON."""
    content = json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    return Response(status, {"Content-Type": "application/json"} | (headers or {}), content)


def json_body(request: Request) -> dict[str, Any]:
    """The JSON object in the body, regardless of its Content-Type. Raises Problem (400)."""
    try:
        content = finite(json.loads(request.body or b"{}"))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Problem(400, "Send one JSON object.")
    return content


def parse_head(head: bytes) -> Request:
    """The request with this head: request line and header fields, through the empty line. Raises Problem."""
    match = _HEAD.fullmatch(head)
    if not match or len(head) > MAX_LINE:
        check_head(head, len(head))
    if not match:
        raise Problem(400, "A header field is not a name, a colon and a value.")
    method, target, minor, fields = match.groups()
    lines = fields.decode("latin-1").split("\r\n")[:-1]
    if len(lines) > MAX_FIELDS:
        raise Problem(431, f"The request has more than {MAX_FIELDS} header fields.")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        if name not in headers:
            headers[name] = value
        elif name == "host":
            raise Problem(400, "The request has more than one Host.")
        else:
            headers[name] += f", {value}"
    if "host" not in headers and minor != b"0":
        raise Problem(400, "The request has no Host.")
    options = headers.get("connection", "").lower().replace(" ", "").split(",")
    keep_alive = "close" not in options and (minor != b"0" or "keep-alive" in options)
    return Request(method.decode(), target.decode("latin-1"), headers, keep_alive)


def check_head(head: bytes | bytearray, new: int) -> None:
    """Raise Problem as soon as the bytes so far can't become a request.

    So TLS and HTTP/0.9 are rejected at once, and an endless head is not received. Checks only the `new` bytes at the
    end: a head in pieces costs no more than a whole one.
    """
    start = max(0, len(head) - new - 1)  # a CR may have come before its LF
    end = head.find(b"\r\n", 0, MAX_LINE + 2)
    if end < 0 and len(head) > MAX_LINE + 1:  # with a CR whose LF is yet to come
        raise Problem(414, f"The request line is longer than {MAX_LINE} bytes.")
    if len(head) > MAX_HEAD:
        raise Problem(431, f"The header fields are longer than {MAX_HEAD} bytes.")
    if _CONTROL.search(head, start):
        raise Problem(400, "The request has control characters, or lines that don't end in CR LF.")
    if end >= start:
        match = _REQUEST_LINE.fullmatch(head, 0, end)
        if not match or match[1] == b"0":
            raise Problem(400, "The request line is not HTTP/1.1.")
        if match[1] != b"1":
            raise Problem(505, "This server supports HTTP/1.1 only.")
