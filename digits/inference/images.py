"""Decoding of image files with Pillow to red, green, blue and opacity, within limits on size and structure.

Some files are built to exhaust a decoder: it walks the chunks of a file one by one, in Python, known or not, and 2 MB
hold 660,000 of them; each scan of a progressive JPEG traverses the whole image, and 2 MB hold 130,000 scans, which take
minutes. So the structure is checked before the file is decoded.
"""

from __future__ import annotations  # numpy and Pillow are imported for the first image

import functools
import io
import warnings
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

MAX_BYTES = 2_000_000
MAX_PIXELS = 4_000_000
MAX_SIDE = 4096
MAX_CHUNKS = 10_000  # a PNG of 50 MB has 6,400 as libpng writes it
MAX_SCANS = 100  # of a JPEG; encoders write about ten
MAX_RLE_BYTES = 1_000_000  # of a run-length encoded BMP, which Pillow decodes in Python: a microsecond per byte
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
_REDUCED_SIDE = 1024  # pixels on the longer side after decoding: four times what preprocessing looks at
_MAX_TEXT_BYTES = 4_000_000  # of a PNG's text chunks, decompressed
_MAX_EXIF_BYTES = 65_536  # the size of a JPEG segment
_GRAY_16_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")  # Pillow's modes for 16 bits a channel
_RLE = (1, 2)  # a BMP's compression field: runs of 8 and of 4 bits
_STANDALONE = {0x01, *range(0xD0, 0xDA)}  # JPEG markers without a length
_START_OF_SCAN = 0xDA


class ImageTooLarge(ValueError):
    """More bytes, pixels, chunks or scans than are decoded."""


class InvalidImage(ValueError):
    """A file that is not an image in one of FORMATS, or is damaged."""


class DecodedImage(NamedTuple):
    """An image as float32 (H, W, 4): red, green, blue, opacity, each 0 to 1.

    `reduced`: how many pixels of the file one pixel stands for, on a side.
    """

    channels: np.ndarray
    reduced: float


