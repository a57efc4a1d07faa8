"""Web server of the page, which shows training runs from the files in results/.

    python server.py
    python server.py --port 9000 --no-browser
    python server.py --results-dir elsewhere/results --host 0.0.0.0
    python server.py --predict-only

Needs only Python; predictions also need the packages in requirements.txt. Ctrl-C stops it. The routes are in
digits/server/routes.py.
"""

import os
import signal


def end(number: int, _frame) -> None:
    """Exit with 128 + the signal's number, as in shells: 130 after Ctrl-C, 143 after SIGTERM.

    The exit is immediate: a regular one ends other threads, and if one is inside torch, for a prediction, that aborts
    the process. Output has been flushed by then, and files are written atomically.
    """
    os._exit(128 + number)


def handle_signals() -> None:
    """End at once on SIGINT and SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


if __name__ == "__main__":
    handle_signals()  # before the other imports: Ctrl-C may come at any moment

import sys
import threading

# `python -I` and `python -P` leave the script's folder out of sys.path.
if (folder := os.path.dirname(os.path.realpath(__file__))) not in sys.path:
    sys.path.insert(0, folder)

from digits import stdio
from digits.server.browser import browser_expected, open_browser
from digits.server.startup import access_of, banner, bind_error, listen, page_url, read_options, site_of


def main(arguments: list[str] | None = None) -> None:
    """Serve until a signal arrives. Raises SystemExit with the reason if it can't."""
    handle_signals()
    options = read_options(arguments)
    access = access_of(options)
    try:
        site = site_of(options, access)
        server = listen(options, site)
    except (OSError, UnicodeError) as error:
        raise SystemExit(bind_error(error, options)) from None
    try:
        print(banner(server, access, options), flush=True)
    except OSError as error:  # serve nevertheless
        if error.errno not in stdio.NO_READER:
            stdio.report(stdio.reason(error))
    site.start()
    if not options.no_browser and browser_expected():
        threading.Thread(target=open_browser, args=(page_url(server, access),), daemon=True).start()
    with server:
        server.serve_forever()


def command() -> None:
    """Entry point of the command `mnist-cnn-server`."""
    stdio.run(main)


if __name__ == "__main__":
    command()
