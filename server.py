"""Show the training in the browser: the page, and the files that a run leaves in results/.

    python server.py
    python server.py --port 9000 --no-browser
    python server.py --results-dir elsewhere/results --host 0.0.0.0

Needs nothing but Python. Ctrl-C ends it.
"""

import argparse
import contextlib
import errno
import hashlib
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from digits import contract, manage, processor, runlog
from digits.cors import Sharing, origin_of
from digits.files import finite
from digits.httpd import Server
from digits.httpfile import file_etag, file_response, is_known, open_within
from digits.httpmessage import Problem, Request, Response, json_response
from digits.liveness import liveness
from digits.recognition import Recognition

PROJECT = Path(__file__).resolve().parent
PORT = 8000
PORTS = 10  # tried from PORT on, when none was asked for
TAKEN = (errno.EADDRINUSE, errno.EACCES)  # Windows says EACCES of a port that somebody has for himself
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # addresses that stand for all, and the one to open here
WEB_FILES = (".js", ".css", ".svg", ".png", ".ico", ".webmanifest")


class Site:
    """What is served: the page of `project`, and the run log in `results`."""

    def __init__(self, results: Path, project: Path = PROJECT):
        self.results = results
        self.project = project
        self._recognition = Recognition(results)
        self._log: tuple[str, dict] = ("", {})  # the log last read, and its ETag

    def answer(self, request: Request) -> Response:
        """Raises Problem with 404 for what is not in ROUTES, and 405 for a method that is not."""
        for pattern, handlers in ROUTES:
            if match := pattern.fullmatch(request.path):
                handler = handlers.get("GET" if request.method == "HEAD" else request.method)
                if handler is None:
                    allowed = ", ".join(methods(handlers))
                    raise Problem(405, f"Here you can use {allowed}.", {"Allow": allowed})
                return handler(self, request, *match.groups())
        raise nothing_here()

    # -- handlers, in the order of the route table --------------------------------------------------------------------

    def page(self, request: Request) -> Response:
        return file_response(request, self.project, "index.html")

    def web_file(self, request: Request, name: str) -> Response:
        """Any file of the page that is there now: a new module needs no restart."""
        folder, _, file = f"web/{name}".rpartition("/")
        if not name.endswith(WEB_FILES) or file not in listing(self.project / folder):
            raise nothing_here()
        return file_response(request, self.project / folder, file)

    def live_file(self, request: Request, name: str) -> Response:
        return file_response(request, self.results, name)

    def runs_index(self, request: Request) -> Response:
        """An empty list where a trainer of another kind writes none."""
        try:
            return file_response(request, self.results, contract.RUNS_INDEX)
        except Problem as problem:
            if problem.status != 404:
                raise
            return json_response({"schema": contract.SCHEMA, "runs": []})

    def earlier_file(self, request: Request, run_id: str, name: str) -> Response:
        if run_id not in listing(self.results / contract.RUNS):
            raise nothing_here()
        return file_response(request, self.results, f"{contract.RUNS}/{run_id}/{name}")

    def change_run(self, request: Request, run_id: str) -> Response:
        """{"name": text} or {"hidden": true or false}, or both."""
        wish = parsed(request.body)
        name, hidden = wish.get("name"), wish.get("hidden")
        if (
            not wish
            or wish.keys() - {"name", "hidden"}
            or None in wish.values()
            or type(hidden) not in (bool, type(None))
        ):
            raise Problem(400, 'Send {"name": text}, {"hidden": true} or {"hidden": false}.')
        if name is not None:
            name = label_of(name)
        return self._managed(manage.label, run_id, name, hidden)

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
            status = 507 if error.errno == errno.ENOSPC else 403
            raise Problem(status, f"The server can't write to the results folder: {error.strerror or error}.") from None

    def predict(self, request: Request) -> Response:
        return self._recognition.answer(request)

    def openapi(self, request: Request) -> Response:
        from digits.openapi import DOCUMENT

        return json_response(DOCUMENT)

    def training_status(self, request: Request) -> Response:
        """The short form of the log, and whether the run is alive; all null while there is no run."""
        log = self._read_log()
        status = runlog.short(log) | {"liveness": liveness(log, self.results) if log else None}
        response = json_response(status)
        tag = {"ETag": f'"{hashlib.blake2b(response.body, digest_size=12).hexdigest()}"'}
        if is_known(request, tag["ETag"]):
            return Response(304, tag)
        response.headers |= tag
        return response

    def health(self, request: Request) -> Response:
        return json_response({"status": "ok"})

    def _read_log(self) -> dict:
        """The log of the live run, parsed once for each version; {} where there is none that can be read."""
        file = open_within(self.results, contract.TRAINING_LOG)
        if file is None:
            return {}
        with file:
            etag = file_etag(os.fstat(file.fileno()))
            if self._log[0] != etag:
                self._log = (etag, parsed(file.read()))
            return self._log[1]


