"""How fast and how small the server and the page are: `python benchmarks/server.py`. Loopback only, about 20 s.

The load comes from a process of its own, so that it does not share the server's interpreter lock. It keeps 50
connections open, and asks on each for the next answer as soon as it has the last.

Writes benchmarks/results/server.json after every repetition.
"""

import argparse
import contextlib
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine
from figures import Quantity, Results
from machine import PROJECT
from served import TRUST_S, connect, memory, request, running

CONNECTIONS = 50
LOAD_S = 2.0  # for each repetition of a load
WARM_UP_S = 0.3  # threads start, caches fill
FILE_BYTES = 20_000  # a training log in the middle of a run
FILE = f"a file of {FILE_BYTES / 1000:g} kB at {CONNECTIONS} connections"
QUANTITIES = (
    Quantity("bare", "start and end of a bare Python, to compare", "ms", 0),
    Quantity("ready", "start to the first answer", "ms", 0),
    Quantity("memory", "memory then", "MB", 1),
    Quantity("not_modified", f"304 answers on {CONNECTIONS} kept connections", "a second", 0),
    Quantity("status", "the same for its word on the training", "a second", 0),
    Quantity("median", f"{FILE}, median", "ms", 1),
    Quantity("late", f"{FILE}, 95th percentile", "ms", 1),
    Quantity("memory_after", "memory after that", "MB", 1),
    Quantity("page", "the page: all HTML, CSS and JavaScript, nothing from another host", "kB", 0),
)


def etag_of(port: int, path: str) -> str:
    with connect(port) as connection:
        connection.sendall(request(port, path))
        return connection.recv(65536).partition(b"ETag: ")[2].partition(b"\r\n")[0].decode()


def load(port: int, path: str, etag: str, seconds: float) -> list[float]:
    """Seconds each answer took, over all connections together."""
    content = request(port, path, f"If-None-Match: {etag}\r\n" if etag else "")
    with connect(port) as probe:
        probe.sendall(content)
        length = length_of(probe)
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(connect(port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ, [0.0, 0])  # asked at, bytes still to come
        for key in selector.get_map().values():
            ask(key, content, length)
        return collect(selector, content, length, seconds)


def length_of(connection: socket.socket) -> int:
    """Bytes of a whole answer: the next ones to the same request are as long."""
    got = connection.recv(1 << 20)
    head, _, _ = got.partition(b"\r\n\r\n")
    body = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0] or 0)
    return len(head) + 4 + body


def ask(key, content: bytes, length: int) -> None:
    key.data[:] = time.perf_counter(), length
    key.fileobj.sendall(content)


def collect(selector, content: bytes, length: int, seconds: float) -> list[float]:
    took = []
    begin = time.perf_counter() + WARM_UP_S
    while (now := time.perf_counter()) < begin + seconds:
        for key, _ in selector.select(TRUST_S):
            got = len(key.fileobj.recv(1 << 16))
            assert got, "the server closed a connection"
            key.data[1] -= got
            if key.data[1] == 0:
                if now > begin:
                    took.append(time.perf_counter() - key.data[0])
                ask(key, content, length)
    return took


def in_own_process(port: int, path: str, etag: str) -> list[float]:
    command = [sys.executable, __file__, "--load", str(port), path, etag]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TRUST_S + LOAD_S).stdout
    return [float(line) for line in output.split()]


def measure_start(served: Path) -> dict[str, float]:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", ""], check=True)
    bare = time.perf_counter() - start
    with running(served) as process:
        return {"bare": 1e3 * bare, "ready": 1e3 * process.ready_s, "memory": memory(process)}


def measure_load(served: Path) -> dict[str, float]:
    path = "/results/training_log.json"
    with running(served) as process:
        known = in_own_process(process.port, path, etag_of(process.port, path))
        status = in_own_process(process.port, "/training_status", etag_of(process.port, "/training_status"))
        whole = [1e3 * took for took in in_own_process(process.port, path, "")]
        return {
            "not_modified": len(known) / LOAD_S,
            "status": len(status) / LOAD_S,
            "median": statistics.median(whole),
            "late": statistics.quantiles(whole, n=20)[-1],
            "memory_after": memory(process),
        }


def page_size() -> float:
    """Kilobytes of all that a browser loads for the page, but for the run's files."""
    return sum(path.stat().st_size for path in [PROJECT / "index.html", *(PROJECT / "web").rglob("*.*")]) / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the server.")
    parser.add_argument(
        "--repetitions", type=int, default=3, help="of each load; starts are repeated three times as often"
    )
    parser.add_argument("--load", nargs=3, metavar=("PORT", "PATH", "ETAG"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        port, path, etag = options.load
        print("\n".join(f"{took:.7f}" for took in load(int(port), path, etag, LOAD_S)))
        return
    print(f"{machine.describe()}; loads of {CONNECTIONS} kept connections, {LOAD_S:g} s each")
    results = Results("server", "The server and the page", QUANTITIES, {"load_s": LOAD_S})
    with tempfile.TemporaryDirectory() as folder:
        served = Path(folder)
        (served / "training_log.json").write_text('{"run_id": "x", "name": "' + "x" * (FILE_BYTES - 26) + '"}')
        for repetition in range(1, 1 + 3 * options.repetitions):
            results.add(repetition, measure_start(served))
        for repetition in range(1, 1 + options.repetitions):
            results.add(repetition, measure_load(served))
    results.add(1, {"page": page_size()})
    results.tell()


if __name__ == "__main__":
    main()
