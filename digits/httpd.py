"""The web server's mechanics: connections, threads, deadlines. What the answers are, the caller's function knows.

One thread a connection. A message goes out in one write: a second one would wait until the first is acknowledged, which
costs 44 ms a request on a kept connection, measured.
"""

import contextlib
import os
import socket
import socketserver
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from digits import httpguard
from digits.cors import NOBODY, Sharing
from digits.httpfile import CHUNK
from digits.httpmessage import MAX_BLANK_LINES, Problem, Request, Response, check_beginning, parse
from digits.places import Places

# For a whole request from its first byte, for the wait between two, and for the client to take CHUNK bytes: longer than
# the worst Wi-Fi needs, and nobody holds a thread with a byte a second.
DEADLINE_S = 12.0
# Every connection holds one (digits/places.py). An idle thread costs about 50 kB, and the usual 1,024 open files are
# not to run out.
THREADS = 800
# Connections that wait to be accepted: pages that open at once. One too many waits a second before it tries again.
BACKLOG = 1024
# How long a client has to read the last answer on its connection, and how much it may still send meanwhile: more than
# the largest body, which it may have begun to send.
LINGER_S = 1.0
LINGER_BYTES = 4 << 20
# Refused connections that linger at a time. More are cut, so that a flood of them leaves the accept loop its time.
LINGERING = 64
RECEIVE = 64 << 10  # bytes at a time: any head, and any body but the largest
# Bodies larger than that which are received at a time: 90 MB, whoever sends them how slowly.
LARGE_BODIES = 32
END = b"\r\n\r\n"  # of a head


class Connection(socketserver.BaseRequestHandler):
    """One client: its requests are answered one after the other."""

    def setup(self) -> None:
        self._socket: socket.socket = self.request
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()  # and not yet taken: bytes at its front are removed without a copy

    def handle(self) -> None:
        try:
            while self._answer_one():
                pass
        except OSError:  # the client has gone, asks nothing more, or takes nothing
            pass

    def _answer_one(self) -> bool:
        """True if the connection can bring another request."""
        request = None
        try:
            deadline = self._await_request()
            request = parse(self._receive_head(deadline))
            if request.length:  # nobody who may not ask gets that far as to fill the memory
                self.server.guard(request)
            request.body = self._receive_body(request, deadline)
            response = self.server.respond(request)
            keep_alive = request.keep_alive and not self.server.places.are_short
        except Problem as problem:  # where the next request would begin is not known any more
            response, keep_alive = problem.response(), False
            if request:  # too long: a page is to be told why
                self.server.sharing.mark(request, response)
        try:
            self._send(response, keep_alive, head_only=request is not None and request.method == "HEAD")
        finally:
            if self.server.verbose:
                what = f"{request.method} {request.path}" if request else "no request:"
                log(f"{what} {response.status}")
        if not keep_alive:
            self._linger()
        return keep_alive

    def _await_request(self) -> float:
        """Until when the request that begins has to be here. Raises OSError when none comes."""
        self._awaited_since = time.monotonic()
        if not self._received:
            self._receive(time.monotonic() + self.server.deadline_s)
        return time.monotonic() + self.server.deadline_s

    def _receive_head(self, deadline: float) -> bytes:
        """The lines of a request up to the empty one, each with its CR LF."""
        received, new, blank_lines = self._received, len(self._received), 0
        while True:
            while received.startswith(b"\r\n"):
                blank_lines += 1
                if blank_lines > MAX_BLANK_LINES:
                    raise Problem(400, f"More than {MAX_BLANK_LINES} blank lines before a request.")
                del received[:2]
            end = received.find(END, max(0, len(received) - new - len(END)))
            if end >= 0:
                break
            check_beginning(received, new)
            new = self._receive_more(deadline)
        head = bytes(received[: end + 2])
        del received[: end + len(END)]
        return head

    def _receive_body(self, request: Request, deadline: float) -> bytes:
        if request.length <= RECEIVE:
            return self._received_body(request, deadline)
        if not self.server.large_bodies.acquire(blocking=False):
            raise busy()
        try:
            return self._received_body(request, deadline)
        finally:
            self.server.large_bodies.release()

    def _received_body(self, request: Request, deadline: float) -> bytes:
        length = request.length
        if len(self._received) < length and request.headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = bytearray(length)
        come = min(length, len(self._received))
        body[:come] = self._received[:come]
        del self._received[:come]
        with memoryview(body) as view:
            while come < length:
                come += self._receive_more(deadline, view[come:])
        return bytes(body)

    def _receive_more(self, deadline: float, place: memoryview | None = None) -> int:
        """As _receive. Raises Problem with 408 for a request that does not come whole in time."""
        try:
            return self._receive(deadline, place)
        except TimeoutError:
            raise Problem(408, f"The request did not come whole within {self.server.deadline_s:g} s.") from None

    def _receive(self, deadline: float, place: memoryview | None = None) -> int:
        """How many bytes came, in `place` or behind what was received. Raises TimeoutError at the deadline,
        ConnectionError once the client has gone."""
        self._socket.settimeout(max(0.001, deadline - time.monotonic()))
        with self.server.places.awaiting(self._socket, self._awaited_since):
            if place is not None:
                count = self._socket.recv_into(place)
            else:
                content = self._socket.recv(RECEIVE)
                self._received += content
                count = len(content)
        if not count:
            raise ConnectionError("the client has gone")
        return count

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
        """Let the client read the answer: closing while bytes of it are unread here would destroy the answer (RST)."""
        self._socket.shutdown(socket.SHUT_WR)
        self._awaited_since = time.monotonic()
        deadline, count = self._awaited_since + LINGER_S, 0
        while time.monotonic() < deadline and count < LINGER_BYTES:
            self._received.clear()
            count += self._receive(deadline)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens from creation; `serve_forever` answers. Raises OSError where it can't listen.

    `names` are host names it answers to besides localhost and IP addresses; `sharing` says which other sites' pages may
    ask, and what.
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
        sharing: Sharing = NOBODY,
        deadline_s: float = DEADLINE_S,
        threads: int = THREADS,
        verbose: bool = False,
    ):
        self.address_family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self.answer = answer
        self.names = frozenset(name.lower() for name in names)
        self.sharing = sharing
        self.deadline_s = deadline_s
        self.verbose = verbose
        self.places = Places(threads)
        self.large_bodies = threading.Semaphore(LARGE_BODIES)
        self._lingering: deque[tuple[float, socket.socket]] = deque()  # refused, each with the time when it is closed
        self._busy = busy().response()
        super().__init__(address, Connection)

    def respond(self, request: Request) -> Response:
        """The answer, whatever happens."""
        response = self._answered(request)
        self.sharing.mark(request, response)
        return response

    def guard(self, request: Request) -> None:
        """Raises Problem with 403 for who may not ask."""
        httpguard.check(request, self.names, self.sharing)

    def _answered(self, request: Request) -> Response:
        try:
            self.guard(request)
            return self.sharing.preflight(request) or self.answer(request)
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
