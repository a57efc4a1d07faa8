"""The web server's mechanics: connections, threads, deadlines. What to answer is the caller's: a function of the Request.

One thread a connection. A message goes out in one write, because a second one would wait for the first one's acknowledgement:
44 ms a request on a kept connection, measured.
"""

import os
import socket
import socketserver
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from digits import httpguard
from digits.httpfile import CHUNK
from digits.httpmessage import Problem, Request, Response, check_beginning, parse

# A page polls a few files every second or so; it may take that long over the worst Wi-Fi. A client that sends a byte a second, or
# does not take CHUNK bytes in that time, gets no more: it holds a thread.
DEADLINE_S = 15.0
# A browser opens at most 6 connections, so 20 pages; each thread costs some 50 kB.
THREADS = 128
# Connections that wait to be accepted: a burst of several pages opening at once fits.
BACKLOG = 256
# How long the last answer on a connection may take to be read, before the connection is closed for good.
LINGER_S = 1.0
# Refused connections that linger at one time; more of them are cut at once, so that the accept loop never drowns in them.
LINGERING = 64
_END = b"\r\n\r\n"


class Connection(socketserver.BaseRequestHandler):
    """One client: its requests are answered one after the other."""

    def setup(self) -> None:
        self._socket: socket.socket = self.request
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def handle(self) -> None:
        try:
            while self._answer_one():
                pass
        except OSError:  # the client has gone, or takes nothing
            pass

    def _answer_one(self) -> bool:
        """True if the connection can bring another request."""
        request = None
        try:
            request = self._receive_request()
            if request is None:
                return False
            response, keep_alive = self.server.respond(request), request.keep_alive
        except Problem as problem:  # where the next request would begin is not known any more
            response, keep_alive = problem.response(), False
        if self.server.verbose:
            log(
                f"{request.method} {request.path} {response.status}" if request else f"not a request: {response.status}"
            )
        self._send(response, keep_alive, head_only=request is not None and request.method == "HEAD")
        if not keep_alive:
            self._linger()
        return keep_alive

    def _receive_request(self) -> Request | None:
        """None when the client has nothing more to ask. Raises Problem; 408 when the request does not come whole in time."""
        if not self._received:
            self._received = self._receive(time.monotonic() + self.server.deadline_s, late=b"")
        if not self._received:
            return None
        deadline = time.monotonic() + self.server.deadline_s
        end = self._receive_head(deadline)
        if end < 0:
            return None
        request = parse(self._received[:end])
        self._received = self._received[end + len(_END) :]
        return request if self._receive_body(request, deadline) else None

    def _receive_head(self, deadline: float) -> int:
        """Where the head ends in what was received; -1 if the client went away before."""
        new = len(self._received)
        self._received = self._received.removeprefix(b"\r\n")  # some clients send one after a body
        while (end := self._received.find(_END)) < 0:
            check_beginning(self._received, new)
            content = self._receive(deadline)
            if not content:
                return -1
            new = len(content)
            self._received += content
        return end

    def _receive_body(self, request: Request, deadline: float) -> bool:
        """False if the client went away before the end of it."""
        if len(self._received) < request.length and request.headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self._received) < request.length:
            content = self._receive(deadline)
            if not content:
                return False
            self._received += content
        request.body, self._received = self._received[: request.length], self._received[request.length :]
        return True

    def _receive(self, deadline: float, late: bytes | None = None) -> bytes:
        """What comes next, b"" once the client has gone; after the deadline `late`, or Problem 408 where that is None."""
        try:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            return self._socket.recv(CHUNK)
        except TimeoutError:
            if late is None:
                raise Problem(408, f"The request did not come whole within {self.server.deadline_s:g} s.") from None
            return late

    def _send(self, response: Response, keep_alive: bool, head_only: bool) -> None:
        try:
            self._socket.settimeout(self.server.deadline_s)  # for the whole of each `sendall`
            head = response.head(keep_alive)
            if head_only:
                return self._socket.sendall(head)
            self._socket.sendall(head + response.body)
            for content in response.rest(CHUNK):
                self._socket.sendall(content)
        finally:
            response.close()

    def _linger(self) -> None:
        """Let the client read the answer: closing while its bytes are unread here would make the system destroy it (RST)."""
        self._socket.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + LINGER_S
        while time.monotonic() < deadline and self._receive(deadline, late=b""):
            pass


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens from creation; `serve_forever` answers. Raises OSError where it can't listen.

    `names` are host names it answers to besides localhost and IP addresses.
    """

    daemon_threads = True
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
        deadline_s: float = DEADLINE_S,
        threads: int = THREADS,
        verbose: bool = False,
    ):
        self.address_family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self.answer = answer
        self.names = frozenset(name.lower() for name in names)
        self.deadline_s = deadline_s
        self.verbose = verbose
        self._free = threading.Semaphore(threads)
        self._lingering: deque[tuple[float, socket.socket]] = deque()
        self._busy = Problem(503, "The server is busy. Try again in a second.", {"Retry-After": "1"}).response()
        super().__init__(address, Connection)

    def respond(self, request: Request) -> Response:
        """The answer, whatever happens."""
        try:
            httpguard.check(request, self.names)
            return self.answer(request)
        except Problem as problem:
            return problem.response()
        except Exception as error:
            log(f"{request.method} {request.path}: {type(error).__name__}: {error}")
            return Problem(500, "The server failed; its terminal says more.").response()

    # -- connections --------------------------------------------------------------------------------------------------

    def server_bind(self) -> None:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        if self.address_family == socket.AF_INET6 and self.server_address[0] == "::":  # all addresses, IPv4 too
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def get_request(self):
        try:
            return super().get_request()
        except OSError:  # out of file descriptors, mostly: without a pause the loop would spin until some are free
            time.sleep(0.05)
            raise

    def process_request(self, request, client_address) -> None:
        if not self._free.acquire(blocking=False):
            return self._refuse(request)
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request, client_address) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def _refuse(self, connection: socket.socket) -> None:
        """Say so and go on: nothing here waits. The connection lingers, so that the answer is not destroyed."""
        connection.setblocking(False)
        try:
            connection.send(self._busy.head(keep_alive=False) + self._busy.body)
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

    def handle_error(self, request, client_address) -> None:
        error = sys.exc_info()[1]
        log(f"{type(error).__name__}: {error}")


def log(text: str) -> None:
    """One line on stderr, whatever a client put into it."""
    print(text.encode("unicode_escape").decode(), file=sys.stderr, flush=True)


def _is_finished(connection: socket.socket) -> bool:
    try:
        return not connection.recv(CHUNK)
    except BlockingIOError:
        return False
    except OSError:
        return True
