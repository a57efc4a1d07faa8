"""Speed and memory of the server, and size of the page: `python benchmarks/server.py`. Loopback only, about 20 s.

The load comes from a separate process, which does not share the interpreter lock of this one. It has 50 keep-alive
connections, each of which sends the next request as soon as it has the last response.

Writes benchmarks/results/server.json after every repetition.
"""

import contextlib
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import machine
from figures import Quantity, Results
from machine import PROJECT
from served import TIMEOUT_S, connect, memory, request, running

CONNECTIONS = 50
LOAD_S = 2.0  # per repetition
WARM_UP_S = 0.3  # for threads and caches
FILE_BYTES = 20_000  # a training log in the middle of a run
FILE = f"a file of {FILE_BYTES / 1000:g} kB at {CONNECTIONS} connections"
QUANTITIES = (
    Quantity("bare", "bare Python process", "ms", 0),
    Quantity("ready", "ready time", "ms", 0),
    Quantity("memory", "memory when ready", "MB", 1),
    Quantity("not_modified", f"304 responses on {CONNECTIONS} connections", "/s", 0),
    Quantity("status", "304 responses of /training_status", "/s", 0),
    Quantity("median", f"{FILE}, median", "ms", 1),
    Quantity("late", f"{FILE}, 95th percentile", "ms", 1),
    Quantity("memory_after", "memory after the load", "MB", 1),
    Quantity("page", "page size: HTML, CSS and JavaScript", "kB", 0),
)


def etag_of(port: int, path: str) -> str:
    with connect(port) as connection:
        connection.sendall(request(port, path))
        return connection.recv(65536).partition(b"ETag: ")[2].partition(b"\r\n")[0].decode()


def responses(port: int, path: str, etag: str, seconds: float) -> list[float]:
    """Seconds of each response, over all connections."""
    content = request(port, path, f"If-None-Match: {etag}\r\n" if etag else "")
    with connect(port) as probe:
        probe.sendall(content)
        length = length_of(probe)
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(connect(port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ, [0.0, 0])  # request time, bytes left
        for key in selector.get_map().values():
            ask(key, content, length)
        return collect(selector, content, length, seconds)


def length_of(connection: socket.socket) -> int:
    """Bytes of a whole response, the same for each equal request."""
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
        for key, _ in selector.select(TIMEOUT_S):
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
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_S + LOAD_S).stdout
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
    """Kilobytes that a browser loads for the page, without the run's files."""
    return sum(path.stat().st_size for path in [PROJECT / "index.html", *(PROJECT / "web").rglob("*.*")]) / 1e3


@click.command()
@click.option(
    "--repetitions", default=3, show_default=True, help="Of each load; starts are repeated three times as often."
)
@click.option("--load", nargs=3, type=(int, str, str), hidden=True)
def main(repetitions: int, load: tuple[int, str, str] | None) -> None:
    """Measure on this machine."""
    if load:
        print("\n".join(f"{took:.7f}" for took in responses(*load, LOAD_S)))
        return
    print(f"{machine.describe()}; {CONNECTIONS} connections, {LOAD_S:g} s each")
    results = Results("server", "Server and page", QUANTITIES, {"load_s": LOAD_S})
    with tempfile.TemporaryDirectory() as folder:
        served = Path(folder)
        (served / "training_log.json").write_text('{"run_id": "x", "name": "' + "x" * (FILE_BYTES - 26) + '"}')
        for repetition in range(1, 1 + 3 * repetitions):
            results.add(repetition, measure_start(served))
        for repetition in range(1, 1 + repetitions):
            results.add(repetition, measure_load(served))
    results.add(1, {"page": page_size()})
    results.print_rows()


if __name__ == "__main__":
    main()
