"""Hostile uploads: no failure, bounded memory, no delay for others."""

import base64
import contextlib
import http.client
import io
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from digits.inference import image_structure, images
from tests.support.upload_bombs import BOMBS, segment
from tests.support.upload_fuzzing import attacked, mutations, saved, untrained, valid_files

UPLOADS = 1000  # python -m tests.support.upload_fuzzing sends 10,000
MOST_MB = 64
PEAK_MB = 256  # measured: 195; bodies 109 MB, the texts of one, and one image decoded
READERS = 4
ANSWERS = {200, 400, 413, 415, 422}

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read from /proc"),
]


@pytest.fixture(scope="module")
def server():
    with attacked(untrained()) as server:
        yield server


def test_no_malformed_upload_makes_the_server_fail(server):
    for number, (body, kind) in enumerate(mutations(UPLOADS, seed=1)):
        status, _ = server.post(body, kind)
        assert status in ANSWERS, f"upload {number}: {status}"
    assert {200, 400, 415} <= server.statuses.keys()
    assert server.grown_mb() < MOST_MB


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_decompression_bomb_is_rejected_within_the_memory_limit(server, bomb):
    make, kind = BOMBS[bomb]
    status, _ = server.post(make(), kind)
    assert status in ANSWERS
    assert server.grown_mb() < MOST_MB


def test_the_server_exits_cleanly_while_decoding():
    answered = threading.Semaphore(0)
    with ThreadPoolExecutor(READERS) as readers, attacked(untrained()) as server:
        for _ in range(READERS):
            readers.submit(read_on, server.port, answered)
        for _ in range(2 * READERS):
            assert answered.acquire(timeout=60)


def photo_of_12_mb() -> bytes:
    """A JPEG of 12 megapixels: one of noise, and a comment up to the limit."""
    content = io.BytesIO()
    Image.effect_noise((1000, 750), 60).resize((4000, 3000)).convert("RGB").save(content, "JPEG", quality=90)
    jpeg, comment = content.getvalue(), segment(0xFE, bytes(65_000))
    return jpeg[:2] + comment * ((images.MAX_BYTES - len(jpeg)) // len(comment)) + jpeg[2:]


def in_base64(content: bytes) -> bytes:
    return b'{"image": "' + base64.b64encode(content) + b'"}'


@pytest.mark.parametrize("encode", [bytes, in_base64])
def test_32_photos_of_12_mb_at_a_time_take_bounded_memory(encode):
    body = encode(photo_of_12_mb())

    def send(port: int) -> int:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
            connection.request("POST", "/predict", body)
            return connection.getresponse().status

    with attacked(untrained()) as server, ThreadPoolExecutor(32) as clients:
        statuses = list(clients.map(send, [server.port] * 32))
        assert 200 in statuses and set(statuses) <= {200, 503}  # 503 after a long wait, on a slow machine
        assert server.peak_mb() < PEAK_MB


def read_on(port: int, answered: threading.Semaphore) -> None:
    """Send images until the server has exited."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        while True:
            connection.request("POST", "/predict", saved("PNG"))
            connection.getresponse().read()
            answered.release()


COUNTED = {
    "PNG of 150,000 empty texts": "chunks",
    "GIF with one comment in 990,000 pieces": "chunks",
    "JPEG of 490,000 comments": "chunks",
    "JPEG of 100,000 scans": "scans",
    "BMP packed pixel by pixel": "run-length",
    "TIFF of three million strips": "values",
    "TIFF of strips as bytes": "values",
    "TIFF of six million samples": "values",
    "TIFF of 60,000 tags": "tags",
    "TIFF of a tile of 20,000 pixels on a side": "tiles",
}


@pytest.mark.parametrize("bomb", COUNTED)
def test_expensive_images_are_rejected_before_decoding(bomb):
    with pytest.raises(image_structure.ImageTooLarge, match=COUNTED[bomb]):
        image_structure.check_structure(BOMBS[bomb][0]())


def test_only_chunks_and_segments_are_counted(monkeypatch):
    """Every prefix of a valid file passes."""
    monkeypatch.setattr(image_structure, "MAX_CHUNKS", 40)
    for content in valid_files():
        image_structure.check_structure(content)
        for length in range(len(content)):
            # A truncated TIFF may have its tags anywhere.
            with contextlib.suppress(ValueError) if content.startswith(b"II") else contextlib.nullcontext():
                image_structure.check_structure(content[:length])
