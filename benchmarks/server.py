"""How fast and how small the server is: `python benchmarks/server.py`. Loopback only, about 20 s.

The load comes from a process of its own, so that it does not share the server's interpreter lock. It keeps 50
connections open, and asks on each for the next answer as soon as it has the last.
"""

import argparse
import contextlib
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine

PROJECT = Path(__file__).resolve().parent.parent
CONNECTIONS = 50
LOAD_S = 2.0  # for each repetition of a load
WARM_UP_S = 0.3  # threads start, caches fill
FILE_BYTES = 20_000  # a training log in the middle of a run
TRUST_S = 20.0  # no answer within that: something is broken


@contextlib.contextmanager
def running(results: Path):
    """A server's process with `port` and `ready_s`: from its start to its first answer."""
    start = time.perf_counter()
    command = [sys.executable, str(PROJECT / "server.py"), "--port", "0", "--no-browser", "--results-dir", str(results)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        process.port = int(process.stdout.readline().split("/")[2].split(":")[1])
        with connect(process.port) as connection:
            connection.sendall(request(process.port, "/healthz"))
            assert b" 200 " in connection.recv(65536)
        process.ready_s = time.perf_counter() - start
        yield process
    finally:
        process.terminate()
        process.communicate()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=TRUST_S)


def request(port: int, path: str, fields: str = "") -> bytes:
    """What a browser sends, about as long."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: Mozilla/5.0 (X11; Linux) Gecko/20100101\r\n"
        f"Accept: */*\r\nAccept-Language: en\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
        f"Referer: http://127.0.0.1:{port}/\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\n{fields}\r\n"
    ).encode()


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


def memory(process) -> float:
    """Megabytes of the process that are in memory now; NaN where the system does not tell that way."""
    with contextlib.suppress(OSError):
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return float("nan")


def measure_start(results: Path, repetitions: int) -> None:
    bare, ready, size = [], [], []
    for _ in range(repetitions):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", ""], check=True)
        bare.append((time.perf_counter() - start) * 1e3)
        with running(results) as process:
            ready.append(process.ready_s * 1e3)
            size.append(memory(process))
    print(machine.spread("start and end of a bare Python, to compare", bare, "ms", 1))
    print(machine.spread("start to first answer", ready, "ms", 1))
    print(machine.spread("memory then", size, "MB", 1))


def measure_load(results: Path, repetitions: int) -> None:
    path = "/results/training_log.json"
    with running(results) as process:
        tag = etag_of(process.port, path)
        known = [in_own_process(process.port, path, tag) for _ in range(repetitions)]
        files = [[1e3 * took for took in in_own_process(process.port, path, "")] for _ in range(repetitions)]
        status_tag = etag_of(process.port, "/training_status")
        status = [in_own_process(process.port, "/training_status", status_tag) for _ in range(repetitions)]
        medians = [statistics.median(took) for took in files]
        late = [statistics.quantiles(took, n=20)[-1] for took in files]
        print(machine.spread("304s, log", [len(took) / LOAD_S for took in known], "/s", 0))
        print(machine.spread("304s, status", [len(took) / LOAD_S for took in status], "/s", 0))
        print(machine.spread(f"a file of {FILE_BYTES / 1000:g} kB, median", medians, "ms", 1))
        print(machine.spread(f"a file of {FILE_BYTES / 1000:g} kB, 95 %", late, "ms", 1))
        print(machine.spread("memory after that", [memory(process)], "MB", 1))


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
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        (results / "training_log.json").write_text('{"run_id": "x", "name": "' + "x" * (FILE_BYTES - 26) + '"}')
        measure_start(results, 3 * options.repetitions)
        measure_load(results, options.repetitions)


if __name__ == "__main__":
    main()
