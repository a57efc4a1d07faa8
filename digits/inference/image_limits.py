"""Limits on the structure of an image file, checked before it is decoded: some files are built to exhaust a decoder.

Decoders go through the pieces of a file one by one, in Python, whether they know them or not: 2 MB hold 660,000.
Each scan of a progressive JPEG goes over the whole picture: 2 MB hold 130,000, which take some minutes.
"""

from collections.abc import Iterator
from itertools import islice

PIECES = 10_000  # 50 MB of a PNG have 6,400 as libpng cuts them
SCANS = 100  # encoders write some ten
PACKED = 1_000_000  # bytes of a packed BMP: these are unpacked in Python too, and take a microsecond each
_PACKED_KINDS = (1, 2)  # runs of 8 and of 4 bits
_ALONE = {0x01, *range(0xD0, 0xDA)}  # JPEG's markers without content
_SCAN = 0xDA


class ImageTooComplex(ValueError):
    """More pieces than any picture needs."""


def check(content: bytes) -> None:
    """Raise Excessive for a file that would keep its decoder busy. What is no picture passes, and is the decoder's."""
    for beginning, pieces in _PIECES.items():
        if content.startswith(beginning) and len(list(islice(pieces(content), PIECES + 1))) > PIECES:
            raise ImageTooComplex(f"The picture consists of more than {PIECES:,} pieces.")
    if content.startswith(b"\xff\xd8") and content.count(bytes((0xFF, _SCAN))) > SCANS:  # pixels never hold these two
        raise ImageTooComplex(f"The picture has more than {SCANS} scans.")
    if content.startswith(b"BM") and len(content) > PACKED and _number(content, 30, "little") in _PACKED_KINDS:
        raise ImageTooComplex(f"The packed picture has more than {PACKED:,} bytes.")


def _number(content: bytes, place: int, order: str, size: int = 4) -> int:
    return int.from_bytes(content[place : place + size], order)


def _of_png(content: bytes) -> Iterator[int]:
    """Where each chunk begins."""
    place = 8
    while place < len(content):
        yield place
        place += 12 + _number(content, place, "big")


def _of_jpeg(content: bytes) -> Iterator[int]:
    """Where each segment begins, and each byte between them, up to the first scan."""
    place = 2
    while place + 1 < len(content):
        yield place
        mark, kind = content[place], content[place + 1]
        if mark == 0xFF and kind == _SCAN:
            return
        if mark != 0xFF or kind in (0, 0xFF):
            place += 1
        else:
            place += 2 if kind in _ALONE else max(4, 2 + _number(content, place + 2, "big", size=2))


def _of_gif(content: bytes) -> Iterator[int]:
    """Where each block of an extension begins, and each byte between them, up to the first frame."""
    place = 13 + (3 << (content[10] & 7) + 1 if content[10:11] and content[10] & 0x80 else 0)
    while place < len(content) and content[place] not in b",;":
        yield place
        if content[place] != 0x21:
            place += 1
            continue
        place += 2
        while place < len(content) and content[place]:
            yield place
            place += 1 + content[place]
        place += 1


_PIECES = {b"\x89PNG": _of_png, b"\xff\xd8": _of_jpeg, b"GIF8": _of_gif}
