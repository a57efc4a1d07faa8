"""Servers in the kernel's process, read-only, whose page a notebook may frame."""

import threading
from pathlib import Path

from digits.server.guard import CONTENT_SECURITY_POLICY, SECURITY_HEADERS, Authorization
from digits.server.http_handler import WITH_CONTENT
from digits.server.http_message import Request, Response
from digits.server.http_server import Server
from digits.server.routes import Site

# Where notebooks are opened: behind a proxy on the same origin, on this machine, in VS Code, in Google Colab. The page
# can't change anything, so that a click on it that was meant for something else does no harm.
FRAMED_BY = (
    "'self' http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:* vscode-webview: "
    "https://colab.research.google.com https://*.googleusercontent.com https://*.prod.colab.dev"
)
_PROBE = "/healthz"  # the notebook asks whether this server still runs
_NEVER = "frame-ancestors 'none'"
_RESOURCE_POLICY = "Cross-Origin-Resource-Policy"
_FRAMED = WITH_CONTENT.replace(
    CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY.replace(_NEVER, f"frame-ancestors {FRAMED_BY}")
)
_FOR_PROBE = _FRAMED.replace(f"{_RESOURCE_POLICY}: {SECURITY_HEADERS[_RESOURCE_POLICY]}\r\n", "")


class NotebookServer(Server):
    """Serves the runs in `results` on a free port of 127.0.0.1 until `stop`, without any way to change them."""

    daemon_threads = True

    def __init__(self, results: Path, hosts: tuple[str, ...] = ()):
        site = Site(results, access=Authorization(allowed=False))
        super().__init__("127.0.0.1", 0, site.answer, max_body=site.max_body, names=hosts)
        self.hosts = frozenset(hosts)
        self._thread = threading.Thread(target=self.serve_forever, name="digits.notebook", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def respond(self, request: Request) -> Response:
        response = super().respond(request)
        if request.path == _PROBE:
            response.headers[_RESOURCE_POLICY] = "cross-origin"  # that it runs may be known; pages can't read more
        return response

    def common_headers(self, response: Response) -> str:
        return _FOR_PROBE if _RESOURCE_POLICY in response.headers else _FRAMED
