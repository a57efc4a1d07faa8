"""PNG mosaics reduced to some of their images: a gray tile with a cross takes the place of the others.

Own code for the one kind of PNG that the trainer writes (8-bit gray, not interlaced), because sharing a run needs the
standard library only.
"""

import struct
import zlib
from collections.abc import Iterator

TILE, PER_ROW = 28, 100  # pixels of an image's side; images in a row of validation.png and test.png
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY = (8, 0, 0, 0, 0)  # bit depth, color type, compression, filter method, interlace
_TILE_GRAY, _CROSS_GRAY = 48, 96  # not the black of paper: the page sees in a corner that an image is missing
_MISSING = [
    bytes(_CROSS_GRAY if column in (row, TILE - 1 - row) else _TILE_GRAY for column in range(TILE)) * PER_ROW
    for row in range(TILE)
]
_LEVEL = 7  # 9 takes six times the time for a twentieth of the bytes
_MAX_SIDE = 100_000  # pixels: far more than a mosaic of 60,000 images


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while place + 12 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        yield kind, png[place + 8 : place + 8 + length]
        place += 12 + length


def _png(*chunks: tuple[bytes, bytes]) -> bytes:
    packed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"".join([_SIGNATURE, *packed])


def without_metadata(png: bytes) -> bytes:
    """The picture without text, times and other ancillary chunks; empty if `png` is not a PNG."""
    if not png.startswith(_SIGNATURE):
        return b""
    return _png(*((kind, data) for kind, data in _chunks(png) if kind[:1].isupper()))


def keep_images(png: bytes, wanted: set[int]) -> bytes | None:
    """The mosaic with the images of these indices only. None for a PNG that the trainer does not write."""
    chunks = list(_chunks(png)) if png.startswith(_SIGNATURE) else []
    header = next((data for kind, data in chunks if kind == b"IHDR" and len(data) == 13), None)
    if header is None:
        return None
    width, height, *form = struct.unpack(">IIBBBBB", header)
    if tuple(form) != _GRAY or width != PER_ROW * TILE or not 0 < height <= _MAX_SIDE:
        return None
    try:
        lines = zlib.decompressobj().decompress(
            b"".join(data for kind, data in chunks if kind == b"IDAT"), (width + 1) * height
        )
    except zlib.error:
        return None
    if len(lines) != (width + 1) * height:
        return None
    compressor = zlib.compressobj(_LEVEL)
    kept = []
    for row, pixels in enumerate(_rows(lines, width, height)):
        line = bytearray(b"\0" + _MISSING[row % TILE])  # filter 0: each pixel as it is
        for column in range(PER_ROW):
            if row // TILE * PER_ROW + column in wanted:
                place = column * TILE
                line[place + 1 : place + TILE + 1] = pixels[place : place + TILE]
        kept.append(compressor.compress(bytes(line)))
    data = b"".join([*kept, compressor.flush()])
    return _png((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))


def _rows(lines: bytes, width: int, height: int) -> Iterator[bytearray]:
    """The pixels of each row: the inverse of PNG's filters (PNG specification, 9.2) for one byte per pixel."""
    above = bytearray(width)
    for place in range(0, height * (width + 1), width + 1):
        kind, line = lines[place], bytearray(lines[place + 1 : place + 1 + width])
        if kind == 1:
            left = 0
            for i, value in enumerate(line):
                left = line[i] = (value + left) & 255
        elif kind == 2:
            line = bytearray([(value + up) & 255 for value, up in zip(line, above)])
        elif kind == 3:
            left = 0
            for i, value in enumerate(line):
                left = line[i] = (value + ((left + above[i]) >> 1)) & 255
        elif kind == 4:
            _paeth(line, above)
        yield line
        above = line


def _paeth(line: bytearray, above: bytearray) -> None:
    left = corner = 0
    for i, value in enumerate(line):
        up = above[i]
        if not (value or left or up):  # paper: most of a mosaic
            corner = 0
            continue
        a, b = abs(up - corner), abs(left - corner)
        c = abs(left + up - 2 * corner)
        best = left if a <= b and a <= c else up if b <= c else corner
        left = line[i] = (value + best) & 255
        corner = up
