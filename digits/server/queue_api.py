"""The queue API: queue runs, list and cancel them.

Option modules are imported when needed, as in control_api.py.
"""

import re
from pathlib import Path
from typing import Any

from digits.runlog import run_queue
from digits.server.control_api import fields_of, sentence, writing
from digits.server.http_message import Problem, Request, Response, json_response
from digits.server.queue_worker import QueueWorker
from digits.server.static_files import unreadable

_SEED_SUFFIX = re.compile(r", seed \d+$")


class QueueApi:
    """Answers requests about the queue of `results`. Handlers raise Problem: 400, 403, 404, 409, 503, 507."""

    def __init__(self, results: Path, worker: QueueWorker):
        self._results, self._worker = results, worker

    def state(self, _request: Request) -> Response:
        try:
            return json_response(run_queue.read(self._results))
        except OSError:
            raise unreadable() from None

    def add(self, request: Request) -> Response:
        """{"options": {name: value}, "seeds": [1, 2, 3]}: queue a run with these options for each seed."""
        body = fields_of(request, "options", "seeds")
        options, seeds = body.get("options", {}), body.get("seeds", [])
        if not (isinstance(options, dict) and isinstance(seeds, list)):
            raise Problem(400, 'Send {"options": {"epochs": 3}, "seeds": [1, 2, 3]}; seeds may be left out.')
        if "seeds" in body and not 1 <= len(seeds) <= run_queue.MAX_QUEUED:
            raise Problem(400, f"Send 1 to {run_queue.MAX_QUEUED} seeds.", field="seed")
        runs = [_repeated(options | {"seed": seed}) for seed in seeds] if seeds else [_described(options)]
        try:
            with writing():
                queue = run_queue.add(self._results, runs)
        except run_queue.QueueFull:
            raise Problem(409, f"At most {run_queue.MAX_QUEUED} runs can wait: cancel some first.") from None
        self._worker.wake()
        return json_response(queue, status=201)

    def cancel(self, _request: Request, id: str) -> Response:
        try:
            with writing():
                return json_response(run_queue.remove(self._results, id))
        except run_queue.NoSuchEntry:
            raise Problem(404, "The queue has no such run: it may have started.") from None

    def cancel_all(self, _request: Request) -> Response:
        with writing():
            return json_response(run_queue.clear(self._results))


def _described(options: dict[str, Any]) -> dict[str, Any]:
    """An entry of the queue: options and name. Raises Problem for invalid options."""
    return {"name": _name_of(_parsed(options)), "options": options}


def _repeated(options: dict[str, Any]) -> dict[str, Any]:
    """Like `_described`, with a name that ends with the seed."""
    from digits.config import Config
    from digits.option_types import NAME_LENGTH

    parsed = _parsed(options)
    base = _SEED_SUFFIX.sub("", _name_of(parsed | {"seed": Config.seed}))
    suffix = f", seed {parsed['seed']}"
    return _described(options | {"name": base[: NAME_LENGTH - len(suffix)] + suffix})


def _name_of(parsed: dict[str, Any]) -> str:
    from digits.config import Config

    return Config.from_options(**parsed).name or ""


def _parsed(options: dict[str, Any]) -> dict[str, Any]:
    from digits.server.options_schema import InvalidOption, parse_options

    try:
        return parse_options(options)
    except InvalidOption as refusal:
        raise Problem(400, sentence(refusal), field=refusal.field) from None
