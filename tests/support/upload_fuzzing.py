"""Malformed uploads: mutated files, forms and JSON, and their effect on a server.

python -m tests.support.upload_fuzzing --count 10000 --seed 1      counts by status, memory, slowest response
"""

import argparse
import base64
import contextlib
import http.client
import io
import json
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw

from tests.support import PROJECT

FORM = "multipart/form-data; boundary=xyz"
JSON = "application/json"
EDGES = (
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b'"',
    b"\r\n",
    b"{",
    b"[",
)
ENDED = 128 + signal.SIGTERM  # the exit code
WARM_UP = 20  # responses until torch is imported and its threads run


def drawing(mode: str, size=(40, 50)) -> Image.Image:
    picture = Image.new("L", size, 255)
    ImageDraw.Draw(picture).line([(12, 8), (28, 8), (16, 44)], fill=0, width=4)
    return picture.convert(mode)


def saved(kind: str, mode: str = "L", **options) -> bytes:
    content = io.BytesIO()
    drawing(mode).save(content, kind, **options)
    return content.getvalue()


def valid_files() -> list[bytes]:
    second = [drawing("P").rotate(30)]
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        *[saved("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")],
        saved("PNG", exif=exif, icc_profile=b"profile" * 9),
        *[saved("JPEG", mode) for mode in ("L", "RGB", "CMYK")],
        saved("JPEG", "RGB", progressive=True, exif=exif, comment=b"a comment"),
        saved("GIF", "P"),
        saved("GIF", "P", save_all=True, append_images=second, comment=b"a comment"),
        *[saved("BMP", mode) for mode in ("1", "L", "P", "RGB", "RGBA")],
        saved("WEBP", "RGB"),
        saved("WEBP", "RGBA", lossless=True, exif=exif),
        saved("WEBP", "RGB", save_all=True, append_images=second),
        *[saved("TIFF", mode) for mode in ("1", "L", "P", "RGBA", "I;16")],
        *[saved("TIFF", "RGB", compression=name, exif=exif) for name in ("tiff_lzw", "tiff_adobe_deflate", "jpeg")],
        saved("TIFF", "1", compression="group4"),
        saved("TIFF", "L", save_all=True, append_images=second),
    ]


def in_form(*contents: bytes) -> bytes:
    head = b'--xyz\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    return b"".join(head + content + b"\r\n" for content in contents) + b"--xyz--\r\n"


def valid_bodies() -> list[tuple[bytes, str | None]]:
    """Valid bodies, each with its content type."""
    files = valid_files()
    texts = [base64.b64encode(content).decode() for content in files]
    rows = [[(row * column) % 256 for column in range(28)] for row in range(28)]
    values = [{"image": f"data:image/png;base64,{text}"} for text in texts[:6]]
    values += [{"inputs": texts[1]}, {"instances": [{"data": texts[2]}, {"data": texts[8]}]}, {"instances": [rows]}]
    bodies: list[tuple[bytes, str | None]] = [(content, None) for content in files * 3]
    bodies += [(in_form(content), FORM) for content in files] + [(in_form(*files[:3]), FORM)]
    return bodies + [(json.dumps(value).encode(), JSON) for value in values * 2]


