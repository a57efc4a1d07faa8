"""Latency beside slow clients: `python benchmarks/slow_clients.py [--repeats 1]`. A minute each.

500 connections send nothing, half a request line, a header byte by byte, or a header without its body, and are reopened
whenever the server closes them. Another client requests /healthz 20 times a second, each time on a new connection.

Writes benchmarks/results/slow_clients.json.
"""

import statistics
import tempfile
import threading
import time
from pathlib import Path

import click
import machine
from figures import Quantity, Results
from served import connect, request, running

SOCKETS = 500
SECONDS = 60
PATIENCE_S = 30.0  # for the server to close the remaining connections
QUANTITIES = (
    Quantity("median", "latency of other clients, median", "ms", 1),
    Quantity("late", "latency of other clients, 95th percentile", "ms", 1, at_most=200),
    Quantity("refused", "failed requests of other clients", "%", 2),
    Quantity("longest", "longest slow connection", "s", 1, at_most=15),
)
BEGINNINGS = (b"", b"GET /hea", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", None)


def keep_slow(port: int, kind: bytes | None, ends: float, lasted: list[float]) -> None:
    """Open slow connections until `ends`; append the duration of each to `lasted`."""
    while time.monotonic() < ends:
        began = time.monotonic()
        try:
            with connect(port) as connection:
                connection.settimeout(1.0)
                body = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"
                connection.sendall(body if kind is None else kind)
                wait(connection, kind, ends + PATIENCE_S)
        except OSError:
            pass
        lasted.append(time.monotonic() - began)
        time.sleep(0.05)


def wait(connection, kind: bytes | None, ends: float) -> None:
    """Wait until the server closes the connection; headers continue byte by byte."""
    while time.monotonic() < ends:
        try:
            if not connection.recv(65536):
                return
        except TimeoutError:
            if kind:
                connection.sendall(b"x")


def ask_often(port: int, ends: float) -> tuple[list[float], int]:
    """Milliseconds of each response, and the number without status 200."""
    took, failed = [], 0
    while time.monotonic() < ends:
        began = time.perf_counter()
        try:
            with connect(port) as connection:
                connection.sendall(request(port, "/healthz"))
                failed += b" 200 " not in connection.recv(65536)[:20]
        except OSError:
            failed += 1
        took.append(1000 * (time.perf_counter() - began))
        time.sleep(0.05)
    return took, failed


@click.command()
@click.option("--repeats", default=1, show_default=True)
def main(repeats: int) -> None:
    """Measure on this machine."""
    print(machine.describe())
    results = Results("slow_clients", "Slow clients", QUANTITIES, {"sockets": SOCKETS, "seconds": SECONDS})
    for repetition in range(1, repeats + 1):
        with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
            ends, lasted = time.monotonic() + SECONDS, []
            clients = [
                threading.Thread(target=keep_slow, args=(server.port, kind, ends, lasted), daemon=True)
                for kind in BEGINNINGS
                for _ in range(SOCKETS // len(BEGINNINGS))
            ]
            for client in clients:
                client.start()
            took, failed = ask_often(server.port, ends)
            for client in clients:
                client.join()
        late = statistics.quantiles(took, n=20)[-1]
        numbers = {"median": statistics.median(took), "late": late, "longest": max(lasted)}
        results.add(repetition, numbers | {"refused": 100 * failed / len(took)})
    results.print_rows()


if __name__ == "__main__":
    main()
