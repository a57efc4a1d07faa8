"""The control API: start, resume and control trainers.

Option and command modules are imported when needed: `dataclasses`, which they use, takes a sixth of the startup time.
"""

import contextlib
import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digits.errors import UserError
from digits.paths import PROJECT, invocation
from digits.runlog import contract, run_queue, training_log
from digits.runlog.status import is_alive, liveness
from digits.server.guard import Authorization
from digits.server.http_message import Problem, Request, Response, json_body, json_response
from digits.server.results_api import unwritable
from digits.server.trainer_process import AlreadyRunning, NotStarted, TrainerProcess, is_stale, log_tail

_RESUMABLE = ("interrupted", "stopped", "crashed")


class ControlApi:
    """Answers requests about the trainer of `results`. Handlers raise Problem: 400, 403, 409, 503, 507."""

    def __init__(self, results: Path, access: Authorization, trainer: TrainerProcess):
        self._results, self._access, self._trainer = results, access, trainer

    def options(self, request: Request) -> Response:
        """The options schema; with the token also the fixed arguments, which contain paths."""
        from digits.server.options_schema import options_schema

        fixed_args = {"fixed_args": self.fixed_args()} if self._access.admits(request) else {}
        return json_response(options_schema() | fixed_args)

    def state(self, request: Request) -> Response:
        """The state of the trainer; its output, its exit code and the free disk space only with the token."""
        log = training_log.read(self._results) or {}
        running, pid = self._trainer.is_training(), self._trainer.pid
        problem = None if running else self._resume_problem(log)
        resumable = not running and liveness(log, self._results) in _RESUMABLE and problem is None
        state: dict[str, Any] = {
            "control_enabled": self._access.allowed,
            "authorized": self._access.admits(request),
            "running": running,
            "resumable": resumable,
            "not_resumable": problem,
        }
        if state["authorized"]:
            state |= {
                "free_bytes": _free_bytes(self._results),
                "last_words": log_tail(self._results, pid),
                "exit_code": None if is_stale(self._results, pid) else self._trainer.exit_code(),
                "queue": self._queue(),
            }
        return json_response(state)

    def send_command(self, request: Request) -> Response:
        """{"action": text, "value": number or text}; the event in the log that reports the result has the id."""
        from digits.runlog import control_actions

        body = fields_of(request, "action", "value")
        try:
            control_actions.parse_command(body, 0)
        except control_actions.InvalidCommand as refusal:
            raise Problem(400, sentence(refusal)) from None
        log = training_log.read(self._results) or {}
        if not is_alive(liveness(log, self._results)):
            raise Problem(409, "No trainer is running.")
        with writing():
            id = control_actions.send(self._results, body["action"], body.get("value"), log.get("run_id"))
        return json_response({"id": id}, status=202)

    def start(self, request: Request) -> Response:
        """{"options": {name: value}}: start a run with these options."""
        options = fields_of(request, "options").get("options", {})
        if not isinstance(options, dict):
            raise Problem(400, 'Send {"options": {"epochs": 3}}.')
        return self._start(_argv_of(options))

    def resume(self, request: Request) -> Response:
        """{} or {"epochs": number}: resume the latest run, for this number of epochs in total."""
        words = _argv_of(fields_of(request, "epochs"))
        if self._trainer.is_training():
            raise _busy()
        if not self._has_checkpoint():
            raise Problem(409, "There is no run to resume.")
        try:
            from digits.training.resume import load_for_resume

            load_for_resume(self._results, {"epochs": int(words[1])} if words else {})
        except UserError as error:
            raise Problem(409, str(error)) from None
        return self._start(["--resume", *words])

    def _start(self, words: list[str]) -> Response:
        words = [*words, *self.fixed_args()]
        try:
            with writing():
                pid = self._trainer.start(words)
        except AlreadyRunning:
            raise _busy() from None
        except NotStarted as reason:
            raise Problem(503, f"The trainer could not be started: {reason}.") from None
        command = shlex.join(["python", "mnist_cnn.py", *words])
        return json_response({"command": command, "pid": pid}, status=201)

    def fixed_args(self) -> list[str]:
        """Arguments of every command: the results folder, unless it is the default one."""
        elsewhere = os.path.realpath(self._results) != os.path.realpath(PROJECT / "results")
        return ["--results-dir", str(self._results)] if elsewhere else []

    def _queue(self) -> dict[str, list[dict[str, Any]]]:
        """Names of the queued runs and of those that failed, as the page lists them; none if it can't be read now."""
        queue: dict[str, Any] = {"runs": [], "failures": []}
        with contextlib.suppress(OSError):
            queue = run_queue.read(self._results)
        waiting = [{key: run[key] for key in ("id", "name")} for run in queue["runs"]]
        return {"runs": waiting, "failures": queue["failures"]}

    def _resume_problem(self, log: dict[str, Any]) -> str | None:
        """Why the latest run can't be resumed; None if it can, or if it is live or completed."""
        state = liveness(log, self._results) if log else None
        if state not in (*_RESUMABLE, "failed"):
            return None
        if not self._has_checkpoint():
            return "No checkpoint had been saved yet."
        if state == "failed":
            return f"It would fail again: remove the cause, then run {invocation('mnist_cnn', '--resume')}."
        return None

    def _has_checkpoint(self) -> bool:
        return any((self._results / file).is_file() for file in contract.CHECKPOINTS)


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """Turns an OSError of a write into a Problem (403, 507)."""
    try:
        yield
    except OSError as error:
        raise unwritable(error) from None


def _busy() -> Problem:
    return Problem(409, "A trainer is already running: stop it first.")


def fields_of(request: Request, *names: str) -> dict[str, Any]:
    """The JSON object in the body. Raises Problem (400) if it has other fields."""
    body = json_body(request)
    if unknown := body.keys() - set(names):
        raise Problem(400, f"Unknown field {min(unknown)[:80]!r}; expected {', '.join(names)}.")
    return body


def _argv_of(options: dict[str, Any]) -> list[str]:
    """The command-line arguments. Raises Problem (400)."""
    from digits.server.options_schema import InvalidOption, to_argv

    try:
        return to_argv(options)
    except InvalidOption as refusal:
        raise Problem(400, sentence(refusal), field=refusal.field) from None


def sentence(refusal: Exception) -> str:
    """The reason as a sentence: capitalized, unless it begins with a quoted name or a value."""
    reason = str(refusal).rstrip(".")
    first = reason.partition(" ")[0]
    return f"{reason[:1].upper() if first.isalpha() else reason[:1]}{reason[1:]}."


def _free_bytes(folder: Path) -> int:
    """On the disk of the results folder, also before that exists."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