def mutated(rng: random.Random, content: bytes) -> bytes:
    """The body with one to eight mutations."""
    body = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        place = rng.randrange(len(body) + 1)
        some = rng.randrange(1, 60)
        kind = rng.randrange(7)
        if kind == 0 and place < len(body):
            body[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            body[place : place + 1] = bytes((rng.randrange(256),))
        elif kind == 2:
            edge = rng.choice(EDGES)
            body[place : place + len(edge)] = edge
        elif kind == 3:
            body[place:place] = rng.choice((rng.choice(EDGES), rng.randbytes(some)))
        elif kind == 4:
            del body[place : place + some]
        elif kind == 5:
            body[place:place] = body[place : place + some] * rng.randrange(1, 20)
        elif rng.random() < 0.3:
            del body[place:]
    return bytes(body)


def summed_up(content: bytes) -> bytes:
    """A PNG with repaired checksums, so that decoding continues."""
    body, place = bytearray(content), 8
    while place + 12 <= len(body):
        end = place + 8 + int.from_bytes(body[place : place + 4], "big")
        if end + 4 > len(body):
            break
        body[end : end + 4] = struct.pack(">I", zlib.crc32(body[place + 4 : end]))
        place = end + 4
    return bytes(body)


def mutations(count: int, seed: int) -> Iterator[tuple[bytes, str | None]]:
    """Mutations determined by the seed."""
    rng = random.Random(seed)
    bodies = valid_bodies()
    for _ in range(count):
        content, kind = rng.choice(bodies)
        body = mutated(rng, content)
        yield summed_up(body) if body.startswith(b"\x89PNG") and rng.random() < 0.7 else body, kind


class Server:
    """A server.py process with `weights` that has classified an image, and its memory from then on."""

    def __init__(self, port: int, pid: int):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.port = port
        self._pid = pid
        self.statuses: Counter[int] = Counter()
        self.slowest_s = 0.0
        for _ in range(WARM_UP):
            self.post(saved("PNG"), None)
        self._before = self._memory()
        self.statuses.clear()
        self.growth_mb = self.slowest_s = 0.0

    def post(self, body: bytes, kind: str | None) -> tuple[int, float]:
        """Status, and seconds to the end of the response."""
        start = time.perf_counter()
        self._connection.request("POST", "/predict", body, {"Content-Type": kind} if kind else {})
        answer = self._connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - start
        self.statuses[answer.status] += 1
        self.slowest_s = max(self.slowest_s, seconds)
        if answer.status != 200:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert json.loads(content)["status"] == answer.status
        return answer.status, seconds

    def close(self) -> None:
        self._connection.close()

    def grown_mb(self) -> float:
        """Memory growth in MB since the first images; `growth_mb` is the maximum so far."""
        grown = self._memory() - self._before
        self.growth_mb = max(self.growth_mb, grown)
        return grown

    def peak_mb(self) -> float:
        """Peak memory growth in MB since the server's start."""
        return self._memory("VmHWM") - self._before

    def _memory(self, kind: str = "VmRSS") -> float:
        with open(f"/proc/{self._pid}/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(kind)) * 1024 / 1e6


@contextlib.contextmanager
def attacked(weights: bytes):
    """A server process that must exit cleanly and print nothing on stderr."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "mnist_cnn.pth").write_bytes(weights)
        command = [sys.executable, str(PROJECT / "server.py"), "--no-browser", "--port", "0", "--results-dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            port = int(process.stdout.readline().split(":")[2].partition("/")[0])
            with contextlib.closing(Server(port, process.pid)) as server:
                yield server
        finally:
            process.terminate()
            _, errors = process.communicate()
        assert (process.returncode, errors[-2000:]) == (ENDED, "")


def main() -> None:
    from tests.support.upload_bombs import BOMBS

    parser = argparse.ArgumentParser(description="Send uploads with mistakes to a server, then bombs.")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with attacked(untrained()) as server:
        for body, kind in mutations(options.count, options.seed):
            server.post(body, kind)
            server.grown_mb()
        report("uploads with mistakes", server)
    with attacked(untrained()) as server:
        for make, kind in BOMBS.values():
            server.post(make(), kind)
            server.grown_mb()
        report("bombs", server)


def report(what: str, server: Server) -> None:
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(server.statuses.items()))
    print(f"{server.statuses.total():,} {what}: {statuses}")
    print(f"  memory grew by {server.growth_mb:.1f} MB; slowest answer {server.slowest_s:.2f} s", flush=True)


def untrained() -> bytes:
    """Untrained weights."""
    import torch

    from digits.config import Config
    from digits.models import builders, weights_file

    torch.manual_seed(0)
    return weights_file.weights_file(
        builders.build_model("lenet5"), Config.from_options(model="lenet5"), run_id="x", epoch=1
    )


if __name__ == "__main__":
    main()
