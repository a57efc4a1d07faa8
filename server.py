"""Show the training in the browser: the page, and the files that a run leaves in results/.

    python server.py
    python server.py --port 9000 --no-browser
    python server.py --results-dir elsewhere/results --host 0.0.0.0

Needs nothing but Python. Ctrl-C ends it.
"""

import os
import signal


def end(number: int, _frame) -> None:
    """Exit as a shell expects it: 130 after Ctrl-C, 143 after SIGTERM.

    At once, without unwinding: Python ends what its other threads do at its exit, and one that reads a digit is within
    torch, where that aborts the process. What was printed is flushed already, and files are replaced whole or not.
    """
    os._exit(128 + number)


def handle_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


if __name__ == "__main__":
    handle_signals()  # before the other imports: Ctrl-C may come at any moment

import hashlib
import json
import re
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

# `python -I` and `python -P` leave the script's own folder out.
if (folder := os.path.dirname(os.path.realpath(__file__))) not in sys.path:
    sys.path.insert(0, folder)

from digits import output, processor
from digits.files import finite
from digits.project import PAGE
from digits.runlog import manage, run_log, runs, schema
from digits.runlog.status import last_sign_of_life, liveness
from digits.server import OPENAPI
from digits.server.control_api import ControlApi, unwritable
from digits.server.guard import SAFE_METHODS, Authorization
from digits.server.http_message import Problem, Request, Response, json_body, json_response
from digits.server.http_server import MAX_BODY
from digits.server.predict_api import PredictApi
from digits.server.startup import (
    access_of,
    banner,
    bind_error,
    browser_expected,
    listen,
    open_browser,
    page_url,
    read_options,
)
from digits.server.static_files import GzipCache, etag_of, file_etag, file_response, is_not_modified, open_file
from digits.server.uploads import MAX_UPLOAD

WEB_FILES = (".js", ".css", ".svg", ".png", ".ico", ".webmanifest")


