"""Sends sixty kinds of malformed HTTP to a server while another client sends valid requests.

python -m tests.faults.malformed --count 60 --seed 1
"""

import contextlib
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.harness import PROJECT, Case, Program, main

ATTACK_S = 1.5  # each kind is sent repeatedly for this long
PROMPT_S = 3.0  # limit for another client's response; a few ms on an idle machine
GROWTH_MB = 64  # more memory than before the attack
GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\n"
END = b"\r\n"
CLIENT_ERROR = (400, 403, 404, 405, 408, 411, 413, 414, 415, 417, 431, 501, 503, 505)
FINE = (200, 206, 304)


@dataclass(frozen=True)
class Kind:
    """`parts` are sent one after the other; a `flood` repeats the last one endlessly.

    `answers` are the possible statuses of the first response; None: the connection is closed without a response.
    """

    name: str
    parts: tuple[bytes, ...]
    answers: tuple[int | None, ...] = (*CLIENT_ERROR, None)
    flood: bool = False
    connections: int = 4
    pause_s: float = 0.0  # between parts
    reset: bool = False  # the connection is reset instead of being read


def head(*lines: bytes, request: bytes = GET) -> tuple[bytes, ...]:
    return (request + b"".join(line + b"\r\n" for line in lines) + END,)


def line(text: bytes) -> tuple[bytes, ...]:
    return (text + b"\r\nHost: 127.0.0.1\r\n\r\n",)


def body(length: bytes, content: bytes, *fields: bytes) -> tuple[bytes, ...]:
    (request,) = head(b"Content-Length: " + length, *fields, request=POST)
    return (request + content,)


def segments(content: bytes, size: int) -> tuple[bytes, ...]:
    return tuple(content[start : start + size] for start in range(0, len(content), size))


_NOISE = random.Random(7).randbytes(4096)
_LARGE = body(b"2800000", bytes(2_800_000))[0]
_TLS = bytes.fromhex("16030100c8010000c40303") + _NOISE[:200]

