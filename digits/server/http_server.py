"""The web server: accepts connections, caps their number, and passes each request to the site's `answer`."""

import contextlib
import os
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from socketserver import TCPServer

from digits.server import guard, http_headers
from digits.server.cors import NOBODY, Sharing
from digits.server.http_handler import LINGER_S, RECEIVE, Handler
from digits.server.http_message import Problem, Request, Response
from digits.server.places import Places

# For a whole request from its first byte, for the wait between two, and for the client to take CHUNK bytes: longer than
# the worst Wi-Fi needs, and nobody holds a thread with a byte a second.
DEADLINE_S = 12.0
# One for each connection (digits/server/places.py). An idle thread costs about 50 kB, and the usual limit is 1,024 open
# files.
THREADS = 800
# Connections waiting to be accepted: pages that open at once. One too many waits a second before it tries again.
BACKLOG = 1024
# Refused connections that linger at a time. More are cut, so that a flood of them leaves the accept loop its time.
LINGERING = 64
# A drawing of 28 x 28 pixels as JSON is 10 kB at most.
MAX_BODY = 64_000  # bytes
# Bodies over RECEIVE bytes received at a time: 90 MB, however slowly they are sent.
LARGE_BODIES = 32


class Server(ThreadingHTTPServer):
    """Listens from creation; `serve_forever` answers. Raises OSError where it can't listen.

    `names` are host names it answers to besides localhost and IP addresses; `max_body` limits the bytes of a body by
    path; `sharing` says which pages of other origins may ask, and what.
    """

    block_on_close = False
    request_queue_size = BACKLOG
    # On POSIX: start again at once after an end. On Windows it would let two servers share a port.
    allow_reuse_address = os.name == "posix"

    def __init__(
        self,
        host: str,
        port: int,
        answer: Callable[[Request], Response],
        *,
        names: tuple[str, ...] = (),
        max_body: Callable[[str], int] = lambda path: MAX_BODY,
        sharing: Sharing = NOBODY,
        deadline_s: float = DEADLINE_S,
        threads: int = THREADS,
        verbose: bool = False,
    ):
        self.address_family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self.answer = answer
        self.names = frozenset(name.lower() for name in names)
        self.max_body = max_body
        self.sharing = sharing
        self.deadline_s = deadline_s
        self.verbose = verbose
        self.places = Places(threads)
        self.large_bodies = threading.Semaphore(LARGE_BODIES)
        self._lingering: deque[tuple[float, socket.socket]] = deque()  # refused, each with the time when it is closed
        self._busy = busy().response()
        super().__init__(address, Handler)

    def respond(self, request: Request) -> Response:
        """The answer, whatever happens."""
        response = self._answered(request)
        self.sharing.mark(request, response)
        return response

    def guard(self, request: Request) -> None:
        """Raises Problem with 403 for who may not ask."""
        guard.check(request, self.names, self.sharing)

    def _answered(self, request: Request) -> Response:
        try:
            self.guard(request)
            return self.sharing.preflight(request) or self.answer(request)
        except Problem as problem:
            return problem.response()
        except Exception as error:
            log(f"{request.method} {request.path}: {type(error).__name__}: {error}")
            return Problem(500, "The server failed; its terminal says more.").response()

    @contextlib.contextmanager
    def body_of(self, length: int):
        """While a body of that many bytes is received. Raises Problem with 503 for too many large ones."""
        if length <= RECEIVE:
            yield
        elif not self.large_bodies.acquire(blocking=False):
            raise busy()
        else:
            try:
                yield
            finally:
                self.large_bodies.release()

    def log_request(self, request: Request | None, response: Response) -> None:
        if self.verbose:
            log(f"{request.method} {request.path} {response.status}" if request else f"no request: {response.status}")

    # -- connections --------------------------------------------------------------------------------------------------

    def server_bind(self) -> None:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        if self.address_family == socket.AF_INET6 and self.server_address[0] == "::":  # all addresses, IPv4 too
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        TCPServer.server_bind(self)  # HTTPServer's own asks the DNS for the name of this machine

    def get_request(self):
        try:
            return super().get_request()
        except OSError:  # out of file descriptors, mostly: without a pause the loop would spin until some are free
            time.sleep(0.05)
            raise

    def process_request(self, request, client_address) -> None:
        if not self.places.take():
            return self._refuse(request)
        try:
            super().process_request(request, client_address)
        except BaseException:
            self.places.leave()
            raise

    def process_request_thread(self, request, client_address) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.leave()

    def _refuse(self, connection: socket.socket) -> None:
        """Say so and go on: nothing here waits. The connection lingers, so that the answer is not destroyed."""
        connection.setblocking(False)
        try:
            connection.send(self._busy.head(False, http_headers.CONTENT) + self._busy.body)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self._lingering.append((time.monotonic() + LINGER_S, connection))

    def service_actions(self) -> None:
        """After each connection, and twice a second: close the refused ones that have had their time."""
        now = time.monotonic()
        for _ in range(len(self._lingering)):
            end, connection = self._lingering.popleft()
            if now > end or len(self._lingering) >= LINGERING or _is_finished(connection):
                connection.close()
            else:
                self._lingering.append((end, connection))

    def server_close(self) -> None:
        super().server_close()
        for _, connection in self._lingering:
            connection.close()

    def handle_error(self, request, client_address) -> None:
        error = sys.exc_info()[1]
        log(f"{type(error).__name__}: {error}")


def busy() -> Problem:
    return Problem(503, "The server is busy. Try again in a second.", {"Retry-After": "1"})


def log(text: str) -> None:
    """One line on stderr, whatever a client put into it; none where stderr can't be written, which is no reason to
    leave a request unanswered. Without a codec: the first use of one imports it, which takes a file descriptor."""
    if sys.stderr:  # there is none under pythonw
        with contextlib.suppress(OSError, ValueError):
            print(ascii(text)[1:-1], file=sys.stderr, flush=True)


def _is_finished(connection: socket.socket) -> bool:
    try:
        return not connection.recv(RECEIVE)
    except BlockingIOError:
        return False
    except OSError:
        return True
