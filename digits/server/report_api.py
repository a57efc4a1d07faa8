"""Reports for the page: GET /report saves runs as one HTML file, like the command report."""

import threading
from pathlib import Path

from digits.errors import UserError
from digits.runlog import contract, runs
from digits.server.http_message import Problem, Request, Response
from digits.server.router import not_found
from digits.sharing.report import MAX_RUNS, make_report

_PARAMETERS = frozenset({"run", "model"})


class ReportApi:
    """Makes reports of runs in `results`: one at a time, since each takes seconds of a processor and some memory."""

    def __init__(self, results: Path):
        self._results = results
        self._making = threading.Lock()

    def report(self, request: Request) -> Response:
        """The runs whose ids `run` names, separated by commas; `model=1`: with the network.

        Without `run` it is the current run. Raises Problem: 400, 404, 409, 503.
        """
        query = request.query
        if unknown := query.keys() - _PARAMETERS:
            raise Problem(400, f"Unknown parameter {min(unknown)!r}: use run and model.")
        if query.get("model", "0") not in ("0", "1"):
            raise Problem(400, "model is 0 or 1.")
        folders = self._folders(query["run"]) if "run" in query else [self._results]
        if not self._making.acquire(blocking=False):
            raise Problem(503, "Another report is being made. Try again in a second.", {"Retry-After": "1"})
        try:
            report = make_report(folders, with_model=query.get("model") == "1")
        except UserError as error:
            # The names of folders are for the owner of this machine only.
            raise Problem(409, "No report can be made of these runs: choose fewer, or others.") from error
        finally:
            self._making.release()
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Disposition": 'attachment; filename="report.html"',
        }
        return Response(200, headers, report.content)

    def _folders(self, ids: str) -> list[Path]:
        """The folders of the runs with these ids."""
        names = ids.split(",")
        if len(names) > MAX_RUNS or not all(map(contract.RUN_ID.fullmatch, names)):
            raise Problem(400, f"run is at most {MAX_RUNS} ids of runs, separated by commas.")
        found = [runs.run_folder(self._results, name) for name in names]
        if None in found:
            raise not_found()
        return [folder for folder in found if folder]
