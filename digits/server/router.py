"""Router: finds the handler of a request by URL pattern and method, and checks permission."""

import re
from collections.abc import Callable, Sequence

from digits.server.guard import SAFE_METHODS, Authorization
from digits.server.http_message import Problem, Request, Response

# A drawing of 28 x 28 pixels as JSON is 10 kB at most.
MAX_BODY = 64_000  # bytes


class Route:
    """`pattern` matches the whole path; its groups are passed to the handlers, which are given by method.

    `public`: no token is needed although the method is not a safe one. `cross_origin`: pages of --allow-origin may use
    it. `max_body`: limit of a request's body in bytes.
    """

    def __init__(
        self,
        pattern: str,
        *,
        public: bool = False,
        cross_origin: bool = False,
        max_body: int = MAX_BODY,
        **handlers: Callable[..., Response],
    ):
        self.pattern = re.compile(pattern)
        self.public = public
        self.cross_origin = cross_origin
        self.max_body = max_body
        self.handlers = handlers

    @property
    def methods(self) -> tuple[str, ...]:
        """Those that have a handler, and HEAD if GET has one."""
        return (*self.handlers, "HEAD") if "GET" in self.handlers else tuple(self.handlers)


class Router:
    """Passes requests to the handlers of `routes`; changes need the token of `access`."""

    predictions = "/predict, /v1/models/mnist:predict or /v2/models/mnist/infer"  # paths, for the error message

    def __init__(self, routes: Sequence[Route], access: Authorization):
        self.routes = routes
        self.access = access

    def answer(self, request: Request) -> Response:
        """Raises Problem: 404 for an unknown path, 405 for an unsupported method, 401 and 403 without permission."""
        for route in self.routes:
            if match := route.pattern.fullmatch(request.path):
                handler = route.handlers.get("GET" if request.method == "HEAD" else request.method)
                if handler is None:
                    allowed = ", ".join(route.methods)
                    raise Problem(405, f"This path supports {allowed}.", {"Allow": allowed})
                if request.method not in SAFE_METHODS and not route.public:
                    self.access.check(request)
                return handler(request, *match.groups())
        if request.method in ("POST", "PUT"):
            raise Problem(404, f"Not found. Images are sent to {self.predictions}.")
        raise not_found()

    def start(self) -> None:
        """Start what the site does besides answering. Here: nothing."""

    def admit(self, request: Request) -> None:
        """Raise Problem if the request comes too soon: before its body is received. Here all are welcome."""

    def max_body(self, path: str) -> int:
        """Limit of a request's body in bytes."""
        route = self._find(path)
        return route.max_body if route else MAX_BODY

    def cross_origin_methods(self, path: str) -> tuple[str, ...]:
        """The methods that pages of --allow-origin may use for `path`."""
        route = self._find(path)
        return route.methods if route and route.cross_origin else ()

    def _find(self, path: str) -> Route | None:
        return next((route for route in self.routes if route.pattern.fullmatch(path)), None)


def not_found() -> Problem:
    """404 for everything that is not served, whether it exists or not, so that nothing leaks."""
    return Problem(404, "Not found.")
