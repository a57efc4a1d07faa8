"""Latency with many viewers: `python benchmarks/viewers.py`. Loopback only, about six minutes.

Viewers poll the training log every 3 s as a page does: on a connection that stays open as long as the server allows,
with the ETag or date of the last response, while a trainer replaces the log every second. A poll is served in time if
its response is complete before the next poll is due. `python -m http.server` gets the same polls for comparison.

Writes benchmarks/results/viewers.json.
"""

import contextlib
import heapq
import json
import random
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
import machine
from figures import Quantity, Results
from served import connect, memory, request, running

from digits.files import write_atomically

VIEWERS = (500, 1000, 1500)
INTERVAL_S = 3.0
INTERVALS = 5  # the first, in which the viewers open the page one after the other, counts as well
PATH = "/training_log.json"
FILE_BYTES = 20_000  # a training log in the middle of a run
QUANTITIES = (
    Quantity("served", "polls served in time", "%", 2, at_least=100),
    Quantity("plainly_served", "polls served in time", "%", 2),  # by http.server, without a target
    Quantity("never", "viewers never served", "", 0),
    Quantity("median", "latency, median", "ms", 1),
    Quantity("late", "latency, 95th percentile", "ms", 1),
    Quantity("longest", "latency, maximum", "ms", 0),
    Quantity("connections", "polls on a new connection", "%", 0),
    Quantity("memory", "server memory afterwards", "MB", 1),
)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_VERSION = re.compile(rb"\r\n(etag|last-modified): *([^\r]+)", re.IGNORECASE)
_CONDITIONS = {b"etag": "If-None-Match", b"last-modified": "If-Modified-Since"}


class Viewer:
    """A polling page; `took` holds the milliseconds of each response, None where none came in time."""

    def __init__(self, load: "Load"):
        self.load = load
        self.took: list[float | None] = []
        self.socket: socket.socket | None = None
        self.opened = 0
        self.fields = ""
        self.received: bytearray | None = None  # of the pending response; None while idle

    def poll(self) -> None:
        if self.received is not None:  # the last response is still pending
            self.end(None)
        self.began = time.perf_counter()
        self.is_kept = self.socket is not None
        self.received = bytearray()
        self.send() if self.is_kept else self.open()

    def open(self) -> None:
        self.opened += 1
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", self.load.port))
        self.load.selector.register(self.socket, selectors.EVENT_WRITE, self)

    def send(self) -> None:
        with contextlib.suppress(OSError):  # the next read reports it
            self.socket.send(request(self.load.port, self.load.path, self.fields))
        self.load.selector.modify(self.socket, selectors.EVENT_READ, self)

    def ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self.send()
            return
        try:
            content = self.socket.recv(1 << 16)
        except OSError:
            content = b""
        if self.received is None:  # closed while idle
            self.close()
            return
        self.received += content
        head, found, body = self.received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if (found and b" 304 " in head[:13]) or (length and len(body) >= int(length[1])):
            self.answered(bytes(head))
        elif not content and self.is_kept and not self.received:  # closed at that moment: browsers retry
            self.close()
            self.is_kept = False
            self.open()
        elif not content:
            self.end(None)

    def answered(self, head: bytes) -> None:
        if head[9:12] not in (b"200", b"304"):
            self.end(None)
            return
        if version := _VERSION.search(head):
            self.fields = f"{_CONDITIONS[version[1].lower()]}: {version[2].decode()}\r\n"
        is_last = bool(_CLOSE.search(head)) or head.startswith(b"HTTP/1.0")
        self.end(1000 * (time.perf_counter() - self.began), is_last)

    def end(self, took: float | None, is_last: bool = True) -> None:
        self.received = None
        self.took.append(took)
        if is_last:
            self.close()

    def close(self) -> None:
        if self.socket is not None:
            self.load.selector.unregister(self.socket)
            self.socket.close()
            self.socket = None


