"""HTTP/1.1 messages as values: a request is parsed strictly, an answer is put together as bytes (RFC 9110, 9112, 9457).

Why not http.server's parser: it takes HTTP/0.9, bare LFs, folded lines and two Content-Lengths, so that all would
have to be checked before; and it costs 16 ms and 2 MB at start (email, ssl).
"""

import json
import re
import time
from http import HTTPStatus
from urllib.parse import parse_qsl

from digits.files import finite

# Far more than our longest URL; the usual limit of other servers.
MAX_LINE = 8000  # bytes of the request line
# A browser sends 1 kB, and up to some 20 kB when other programs on localhost have left it cookies.
MAX_HEAD = 32_000  # bytes of request line and fields
MAX_FIELDS = 100  # a browser sends 20
# Some clients send one after a body (RFC 9112, 2.2).
MAX_BLANK_LINES = 4  # before a request
# A drawing of 28 x 28 pixels as JSON is 10 kB at most.
MAX_BODY = 64_000  # bytes
LARGER_BODIES = {"/predict": 2_800_000}  # a picture of 2 MB, in base64

# The page takes nothing from another host and runs no inline script; nobody frames it.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_BRIEF = {
    "Server": "digits",  # the page asks for this name before it offers what only our server can do
    "Cache-Control": "no-cache",  # ask every time, and be told 304: a file changes every second
}
_GUARDS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_BRIEF_BLOCK = "".join(f"{name}: {value}\r\n" for name, value in _BRIEF.items())
_WHOLE_BLOCK = _BRIEF_BLOCK + "".join(f"{name}: {value}\r\n" for name, value in _GUARDS.items())

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rf"({_TOKEN}) ([!-~\x80-\xff]+) HTTP/([0-9])\.([0-9])")
_NAME = re.compile(_TOKEN)
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?=[^\n])|(?<!\r)\n")
_DIGITS = re.compile(r"[0-9]{1,18}")


class Problem(Exception):
    """An answer that is an error: its status, one sentence for a person, fields that belong to it, and, where it is one
    entry of a form that is at fault, its name as `field`."""

    def __init__(self, status: int, error: str, headers: dict | None = None, field: str | None = None):
        super().__init__(error)
        self.status = status
        self.error = error
        self.headers = headers or {}
        self.field = field

    def response(self) -> "Response":
        title = HTTPStatus(self.status).phrase
        content = {"type": "about:blank", "title": title, "status": self.status, "detail": self.error}
        content["error"] = self.error  # the name under which a page looks for it, whoever answers
        content |= {} if self.field is None else {"field": self.field}
        headers = {"Content-Type": "application/problem+json"} | self.headers
        return Response(self.status, headers, json.dumps(content).encode())


class Request:
    """What a client asks for. Raises Problem for what can't be answered.

    `path` is as it was sent, without the query: no name we serve needs an escape, so nothing is decoded. `query` has
    the decoded parameters behind it, the last of each name. `headers` have lower-case names; repeated fields are joined
    by commas. `host` is None only in HTTP/1.0.
    """

    __slots__ = ("body", "headers", "host", "keep_alive", "method", "path", "query")

    def __init__(self, method: str, target: str, version: str, headers: dict[str, str]):
        self.method = method
        self.headers = headers
        self.host, self.path, query = _host_path_query(target, headers.get("host"))
        self.query = _parameters(query) if query else {}
        options = headers.get("connection", "").lower().replace(" ", "").split(",")
        self.keep_alive = "close" not in options and (version != "1.0" or "keep-alive" in options)
        self.body = b""
        if "host" not in headers and version != "1.0":
            raise Problem(400, "The request does not say which host it is for.")

    @property
    def length(self) -> int:
        """Bytes of the body. Raises Problem with 400, 411 or 413."""
        return _body_length(self.headers, LARGER_BODIES.get(self.path, MAX_BODY))


