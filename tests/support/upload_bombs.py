"""Small uploads that are made to exhaust memory or time: `BOMBS` builds them."""

import base64
import functools
import io
import struct
import zlib

from PIL import Image

from digits.inference import images
from digits.server import uploads

BODY = uploads.MAX_UPLOAD - 1000  # bytes of a request
MOST = images.MAX_BYTES - 10_000  # bytes
WIDE, HIGH = 4096, 4064  # just below the limit for an image
WEBP_HIGH = 2032  # half of that: the limit for WebP
FORM = "multipart/form-data; boundary=xyz"
JSON = "application/json"


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    """One of PNG's."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(*before: bytes, size=(28, 28), bits=8, color=0, pixels: bytes | None = None, after: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, color, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(29 * 28)) if pixels is None else pixels)
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + data + after + chunk(b"IEND")


@functools.cache
def zeros(length: int) -> bytes:
    """`count` zero bytes, compressed to a thousandth, without holding them all in memory."""
    packer = zlib.compressobj(9)
    part = bytes(1 << 20)
    return b"".join(packer.compress(part) for _ in range(length >> 20)) + packer.flush()


def full_png() -> bytes:
    """A PNG with as many pixels as the limit allows, of 8 bytes each."""
    return png(size=(WIDE, HIGH), bits=16, color=6, pixels=zeros((WIDE * 8 + 1) * HIGH + (1 << 20)))


def png_palette() -> bytes:
    return png(chunk(b"PLTE", bytes(MOST // 3 * 3)), color=3)


def png_parts() -> bytes:
    """A PNG whose pixel data has a chunk for every byte."""
    pixels = zlib.compress(bytes(range(256)) * 400, 0)[:100_000]
    head = png(size=(WIDE, HIGH)).partition(chunk(b"IDAT", zlib.compress(bytes(29 * 28))))[0]
    return head + b"".join(chunk(b"IDAT", pixels[place : place + 1]) for place in range(100_000)) + chunk(b"IEND")


def frames_of_png() -> bytes:
    """An animated PNG."""
    control = chunk(b"acTL", struct.pack(">II", 0x7FFFFFFF, 0))
    frame = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 28, 28, 0, 0, 1, 1, 0, 0))
    return png(control, after=frame * (MOST // len(frame)))


def exif(entries: int, each: int, total: int) -> bytes:
    """Exif entries that all refer to the same `each` bytes of `total`."""
    head = b"II*\0" + struct.pack("<IH", 8, entries)
    start = len(head) + 12 * entries + 4
    table = b"".join(struct.pack("<HHII", tag, 7, each, start) for tag in range(entries))
    return (head + table + bytes(4)).ljust(total, b"\0")


def segment(marker: int, content: bytes) -> bytes:
    """One of JPEG's."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg(*after_start: bytes, size=(28, 28), **options) -> bytes:
    content = io.BytesIO()
    Image.new(options.pop("mode", "L"), size, 255).save(content, "JPEG", **options)
    return content.getvalue()[:2] + b"".join(after_start) + content.getvalue()[2:]


def jpeg_header(width: int, height: int, marker: int = 0xC0, components: int = 1) -> bytes:
    tables = segment(0xDB, b"\0" + b"\1" * 64)
    parts = b"".join(bytes((number, 0x11, 0)) for number in range(1, components + 1))
    return b"\xff\xd8" + tables + segment(marker, struct.pack(">BHHB", 8, height, width, components) + parts)