class Site:
    """What is served: the page of `project`, the run log in `results`, and to whom `access` is given the controls."""

    def __init__(self, results: Path, project: Path = PAGE, access: Authorization | None = None):
        self.results = results
        self.project = project
        self.access = access or Authorization()
        self._compressed = GzipCache()
        self._driving = ControlApi(results, self.access)
        self._recognition = PredictApi(results)
        self._log: tuple[str, dict] = ("", {})  # the log last read, and its ETag

    def answer(self, request: Request) -> Response:
        """Raises Problem: 404 for what is not in ROUTES, 405 for a method that is not, 401 or 403 for who may not."""
        for pattern, handlers in ROUTES:
            if match := pattern.fullmatch(request.path):
                handler = handlers.get("GET" if request.method == "HEAD" else request.method)
                if handler is None:
                    allowed = ", ".join(methods(handlers))
                    raise Problem(405, f"Here you can use {allowed}.", {"Allow": allowed})
                if request.method not in SAFE_METHODS and handler not in FREE:
                    self.access.check(request)
                return handler(self, request, *match.groups())
        raise nothing_here()

    # -- handlers, in the order of the route table --------------------------------------------------------------------

    def page(self, request: Request) -> Response:
        return self._compressed.compress(request, file_response(request, self.project, "index.html"))

    def web_file(self, request: Request, folder: str | None, name: str) -> Response:
        """A file in web/ or in a folder of it, as it is now: a new module or folder needs no restart."""
        place = self.project / "web"
        if folder is not None:
            if folder not in listing(place):
                raise nothing_here()
            place /= folder
        if not name.endswith(WEB_FILES) or name not in listing(place):
            raise nothing_here()
        return self._compressed.compress(request, file_response(request, place, name))

    def live_file(self, request: Request, name: str) -> Response:
        return self._sent(request, name)

    def runs_index(self, request: Request) -> Response:
        """An empty list where a trainer of another kind writes none; the log's word where the two differ."""
        if corrected := runs.corrected_index(self.results, self._read_log()):
            return json_response(corrected)
        try:
            return self._sent(request, schema.RUNS_INDEX)
        except Problem as problem:
            if problem.status != 404:
                raise
            return json_response({"schema": schema.SCHEMA, "runs": []})

    def earlier_file(self, request: Request, run_id: str, name: str) -> Response:
        if run_id not in listing(self.results / schema.RUNS):
            raise nothing_here()
        return self._sent(request, f"{schema.RUNS}/{run_id}/{name}")

    def _sent(self, request: Request, name: str) -> Response:
        """A file in the results folder, in gzip where that pays."""
        return self._compressed.compress(request, file_response(request, self.results, name))

    def change_run(self, request: Request, run_id: str) -> Response:
        """{"name": text}, {"hidden": true or false}, {"kept": true or false}, or several of them."""
        wish = json_body(request)
        flags = [wish[key] for key in ("hidden", "kept") if key in wish]
        if not wish or wish.keys() - {"name", "hidden", "kept"} or not all(isinstance(flag, bool) for flag in flags):
            raise Problem(400, 'Send {"name": text}, {"hidden": true or false} or {"kept": true or false}.')
        if "name" in wish:
            wish["name"] = label_of(wish["name"])
        return self._managed(manage.label, run_id, wish)

    def delete_run(self, request: Request, run_id: str) -> Response:
        return self._managed(manage.delete, run_id)

    def _managed(self, change, run_id: str, *wishes) -> Response:
        """The list of runs after the change."""
        try:
            return json_response(change(self.results, run_id, *wishes))
        except manage.NoSuchRun:
            raise Problem(404, "There is no such run any more.") from None
        except manage.StillRunning:
            raise Problem(409, "This run is still being trained: stop it first.") from None
        except FileNotFoundError:  # removed by somebody else meanwhile
            raise Problem(404, "There is no such run any more.") from None
        except OSError as error:
            raise unwritable(error) from None

    def options(self, request: Request) -> Response:
        return self._driving.options(request)

    def control(self, request: Request) -> Response:
        return self._driving.state(request)

    def ask_trainer(self, request: Request) -> Response:
        return self._driving.ask(request)

    def start_run(self, request: Request) -> Response:
        return self._driving.start(request)

    def resume_run(self, request: Request) -> Response:
        return self._driving.resume(request)

    def predict(self, request: Request) -> Response:
        return self._recognition.answer(request)

    def openapi(self, request: Request) -> Response:
        return self._compressed.compress(request, file_response(request, OPENAPI.parent, OPENAPI.name))

    def training_status(self, request: Request) -> Response:
        """The short form of the log, and whether the run is alive; all null while there is no run."""
        log = self._read_log()
        status = run_log.short(log) | {
            "updated_at": last_sign_of_life(log, self.results),
            "liveness": liveness(log, self.results) if log else None,
            "etags": {file: etag_of(self.results, file) for file in (schema.TRAINING_LOG, schema.RUNS_INDEX)},
        }
        response = json_response(status)
        tag = {"ETag": f'"{hashlib.blake2b(response.body, digest_size=12).hexdigest()}"'}
        if is_not_modified(request, tag["ETag"]):
            return Response(304, tag)
        response.headers |= tag
        return response

    def health(self, request: Request) -> Response:
        return json_response({"status": "ok"})

    def _read_log(self) -> dict:
        """The log of the live run, parsed once for each version; {} where there is none that can be read."""
        try:
            file = open_file(self.results, schema.TRAINING_LOG)
        except Problem as problem:
            if problem.status != 404:
                raise
            return {}
        with file:
            etag = file_etag(os.fstat(file.fileno()))
            if self._log[0] != etag:
                self._log = (etag, parsed(file.read(schema.LOG_BYTES)))
            return self._log[1]


def _any_of(names) -> str:
    return "|".join(re.escape(name) for name in names)


