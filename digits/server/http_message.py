"""HTTP requests, responses and errors as values (RFC 9110, 9457)."""

import json
import time
from http import HTTPStatus
from urllib.parse import parse_qsl

from digits.files import finite

MAX_PARAMETERS = 100  # of a query


class Problem(Exception):
    """An error response: status, one sentence for a person, headers, and the name of the form's `field` at fault."""

    def __init__(self, status: int, error: str, headers: dict | None = None, field: str | None = None):
        super().__init__(error)
        self.status = status
        self.error = error
        self.headers = headers or {}
        self.field = field

    def response(self) -> "Response":
        title = HTTPStatus(self.status).phrase
        content = {"type": "about:blank", "title": title, "status": self.status, "detail": self.error}
        content["error"] = self.error  # the name under which the page looks for it, whichever server responds
        content |= {} if self.field is None else {"field": self.field}
        headers = {"Content-Type": "application/problem+json"} | self.headers
        return Response(self.status, headers, json.dumps(content).encode())


class Request:
    """A parsed request. Raises Problem with 400.

    `path` is the raw path without the query: no name that is served needs an escape, so nothing is decoded. `query` has
    the decoded parameters, the last of each name. `headers` have lower-case names; repeated fields are joined by
    commas. `host` is None only in HTTP/1.0.
    """

    __slots__ = ("body", "headers", "host", "method", "path", "query")

    def __init__(self, method: str, target: str, headers: dict[str, str]):
        self.method = method
        self.headers = headers
        self.host = headers.get("host")
        if target[:7].lower() == "http://":  # a proxy's client sends the whole URL, and its host counts
            self.host, slash, path = target[7:].partition("/")
            target = slash + path
        self.path, _, query = target.partition("?")
        try:
            self.query = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)) if query else {}
        except ValueError:
            raise Problem(400, f"The query has more than {MAX_PARAMETERS} parameters.") from None
        self.body = b""


class Response:
    """`body` is sent in one write with the head, the rest of `length` bytes from `file`, in chunks."""

    def __init__(self, status: int, headers: dict, body: bytes = b"", length: int | None = None, file=None):
        self.status = status
        self.headers = headers
        self.body = body
        self.length = len(body) if length is None else length
        self.file = file

    def head(self, keep_alive: bool, common: str) -> bytes:
        """Status line and fields, `common` being the lines that every response of this server carries."""
        fields = dict(self.headers)
        if self.status != HTTPStatus.NOT_MODIFIED:
            fields["Content-Length"] = self.length
        fields["Connection"] = "keep-alive" if keep_alive else "close"
        fields["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        block = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n{common}{block}\r\n".encode("latin-1")

    def rest(self, chunk: int):
        """The bytes after `body`, in chunks. Raises ConnectionError if the file is shorter than promised."""
        left = self.length - len(self.body)
        while left > 0:
            content = self.file.read(min(chunk, left)) if self.file else b""
            if not content:
                raise ConnectionError("the file has shrunk while it was sent")
            left -= len(content)
            yield content

    def close(self) -> None:
        if self.file:
            self.file.close()


def json_response(value, headers: dict | None = None, status: int = 200) -> Response:
    """`value` as strict JSON."""
    content = json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    return Response(status, {"Content-Type": "application/json"} | (headers or {}), content)


def json_body(request: Request) -> dict:
    """The JSON object in the body, whatever its Content-Type. Raises Problem with 400."""
    try:
        content = finite(json.loads(request.body or b"{}"))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Problem(400, "Send one JSON object.")
    return content