KINDS = (
    # blank lines
    Kind("blank lines without an end", (END * 4096,), flood=True, connections=50),
    Kind("blank lines, two bytes at a time", (END,), flood=True, connections=50),
    Kind("LF without an end", (b"\n" * 8192,), flood=True, connections=50),
    Kind("CR without an end", (b"\r" * 8192,), flood=True, connections=50),
    Kind("blank lines now and then", (END,), flood=True, connections=50, pause_s=0.05),
    Kind("a blank line before a request", (END, *head()), FINE),
    Kind("a million blank lines before a request", (END * 1_000_000, *head())),
    Kind("blank lines between two requests", (*head(), END * 100_000, *head()), FINE),
    # request lines
    Kind("a request line without an end", (b"GET /" + b"a" * 8192, b"a" * 8192), flood=True, connections=20),
    Kind("a request line of 8,001 bytes", line(b"GET /" + b"a" * 7987 + b" HTTP/1.1")),
    Kind("HTTP/0.9", (b"GET /\r\n",)),
    Kind("the preface of HTTP/2", (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",)),
    Kind("HTTP/3.0", line(b"GET / HTTP/3.0")),
    Kind("HTTP/1.11", line(b"GET / HTTP/1.11")),
    Kind("two spaces", line(b"GET  / HTTP/1.1")),
    Kind("tabs instead of spaces", line(b"GET\t/\tHTTP/1.1")),
    Kind("an unknown method", line(b"BREW /healthz HTTP/1.1")),
    Kind("a method of 7,000 letters", line(b"G" * 7000 + b" / HTTP/1.1")),
    Kind("no method", line(b" / HTTP/1.1")),
    Kind("no target", line(b"GET HTTP/1.1")),
    Kind("CONNECT", line(b"CONNECT example.org:443 HTTP/1.1")),
    Kind("an asterisk", line(b"OPTIONS * HTTP/1.1"), (*CLIENT_ERROR, 200, 204)),
    Kind("another host's URL", line(b"GET http://example.org/ HTTP/1.1")),
    Kind("a path out of the folder", line(b"GET /results/../../etc/passwd HTTP/1.1")),
    Kind("escapes that are none", line(b"GET /results/%zz%2 HTTP/1.1")),
    Kind("overlong UTF-8", line(b"GET /results/%c0%ae%c0%ae/server.py HTTP/1.1")),
    Kind("a query of 1,500 parameters", line(b"GET /healthz?" + b"a=1&" * 1500 + b" HTTP/1.1"), (*FINE, *CLIENT_ERROR)),
    # other protocols
    Kind("TLS", (_TLS,)),
    Kind("SSH", (b"SSH-2.0-OpenSSH_9.6\r\n",)),
    Kind("noise", (_NOISE,)),
    Kind("NUL bytes without an end", (bytes(8192),), flood=True, connections=20),
    # fields
    Kind("lines that end in LF", (GET.replace(b"\r", b"") + b"\n",)),
    Kind("a line that ends in CR CR LF", head(b"X: a\r")),
    Kind("a folded line", head(b"X: a", b" b")),
    Kind("a field without a colon", head(b"nonsense")),
    Kind("a space before the colon", head(b"Content-Length : 3")),
    Kind("a field without a name", head(b": value")),
    Kind("control characters in a value", head(b"X: a\x00\x0bb")),
    Kind("101 fields", head(*[b"X%d: a" % number for number in range(101)])),
    Kind("fields without an end", (GET, b"X: " + b"a" * 2000 + b"\r\n"), flood=True, connections=20),
    Kind("a field value without an end", (GET + b"X: ", b"a" * 8192), flood=True, connections=20),
    Kind("two hosts", head(b"Host: localhost")),
    Kind("no host", (b"GET /healthz HTTP/1.1\r\n\r\n",)),
    Kind("a foreign host", (b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n",)),
    Kind("a byte range of 1,000 parts", head(b"Range: bytes=" + b"0-1," * 1000 + b"0-1"), (*FINE, 416, *CLIENT_ERROR)),
    # bodies
    Kind("a negative length", body(b"-1", b"x")),
    Kind("a length in hexadecimal digits", body(b"0x10", b"x" * 16)),
    Kind("a length of 20 digits", body(b"9" * 20, b"x")),
    Kind("two lengths", body(b"3", b"abc", b"Content-Length: 4")),
    Kind("a length and chunks", body(b"3", b"0\r\n\r\n", b"Transfer-Encoding: chunked")),
    Kind("chunks", (POST + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n" + bytes(9000),)),
    Kind("a body that never comes", body(b"1000", b"x"), (*CLIENT_ERROR, None), connections=20),
    Kind("a body too large", body(b"2800001", bytes(100_000))),
    Kind("a large body in segments", segments(_LARGE, 1448), connections=2),
    Kind("a large body byte by byte", (_LARGE[:200], b"x"), flood=True, connections=20),
    Kind("JSON nested 30,000 deep", body(b"30000", b"[" * 30_000, b"Content-Type: application/json")),
    Kind("a form without an end", body(b"9", b"--x\r\n\r\nab", b"Content-Type: multipart/form-data; boundary=x")),
    # connections
    Kind("garbage after a request", (*head(), _NOISE), FINE),
    Kind("1,000 requests at once", (b"".join(head() * 1000),), FINE),
    Kind("resets", head(), (None,), connections=10, reset=True),
)


@dataclass
class Meanwhile:
    """Observations: seconds of another client's responses, statuses other than 200, the server's memory in MB."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)


class Malformed(Program):
    name = "malformed"
    title = "Send malformed HTTP to a server while another client asks for its answers."
    count = len(KINDS)

    def run(self, case: Case) -> None:
        kind = KINDS[case.number % len(KINDS)]
        case.happened = "flood" if kind.flood else "request"
        with server(case) as process:
            before = memory_mb(process.pid)
            seen, over = Meanwhile(), threading.Event()
            watch = threading.Thread(target=ask_meanwhile, args=(process, seen, over))
            watch.start()
            answers = attack(kind, process.port)
            time.sleep(0.1)  # and afterwards
            over.set()
            watch.join()
        wrong = {answer for answer in answers if answer not in kind.answers}
        case.check(not wrong, f"its answers were {wrong or ''}, not among {kind.answers}")
        case.check(not seen.wrong, f"another client got {seen.wrong[:3]}")
        case.check(bool(seen.seconds), "another client was never answered")
        slowest = max(seen.seconds, default=0)
        case.check(slowest < PROMPT_S, f"another client waited {slowest:.1f} s")
        grown = max(seen.memory_mb, default=before) - before
        case.check(grown < GROWTH_MB, f"the server grew by {grown:.0f} MB")
        case.failures = [f"{kind.name}: {failure}" for failure in case.failures]


@contextlib.contextmanager
def server(case: Case):
    """A server process that must exit cleanly and print nothing on stderr."""
    command = [sys.executable, str(PROJECT / "server.py"), "--no-browser", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--results-dir", str(case.folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        process.port = int(re.search(r":(\d+)/", process.stdout.readline())[1])
        yield process
    finally:
        process.terminate()
        _, errors = process.communicate()
        case.check(process.returncode == 128 + signal.SIGTERM, f"the server ended with {process.returncode}")
        case.check(errors == "", f"the server printed {errors[-1000:]}")


def ask_meanwhile(process: subprocess.Popen, seen: Meanwhile, over: threading.Event) -> None:
    """Request /healthz on new connections and read the server's memory until the attack is over and once after."""
    last = False
    while not last:
        last = over.is_set()
        began = time.monotonic()
        try:
            with connect(process.port) as connection:
                connection.sendall(GET + b"Connection: close\r\n\r\n")
                answer = connection.recv(65536)
            if b" 200 " not in answer[:20]:
                seen.wrong.append(answer[:40].decode("latin-1"))
        except OSError as error:
            seen.wrong.append(repr(error))
        seen.seconds.append(time.monotonic() - began)
        seen.memory_mb.append(memory_mb(process.pid))
        time.sleep(0.02)


def memory_mb(pid: int) -> float:
    with contextlib.suppress(OSError, StopIteration), open(f"/proc/{pid}/status") as lines:
        return next(int(text.split()[1]) for text in lines if text.startswith("VmRSS")) * 1024 / 1e6
    return 0.0


def attack(kind: Kind, port: int) -> list[int | None]:
    """The first response on each connection."""
    answers: list[int | None] = []
    ends = time.monotonic() + ATTACK_S
    clients = [
        threading.Thread(target=send_again_and_again, args=(kind, port, ends, answers)) for _ in range(kind.connections)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return answers


def send_again_and_again(kind: Kind, port: int, ends: float, answers: list[int | None]) -> None:
    while time.monotonic() < ends:
        with contextlib.suppress(OSError), connect(port) as connection:
            with contextlib.suppress(OSError):
                for content in endlessly(kind.parts) if kind.flood else kind.parts:
                    if time.monotonic() > ends:
                        break
                    connection.sendall(content)
                    time.sleep(kind.pause_s)
            if kind.reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                continue
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            answers.append(first_status(connection))
        time.sleep(0.01)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=4 * PROMPT_S)


def endlessly(parts: tuple[bytes, ...]) -> Iterable[bytes]:
    yield from parts
    while True:
        yield parts[-1]


def first_status(connection: socket.socket) -> int | None:
    """Status codes of the responses on the connection, or None."""
    content = b""
    with contextlib.suppress(OSError):
        while len(content) < 65536 and (part := connection.recv(65536)):
            content += part
    match = re.match(rb"HTTP/1\.1 (\d{3}) [^\r\n]+\r\n", content)
    return int(match[1]) if match else None


if __name__ == "__main__":
    main(Malformed())
