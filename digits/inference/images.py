"""Decoding of image files with Pillow to red, green, blue and opacity, within limits on size and structure."""

from __future__ import annotations  # numpy and Pillow are imported for the first image

import contextlib
import functools
import io
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from digits.inference.image_structure import ImageTooLarge, InvalidImage, check_structure, first_page

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

# A phone's photo: 12 to 16 megapixels, 3 to 8 MB.
MAX_BYTES = 12 << 20
MAX_PIXELS = 16 << 20  # 64 MB in Pillow's memory, unless it is a JPEG: those are decoded at a reduced size
MAX_WEBP_PIXELS = 8 << 20  # its decoder takes 16 bytes for each
MAX_SIDE = 8192
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
_REDUCED_SIDE = 1024  # pixels on the longer side after decoding: four times what preprocessing looks at
_BAND = 64  # rows of the reduced image that are converted at a time
_MAX_TEXT_BYTES = 4_000_000  # of a PNG's text chunks, decompressed
_MAX_EXIF_BYTES = 65_536  # the size of a JPEG segment
_one_at_a_time = threading.Lock()  # of threads that redirect stderr
_GRAY_16_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")  # Pillow's modes for 16 bits a channel


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
        reduced, longer_side = _load(first_page(content), max_pixels)
        if len(reduced.info.get("exif", b"")) <= _MAX_EXIF_BYTES:
            ImageOps.exif_transpose(reduced, in_place=True)
        channels = _channels(reduced)
        return DecodedImage(channels, longer_side / max(channels.shape[:2]))
    except ImageTooLarge:
        raise
    except Image.DecompressionBombError:  # beyond Pillow's own limit
        raise ImageTooLarge(f"The image has more than {max_pixels:,} pixels.") from None
    except Exception as error:  # decoders raise errors of many types
        raise InvalidImage(f"Not a valid {', '.join(FORMATS[:-1])} or {FORMATS[-1]} image.") from error


def from_pillow(image: Image.Image) -> DecodedImage:
    """An image opened or drawn by the caller, rotated as its EXIF orientation says."""
    from PIL import ImageOps

    channels = _channels(ImageOps.exif_transpose(_reduced(image)))
    return DecodedImage(channels, max(image.size) / max(channels.shape[:2]))


def _load(content: bytes, max_pixels: int) -> tuple[Image.Image, int]:
    """The image, reduced, and the longer side that it has in the file. The full-size image is released on return."""
    from PIL import Image

    quiet = _quiet_libtiff() if content.startswith((b"II", b"MM")) else contextlib.nullcontext()
    with quiet, Image.open(io.BytesIO(content), formats=FORMATS) as image:
        width, height = image.size
        uploaded_webp = image.format == "WEBP" and max_pixels <= MAX_PIXELS
        check_size(width, height, min(max_pixels, MAX_WEBP_PIXELS) if uploaded_webp else max_pixels)
        if image.format in ("JPEG", "MPO"):  # MPO: a phone's JPEG with a second picture in it
            image.draft(None, (_REDUCED_SIDE, _REDUCED_SIDE))  # decodes a large one at 1/2, 1/4 or 1/8 of its size
        image.load()
        return _reduced(image), max(width, height)


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raise ImageTooLarge for more than MAX_SIDE pixels on a side (`max_pixels` above MAX_PIXELS lifts that limit)."""
    side = MAX_SIDE if max_pixels <= MAX_PIXELS else max_pixels
    if width > side or height > side or width * height > max_pixels:
        per_side = f"{MAX_SIDE:,} on a side and " if side == MAX_SIDE else ""
        raise ImageTooLarge(f"The image has {width} x {height} pixels; the limit is {per_side}{max_pixels:,} in all.")


@functools.cache
def _configure_pillow() -> None:
    """Limit Pillow's memory and silence its warnings: each one differs, and Python remembers them all."""
    from PIL import PngImagePlugin

    PngImagePlugin.MAX_TEXT_MEMORY = _MAX_TEXT_BYTES
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)


@contextlib.contextmanager
def _quiet_libtiff() -> Iterator[None]:
    """Discard libtiff's messages about damaged files: Pillow can't turn them off, and uploads could fill a terminal."""
    with _one_at_a_time, contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # there is no stderr
            stderr = os.dup(2)
            stack.callback(os.close, stderr)
            with open(os.devnull, "wb") as nothing:
                os.dup2(nothing.fileno(), 2)
            stack.callback(os.dup2, stderr, 2)
        yield


def _reduced(image: Image.Image) -> Image.Image:
    """At most _REDUCED_SIDE pixels on a side, by averaging whole pixels."""
    from PIL import Image

    factor = -(-max(image.size) // _REDUCED_SIDE)
    if factor == 1:
        return image
    if image.mode in ("L", "RGB", "CMYK", "I", "F"):  # the modes that can be averaged as they are
        return image.reduce(factor)
    mode = "I" if image.mode in _GRAY_16_BIT else "RGBA"
    reduced = Image.new(mode, (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, _BAND * factor):  # converting it whole would double the memory, or more
        band = image.crop((0, top, image.width, min(image.height, top + _BAND * factor)))
        reduced.paste(band.convert(mode).reduce(factor), (0, top // factor))
    reduced.info = image.info
    return reduced


def _channels(image: Image.Image) -> np.ndarray:
    """Float32 (H, W, 4) of 0 to 1."""
    import numpy as np

    if image.mode in _GRAY_16_BIT:
        gray = np.asarray(image, np.float32)[..., None] / 65535  # (H, W, 1)
        return np.concatenate([gray, gray, gray, np.ones_like(gray)], axis=2).clip(0, 1)
    channels = np.array(image.convert("RGBA"), np.float32)
    channels /= 255
    return channels
