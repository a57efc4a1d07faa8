"""Checks of an image file's structure before it is decoded.

Some files are built to exhaust a decoder. Pillow walks the chunks of a file one by one, in Python, known or not, and
12 MB hold four million of them. Each scan of a progressive JPEG traverses the whole image, and 2 MB hold 130,000 scans,
which take minutes. Each tag of a TIFF may claim the whole file as its value.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Literal, NamedTuple

MAX_CHUNKS = 10_000  # a PNG of 50 MB has 6,400 as libpng writes it
MAX_SCANS = 30  # of a JPEG; encoders write about ten
MAX_RLE_BYTES = 1_000_000  # of a run-length encoded BMP, which Pillow decodes in Python: a microsecond per byte
MAX_VALUES = 10_000  # of a TIFF's tag, such as its strips: scanners write one for every few rows
MAX_TILE_PIXELS = 1 << 24  # of a TIFF: libtiff allocates a whole tile, however small the image

_RLE = (1, 2)  # a BMP's compression field: runs of 8 and of 4 bits
_STANDALONE = {0x01, *range(0xD0, 0xDA)}  # JPEG markers without a length
_START_OF_SCAN = 0xDA

_Order = Literal["little", "big"]
_TIFF: dict[bytes, _Order] = {b"II*\0": "little", b"MM\0*": "big"}
_ENTRY, _VALUE = 12, 4  # bytes of a tag in a TIFF, and of the part that has its value or the offset of it
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_BYTES, _SHORT = (1, 2, 6, 7), 3  # types of a tag
_DESCRIPTION, _COMPRESSION, _TILE_WIDTH, _TILE_LENGTH = 270, 259, 322, 323
_FIRST_PRIVATE = 700  # tags from here on may be long: color profile, metadata, layers of an editor
_INNER_DIRECTORIES = (34665, 34853, 40965)  # Exif, GPS, interoperability: Pillow reads them too
# None, three kinds of CCITT fax, LZW, JPEG, Deflate under two numbers, PackBits: scanners and editors write no others.
_TIFF_COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32946, 32773)

# Signatures, with their offsets, of image formats that are not supported.
_FOREIGN = {
    (4, b"ftypheic"): "HEIC",
    (4, b"ftypheix"): "HEIC",
    (4, b"ftyphevc"): "HEIC",
    (4, b"ftypheim"): "HEIC",
    (4, b"ftypmif1"): "HEIF",
    (4, b"ftypmsf1"): "HEIF",
    (4, b"ftypavif"): "AVIF",
    (4, b"ftypavis"): "AVIF",
    (0, b"%PDF"): "PDF",
    (0, b"II+\0"): "BigTIFF",
    (0, b"MM\0+"): "BigTIFF",
    (0, b"\0\0\1\0"): "ICO",
    (0, b"8BPS"): "PSD",
    (0, b"PK\3\4"): "ZIP",
    (0, b"\x93NUMPY"): "NumPy",
    (0, b"\xff\x0a"): "JPEG XL",
    (0, b"\0\0\0\x0cJXL "): "JPEG XL",
    (0, b"\0\0\0\x0cjP  "): "JPEG 2000",
}


class ImageTooLarge(ValueError):
    """More bytes, pixels, chunks, scans or tags than are decoded."""


class InvalidImage(ValueError):
    """A file that is not an image in a supported format, or is damaged."""


def check_structure(content: bytes) -> None:
    """Raise ImageTooLarge for a file with more chunks, scans or tags than any image needs.

    Raises InvalidImage for a known format or compression that is not supported; accepts content in no known format.
    """
    if foreign := _foreign_format(content):
        phone = " (on an iPhone: Settings, Camera, Formats, Most Compatible)" if foreign in ("HEIC", "HEIF") else ""
        raise InvalidImage(f"{foreign} files are not supported: export the image as JPEG or PNG{phone}.")
    for signature, chunks in _CHUNKS.items():
        if content.startswith(signature) and len(list(islice(chunks(content), MAX_CHUNKS + 1))) > MAX_CHUNKS:
            raise ImageTooLarge(f"The image has more than {MAX_CHUNKS:,} chunks.")
    # Entropy-coded data never contains the two bytes of a marker.
    if content.startswith(b"\xff\xd8") and content.count(bytes((0xFF, _START_OF_SCAN))) > MAX_SCANS:
        raise ImageTooLarge(f"The image has more than {MAX_SCANS} scans.")
    if content.startswith(b"BM") and len(content) > MAX_RLE_BYTES and _integer(content, 30, "little") in _RLE:
        raise ImageTooLarge(f"The run-length encoded image has more than {MAX_RLE_BYTES:,} bytes.")
    if content[:4] in _TIFF:
        _check_tiff(content)


def _foreign_format(content: bytes) -> str | None:
    """The name of a format that people take for an image and the decoder does not read."""
    if content[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<svg" in content[:1000]:
        return "SVG"  # often after an XML declaration and a comment
    return next((name for (offset, signature), name in _FOREIGN.items() if content.startswith(signature, offset)), None)


def first_page(content: bytes) -> bytes:
    """A TIFF without its further pages: Pillow would walk all of them to count them; any other file unchanged."""
    order = _TIFF.get(content[:4])
    if order is None:
        return content
    start = _integer(content, 4, order)
    end = start + 2 + _ENTRY * _integer(content, start, order, size=2)
    return content[:end] + bytes(_VALUE) + content[end + _VALUE :] if _integer(content, end, order) else content


class _Tag(NamedTuple):
    """`length`: the count of its values. `value`: the number that the tag has, or the offset of its values."""

    number: int
    type: int
    length: int
    value: int

    @property
    def bytes(self) -> int:
        return self.length * _TYPE_BYTES.get(self.type, 0)


def _check_tiff(content: bytes) -> None:
    """Raise ImageTooLarge or InvalidImage for tags that cost too much memory or time to read."""
    order = _TIFF[content[:4]]
    tags = list(islice(_directory(content, _integer(content, 4, order), order), MAX_CHUNKS + 1))
    for _ in range(2):  # interoperability is within Exif
        for tag in [tag for tag in tags if tag.number in _INNER_DIRECTORIES]:
            tags += islice(_directory(content, tag.value, order), MAX_CHUNKS + 1)
    if len(tags) > MAX_CHUNKS:
        raise ImageTooLarge(f"The TIFF has more than {MAX_CHUNKS:,} tags.")
    if sum(tag.bytes for tag in tags) > len(content):
        raise InvalidImage("The TIFF is truncated or damaged: its tags are longer than the file.")
    for tag in tags:
        free = tag.number == _DESCRIPTION or (tag.number >= _FIRST_PRIVATE and tag.type in _BYTES)
        if tag.length > MAX_VALUES and not free:
            raise ImageTooLarge(f"The TIFF has a tag of more than {MAX_VALUES:,} values.")
        if tag.number == _COMPRESSION and tag.value not in _TIFF_COMPRESSIONS:
            raise InvalidImage("The TIFF's compression is not supported: save it with LZW, Deflate or none.")
    widths, lengths = ([tag.value for tag in tags if tag.number == side] for side in (_TILE_WIDTH, _TILE_LENGTH))
    if max(widths, default=0) * max(lengths, default=0) > MAX_TILE_PIXELS:
        raise ImageTooLarge(f"The TIFF has tiles of more than {MAX_TILE_PIXELS:,} pixels.")


def _directory(content: bytes, start: int, order: _Order) -> Iterator[_Tag]:
    end = start + 2 + _ENTRY * _integer(content, start, order, size=2)
    if end > len(content):
        raise InvalidImage("The TIFF is truncated or damaged: it ends within its tags.")
    for entry in range(start + 2, end, _ENTRY):
        number, type_ = (_integer(content, entry + place, order, size=2) for place in (0, 2))
        yield _Tag(
            number,
            type_,
            _integer(content, entry + 4, order),
            _integer(content, entry + 8, order, size=2 if type_ == _SHORT else _VALUE),
        )


def _integer(content: bytes, offset: int, order: _Order, size: int = 4) -> int:
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
