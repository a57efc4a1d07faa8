"""Routes of a public digit reader (--predict-only): a page with the pad, its network, predictions, nothing else."""

from pathlib import Path
from typing import Any

from digits.paths import PAGE
from digits.runlog import contract
from digits.server.guard import Authorization
from digits.server.http_message import Request, Response
from digits.server.predict_api import PredictApi
from digits.server.rate_limit import RateLimit
from digits.server.router import Route, Router
from digits.server.routes import WEB_FILE, health
from digits.server.static_files import GzipCache, PageFiles
from digits.server.uploads import MAX_UPLOAD

PER_MINUTE = 60  # predictions for each address


class ReaderSite(Router):
    """The pad of `project` with the newest network in `results`; predictions are limited for each address.

    There is no run to choose, no log, and nothing to change.
    """

    predictions = "/predict"

    def __init__(self, results: Path, project: Path = PAGE, per_minute: float = PER_MINUTE):
        self._compressed = GzipCache()
        self._limit = RateLimit(per_minute)
        self.predict = PredictApi(results, has_runs=False)
        page = PageFiles(project, self._compressed)
        upload: dict[str, Any] = {"public": True, "cross_origin": True, "max_body": MAX_UPLOAD}
        routes = [
            Route(r"/(?:index\.html)?", GET=page.reader),
            Route(WEB_FILE, GET=page.web_file),
            Route(rf"/results/({contract.NETWORK}|{contract.NETWORK_NUMBERS})", GET=self._network),
            Route(r"/predict", POST=self.predict.answer, **upload),
            Route(r"/healthz", GET=health),
        ]
        super().__init__(routes, Authorization(allowed=False))

    def admit(self, request: Request) -> None:
        """Raise Problem (429) for a prediction of a client that has requested many."""
        if request.method == "POST" and request.path == "/predict":
            self._limit.check(request)

    def _network(self, request: Request, name: str) -> Response:
        """A file of the network that /predict uses. Raises Problem: 404, 503."""
        return self._compressed.file(request, self.predict.folder(), name)
