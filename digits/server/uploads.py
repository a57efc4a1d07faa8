"""Images in a request body, in the encodings that browsers, programs and inference clients use.

multipart/form-data                  fields named as in FIELDS: files, data URLs, base64, or JSON
application/x-www-form-urlencoded    the same fields
application/json                     an object with such a field, `inputs` or `instances`; an array; or a text
anything else                        the bytes of one image, a data URL, or base64

The content takes precedence over Content-Type: a PNG that is declared as JSON is a PNG. In arrays of numbers, ink is
255 or, if none is above 1, ink is 1.
"""

import json
import re
import zlib
from collections.abc import Iterator
from itertools import chain
from urllib.parse import parse_qsl

from digits.server.http_message import Problem, Request
from digits.server.json_images import FIELDS, MAX_IMAGES, Image, canonical, decode_text, images_in

MAX_UPLOAD = 17_200_000  # bytes of a request, decompressed: an image of 12 MiB in base64, in lines
_BOUNDARY = re.compile(r'boundary=(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_FIELD_NAME = re.compile(
    rb'content-disposition:[^\r\n;]*(?:;[ \t]*(?!name=)[\w*-]+=(?:"[^"\r\n]*"|[^\s;"]*)[ \t]*)*'
    rb';[ \t]*name=(?:"([^"\r\n]*)"|([^\s;"]+))',
    re.IGNORECASE,
)
_MAX_FIELD_HEAD = 2000  # bytes: the pattern may take time quadratic in the length
_MAX_VALUES = 30_000  # in JSON: 16 images of 28x28x1 numbers have 25,553. 2.8 MB of empty objects would take 70 MB
_MAX_PARTS = MAX_IMAGES + 16  # fields of a form: the images, and some others, which are ignored
_SIGNATURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*")
_STRIPPED = (b"\x89PNG\x1a", b"\xff\xd8\xff\xe0\x10JFIF")  # how PNG and JPEG begin without line breaks and NULs
_TEXT = re.compile(rb"[\t\r\n -~]*")
_HEAD = 1000  # bytes that tell text from an image
_BASE64 = re.compile(rb"[A-Za-z0-9+/_=\r\n-]+")  # without spaces, which prose has
_NUMBERS = re.compile(rb"[\d\s.,;e+-]+")
_GZIP = b"\x1f\x8b"
_USAGE = 'Send the bytes of an image, a form field "image", or JSON {"image": data URL}.'


def images_of(request: Request) -> list[Image]:
    """The images in the request's body, at least one. Raises Problem: 400, 413, 415."""
    found = parse_images(request.headers.get("content-type", ""), _decompress(request))
    if len(found) > MAX_IMAGES:
        raise Problem(413, f"A request has at most {MAX_IMAGES} images.")
    return found


def json_of(request: Request, usage: str) -> object:
    """The JSON value in the body, decompressed. Raises Problem: 400 with `usage`, 413, 415."""
    return _parse_json(_decompress(request), usage)


def parse_images(content_type: str, body: bytes) -> list[Image]:
    """The images in the body, at least one. Raises Problem: 400, 413, 415."""
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        raise Problem(400, f"The request has no body. {_USAGE}")
    if body.startswith(_SIGNATURES):
        return [body]
    if kind == "multipart/form-data":
        return _images_of_fields(_form_fields(content_type, body))
    if kind == "application/x-www-form-urlencoded":
        if body.startswith(_STRIPPED):
            raise Problem(400, "The image has lost its line breaks, as by curl -d: use curl --data-binary @FILE.")
        if fields := _urlencoded_fields(body):
            return _images_of_fields(fields)
    if kind.endswith(("/json", "+json")) and body[:5].lower() != b"data:":
        return images_in(_parse_json(body))
    if body.startswith(b"--") and b"content-disposition: form-data" in body[:_HEAD].lower():
        raise Problem(415, "This is a form, but Content-Type is not multipart/form-data: let the client set it.")
    return _images_of_content(body)