def _any_of(names) -> str:
    return "|".join(re.escape(name) for name in names)


# Every URL there is. A request path is compared, never joined to a folder: the names it may hold stand here, or in a
# listing of the folder.
ROUTES = tuple(
    (re.compile(pattern), handlers)
    for pattern, handlers in (
        (r"/(?:index\.html)?", {"GET": Site.page}),
        (r"/web/((?:(?:pad|later|control)/)?[A-Za-z0-9_.-]+)", {"GET": Site.web_file}),
        (rf"/results/({_any_of(contract.FILES)})", {"GET": Site.live_file}),
        (rf"/results/{contract.RUNS_INDEX}", {"GET": Site.runs_index}),
        (rf"/results/runs/({contract.RUN_ID.pattern})/({_any_of(contract.FILES)})", {"GET": Site.earlier_file}),
        (rf"/runs/({contract.RUN_ID.pattern})", {"POST": Site.change_run, "DELETE": Site.delete_run}),
        (r"/predict", {"POST": Site.predict}),
        (r"/openapi\.json", {"GET": Site.openapi}),
        (r"/training_status", {"GET": Site.training_status}),
        (r"/healthz", {"GET": Site.health}),
    )
)


# What pages of --allow-origin may use: all that is read, and nothing that changes a run.
SHARED = {Site.live_file, Site.runs_index, Site.earlier_file, Site.training_status, Site.health}
SHARED |= {Site.predict, Site.openapi}


def shared_methods(path: str) -> tuple[str, ...]:
    """By which methods such pages may ask for `path`."""
    handlers = next((handlers for pattern, handlers in ROUTES if pattern.fullmatch(path)), {})
    return methods([method for method, handler in handlers.items() if handler in SHARED])


def methods(handled: Iterable[str]) -> tuple[str, ...]:
    """Those that have a handler, and HEAD where GET has one."""
    return (*handled, "HEAD") if "GET" in handled else tuple(handled)


def label_of(name) -> str:
    """A name for a run: one line of printable text. Raises Problem with 400."""
    if not isinstance(name, str) or len(name) > contract.LABEL_KEPT:
        raise Problem(400, f"A name is text of at most {contract.LABEL_KEPT} characters.")
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


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message} (python server.py --help lists the options)\n")


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """Raises SystemExit for options that make no sense."""
    parser = Parser(description="Show the training in the browser.")
    parser.add_argument("--port", type=int, help=f"port to listen at (default: {PORT}, or the next free one)")
    host_help = "address or name to listen at; 0.0.0.0 lets other machines in (default: %(default)s)"
    parser.add_argument("--host", default="127.0.0.1", help=host_help)
    origin_help = "a site whose pages may read runs and have digits read here, as https://example.org; repeatable"
    parser.add_argument("--allow-origin", action="append", default=[], metavar="ORIGIN", help=origin_help)
    folder_help = "the folder the trainer writes to (default: results, beside server.py)"
    parser.add_argument("--results-dir", type=Path, default=PROJECT / "results", help=folder_help)
    parser.add_argument("--no-browser", action="store_true", help="do not open the page by itself")
    parser.add_argument("--verbose", action="store_true", help="a line for every request")
    options = parser.parse_args(arguments)
    if options.port is not None and not 0 <= options.port <= 65535:
        parser.error(f"{options.port} is no port: choose one from 1024 to 65535")
    if os.path.exists(options.results_dir) and not os.path.isdir(options.results_dir):
        parser.error(f"{options.results_dir} is not a folder: name the one the trainer writes to")
    try:
        options.allow_origin = [origin_of(text) for text in options.allow_origin]
    except ValueError as error:
        parser.error(str(error))
    return options


