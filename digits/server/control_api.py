"""The control API: start, resume and control trainers."""

import contextlib
import os
import shlex
import shutil
from pathlib import Path

from digits.errors import UserError
from digits.project import PROJECT
from digits.runlog import commands, schema, training_log
from digits.runlog.status import is_alive, liveness
from digits.server.guard import Authorization
from digits.server.http_message import Problem, Request, Response, json_body, json_response
from digits.server.launcher import AlreadyRunning, Launcher, NotStarted, is_stale, log_tail
from digits.server.options_schema import InvalidOption, options_schema, to_argv
from digits.server.results_api import unwritable

_RESUMABLE = ("interrupted", "stopped", "crashed")


class ControlApi:
    """Answers the routes of that. Each raises Problem: 400, 409; 403 or 507 because of the disk."""

    def __init__(self, results: Path, access: Authorization):
        self._results = results
        self._access = access
        self._launcher = Launcher(results)

    def options(self, request: Request) -> Response:
        """Where the results are is shown only with the token."""
        fixed_args = {"fixed_args": self._fixed_args()} if self._access.admits(request) else {}
        return json_response(options_schema() | fixed_args)

    def state(self, request: Request) -> Response:
        """What the trainer printed, how it ended and how full the disk is are shown only with the token."""
        log = training_log.read(self._results) or {}
        running, pid = self._launcher.is_training(), self._launcher.pid
        obstacle = None if running else self._obstacle(log)
        resumable = not running and liveness(log, self._results) in _RESUMABLE and obstacle is None
        state = {
            "control_enabled": self._access.allowed,
            "authorized": self._access.admits(request),
            "running": running,
            "resumable": resumable,
            "not_resumable": obstacle,
        }
        if state["authorized"]:
            state |= {
                "free_bytes": _free_bytes(self._results),
                "last_words": log_tail(self._results, pid),
                "exit_code": None if is_stale(self._results, pid) else self._launcher.exit_code(),
            }
        return json_response(state)

    def ask(self, request: Request) -> Response:
        """{"action": text, "value": number or text}: the event that answers it will have the id."""
        wish = _fields_of(request, "action", "value")
        try:
            commands.parse_command(wish, 0)
        except commands.InvalidCommand as refusal:
            raise Problem(400, _sentence(refusal)) from None
        log = training_log.read(self._results) or {}
        if not is_alive(liveness(log, self._results)):
            raise Problem(409, "No trainer is running.")
        with _writing():
            id = commands.send(self._results, wish["action"], wish.get("value"), log.get("run_id"))
        return json_response({"id": id}, status=202)

    def start(self, request: Request) -> Response:
        """{"options": {name: value}}: a run with these options."""
        options = _fields_of(request, "options").get("options", {})
        if not isinstance(options, dict):
            raise Problem(400, 'Send {"options": {"epochs": 3}}.')
        return self._start(_argv_of(options))

    def resume(self, request: Request) -> Response:
        """{} or {"epochs": number}: go on with the latest run, for so many epochs in all."""
        words = _argv_of(_fields_of(request, "epochs"))
        if self._launcher.is_training():
            raise _busy()
        if not self._has_checkpoint():
            raise Problem(409, "There is no run to go on with.")
        try:
            from digits.training.resume import load_for_resume

            load_for_resume(self._results, {"epochs": int(words[1])} if words else {})
        except UserError as error:
            raise Problem(409, str(error)) from None
        return self._start(["--resume", *words])

    def _start(self, words: list[str]) -> Response:
        words = [*words, *self._fixed_args()]
        try:
            with _writing():
                pid = self._launcher.start(words)
        except AlreadyRunning:
            raise _busy() from None
        except NotStarted as reason:
            raise Problem(503, f"The trainer could not be started: {reason}.") from None
        command = shlex.join(["python", "mnist_cnn.py", *words])
        return json_response({"command": command, "pid": pid}, status=201)

    def _fixed_args(self) -> list[str]:
        """What a trainer is told whatever the options are: where to write, unless it would write there by itself."""
        elsewhere = os.path.realpath(self._results) != os.path.realpath(PROJECT / "results")
        return ["--results-dir", str(self._results)] if elsewhere else []

    def _obstacle(self, log: dict) -> str | None:
        """Why Resume is not offered for an unfinished run; None where it is, or where no run is unfinished."""
        state = liveness(log, self._results) if log else None
        if state not in (*_RESUMABLE, "failed"):
            return None
        if not self._has_checkpoint():
            return "No checkpoint had been saved yet."
        if state == "failed":
            return "It would fail again: remove the cause, then run python mnist_cnn.py --resume."
        return None

    def _has_checkpoint(self) -> bool:
        return any((self._results / file).is_file() for file in schema.CHECKPOINTS)


@contextlib.contextmanager
def _writing():
    """Around what writes: an OSError becomes the Problem that tells a person what is wrong with the folder."""
    try:
        yield
    except OSError as error:
        raise unwritable(error) from None


def _busy() -> Problem:
    return Problem(409, "A trainer is at work already: stop it first.")


def _fields_of(request: Request, *names: str) -> dict:
    """What was sent, if it has no other names than these."""
    wish = json_body(request)
    if unknown := wish.keys() - set(names):
        raise Problem(400, f"Nothing is known of {min(unknown)[:80]!r} here: send {' and '.join(names)}.")
    return wish


def _argv_of(options: dict) -> list[str]:
    try:
        return to_argv(options)
    except InvalidOption as refusal:
        raise Problem(400, _sentence(refusal), field=refusal.field) from None


def _sentence(refusal: Exception) -> str:
    """A name or a value at its beginning stays as it is."""
    reason = str(refusal).rstrip(".")
    first = reason.partition(" ")[0]
    return f"{reason[:1].upper() if first.isalpha() else reason[:1]}{reason[1:]}."


def _free_bytes(folder: Path) -> int:
    """Where the results are, or will be."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
