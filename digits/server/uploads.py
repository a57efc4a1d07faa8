"""Images in a request's body, in any of the usual encodings.

multipart/form-data          fields image, file, data or image_file, as often as one likes
application/json             {"image": data URL}, {"inputs": base64}, {"instances": [{"data": base64}, ...]}, or
                             {"instances": [28x28 numbers, ...]}, ink 255 or, if none is above 1, ink 1
anything else                the bytes of one picture
"""

import base64
import binascii
import json
import re

from digits.server.http_message import Problem

FIELDS = ("image", "file", "data", "image_file")
MAX_UPLOAD = 2_800_000  # bytes of a request: a picture of 2 MB in base64
MOST = 16  # pictures in a request
_SIDE = 28
_BOUNDARY = re.compile(r'boundary=(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_FIELD_NAME = re.compile(
    rb'content-disposition:[^\r\n;]*(?:;[ \t]*(?!name=)[\w*-]+=(?:"[^"\r\n]*"|[^\s;"]*)[ \t]*)*'
    rb';[ \t]*name=(?:"([^"\r\n]*)"|([^\s;"]+))',
    re.IGNORECASE,
)
_HEAD = 2000  # bytes of a form field's head: a pattern may take the square of the length
_URL_SAFE = str.maketrans("-_", "+/")
_VALUES = 20_000  # in JSON: 16 pictures of 28 x 28 numbers have 13,025. 2.8 MB of empty objects would take 70 MB
_PARTS = MOST + 16  # fields of a form: the pictures, and some that are nobody's business here
_HOW = 'Send a picture as it is, as a form field "image", or as JSON {"image": data URL}.'


def parse_images(content_type: str, body: bytes) -> list[bytes | list]:
    """Each picture as the bytes of a file, or as 28 rows of 28 numbers 0 to 255. Raises Problem with 400 or 413."""
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        raise Problem(400, f"The request has no body. {_HOW}")
    if kind == "multipart/form-data":
        found = _of_form(content_type, body)
    elif kind == "application/json" or body.lstrip()[:1] == b"{":
        found = _of_json(body)
    else:
        found = [body]
    if not found:
        raise Problem(400, f"There is no picture in the request. {_HOW}")
    if len(found) > MOST:
        raise Problem(413, f"At most {MOST} pictures are read at a time.")
    return found


def _of_form(content_type: str, body: bytes) -> list[bytes]:
    """Own code, since the standard library's parser takes time and memory without bound for parts without end."""
    boundary = _BOUNDARY.search(content_type)
    if not boundary:
        raise Problem(400, "The form does not say what is between its fields.")
    between = b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1")
    _, *parts = (b"\r\n" + body).split(between, _PARTS + 1)
    if len(parts) > _PARTS:
        raise Problem(413, f"The form has more than {_PARTS} fields.")
    if not parts or not parts[-1].startswith(b"--"):
        raise Problem(400, "The form has no end.")
    found = []
    for part in parts[:-1]:
        head, empty, content = part.partition(b"\r\n\r\n")
        name = _FIELD_NAME.search(head[:_HEAD])
        if empty and name and name[name.lastindex].decode("latin-1") in FIELDS:
            found.append(content)
    return found


def _of_json(body: bytes) -> list[bytes | list]:
    if body.count(b",") + body.count(b"[") + body.count(b"{") > _VALUES:
        raise Problem(413, f"The JSON has more than {_VALUES:,} values.")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, f"This is no JSON. {_HOW}") from None
    if not isinstance(value, dict):
        raise Problem(400, f"The JSON is no object. {_HOW}")
    if "image" in value:
        return [_decoded(value["image"])]
    if "inputs" in value:
        return [_decoded(value["inputs"])]
    instances = value.get("instances")
    if not isinstance(instances, list):
        raise Problem(400, f"There is no picture in the request. {_HOW}")
    return [_decoded(one.get("data")) if isinstance(one, dict) else _numbers(one) for one in instances[: MOST + 1]]


def _decoded(text) -> bytes:
    if not isinstance(text, str):
        raise Problem(400, "A picture in JSON is text: base64, or a data URL.")
    text = "".join(text.split())  # many programs break the lines
    if text[:5].lower() == "data:":
        head, _, text = text.rpartition(",")
        if not head.lower().endswith(";base64"):
            raise Problem(400, "The data URL is none in base64.")
    try:
        return base64.b64decode(text.translate(_URL_SAFE) + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Problem(400, "The picture is not valid base64.") from None


def _numbers(rows) -> list:
    """28x28 numbers as they are, or times 255 where none is above 1."""
    whole = isinstance(rows, list) and len(rows) == _SIDE and all(isinstance(r, list) and len(r) == _SIDE for r in rows)
    values = [value for row in rows for value in row] if whole else []
    if not whole or not all(type(value) in (int, float) and 0 <= value <= 255 for value in values):
        raise Problem(400, "An instance is 28 rows of 28 numbers from 0 to 255.")
    scale = 255 if max(values) <= 1 else 1
    return [[value * scale for value in row] for row in rows]