def listen(options: argparse.Namespace, site: Site) -> Server:
    """At the port asked for, or at the first free one. Raises OSError or UnicodeError where there is none."""
    ports = range(PORT, PORT + PORTS) if options.port is None else [options.port]
    sharing = Sharing(options.allow_origin, shared_methods)
    for port in ports:
        try:
            return Server(
                options.host, port, site.answer, names=(options.host,), sharing=sharing, verbose=options.verbose
            )
        except OSError as error:
            if error.errno not in TAKEN or port == ports[-1]:
                raise


def refusal(error: Exception, options: argparse.Namespace) -> str:
    """Why the server can't listen, and what to do about it, in one line."""
    port = PORT if options.port is None else options.port
    reason = getattr(error, "errno", None)
    if reason == errno.EADDRINUSE and options.port is None:
        return f"Ports {PORT} to {PORT + PORTS - 1} are taken: choose another with --port."
    if reason == errno.EADDRINUSE:
        return f"Port {port} is taken by another program: choose another with --port, or leave --port out."
    if reason == errno.EACCES:
        return f"You may not listen on port {port}: choose one above 1023 with --port."
    return f"This machine has no address {options.host!r}: leave --host out, or use 0.0.0.0 to let other machines in."


def page_url(server: Server) -> str:
    """The address to open on this machine."""
    host, port = server.server_address[:2]
    host = EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def greeting(server: Server, options: argparse.Namespace) -> str:
    """What somebody who has just started it wants to know."""
    port = server.server_address[1]
    folder = options.results_dir.absolute()
    lines = [f"The training is at {page_url(server)} (Ctrl-C ends it)"]
    if options.port is None and port != PORT:
        lines.append(f"Port {PORT} is taken, so this is port {port}")
    if options.host in EVERYWHERE:
        lines.append(f"From other machines: this machine's IP address, port {port}")
    lines.append(f"Results are read from {folder}" + ("" if os.path.isdir(folder) else ", as soon as a run is there"))
    return "\n".join(lines)


def browser_expected(environment=os.environ) -> bool:
    """Whether somebody sits at this machine's screen: not in CI, not over ssh; on Linux only with a display."""
    if "CI" in environment or "SSH_CONNECTION" in environment:
        return False
    return sys.platform in ("win32", "darwin") or "DISPLAY" in environment or "WAYLAND_DISPLAY" in environment


def open_browser(url: str) -> None:
    """In a process without a terminal: what it prints is not seen, and a text browser can't take over the screen."""
    import subprocess

    silent = subprocess.DEVNULL
    command = [sys.executable, "-m", "webbrowser", url]
    subprocess.run(command, stdin=silent, stdout=silent, stderr=silent, start_new_session=True)


def end(number: int, _frame) -> None:
    """Exit as a shell expects it: 130 after Ctrl-C, 143 after SIGTERM."""
    raise SystemExit(128 + number)


def main(arguments: list[str] | None = None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    options = read_options(arguments)
    try:
        server = listen(options, Site(options.results_dir.absolute()))
    except (OSError, UnicodeError) as error:
        raise SystemExit(refusal(error, options)) from None
    if sys.stdout:  # there is none under pythonw
        sys.stdout.reconfigure(errors="backslashreplace")  # a path may hold letters that the terminal does not know
    with contextlib.suppress(OSError):  # nobody reads it: no reason not to serve
        print(greeting(server, options), flush=True)
    if not options.no_browser and browser_expected():
        threading.Thread(target=open_browser, args=(page_url(server),), daemon=True).start()
    processor.stay_on_one_core()  # after the browser was started, which is to have them all
    with server:
        server.serve_forever()


if __name__ == "__main__":
    main()