def _images_of_content(content: bytes) -> list[Image]:
    """The images in a body or a field that has no type: a file, JSON, a data URL, or base64. Raises Problem."""
    head = content[:_HEAD].lstrip()
    if content.startswith(_SIGNATURES) or not _TEXT.fullmatch(head):
        return [content]
    if head.startswith(b"%PDF") or (head.startswith(b"<") and b"<svg" in head):
        return [content]  # decoding names the format
    if _NUMBERS.fullmatch(head) and (b"," in head or b" " in head):
        raise Problem(415, "These are numbers, but not JSON: put them in brackets, [0, 0, ...].")
    if head[:1] in (b"{", b"[", b'"'):
        return images_in(_parse_json(content))
    text = content.strip()
    if not head.startswith(b"<") and (b":" in head or b"." in head):  # a URL, or a file's name
        return [decode_text(text.decode("latin-1"))]
    if _BASE64.fullmatch(text) and len(text.rstrip(b"=")) % 4 != 1:
        return [decode_text(text.decode())]
    raise Problem(415, f"Not a valid PNG, JPEG or other image, but text. {_USAGE}")


def _decompress(request: Request) -> bytes:
    """The body without its Content-Encoding, which gzip shows by itself. Raises Problem: 400, 413, 415."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity" and request.body.startswith(_GZIP):
        encoding = "gzip"
    if encoding == "identity":
        return request.body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        reason = "Content-Encoding is not supported: send the body as it is, or with gzip."
        raise Problem(415, reason, {"Accept-Encoding": "gzip, deflate"})
    unpacker = zlib.decompressobj(wbits=47)  # gzip's or zlib's header
    try:
        body = unpacker.decompress(request.body, MAX_UPLOAD + 1)
    except zlib.error:
        raise Problem(400, f"Content-Encoding is {encoding}, but the body is damaged or not compressed.") from None
    if len(body) > MAX_UPLOAD:
        raise Problem(413, f"The body is longer than {MAX_UPLOAD:,} bytes when decompressed.")
    if not unpacker.eof:
        raise Problem(400, f"The {encoding} body is incomplete.")
    return body


def _images_of_fields(fields: list[tuple[str, bytes]]) -> list[Image]:
    """The images in the fields of a form whose names are in FIELDS. Raises Problem: 400, 413."""
    chosen = [(name, content) for name, content in fields if canonical(name) in FIELDS]
    if not chosen:
        names = ", ".join(repr(name[:80]) for name, _ in fields[:5]) or "none"
        raise Problem(400, f'The form has no image: name its field "image". Its fields: {names}.')
    for name, content in chosen:
        if not content.strip():
            raise Problem(400, f"The form field {name!r} is empty: choose a file, or with curl write -F image=@FILE.")
    return [*chain.from_iterable(_images_of_content(content) for _, content in chosen[: MAX_IMAGES + 1])]


def _urlencoded_fields(body: bytes) -> list[tuple[str, bytes]]:
    """The fields with a name of FIELDS; none if the body is not such a form."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_PARTS)
    except ValueError:
        return []
    named = [(name, value) for name, value in pairs if canonical(name) in FIELDS]
    return [(name, value.replace(" ", "+").encode()) for name, value in named]  # a + of base64, sent without escape


def _form_fields(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """Fields of a multipart form; the standard library's parser needs unbounded time and memory for endless parts."""
    boundary = _BOUNDARY.search(content_type)
    if not boundary:
        raise Problem(400, "The form's Content-Type has no boundary: let the client set it.")
    fields = []
    for start, end in _parts(body, b"--" + (boundary[1] or boundary[2]).encode("latin-1")):
        head_end = body.find(b"\r\n\r\n", start, end)
        name = _FIELD_NAME.search(body[start : min(head_end, start + _MAX_FIELD_HEAD)])
        if head_end >= 0 and name:
            fields.append(((name[1] or name[2] or b"").decode("latin-1"), body[head_end + 4 : end]))
    return fields


def _parts(body: bytes, delimiter: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each part, without copying them. Raises Problem: 400, 413."""
    between = b"\r\n" + delimiter
    start = 0 if body.startswith(delimiter) else body.find(between) + 2
    if start == 1:
        raise Problem(400, "The form does not have the boundary that its Content-Type names.")
    for _ in range(_MAX_PARTS + 1):
        start += len(delimiter)
        if body.startswith(b"--", start):
            return
        end = body.find(between, start)
        if end < 0:
            raise Problem(400, "The form has no closing boundary.")
        yield start, end
        start = end + 2
    raise Problem(413, f"The form has more than {_MAX_PARTS} fields.")


def _parse_json(body: bytes, usage: str = _USAGE) -> object:
    if body.count(b",") + body.count(b"[") + body.count(b"{") > _MAX_VALUES:
        raise Problem(413, f"The JSON has more than {_MAX_VALUES:,} values.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, f"The body is not valid JSON. {usage}") from None
