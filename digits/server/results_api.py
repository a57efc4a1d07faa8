"""The results API: files, status and list of runs; renaming, hiding, pinning and deleting them."""

import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from digits.files import finite
from digits.renames import FIELDS, present_fields
from digits.runlog import contract, runs, training_log
from digits.runlog.status import last_sign_of_life, liveness
from digits.server.http_message import Problem, Request, Response, json_body, json_response
from digits.server.router import not_found
from digits.server.static_files import GzipCache, etag_of, file_etag, is_not_modified, names_in, open_file

_FLAGS = ("hidden", "pinned", *(name for name, present in FIELDS.items() if present == "pinned"))


class ResultsApi:
    """Answers requests about the runs in `results`. Handlers raise Problem: 400, 403, 404, 409, 416, 503, 507."""

    def __init__(self, results: Path, compressed: GzipCache):
        self._results = results
        self._compressed = compressed
        self._log: tuple[str, dict[str, Any]] = ("", {})  # the log last read, after its ETag

    def live_file(self, request: Request, name: str) -> Response:
        return self._compressed.file(request, self._results, name)

    def earlier_file(self, request: Request, run_id: str, name: str) -> Response:
        if run_id not in names_in(self._results / contract.RUNS):
            raise not_found()
        return self._compressed.file(request, self._results, f"{contract.RUNS}/{run_id}/{name}")

    def runs_index(self, request: Request) -> Response:
        """runs.json, corrected by the logs if they differ; an empty list if the trainer writes no list."""
        if corrected := runs.corrected_index(self._results, self._read_log()):
            return json_response(corrected)
        try:
            return self._compressed.file(request, self._results, contract.RUNS_INDEX)
        except Problem as problem:
            if problem.status != 404:
                raise
            return json_response({"schema": contract.SCHEMA, "runs": []})

    def training_status(self, request: Request) -> Response:
        """The summary of the log, and whether the run is alive; all null while there is no run."""
        log = self._read_log()
        status = training_log.summary(log) | {
            "updated_at": last_sign_of_life(log, self._results),
            "liveness": liveness(log, self._results) if log else None,
            "etags": {file: etag_of(self._results, file) for file in (contract.TRAINING_LOG, contract.RUNS_INDEX)},
        }
        response = json_response(status)
        etag = f'"{hashlib.blake2b(response.body, digest_size=12).hexdigest()}"'
        if is_not_modified(request, etag):
            return Response(304, {"ETag": etag})
        response.headers["ETag"] = etag
        return response

    def change_run(self, request: Request, run_id: str) -> Response:
        """{"name": text}, {"hidden": true or false}, {"pinned": true or false}, or several of them."""
        body = json_body(request)
        if not body or not all(key == "name" or (key in _FLAGS and type(body[key]) is bool) for key in body):
            raise Problem(400, 'Send {"name": text}, {"hidden": true or false} or {"pinned": true or false}.')
        if "name" in body:
            body["name"] = _one_line(body["name"])
        return self._changed(run_id, lambda: runs.label(self._results, run_id, present_fields(body)))

    def delete_run(self, _request: Request, run_id: str) -> Response:
        return self._changed(run_id, lambda: runs.delete(self._results, run_id))

    def _changed(self, run_id: str, change: Callable[[], dict[str, Any]]) -> Response:
        """Apply `change`, which returns the new list of runs."""
        try:
            return json_response(change())
        except (runs.NoSuchRun, FileNotFoundError):  # the latter if another program has just deleted it
            raise Problem(404, f"There is no run {run_id}.") from None
        except runs.StillRunning:
            raise Problem(409, "This run is still being trained: stop it first.") from None
        except OSError as error:
            raise unwritable(error) from None

    def _read_log(self) -> dict[str, Any]:
        """The log of the latest run, parsed once for each version; {} if there is none that can be read."""
        try:
            file = open_file(self._results, contract.TRAINING_LOG)
        except Problem as problem:
            if problem.status != 404:
                raise
            return {}
        with file:
            etag = file_etag(os.fstat(file.fileno()))
            if self._log[0] != etag:
                self._log = (etag, _parse_log(file.read(contract.LOG_BYTES)))
            return self._log[1]


def _one_line(name: object) -> str:
    """A run's name: one line of printable text. Raises Problem (400)."""
    if not isinstance(name, str) or len(name) > contract.MAX_LABEL_LENGTH:
        raise Problem(400, f"A name is text of at most {contract.MAX_LABEL_LENGTH} characters.")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())


def _parse_log(content: bytes) -> dict[str, Any]:
    try:
        log = finite(json.loads(content))
    except (ValueError, RecursionError):  # not JSON, or nested too deeply
        return {}
    return log if isinstance(log, dict) else {}


def unwritable(error: OSError) -> Problem:
    """The Problem of a results folder that can't be written: 507 if the disk is full, else 403."""
    status = 507 if error.errno == errno.ENOSPC else 403
    return Problem(status, f"The server can't write to the results folder: {error.strerror or error}.")