def decode(content: bytes, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> DecodedImage:
    """Decode a file, rotated as its EXIF orientation says; the first frame of an animation.

    Raises ImageTooLarge (before any pixel is decoded) and InvalidImage.
    """
    from PIL import Image, ImageOps

    _configure_pillow()
    if len(content) > max_bytes:
        raise ImageTooLarge(f"The image has more than {max_bytes:,} bytes.")
    check_structure(content)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            check_size(width, height, max_pixels)
            if image.format == "JPEG":
                image.draft(None, (_REDUCED_SIDE, _REDUCED_SIDE))  # decodes a large one at 1/2, 1/4 or 1/8 of its size
            image.load()
            if len(image.info.get("exif", b"")) <= _MAX_EXIF_BYTES:
                ImageOps.exif_transpose(image, in_place=True)  # in place, since a copy would double the memory
            channels = _channels(_reduced(image))
            return DecodedImage(channels, max(width, height) / max(channels.shape[:2]))
    except ImageTooLarge:
        raise
    except Image.DecompressionBombError:  # beyond Pillow's own limit
        raise ImageTooLarge(f"The image has more than {max_pixels:,} pixels.") from None
    except Exception as error:  # decoders raise errors of many types
        raise InvalidImage(f"Not a valid {', '.join(FORMATS[:-1])} or {FORMATS[-1]} image.") from error


def from_pillow(image: Image.Image) -> DecodedImage:
    """An image that another program has opened or drawn, rotated as its EXIF orientation says."""
    from PIL import ImageOps

    channels = _channels(ImageOps.exif_transpose(_reduced(image)))
    return DecodedImage(channels, max(image.size) / max(channels.shape[:2]))


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raise ImageTooLarge for more than MAX_SIDE pixels on a side (`max_pixels` above MAX_PIXELS lifts that limit)."""
    side = MAX_SIDE if max_pixels <= MAX_PIXELS else max_pixels
    if width > side or height > side or width * height > max_pixels:
        per_side = f"{MAX_SIDE:,} on a side and " if side == MAX_SIDE else ""
        raise ImageTooLarge(f"The image has {width} x {height} pixels; the limit is {per_side}{max_pixels:,} in all.")


def check_structure(content: bytes) -> None:
    """Raise ImageTooLarge for a file with more chunks or scans than any image needs; accepts what is not an image."""
    for signature, chunks in _CHUNKS.items():
        if content.startswith(signature) and len(list(islice(chunks(content), MAX_CHUNKS + 1))) > MAX_CHUNKS:
            raise ImageTooLarge(f"The image has more than {MAX_CHUNKS:,} chunks.")
    # Entropy-coded data never contains the two bytes of a marker.
    if content.startswith(b"\xff\xd8") and content.count(bytes((0xFF, _START_OF_SCAN))) > MAX_SCANS:
        raise ImageTooLarge(f"The image has more than {MAX_SCANS} scans.")
    if content.startswith(b"BM") and len(content) > MAX_RLE_BYTES and _integer(content, 30, "little") in _RLE:
        raise ImageTooLarge(f"The run-length encoded image has more than {MAX_RLE_BYTES:,} bytes.")


@functools.cache
def _configure_pillow() -> None:
    """Limit Pillow's memory, and silence its warnings about odd files: each is new, and Python keeps them all."""
    from PIL import PngImagePlugin

    PngImagePlugin.MAX_TEXT_MEMORY = _MAX_TEXT_BYTES
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _reduced(image: Image.Image) -> Image.Image:
    """At most _REDUCED_SIDE pixels on a side, by averaging whole pixels."""
    factor = -(-max(image.size) // _REDUCED_SIDE)
    if factor == 1:
        return image
    if image.mode not in ("L", "RGB", "RGBA", "CMYK", "I", "F"):  # the modes that can be averaged
        image = image.convert("I" if image.mode in _GRAY_16_BIT else "RGBA")
    return image.reduce(factor)


def _channels(image: Image.Image) -> np.ndarray:
    """Float32 (H, W, 4) of 0 to 1."""
    import numpy as np

    if image.mode in _GRAY_16_BIT:
        gray = np.asarray(image, np.float32)[..., None] / 65535  # (H, W, 1)
        return np.concatenate([gray, gray, gray, np.ones_like(gray)], axis=2).clip(0, 1)
    return np.asarray(image.convert("RGBA"), np.float32) / 255


def _integer(content: bytes, offset: int, order: Literal["little", "big"], size: int = 4) -> int:
    return int.from_bytes(content[offset : offset + size], order)


def _png_chunks(content: bytes) -> Iterator[int]:
    """Offset of each chunk."""
    offset = 8
    while offset < len(content):
        yield offset
        offset += 12 + _integer(content, offset, "big")


def _jpeg_segments(content: bytes) -> Iterator[int]:
    """Offset of each segment, and of each byte between segments, up to the first scan."""
    offset = 2
    while offset + 1 < len(content):
        yield offset
        prefix, marker = content[offset], content[offset + 1]
        if prefix == 0xFF and marker == _START_OF_SCAN:
            return
        if prefix != 0xFF or marker in (0, 0xFF):
            offset += 1
        else:
            offset += 2 if marker in _STANDALONE else max(4, 2 + _integer(content, offset + 2, "big", size=2))


def _gif_blocks(content: bytes) -> Iterator[int]:
    """Offset of each block of an extension, and of each byte between extensions, up to the first frame."""
    offset = 13 + (3 << (content[10] & 7) + 1 if content[10:11] and content[10] & 0x80 else 0)
    while offset < len(content) and content[offset] not in b",;":
        yield offset
        if content[offset] != 0x21:
            offset += 1
            continue
        offset += 2
        while offset < len(content) and content[offset]:
            yield offset
            offset += 1 + content[offset]
        offset += 1


_CHUNKS = {b"\x89PNG": _png_chunks, b"\xff\xd8": _jpeg_segments, b"GIF8": _gif_blocks}
