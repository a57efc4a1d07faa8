"""Images in a request body: raw bytes, form data or JSON.

multipart/form-data          one or more fields named image, file, data or image_file
application/json             {"image": data URL}, {"inputs": base64}, {"instances": [{"data": base64}, ...]}, or
                             {"instances": [28x28 numbers, ...]}, ink 255 or, if none is above 1, ink 1
anything else                the bytes of one image
"""

import base64
import binascii
import json
import re

from digits.server.http_message import Problem

FIELDS = ("image", "file", "data", "image_file")
MAX_UPLOAD = 2_800_000  # bytes of a request: an image of 2 MB in base64
MAX_IMAGES = 16  # in a request
_SIDE = 28
_BOUNDARY = re.compile(r'boundary=(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_FIELD_NAME = re.compile(
    rb'content-disposition:[^\r\n;]*(?:;[ \t]*(?!name=)[\w*-]+=(?:"[^"\r\n]*"|[^\s;"]*)[ \t]*)*'
    rb';[ \t]*name=(?:"([^"\r\n]*)"|([^\s;"]+))',
    re.IGNORECASE,
)
_MAX_FIELD_HEAD = 2000  # bytes: the pattern may take time quadratic in the length
_URL_SAFE = str.maketrans("-_", "+/")
_MAX_VALUES = 20_000  # in JSON: 16 images of 28 x 28 numbers have 13,025. 2.8 MB of empty objects would take 70 MB
_MAX_PARTS = MAX_IMAGES + 16  # fields of a form: the images, and some others, which are ignored
_USAGE = 'Send the bytes of an image, a form field "image", or JSON {"image": data URL}.'

Image = bytes | list[list[float]]  # a file, or 28 rows of 28 numbers 0 to 255


def parse_images(content_type: str, body: bytes) -> list[Image]:
    """The images in the body, at least one. Raises Problem: 400, 413."""
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        raise Problem(400, f"The request has no body. {_USAGE}")
    if kind == "multipart/form-data":
        found: list[Image] = [*_parse_form(content_type, body)]
    elif kind == "application/json" or body.lstrip()[:1] == b"{":
        found = _parse_json(body)
    else:
        found = [body]
    if not found:
        raise Problem(400, f"The request has no image. {_USAGE}")
    if len(found) > MAX_IMAGES:
        raise Problem(413, f"A request has at most {MAX_IMAGES} images.")
    return found


def _parse_form(content_type: str, body: bytes) -> list[bytes]:
    """Own code, since the standard library's parser needs unbounded time and memory for endless parts."""
    boundary = _BOUNDARY.search(content_type)
    if not boundary:
        raise Problem(400, "The form has no boundary.")
    between = b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1")
    _, *parts = (b"\r\n" + body).split(between, _MAX_PARTS + 1)
    if len(parts) > _MAX_PARTS:
        raise Problem(413, f"The form has more than {_MAX_PARTS} fields.")
    if not parts or not parts[-1].startswith(b"--"):
        raise Problem(400, "The form has no closing boundary.")
    found = []
    for part in parts[:-1]:
        head, empty, content = part.partition(b"\r\n\r\n")
        name = _FIELD_NAME.search(head[:_MAX_FIELD_HEAD])
        if empty and name and (name[1] or name[2] or b"").decode("latin-1") in FIELDS:
            found.append(content)
    return found


def _parse_json(body: bytes) -> list[Image]:
    if body.count(b",") + body.count(b"[") + body.count(b"{") > _MAX_VALUES:
        raise Problem(413, f"The JSON has more than {_MAX_VALUES:,} values.")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, f"The body is not valid JSON. {_USAGE}") from None
    if not isinstance(value, dict):
        raise Problem(400, f"The JSON is not an object. {_USAGE}")
    if "image" in value:
        return [_decode(value["image"])]
    if "inputs" in value:
        return [_decode(value["inputs"])]
    instances = value.get("instances")
    if not isinstance(instances, list):
        raise Problem(400, f"The request has no image. {_USAGE}")
    return [_decode(one.get("data")) if isinstance(one, dict) else _pixels(one) for one in instances[: MAX_IMAGES + 1]]


def _decode(text: object) -> bytes:
    """The bytes of base64 text or of a data URL. Raises Problem (400)."""
    if not isinstance(text, str):
        raise Problem(400, "An image in JSON is text: base64, or a data URL.")
    text = "".join(text.split())  # many programs break the lines
    if text[:5].lower() == "data:":
        head, _, text = text.rpartition(",")
        if not head.lower().endswith(";base64"):
            raise Problem(400, "The data URL is not in base64.")
    try:
        return base64.b64decode(text.translate(_URL_SAFE) + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Problem(400, "The image is not valid base64.") from None


def _pixels(rows: object) -> list[list[float]]:
    """28x28 numbers as they are, or times 255 if none is above 1. Raises Problem (400)."""
    if isinstance(rows, list) and len(rows) == _SIDE and all(isinstance(r, list) and len(r) == _SIDE for r in rows):
        values = [value for row in rows for value in row]
        if all(type(value) in (int, float) and 0 <= value <= 255 for value in values):
            scale = 255 if max(values) <= 1 else 1
            return [[value * scale for value in row] for row in rows]
    raise Problem(400, "An instance is 28 rows of 28 numbers from 0 to 255.")
