"""Images in JSON values and in text: base64, data URLs, and arrays of numbers in the shapes that clients send."""

import base64
import binascii
import math
import re
from itertools import chain

from digits.server.http_message import Problem

MAX_IMAGES = 16  # in a request
# In order of preference: if a JSON object has several of them, the first counts.
FIELDS = (
    *("image", "file", "data", "img", "picture", "photo", "upload", "digit", "canvas", "image_file", "images", "files"),
    *("b64", "base64", "image_bytes", "pixels"),
)
_JSON_FIELDS = (*FIELDS, "inputs", "instances")
_SIDE = 28
_MAX_DEPTH = 5  # of an array, and of objects: N x 28 x 28 x 1 within two
_SHAPES = "28x28, 28x28x1, 1x28x28 or 784 numbers, or a batch of these"
_URL = re.compile(r"(https?|ftp|file|blob):", re.IGNORECASE)
_FILE_NAME = re.compile(r"[^\r\n]{1,300}\.(png|jpe?g|gif|bmp|webp|tiff?|heic|heif|avif|svg|pdf)", re.IGNORECASE)
_INDEX = re.compile(r"\[\d{0,4}\]\Z")  # of one of several fields, as PHP, Rails and jQuery write it
_BASE64_HEAD = re.compile(r";\s*base64\s*\Z", re.IGNORECASE)  # of a data URL, up to its comma
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_BASE64_USAGE = "Send an image in base64, or a data URL as canvas.toDataURL() returns it."

Image = bytes | list[list[float]]  # a file, or 28 rows of 28 numbers 0 to 255


def canonical(field: str) -> str:
    """A field's name as FIELDS has it: `files[]`, `files[0]` and `Image` are files and image."""
    return _INDEX.sub("", field.strip().lower())


def images_in(value: object, depth: int = 0) -> list[Image]:
    """The images in a JSON value: text, an array of numbers, an object with one of FIELDS, or a list of any of these.

    An object within another value may also have a single field of any name, as TensorFlow Serving's named inputs.
    Raises Problem: 400, 413.
    """
    if isinstance(value, str):
        return [decode_text(value)]
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        names = {canonical(name): name for name in reversed(value)}
        field = next((names[name] for name in _JSON_FIELDS if name in names), None)
        if field is not None:
            return images_in(value[field], depth + 1)
        if depth and len(value) == 1:  # an input that a model named
            return images_in(next(iter(value.values())), depth + 1)
        fields = ", ".join(repr(name[:80]) for name in [*value][:5]) or "none"
        usage = 'Name its field "image", "inputs" or "instances"'
        raise Problem(400, f"The JSON object has no image. {usage}. Its fields: {fields}.")
    if isinstance(value, list) and value and depth < _MAX_DEPTH:
        if any(isinstance(one, (str, dict)) for one in value):
            return [*chain.from_iterable(images_in(one, depth + 1) for one in value[: MAX_IMAGES + 1])]
        return [*arrays_in(value)]
    raise Problem(400, f"An image in JSON is base64, a data URL, or {_SHAPES}; this is an empty or another value.")


def arrays_in(value: list, shape: tuple[int, ...] | None = None) -> list[list[list[float]]]:
    """The images, each 28 rows of 28 numbers, in an array. Raises Problem: 400, 413.

    `shape`: of a flat array; one side of it may be -1, unknown.
    """
    nested = _shape(value)
    numbers = _flatten(value, nested)
    shape = nested if shape is None else _completed(shape, len(numbers))
    sides = [side for side in shape if side != 1]
    if sides[-2:] == [_SIDE, _SIDE]:
        batch = sides[:-2]
    elif sides[-1:] == [_SIDE**2]:
        batch = sides[:-1]
    else:
        batch = [0, 0]
    count = batch[0] if batch else 1
    if len(batch) > 1 or not count or count * _SIDE**2 != len(numbers):
        gray = " Convert color images to gray first." if shape[-1:] in ((3,), (4,)) else ""
        found = "x".join(map(str, shape))
        hint = f"An image is {_SHAPES}; send one of another size as a PNG or JPEG file."
        raise Problem(400, f"The array has the shape {found}. {hint}{gray}")
    if count > MAX_IMAGES:
        raise Problem(413, f"A request has at most {MAX_IMAGES} images.")
    return [_to_rows(numbers[start : start + _SIDE**2]) for start in range(0, len(numbers), _SIDE**2)]


def _completed(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The shape of `count` numbers, without -1."""
    known = math.prod(side for side in shape if side != -1)
    return tuple(count // known if side == -1 else side for side in shape)


def _shape(value: list) -> tuple[int, ...]:
    """The lengths of the first list of each level."""
    shape: list[int] = []
    level: object = value
    while isinstance(level, list) and len(shape) <= _MAX_DEPTH:
        shape.append(len(level))
        level = level[0] if level else None
    return tuple(shape)


def _flatten(value: list, shape: tuple[int, ...]) -> list[float]:
    """The numbers in order. Raises Problem (400) unless all lists of a level have the same length."""
    level: list = [value]
    for side in shape:
        if not all(isinstance(one, list) and len(one) == side for one in level):
            raise Problem(400, f"The rows of the array differ in length. An image is {_SHAPES}.")
        level = [*chain.from_iterable(level)]
    if not all(isinstance(one, (int, float)) for one in level):
        raise Problem(400, f"The array has values that are not numbers. An image is {_SHAPES}.")
    return level


def _to_rows(numbers: list[float]) -> list[list[float]]:
    """784 numbers as rows, scaled to 0 to 255 if none is above 1. Raises Problem (400)."""
    low, high = min(numbers), max(numbers)
    if not (low >= 0 and high <= 255):
        usage = "Send pixels from 0 to 255 or from 0 to 1 (ink is high), before any normalization"
        raise Problem(400, f"The numbers range from {low:.4g} to {high:.4g}. {usage}.")
    scale = 255 if high <= 1 else 1
    return [[value * scale for value in numbers[start : start + _SIDE]] for start in range(0, _SIDE**2, _SIDE)]


def decode_text(text: str) -> bytes:
    """The bytes of base64 text, with or without padding, or of a data URL. Raises Problem (400)."""
    text = text.strip()
    if not text:
        raise Problem(400, f"The image is an empty text. {_BASE64_USAGE}")
    if _URL.match(text):
        raise Problem(400, "The text is a URL, which the server does not open. Send the bytes of the image.")
    if _FILE_NAME.fullmatch(text):
        usage = "curl -F image=@FILE, or curl --data-binary @FILE"
        raise Problem(400, f"The text is a file name. Send the file's content: {usage}.")
    if text[:5].lower() == "data:":
        head, _, text = text.rpartition(",")
        if not _BASE64_HEAD.search(head):
            raise Problem(400, f"The data URL is not in base64. {_BASE64_USAGE}")
    try:
        raw = text.encode("ascii").translate(_URL_SAFE, b" \t\r\n").rstrip(b"=")  # many programs break the lines
        return base64.b64decode(raw + b"=" * (-len(raw) % 4), validate=True)
    except (binascii.Error, ValueError):
        reason = "it is truncated, or has characters other than A-Z, a-z, 0-9, + and /"
        raise Problem(400, f"The text is not valid base64: {reason}. {_BASE64_USAGE}") from None
