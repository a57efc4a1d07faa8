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
    """End at once on SIGINT and SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


if __name__ == "__main__":
    handle_signals()  # before the other imports: Ctrl-C may come at any moment

import re
import sys
import threading
from pathlib import Path

# `python -I` and `python -P` leave the script's own folder out.
if (folder := os.path.dirname(os.path.realpath(__file__))) not in sys.path:
    sys.path.insert(0, folder)

from digits import output
from digits.project import PAGE
from digits.runlog import schema
from digits.server.control_api import ControlApi
from digits.server.guard import Authorization
from digits.server.http_message import Request, Response, json_response
from digits.server.predict_api import PredictApi
from digits.server.results_api import ResultsApi
from digits.server.routing import Route, Router
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
from digits.server.static_files import GzipCache, PageFiles
from digits.server.uploads import MAX_UPLOAD


class Site(Router):
    """All URLs: the page of `project`, the runs in `results`, predictions, and control for those with `access`.

    A request path is compared, never joined to a folder: the names it may have are listed here or in the folder.
    """

    def __init__(self, results: Path, project: Path = PAGE, access: Authorization | None = None):
        access = access or Authorization()
        compressed = GzipCache()
        page, runs = PageFiles(project, compressed), ResultsApi(results, compressed)
        control, predict = ControlApi(results, access), PredictApi(results)
        run, file = schema.RUN_ID.pattern, "|".join(map(re.escape, schema.FILES))
        routes = [
            Route(r"/(?:index\.html)?", GET=page.page),
            Route(r"/web/(?:([a-z]+)/)?([A-Za-z0-9_.-]+)", GET=page.web_file),
            Route(rf"/results/({file})", GET=runs.live_file, cross_origin=True),
            Route(rf"/results/{schema.RUNS_INDEX}", GET=runs.runs_index, cross_origin=True),
            Route(rf"/results/runs/({run})/({file})", GET=runs.earlier_file, cross_origin=True),
            Route(rf"/runs/({run})", POST=runs.change_run, DELETE=runs.delete_run),
            Route(r"/runs", POST=control.start),
            Route(r"/resume", POST=control.resume),
            Route(r"/control", GET=control.state, POST=control.send_command),
            Route(r"/options", GET=control.options),
            Route(r"/predict", POST=predict.answer, public=True, cross_origin=True, max_body=MAX_UPLOAD),
            Route(r"/openapi\.json", GET=page.openapi, cross_origin=True),
            Route(r"/training_status", GET=runs.training_status, cross_origin=True),
            Route(r"/healthz", GET=health, cross_origin=True),
        ]
        super().__init__(routes, access)


def health(_request: Request) -> Response:
    """Liveness probe."""
    return json_response({"status": "ok"})


def main(arguments: list[str] | None = None) -> None:
    """Serve until a signal ends it. Raises SystemExit with the reason if it cannot."""
    handle_signals()
    options = read_options(arguments)
    access = access_of(options)
    try:
        server = listen(options, Site(options.results_dir.absolute(), access=access))
    except (OSError, UnicodeError) as error:
        raise SystemExit(bind_error(error, options)) from None
    try:
        print(banner(server, access, options), flush=True)
    except OSError as error:  # no reason not to serve
        if error.errno not in output.NO_READER:
            output.report(output.reason(error))
    if not options.no_browser and browser_expected():
        threading.Thread(target=open_browser, args=(page_url(server, access),), daemon=True).start()
    with server:
        server.serve_forever()


def command() -> None:
    """The command `mnist-cnn-server`."""
    output.run(main)


if __name__ == "__main__":
    command()