# Every URL there is. A request path is compared, never joined to a folder: the names it may hold stand here, or in a
# listing of the folder.
ROUTES = tuple(
    (re.compile(pattern), handlers)
    for pattern, handlers in (
        (r"/(?:index\.html)?", {"GET": Site.page}),
        (r"/web/(?:([a-z]+)/)?([A-Za-z0-9_.-]+)", {"GET": Site.web_file}),
        (rf"/results/({_any_of(schema.FILES)})", {"GET": Site.live_file}),
        (rf"/results/{schema.RUNS_INDEX}", {"GET": Site.runs_index}),
        (rf"/results/runs/({schema.RUN_ID.pattern})/({_any_of(schema.FILES)})", {"GET": Site.earlier_file}),
        (rf"/runs/({schema.RUN_ID.pattern})", {"POST": Site.change_run, "DELETE": Site.delete_run}),
        (r"/runs", {"POST": Site.start_run}),
        (r"/resume", {"POST": Site.resume_run}),
        (r"/control", {"GET": Site.control, "POST": Site.ask_trainer}),
        (r"/options", {"GET": Site.options}),
        (r"/predict", {"POST": Site.predict}),
        (r"/openapi\.json", {"GET": Site.openapi}),
        (r"/training_status", {"GET": Site.training_status}),
        (r"/healthz", {"GET": Site.health}),
    )
)


FREE = {Site.predict}  # a POST that changes nothing; every other one needs the token
# What pages of --allow-origin may use: all that tells of runs, and nothing that changes or begins one.
SHARED = {Site.live_file, Site.runs_index, Site.earlier_file, Site.training_status, Site.health}
SHARED |= {Site.predict, Site.openapi}


def shared_methods(path: str) -> tuple[str, ...]:
    """By which methods such pages may ask for `path`."""
    handlers = next((handlers for pattern, handlers in ROUTES if pattern.fullmatch(path)), {})
    return methods([method for method, handler in handlers.items() if handler in SHARED])


def max_body(path: str) -> int:
    """Bytes of a request's body at most."""
    return MAX_UPLOAD if path == "/predict" else MAX_BODY


def methods(handled: Iterable[str]) -> tuple[str, ...]:
    """Those that have a handler, and HEAD where GET has one."""
    return (*handled, "HEAD") if "GET" in handled else tuple(handled)


def label_of(name) -> str:
    """A name for a run: one line of printable text. Raises Problem with 400."""
    if not isinstance(name, str) or len(name) > schema.LABEL_KEPT:
        raise Problem(400, f"A name is text of at most {schema.LABEL_KEPT} characters.")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())


def nothing_here() -> Problem:
    """404 for all that is not served, whether it exists or not, so that nothing leaks."""
    return Problem(404, "There is nothing here.")


def listing(folder: Path) -> list[str]:
    """The exact names in a folder: a file system that ignores case can't be asked for others."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def parsed(content: bytes) -> dict:
    try:
        log = finite(json.loads(content))
    except (ValueError, RecursionError):  # no JSON, or nested deeper than any log of ours
        return {}
    return log if isinstance(log, dict) else {}


def main(arguments: list[str] | None = None) -> None:
    handle_signals()
    options = read_options(arguments)
    access = access_of(options)
    try:
        server = listen(options, Site(options.results_dir.absolute(), access=access).answer, shared_methods, max_body)
    except (OSError, UnicodeError) as error:
        raise SystemExit(bind_error(error, options)) from None
    try:
        print(banner(server, access, options), flush=True)
    except OSError as error:  # no reason not to serve
        if error.errno not in output.NO_READER:
            output.report(output.reason(error))
    if not options.no_browser and browser_expected():
        threading.Thread(target=open_browser, args=(page_url(server, access),), daemon=True).start()
    processor.pin_to_core()  # after the browser was started, which is to have them all
    with server:
        server.serve_forever()


def command() -> None:
    """The command `mnist-cnn-server`."""
    output.run(main)


if __name__ == "__main__":
    command()
