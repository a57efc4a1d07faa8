"""Any picture file as red, green, blue and opacity. Decoding is Pillow's work, which torchvision brings along."""

from __future__ import annotations  # numpy is only imported for a picture

import io
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MAX_BYTES = 2_000_000
MAX_PIXELS = 4_000_000
MAX_SIDE = 4096
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
_WIDE_GREY = ("I;16", "I;16L", "I;16B", "I;16N", "I")  # what Pillow makes of 16 bits


class TooLarge(ValueError):
    """More bytes or pixels than are read."""


class NoPicture(ValueError):
    """Not a picture of one of FORMATS, or a damaged one."""


def decode(content: bytes) -> np.ndarray:
    """float32 (H, W, 4): red, green, blue, opacity, each 0 to 1, turned as the camera says it was held.

    The first frame of an animation. Raises TooLarge (before a pixel is decoded) and NoPicture.
    """
    from PIL import Image, ImageOps

    if len(content) > MAX_BYTES:
        raise TooLarge(f"The picture has more than {MAX_BYTES:,} bytes.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd in a file nobody here can do anything about
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                check_size(*picture.size)
                picture.load()
                return _channels(ImageOps.exif_transpose(picture))
    except TooLarge:
        raise
    except Exception as error:  # whatever the many decoders raise
        raise NoPicture(f"This is no picture in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.") from error


def check_size(width: int, height: int) -> None:
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise TooLarge(
            f"The picture has {width} x {height} pixels: at most {MAX_SIDE:,} on a side and {MAX_PIXELS:,} are read."
        )


def _channels(picture) -> np.ndarray:
    import numpy as np

    if picture.mode in _WIDE_GREY:
        grey = np.asarray(picture, np.float32)[..., None] / 65535
        return np.concatenate([grey, grey, grey, np.ones_like(grey)], axis=2).clip(0, 1)
    return np.asarray(picture.convert("RGBA"), np.float32) / 255