class Response:
    """What is sent: `body` in one write with the head, the rest of `length` bytes from `file`, in chunks."""

    def __init__(self, status: int, headers: dict, body: bytes = b"", length: int | None = None, file=None):
        self.status = status
        self.headers = headers
        self.body = body
        self.length = len(body) if length is None else length
        self.file = file

    def head(self, keep_alive: bool) -> bytes:
        fields = dict(self.headers)
        always = _BRIEF_BLOCK  # the client keeps what came with the file: a third of the bytes of an idle poll
        if self.status != HTTPStatus.NOT_MODIFIED:
            fields["Content-Length"] = self.length
            always = _WHOLE_BLOCK
        fields["Connection"] = "keep-alive" if keep_alive else "close"
        fields["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        block = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        line = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n"
        return f"{line}{always}{block}\r\n".encode("latin-1")

    def rest(self, chunk: int):
        """What follows the body, in chunks. Raises ConnectionError when the file is shorter than was promised."""
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
    """The object that was sent, whatever its Content-Type says. Raises Problem with 400."""
    try:
        content = finite(json.loads(request.body or b"{}"))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Problem(400, "Send one JSON object.")
    return content


def check_beginning(beginning: bytes | bytearray, new: int) -> None:
    """Raise Problem as soon as the bytes so far, `new` of them just come, can't become a request: whoever speaks TLS or
    HTTP/0.9 to us is told at once, and who never comes to an end is not listened to. Looks at the new bytes alone but
    for the end of the request line, so that a head in many pieces costs no more than in one."""
    start = max(0, len(beginning) - new - 1)  # a CR may have come before its LF
    end = beginning.find(b"\r\n", 0, MAX_LINE + 2)
    if end < 0 and len(beginning) > MAX_LINE + 1:  # with a CR whose LF is yet to come
        raise Problem(414, f"The request line is longer than {MAX_LINE} bytes.")
    if len(beginning) > MAX_HEAD:
        raise Problem(431, f"The request's fields are longer than {MAX_HEAD} bytes.")
    _check_text(beginning, start)
    if end >= start:
        _request_line(beginning[:end].decode("latin-1"))


def parse(head: bytes) -> Request:
    """The request of a head: every line with its CR LF, without the empty one. Raises Problem with 400, 414, 431 or
    505."""
    check_beginning(head, len(head))
    if head.count(b"\r\n") > 1 + MAX_FIELDS:
        raise Problem(431, f"The request has more than {MAX_FIELDS} fields.")
    line, *fields = head.decode("latin-1").removesuffix("\r\n").split("\r\n")
    method, target, version = _request_line(line)
    return Request(method, target, version, _fields(fields))


def _check_text(part: bytes | bytearray, start: int) -> None:
    if _NOT_TEXT.search(part, start):
        raise Problem(400, "The request holds control characters, or lines that don't end in CR LF.")


def _request_line(line: str) -> tuple[str, str, str]:
    """Method, target and version."""
    match = _REQUEST_LINE.fullmatch(line)
    if not match or match[3] == "0":
        raise Problem(400, "The request line is not of HTTP/1.1.")
    if match[3] != "1":
        raise Problem(505, "This server speaks HTTP/1.1.")
    return match[1], match[2], f"{match[3]}.{match[4]}"


def _fields(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise Problem(400, "A field of the request is not a name, a colon and a value.")
        name, value = name.lower(), value.strip(" \t")
        if name in headers and name == "host":
            raise Problem(400, "The request names its host twice.")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _host_path_query(target: str, host: str | None) -> tuple[str | None, str, str]:
    """A proxy's client sends a whole URL, and its host counts then."""
    if target[:7].lower() == "http://":
        host, slash, path = target[7:].partition("/")
        target = slash + path
    path, _, query = target.partition("?")
    return host, path, query


def _parameters(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        raise Problem(400, f"The query has more than {MAX_FIELDS} parameters.") from None


def _body_length(headers: dict[str, str], most: int) -> int:
    """Bytes of the body that follows. Two ways to tell the length is how requests are smuggled past a proxy: 400."""
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers:
        if "content-length" in headers:
            raise Problem(400, "The request tells the length of its body in two ways.")
        raise Problem(411, "Send the body whole, with its Content-Length.")
    if not _DIGITS.fullmatch(length):
        raise Problem(400, "Content-Length is not a number.")
    if int(length) > most:
        raise Problem(413, f"The body is longer than {most} bytes.")
    return int(length)
