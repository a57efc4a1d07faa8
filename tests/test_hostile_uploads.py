"""Hostile uploads: no failure, bounded memory, no delay for others."""

import contextlib
import http.client
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from digits.inference import images
from tests.support.upload_bombs import BOMBS
from tests.support.upload_fuzzing import attacked, mutations, saved, untrained, valid_files

UPLOADS = 1000  # python -m tests.support.upload_fuzzing sends 10,000
MOST_MB = 64
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
}


@pytest.mark.parametrize("bomb", COUNTED)
def test_expensive_images_are_rejected_before_decoding(bomb):
    with pytest.raises(images.ImageTooLarge, match=COUNTED[bomb]):
        images.check_structure(BOMBS[bomb][0]())


def test_only_chunks_and_segments_are_counted(monkeypatch):
    """Every prefix of a valid file passes."""
    monkeypatch.setattr(images, "MAX_CHUNKS", 40)
    for content in valid_files():
        for length in range(len(content) + 1):
            images.check_structure(content[:length])
