"""A server process under test, and requests to it."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from machine import PROJECT

TIMEOUT_S = 20.0


@contextlib.contextmanager
def running(results: Path):
    """A process of server.py with `port` and `ready_s`, the seconds from its start to its first response."""
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
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)


def request(port: int, path: str, fields: str = "") -> bytes:
    """A request about as long as a browser's."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: Mozilla/5.0 (X11; Linux) Gecko/20100101\r\n"
        f"Accept: */*\r\nAccept-Language: en\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
        f"Referer: http://127.0.0.1:{port}/\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\n{fields}\r\n"
    ).encode()


def memory(process) -> float:
    """Resident memory in MB; NaN on systems without /proc."""
    with contextlib.suppress(OSError):
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return float("nan")
