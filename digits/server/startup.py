"""Startup of the server: command-line options, port and banner."""

import argparse
import errno
import os
from pathlib import Path
from typing import NoReturn

from digits import stdio
from digits.paths import DEMO, PAGE, PLACE, PROJECT, invocation
from digits.runlog import run_queue
from digits.server.guard import Authorization, CorsPolicy, is_loopback, parse_origin
from digits.server.http_server import Server
from digits.server.router import Router

PORT = 8000
PORTS = 10  # tried from PORT on, unless --port is given
TAKEN = (errno.EADDRINUSE, errno.EACCES)  # Windows reports EACCES for a port in exclusive use
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # wildcard addresses, and the one to open on this machine


class Parser(argparse.ArgumentParser):
    """Reports errors in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message} ({invocation('server', '--help')} lists the options)\n")

    def print_help(self, _file: object = None) -> None:
        """Print the help to stdout; unlike argparse, fail if that can't be written."""
        try:
            print(self.format_help(), end="", flush=True)
        except BrokenPipeError:
            self.exit(stdio.BROKEN_PIPE)
        except OSError as error:
            self.exit(1, f"{stdio.reason(error)}\n")


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line. Raises SystemExit for invalid options."""
    parser = Parser(description="Serve the training page.")
    parser.add_argument("--port", type=int, help=f"port to listen on (default: {PORT}, or the next free one)")
    host_help = "address or name to listen on; 0.0.0.0: reachable from other machines, read-only (default: %(default)s)"
    parser.add_argument("--host", default="127.0.0.1", help=host_help)
    control_help = "accept changes (with the printed token) from other machines too"
    parser.add_argument("--allow-control", action="store_true", help=control_help)
    origin_help = "origin whose pages may read runs and use /predict, such as https://example.org; repeatable"
    parser.add_argument("--allow-origin", action="append", default=[], metavar="ORIGIN", help=origin_help)
    folder_help = f"the folder the trainer writes to (default: results, {PLACE})"
    parser.add_argument("--results-dir", type=Path, default=PROJECT / "results", help=folder_help)
    demo_help = "show a finished example run instead, read-only; needs no package"
    parser.add_argument("--demo", action="store_true", help=demo_help)
    parser.add_argument("--no-browser", action="store_true", help="do not open the page in the browser")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    options = parser.parse_args(arguments)
    if options.demo:
        options.results_dir = PAGE / DEMO
    if options.port is not None and not 0 <= options.port <= 65535:
        parser.error(f"{options.port} is not a port: choose one from 1024 to 65535")
    if os.path.exists(options.results_dir) and not os.path.isdir(options.results_dir):
        parser.error(f"{options.results_dir} is not a folder: name the one the trainer writes to")
    try:
        options.allow_origin = [parse_origin(text) for text in options.allow_origin]
    except ValueError as error:
        parser.error(str(error))
    return options


def access_of(options: argparse.Namespace) -> Authorization:
    """The authorization of changes: none with --demo, or on addresses that others can reach without --allow-control."""
    return Authorization(allowed=not options.demo and (options.allow_control or is_loopback(options.host)))


def listen(options: argparse.Namespace, site: Router) -> Server:
    """A server of `site` on the requested port, or on the first free one. Raises OSError or UnicodeError."""

    def server(port: int) -> Server:
        cors = CorsPolicy(options.allow_origin, site.cross_origin_methods)
        common = {"names": (options.host,), "verbose": options.verbose}
        return Server(options.host, port, site.answer, max_body=site.max_body, cors=cors, **common)

    ports = range(PORT, PORT + PORTS) if options.port is None else [options.port]
    for port in ports[:-1]:
        try:
            return server(port)
        except OSError as error:
            if error.errno not in TAKEN:
                raise
    return server(ports[-1])


def bind_error(error: Exception, options: argparse.Namespace) -> str:
    """Why the server can't listen, and the remedy, in one line."""
    port = PORT if options.port is None else options.port
    reason = getattr(error, "errno", None)
    if reason == errno.EADDRINUSE and options.port is None:
        return f"Ports {PORT} to {PORT + PORTS - 1} are taken: choose another with --port."
    if reason == errno.EADDRINUSE:
        return f"Port {port} is taken by another program: choose another with --port, or leave --port out."
    if reason == errno.EACCES:
        return f"No permission to listen on port {port}: choose one above 1023 with --port."
    return f"This machine has no address {options.host!r}: leave --host out, or use 0.0.0.0 for all of its addresses."


def page_url(server: Server, access: Authorization) -> str:
    """The URL to open on this machine. Browsers don't send the fragment, so the token stays out of logs."""
    host, port = str(server.server_address[0]), server.server_address[1]
    host = EVERYWHERE.get(host, host)
    fragment = f"#token={access.token}" if access.allowed else ""
    return f"http://[{host}]:{port}/{fragment}" if ":" in host else f"http://{host}:{port}/{fragment}"


def _queued(folder: Path) -> list[str]:
    """A line about runs that wait in the queue of `folder`: they start now."""
    try:
        count = len(run_queue.read(folder)["runs"])
    except OSError:
        return []
    runs = "1 queued run starts" if count == 1 else f"{count} queued runs start, one after the other,"
    return [f"{runs} when no other is being trained"] if count else []


def banner(server: Server, access: Authorization, options: argparse.Namespace) -> str:
    """The lines printed at startup."""
    port = server.server_address[1]
    folder = options.results_dir.absolute()
    lines = [f"Serving at {page_url(server, access)} (press Ctrl-C to stop)"]
    if options.port is None and port != PORT:
        lines.append(f"Port {PORT} is taken, so this is port {port}")
    if options.host in EVERYWHERE:
        lines.append(f"From other machines: this machine's IP address, port {port}")
    if options.demo:
        lines.append("A finished example: nothing can be changed")
    elif access.allowed:
        lines.append("The address includes a token that permits starting and stopping training: keep it private")
        lines += _queued(folder)
    else:
        lines.append("Read-only: use --allow-control to start and stop training from the page")
    lines.append(f"Results are read from {folder}" + ("" if os.path.isdir(folder) else " once it exists"))
    return "\n".join(lines)