class Load:
    """All viewers in one process, starting at random times within the first interval."""

    def __init__(self, port: int, path: str, viewers: int):
        self.port, self.path = port, path
        self.selector = selectors.DefaultSelector()
        self.viewers = [Viewer(self) for _ in range(viewers)]

    def run(self) -> None:
        start, generator = time.perf_counter(), random.Random(1)
        due = [(start + generator.uniform(0, INTERVAL_S), place) for place in range(len(self.viewers))]
        heapq.heapify(due)
        while due:
            while due and due[0][0] <= time.perf_counter():
                moment, place = heapq.heappop(due)
                viewer = self.viewers[place]
                if moment < start + INTERVALS * INTERVAL_S:
                    viewer.poll()
                    heapq.heappush(due, (moment + INTERVAL_S, place))
                elif viewer.received is not None:
                    viewer.end(None)
            pause = max(0, due[0][0] - time.perf_counter()) if due else 0
            for key, events in self.selector.select(pause):
                key.data.ready(events)


def loaded(port: int, path: str, viewers: int) -> dict[str, float]:
    """The results of one load, from a separate process, which does not share the interpreter lock of this one."""
    command = [sys.executable, __file__, "--load", str(port), path, str(viewers)]
    limit = 60 + 2 * INTERVALS * INTERVAL_S
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=limit).stdout)


def figures_of(viewers: list[Viewer]) -> dict[str, float | None]:
    polls = [took for viewer in viewers for took in viewer.took]
    took = [one for one in polls if one is not None]
    late = statistics.quantiles(took, n=20)[-1] if len(took) > 1 else None
    return {
        "served": 100 * len(took) / len(polls),
        "never": sum(all(one is None for one in viewer.took) for viewer in viewers),
        "median": statistics.median(took) if took else None,
        "late": late,
        "longest": max(took, default=None),
        "connections": 100 * sum(viewer.opened for viewer in viewers) / len(polls),
    }


@contextlib.contextmanager
def plain(folder: Path):
    """A process of `python -m http.server`, with an attribute `port`."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        process.port = int(re.search(r"port (\d+)", process.stdout.readline())[1])
        connect(process.port).close()
        yield process
    finally:
        process.terminate()
        process.communicate()


@contextlib.contextmanager
def trainer(folder: Path):
    """A thread that replaces the log every second."""
    ended = threading.Event()

    def write(step: int) -> None:
        text = json.dumps({"run_id": "x", "step": step, "name": "x" * (FILE_BYTES - 50)})
        write_atomically(folder / PATH[1:], text.encode())

    def train() -> None:
        for step in range(1, 1_000_000):
            if ended.wait(1.0):
                return
            write(step)

    write(0)
    thread = threading.Thread(target=train)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def allow_open_files(count: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, most) if most > 0 else count, most))


@click.command()
@click.option("--repeats", default=3, show_default=True)
@click.option("--load", nargs=3, type=(int, str, int), hidden=True)
def main(repeats: int, load: tuple | None) -> None:
    """Measure on this machine."""
    if load:
        allow_open_files(4096)
        run = Load(*load)
        run.run()
        print(json.dumps(figures_of(run.viewers)))
        return
    print(machine.describe())
    options = {"interval_s": INTERVAL_S, "intervals": INTERVALS, "file_bytes": FILE_BYTES}
    results = Results("viewers", f"Viewers polling every {INTERVAL_S:g} s", QUANTITIES, options)
    servers = {"server.py": (running, f"/results{PATH}"), "http.server": (plain, PATH)}
    for repetition in range(1, repeats + 1):
        for name, (start, path) in servers.items():
            for viewers in VIEWERS:
                with tempfile.TemporaryDirectory() as folder, trainer(Path(folder)), start(Path(folder)) as process:
                    numbers = loaded(process.port, path, viewers) | {"memory": memory(process)}
                if name == "http.server":
                    numbers["plainly_served"] = numbers.pop("served")
                results.add(repetition, numbers, f"{name}, {viewers:,} viewers")
    results.print_rows()


if __name__ == "__main__":
    main()
