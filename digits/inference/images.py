"""Decoding of image files to red, green, blue and opacity, with Pillow."""

from __future__ import annotations  # numpy is only imported for a picture

import functools
import io
import warnings
from typing import TYPE_CHECKING, NamedTuple

from digits.inference import image_limits

if TYPE_CHECKING:
    import numpy as np

MAX_BYTES = 2_000_000
MAX_PIXELS = 4_000_000
MAX_SIDE = 4096
_ENOUGH = 1024  # pixels on the longer side that are made into numbers: four times what is looked at
_TEXT = 4_000_000  # bytes of text beside the pixels of a PNG, once unpacked
_EXIF = 65_536  # bytes: as much as fits a segment of JPEG
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
_WIDE_GREY = ("I;16", "I;16L", "I;16B", "I;16N", "I")  # what Pillow makes of 16 bits


class ImageTooLarge(ValueError):
    """More bytes, pixels or pieces than are read."""


class InvalidImage(ValueError):
    """Not a picture of one of FORMATS, or a damaged one."""


class DecodedImage(NamedTuple):
    """float32 (H, W, 4): red, green, blue, opacity, each 0 to 1. Each pixel stands for `reduced` ones on a side."""

    channels: np.ndarray
    reduced: float


def decode(content: bytes, most_bytes: int = MAX_BYTES, most_pixels: int = MAX_PIXELS) -> DecodedImage:
    """The picture turned as the camera says it was held; of an animation the first frame.

    Raises TooLarge (before a pixel is decoded) and NoPicture.
    """
    Image, ImageOps = _pillow()
    if len(content) > most_bytes:
        raise ImageTooLarge(f"The picture has more than {most_bytes:,} bytes.")
    try:
        image_limits.check(content)
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            longer = max(picture.size)
            check_size(*picture.size, most_pixels)
            if picture.format == "JPEG":
                picture.draft(None, (_ENOUGH, _ENOUGH))  # decodes an eighth of a large one, or a quarter, or a half
            picture.load()
            if len(picture.info.get("exif", b"")) <= _EXIF:
                ImageOps.exif_transpose(picture, in_place=True)  # a copy would have as many pixels again
            handy = picture
            if max(picture.size) > _ENOUGH:
                handy = _reducible(picture).reduce(-(-max(picture.size) // _ENOUGH))
            return DecodedImage(_channels(handy), longer / max(handy.size))
    except ImageTooLarge:
        raise
    except image_limits.ImageTooComplex as error:
        raise ImageTooLarge(str(error)) from None
    except Image.DecompressionBombError:  # more than Pillow reads
        raise ImageTooLarge(f"The picture has more than {most_pixels:,} pixels.") from None
    except Exception as error:  # whatever the many decoders raise
        raise InvalidImage(f"This is no picture in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.") from error


@functools.cache
def _pillow():
    """Pillow's modules, with limits. Its warnings of what is odd in a file are new each time, and Python keeps them."""
    from PIL import Image, ImageOps, PngImagePlugin

    PngImagePlugin.MAX_TEXT_MEMORY = _TEXT
    warnings.filterwarnings("ignore", module=r"PIL\.")
    return Image, ImageOps


def check_size(width: int, height: int, most_pixels: int) -> None:
    side = MAX_SIDE if most_pixels <= MAX_PIXELS else most_pixels
    if width > side or height > side or width * height > most_pixels:
        limit = (
            f"at most {MAX_SIDE:,} on a side and {most_pixels:,} in all"
            if side == MAX_SIDE
            else f"at most {most_pixels:,}"
        )
        raise ImageTooLarge(f"The picture has {width} x {height} pixels: {limit} are read.")


def _reducible(picture):
    """In a mode whose pixels can be averaged; 16 bits can as they are."""
    return (
        picture
        if picture.mode in ("L", "RGB", "RGBA", "CMYK", "I", "F")
        else picture.convert("I" if picture.mode in _WIDE_GREY else "RGBA")
    )


def _channels(picture) -> np.ndarray:
    import numpy as np

    if picture.mode in _WIDE_GREY:
        grey = np.asarray(picture, np.float32)[..., None] / 65535
        return np.concatenate([grey, grey, grey, np.ones_like(grey)], axis=2).clip(0, 1)
    return np.asarray(picture.convert("RGBA"), np.float32) / 255