def scans(count: int) -> bytes:
    """A progressive JPEG of many scans over all of its blocks, each of which a few codes mark as empty."""
    codes = segment(0xC4, b"\x10" + bytes((1, *[0] * 15)) + b"\xe0")
    blocks = WIDE * HIGH // 64
    runs = -(-blocks // 32_000)
    lengths = [blocks // runs + (run < blocks % runs) for run in range(runs)]
    bits = "".join("0" + f"{length - (1 << 14):014b}" for length in lengths)
    length = -(-len(bits) // 8)
    data = int(bits.ljust(8 * length, "1"), 2).to_bytes(length, "big").replace(b"\xff", b"\xff\0")
    scan = segment(0xDA, bytes((1, 1, 0, 1, 63, 0))) + data
    return jpeg_header(WIDE, HIGH, marker=0xC2) + codes + scan * count + b"\xff\xd9"


def many(piece: bytes, less: int = 1000) -> bytes:
    return piece * ((MOST - less) // len(piece))


def gif(*before: bytes, size=(28, 28), frame=(28, 28), after: bytes = b"") -> bytes:
    screen = struct.pack("<HHBBB", *size, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    data = b"\x02\x02\x4c\x01\x00"
    place = struct.pack("<BHHHHB", 0x2C, 0, 0, *frame, 0)
    return b"GIF89a" + screen + b"".join(before) + place + data + after + b";"


def gif_frames() -> bytes:
    return gif(after=many(struct.pack("<BHHHHB", 0x2C, 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"))


def bmp(pixels: bytes, size=(WIDE, HIGH), bits: int = 8, packed: int = 0, colors: int = 256) -> bytes:
    palette = bytes(4 * colors) if bits <= 8 else b""
    start = 54 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, *size, 1, bits, packed, len(pixels), 0, 0, colors, 0)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + palette + pixels


def webp(size, frames: int = 1, **options) -> bytes:
    content = io.BytesIO()
    first, *others = [Image.new("RGBA", size, (0, 0, 40 * number % 256, 255)) for number in range(frames)]
    first.save(content, "WEBP", save_all=frames > 1, append_images=others, **options)
    return content.getvalue()


def webp_canvas() -> bytes:
    """An animation on the largest possible canvas."""
    content = bytearray(webp((4, 4), 2, lossless=True))
    content[24:30] = (16383).to_bytes(3, "little") * 2
    return bytes(content)


def webp_exif() -> bytes:
    return webp((28, 28), lossless=True, exif=exif(65535, 1_000_000, 1_800_000))


def tiff(*entries: tuple[int, int, int, int], after: int = 0, tail: bytes = b"", size=(28, 28)) -> bytes:
    """A gray TIFF of one strip. `entries`: tag, type, count, value; `after`: offset of the next page."""
    base = [(256, 4, 1, size[0]), (257, 4, 1, size[1]), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]
    named = {entry[0] for entry in entries}
    tags = sorted([entry for entry in base if entry[0] not in named] + list(entries))
    table = b"".join(struct.pack("<HHII", *entry) for entry in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + table + struct.pack("<I", after) + tail


def tiff_pages() -> bytes:
    """A chain of pages without tags."""
    count, start = MOST // 6 - 100, len(tiff((273, 4, 1, 8), (279, 4, 1, 784)))
    chain = b"".join(struct.pack("<HI", 0, start + 6 * (page + 1)) for page in range(count))
    return tiff((273, 4, 1, 8), (279, 4, 1, 784), after=start, tail=chain)


def tiff_tile(side: int) -> bytes:
    """A tile far larger than its image, compressed to nothing."""
    entries = ((259, 3, 1, 8), (322, 4, 1, side), (323, 4, 1, side), (324, 4, 1, 8), (325, 4, 1, 100))
    return tiff(*entries, tail=zeros(1 << 20))


def full_tiff(compression: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGBA", (WIDE, HIGH)).save(content, "TIFF", compression=compression)
    return content.getvalue()


def in_form(content: bytes, head: bytes = b'Content-Disposition: form-data; name="image"') -> bytes:
    return b"--xyz\r\n" + head + b"\r\n\r\n" + content + b"\r\n--xyz--\r\n"


def in_json(content: bytes) -> bytes:
    return b'{"image": "data:image/png;base64,' + base64.b64encode(content) + b'"}'


# Name: function that builds it, and its content type if that matters.
BOMBS = {
    "PNG of 10,000 megapixels": (lambda: png(size=(100_000, 100_000)), None),
    "PNG of 2^62 pixels": (lambda: png(size=(0x7FFFFFFF, 0x7FFFFFFF)), None),
    "PNG of as many pixels as are read": (full_png, None),
    "PNG whose pixels never end": (lambda: png(pixels=zeros(1 << 28)), None),
    "PNG with text of 270 MB": (lambda: png(chunk(b"zTXt", b"Comment\0\0" + zeros(1 << 28))), None),
    "PNG with texts of 1 MB each": (
        lambda: png(*[chunk(b"zTXt", b"%d\0\0" % number + zeros(1 << 20)) for number in range(1500)]),
        None,
    ),
    "PNG with international text of 270 MB": (
        lambda: png(chunk(b"iTXt", b"Comment\0\1\0\0\0" + zeros(1 << 28))),
        None,
    ),
    "PNG with a color profile of 270 MB": (lambda: png(chunk(b"iCCP", b"x\0\0" + zeros(1 << 28))), None),
    "PNG of 150,000 empty texts": (lambda: png(many(chunk(b"tEXt", b"a\0"))), None),
    "PNG of 160,000 chunks nobody knows": (lambda: png(many(chunk(b"abCd"))), None),
    "PNG of 160,000 chunks after its pixels": (lambda: png(after=many(chunk(b"tEXt"))), None),
    "PNG in 100,000 pieces": (png_parts, None),
    "PNG with a huge palette": (png_palette, None),
    "PNG with 50,000 frames": (frames_of_png, None),
    "PNG with Exif that points at itself": (lambda: png(chunk(b"eXIf", exif(65535, 1_000_000, 1_800_000))), None),
    "GIF of 65,535 pixels on a side": (lambda: gif(size=(65535, 65535)), None),
    "GIF whose frame is larger than itself": (lambda: gif(frame=(65535, 65535)), None),
    "GIF of 120,000 frames": (gif_frames, None),
    "GIF of 390,000 comments": (lambda: gif(many(b"!\xfe\1x\0")), None),
    "GIF with one comment in 990,000 pieces": (lambda: gif(b"!\xfe" + many(b"\1x") + b"\0"), None),
    "GIF of 660,000 empty extensions": (lambda: gif(many(b"!\x01\0")), None),
    "GIF of nothing": (lambda: gif(many(b"\0")), None),
    "BMP of 2^31 pixels on a side": (lambda: bmp(b"\0", size=(0x7FFFFFFF, -0x7FFFFFFF)), None),
    "BMP packed pixel by pixel": (lambda: bmp(b"\1\0" * 990_000, packed=1), None),
    "BMP packed in long runs": (lambda: bmp(b"\xff\x12" * 990_000, bits=4, packed=2, colors=16), None),
    "BMP of unfinished lines": (lambda: bmp(b"\1\0\0\0" * 400_000, packed=1), None),
    "BMP that jumps": (lambda: bmp(b"\0\2\xff\xff" * 400_000, packed=1), None),
    "BMP of 65,536 colors": (lambda: bmp(b"\0", size=(1, 1), colors=65536), None),
    "WebP on the largest canvas": (webp_canvas, None),
    "WebP of as many pixels as are read": (lambda: webp((WIDE, WEBP_HIGH), lossless=True), None),
    "WebP of 300 frames": (lambda: webp((500, 500), 300, lossless=True, minimize_size=False), None),
    "WebP with Exif that points at itself": (webp_exif, None),
    "JPEG of 65,500 pixels on a side": (lambda: jpeg_header(65500, 65500) + b"\xff\xd9", None),
    "JPEG of 100,000 scans": (lambda: scans(100_000), None),
    "JPEG of 30 scans": (lambda: scans(30), None),
    "JPEG in four full colors": (
        lambda: jpeg(mode="CMYK", size=(WIDE, HIGH), progressive=True, subsampling=0, quality=20),
        None,
    ),
    "JPEG with Exif that points at itself": (
        lambda: jpeg(segment(0xE1, b"Exif\0\0" + exif(4000, 15_000, 65_000))),
        None,
    ),
    "JPEG with Exif in 30 segments": (
        lambda: jpeg(*[segment(0xE1, b"Exif\0\0" + exif(5000, 4_000, 65_000))] * 30),
        None,
    ),
    "JPEG of 490,000 comments": (lambda: jpeg(many(segment(0xFE, b""))), None),
    "JPEG of 490,000 quantisation tables": (lambda: jpeg(many(segment(0xDB, b""))), None),
    "JPEG of 2 MB between two segments": (lambda: jpeg(many(b"\xff")), None),
    "JPEG of two million restarts": (lambda: jpeg(many(b"\xff\xd0")), None),
    "TIFF of 2^62 pixels": (lambda: tiff((273, 4, 1, 8), size=(0x7FFFFFFF, 0x7FFFFFFF)), None),
    "TIFF of as many pixels as are read": (lambda: full_tiff("tiff_adobe_deflate"), None),
    "TIFF of as many pixels as are read, LZW": (lambda: full_tiff("tiff_lzw"), None),
    "TIFF of two million pages": (tiff_pages, None),
    "TIFF of three million strips": (lambda: tiff((273, 4, MOST // 4 - 99, 200), tail=bytes(MOST - 300)), None),
    "TIFF of strips as bytes": (lambda: tiff((273, 1, MOST - 300, 200), tail=bytes(MOST - 200)), None),
    "TIFF of six million samples": (lambda: tiff((258, 3, MOST // 2 - 99, 200), tail=bytes(MOST - 200)), None),
    "TIFF of 60,000 tags": (lambda: tiff(*[(700 + number, 7, 4, 0) for number in range(60_000)]), None),
    "TIFF whose tags claim the same bytes": (
        lambda: tiff(*[(700 + number, 7, MOST // 2, 200_000) for number in range(9000)], tail=bytes(MOST - 200_000)),
        None,
    ),
    "TIFF with Exif that points at itself": (lambda: tiff((273, 4, 1, 8), (34665, 4, 1, 8)), None),
    "TIFF of a tile of 60,000 pixels on a side": (lambda: tiff_tile(60_000), None),
    "TIFF of a tile of 20,000 pixels on a side": (lambda: tiff_tile(20_000), None),
    "TIFF whose strip never ends": (
        lambda: tiff((259, 3, 1, 8), (273, 4, 1, 140), (279, 4, 1, 1 << 18), tail=zeros(1 << 28)),
        None,
    ),
    "JSON nested as deep as it is long": (lambda: b'{"image":' + b"[" * BODY, JSON),
    "JSON of empty objects": (lambda: b'{"instances":[' + b"{}," * (BODY // 3) + b"{}]}", JSON),
    "JSON of objects with a key": (lambda: b'{"instances":[' + b'{"":1},' * (BODY // 7) + b"{}]}", JSON),
    "JSON of one number": (lambda: b'{"image":' + b"9" * BODY + b"}", JSON),
    "JSON of base64 only": (lambda: b'{"inputs":"' + b"A" * BODY + b'"}', JSON),
    "JSON of nearly base64": (lambda: b'{"inputs":"' + b"A" * BODY + b'%"}', JSON),
    "JSON with a data URL of many parameters": (lambda: b'{"image":"data:' + b";a" * (BODY // 2) + b'"}', JSON),
    "JSON with a full PNG": (lambda: in_json(full_png()), JSON),
    "JSON with 16 PNGs": (
        lambda: b'{"instances":[' + b",".join([b'{"data":"' + base64.b64encode(full_png()) + b'"}'] * 16) + b"]}",
        JSON,
    ),
    "form whose field has a thousand names": (
        lambda: in_form(b"x", b"content-disposition:;" * (BODY // 21)),
        FORM,
    ),
    "form of spaces": (lambda: in_form(b"x", b"content-disposition:" + b"; " * (BODY // 2)), FORM),
    "form with 16 PNGs": (
        lambda: b"".join(in_form(full_png())[:-9] for _ in range(16)) + b"\r\n--xyz--\r\n",
        FORM,
    ),
    "form of boundaries": (lambda: b"--xyz\r\n" * (BODY // 7), FORM),
}
