"""The web server: accepts connections, limits their number, and passes each request to `answer`."""

import contextlib
import os
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from digits.server.concurrency import ByteBudget, ConnectionSlots
from digits.server.guard import CorsPolicy, check_request
from digits.server.host_names import HostNames
from digits.server.http_handler import LINGER_S, RECEIVE, WITH_CONTENT, Handler
from digits.server.http_message import Problem, Request, Response
from digits.server.proxies import Proxies
from digits.server.router import MAX_BODY

# Limit for a whole request from its first byte, for the wait between two, and for the client to receive PIECE bytes:
# longer than the worst Wi-Fi needs, and no client can hold a thread by sending a byte a second.
DEADLINE_S = 12.0
# One for each connection (ConnectionSlots). An idle thread costs about 50 kB, and the usual limit is 1,024 open files.
THREADS = 800
# Connections waiting to be accepted: pages that open at once. A client beyond that retries after a second.
BACKLOG = 1024
# Rejected connections that linger at a time. Further ones are cut, so that a flood of them can't stall the accept loop.
LINGERING = 64
# Bodies over RECEIVE bytes that are in memory at a time, from the first byte until they are answered: six photos of
# 12 MB as base64. Others wait, unread: their clients send no more than the socket's buffer takes.
LARGE_BODIES = 104 << 20  # bytes
WAITING_BODIES = 64  # more are rejected: each holds a thread
BODY_PATIENCE_S = 20.0  # of one that waits
# A large body's time to arrive is extended by a second for each of these; the slowest Wi-Fi with a good photo needs it.
BYTES_PER_SECOND = 1_000_000


class Server(ThreadingHTTPServer):
    """Listens once created; `serve_forever` answers. Raises OSError if it can't listen.

    `names` are host names it answers to besides localhost and IP addresses; `max_body` limits the bytes of a body by
    path; `cors` says which pages of other origins may send which requests; `proxies` are those in front of the server;
    `admit` raises Problem for a request that comes too soon, before its body is received.
    """

    block_on_close = False
    request_queue_size = BACKLOG
    # On POSIX: can be restarted at once. On Windows it would let two servers share a port.
    allow_reuse_address = os.name == "posix"

    def __init__(
        self,
        host: str,
        port: int,
        answer: Callable[[Request], Response],
        *,
        names: tuple[str, ...] = (),
        max_body: Callable[[str], int] = lambda _path: MAX_BODY,
        cors: CorsPolicy | None = None,
        proxies: Proxies | None = None,
        admit: Callable[[Request], None] = lambda _request: None,
        deadline_s: float = DEADLINE_S,
        threads: int = THREADS,
        verbose: bool = False,
    ):
        self.address_family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self.answer = answer
        self.names = HostNames(names)
        self.max_body = max_body
        self.cors = cors or CorsPolicy()
        self.proxies = proxies or Proxies()
        self._admit = admit
        self.deadline_s = deadline_s
        self.verbose = verbose
        self.slots = ConnectionSlots(threads)
        self._large_bodies = ByteBudget(LARGE_BODIES, WAITING_BODIES)
        self.lingering: deque[tuple[float, socket.socket]] = deque()  # rejected, each with the time to close it
        busy = _busy().response()
        self._busy = busy.head(False, WITH_CONTENT) + busy.body
        super().__init__((str(address[0]), port), Handler)

    def respond(self, request: Request) -> Response:
        """The response to `request`, also if it is not allowed or `answer` fails."""
        try:
            self.guard(request)
            response = self.proxies.redirect(request) or self.cors.preflight(request) or self.answer(request)
        except Problem as problem:
            response = problem.response()
        except Exception as error:
            log(f"{request.method} {request.path}: {type(error).__name__}: {error}")
            response = Problem(500, "Internal error; the server's terminal shows the reason.").response()
        self.cors.add_headers(request, response)
        return response

    def common_headers(self, _response: Response) -> str:
        """The header lines that every response with content has, beside its own."""
        return WITH_CONTENT

    def guard(self, request: Request) -> None:
        """Raise Problem unless Host and Origin are allowed (403) and the request is admitted, which counts once."""
        if not request.is_admitted:
            check_request(request, self.names, self.cors)
            self._admit(request)
            request.is_admitted = True

    @contextlib.contextmanager
    def room_for_body(self, length: int) -> Iterator[float | None]:
        """Reserve memory for a body of `length` bytes, decompressed; yields the seconds within which it must arrive.

        Yields None for a small body, which needs no reservation. Raises Problem (503) if there is no room.
        """
        if length <= RECEIVE:
            yield None
            return
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self._large_bodies.reserved(length, BODY_PATIENCE_S))
            except TimeoutError:
                raise _busy() from None
            yield self.deadline_s + length / BYTES_PER_SECOND

    def log_response(self, request: Request | None, response: Response) -> None:
        if self.verbose:
            client = f" for {request.client}" if request and self.proxies.trusted else ""
            line = f"{request.method} {request.path} {response.status}" if request else f"no request: {response.status}"
            log(f"{line}{client}")

    # -- connections --------------------------------------------------------------------------------------------------

    def server_bind(self) -> None:
        if sys.platform == "win32":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        if self.address_family == socket.AF_INET6 and self.server_address[0] == "::":  # all addresses, IPv4 too
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        TCPServer.server_bind(self)  # HTTPServer's own looks up this machine's name in the DNS

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError:  # out of file descriptors, mostly: without a pause the loop would spin until some are free
            time.sleep(0.05)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.slots.acquire():
            return self._reject(request)
        try:
            super().process_request(request, client_address)
        except BaseException:
            self.slots.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.slots.release()

    def _reject(self, connection: socket.socket) -> None:
        """Send 503 without waiting. The connection lingers, so that the response is not destroyed (RST)."""
        connection.setblocking(False)
        with contextlib.suppress(OSError):
            connection.send(self._busy)
            connection.shutdown(socket.SHUT_WR)
        self.lingering.append((time.monotonic() + LINGER_S, connection))

    def service_actions(self) -> None:
        """After each connection, and twice a second: close the rejected ones whose time is over."""
        now = time.monotonic()
        for _ in range(len(self.lingering)):
            end, connection = self.lingering.popleft()
            if now > end or len(self.lingering) >= LINGERING or _is_closed_by_client(connection):
                connection.close()
            else:
                self.lingering.append((end, connection))

    def server_close(self) -> None:
        super().server_close()
        for _, connection in self.lingering:
            connection.close()

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        error = sys.exc_info()[1]
        log(f"{type(error).__name__}: {error}")


def _busy() -> Problem:
    return Problem(503, "The server is busy. Try again in a second.", {"Retry-After": "1"})


def log(text: str) -> None:
    """Print one line to stderr, escaped to ASCII. An unwritable stderr is ignored: requests are still answered.

    It avoids codecs, since the first use of one imports it, which takes a file descriptor.
    """
    if sys.stderr:  # None under pythonw
        with contextlib.suppress(OSError, ValueError):
            print(ascii(text)[1:-1], file=sys.stderr, flush=True)


def _is_closed_by_client(connection: socket.socket) -> bool:
    try:
        return not connection.recv(RECEIVE)
    except BlockingIOError:
        return False
    except OSError:
        return True
