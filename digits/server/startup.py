"""Startup of the server: command-line options, port and banner."""

import argparse
import errno
import os
from pathlib import Path
from typing import NoReturn

from digits import stdio
from digits.paths import DEMO, PAGE, PLACE, PROJECT, invocation
from digits.runlog import run_queue
from digits.server.guard import Authorization, CorsPolicy
from digits.server.host_names import is_loopback, parse_host_name, parse_origin
from digits.server.http_server import Server
from digits.server.proxies import Proxies, parse_root_path, parse_trusted
from digits.server.router import Router

PORT = 8000
MAX_RATE = 60_000  # requests a minute: beyond it, a limit would limit nothing
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
    _add_remote_options(parser)
    folder_help = f"the folder the trainer writes to (default: results, {PLACE})"
    parser.add_argument("--results-dir", type=Path, default=PROJECT / "results", help=folder_help)
    demo_help = "show a finished example run instead, read-only; needs no package"
    parser.add_argument("--demo", action="store_true", help=demo_help)
    reader_help = "serve a public digit reader: the pad and /predict, no runs, logs or control"
    parser.add_argument("--predict-only", action="store_true", help=reader_help)
    rate_help = "with --predict-only: requests to /predict from one address per minute (default: 60)"
    parser.add_argument("--rate-limit", type=int, metavar="N", help=rate_help)
    parser.add_argument("--no-browser", action="store_true", help="do not open the page in the browser")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    options = parser.parse_args(arguments)
    if options.demo:
        options.results_dir = PAGE / DEMO
    _check(parser, options)
    return options


def _add_remote_options(parser: argparse.ArgumentParser) -> None:
    """Options for other names, proxies and pages."""
    name_help = "name that browsers use for this server, such as train.example.org or *.app.github.dev; repeatable"
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME", help=name_help)
    path_help = "path under which a proxy serves the page, such as /proxy/8000/, if it does not strip it"
    parser.add_argument("--root-path", default="", metavar="PATH", help=path_help)
    proxy_help = "address or network of a proxy whose X-Forwarded-* headers are true; repeatable"
    parser.add_argument("--trusted-proxy", action="append", default=[], metavar="ADDRESS", help=proxy_help)
    origin_help = "origin whose pages may read runs and use /predict, such as https://example.org; repeatable"
    parser.add_argument("--allow-origin", action="append", default=[], metavar="ORIGIN", help=origin_help)


def _check(parser: Parser, options: argparse.Namespace) -> None:
    """Replace texts by what they mean; exit with a line for an invalid option."""
    if options.port is not None and not 0 <= options.port <= 65535:
        parser.error(f"{options.port} is not a port: choose one from 1024 to 65535")
    if os.path.exists(options.results_dir) and not os.path.isdir(options.results_dir):
        parser.error(f"{options.results_dir} is not a folder: name the one the trainer writes to")
    if options.predict_only and options.allow_control:
        parser.error("--predict-only offers nothing to control: leave --allow-control out")
    if options.rate_limit is not None and not options.predict_only:
        parser.error("--rate-limit is for --predict-only")
    if options.rate_limit is not None and not 1 <= options.rate_limit <= MAX_RATE:
        parser.error(f"--rate-limit is from 1 to {MAX_RATE:,} requests a minute")
    readers = [("--allow-host", "allow_host", parse_host_name), ("--allow-origin", "allow_origin", parse_origin)]
    for option, name, parse in [*readers, ("--trusted-proxy", "trusted_proxy", parse_trusted)]:
        try:
            setattr(options, name, [parse(text) for text in getattr(options, name)])
        except ValueError as error:
            parser.error(f"{option}: {error}")
    try:
        options.root_path = parse_root_path(options.root_path)
    except ValueError as error:
        parser.error(f"--root-path: {error}")


def access_of(options: argparse.Namespace) -> Authorization:
    """The authorization of changes: none with --demo, or on addresses that others can reach without --allow-control."""
    read_only = options.demo or options.predict_only
    return Authorization(allowed=not read_only and (options.allow_control or is_loopback(options.host)))


def site_of(options: argparse.Namespace, access: Authorization) -> Router:
    """The routes to serve. Raises SystemExit if --predict-only finds no network."""
    folder = options.results_dir.absolute()
    if not options.predict_only:
        from digits.server.routes import Site

        return Site(folder, access=access)
    from digits.server.reader_site import PER_MINUTE, ReaderSite

    site = ReaderSite(folder, per_minute=options.rate_limit or PER_MINUTE)
    if not site.predict.ready:
        remedy = f"run {invocation('mnist_cnn')}, or name a finished run's folder with --results-dir"
        raise SystemExit(f"There is no trained network in {folder}: {remedy}.")
    return site


def listen(options: argparse.Namespace, site: Router) -> Server:
    """A server of `site` on the requested port, or on the first free one. Raises OSError or UnicodeError."""

    def server(port: int) -> Server:
        cors = CorsPolicy(options.allow_origin, site.cross_origin_methods)
        return Server(
            options.host,
            port,
            site.answer,
            names=(options.host, *options.allow_host),
            max_body=site.max_body,
            cors=cors,
            proxies=Proxies(options.trusted_proxy, options.root_path),
            admit=site.admit,
            verbose=options.verbose,
        )

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


def _elsewhere(access: Authorization, options: argparse.Namespace) -> str:
    """The other addresses of the page, as far as they are known here."""
    places = [f"{name}{options.root_path}/" for name in options.allow_host] or [f"{options.root_path}/ of your proxy"]
    return f"Also at {', '.join(places)}{', with the same #token=...' if access.allowed else ''}"


def banner(server: Server, access: Authorization, options: argparse.Namespace) -> str:
    """The lines printed at startup."""
    port = server.server_address[1]
    folder = options.results_dir.absolute()
    lines = [f"Serving at {page_url(server, access)} (press Ctrl-C to stop)"]
    if options.port is None and port != PORT:
        lines.append(f"Port {PORT} is taken, so this is port {port}")
    if options.host in EVERYWHERE:
        lines.append(f"From other machines: this machine's IP address, port {port}")
    if options.allow_host or options.root_path:
        lines.append(_elsewhere(access, options))
    if options.predict_only:
        from digits.server.reader_site import PER_MINUTE

        limit = f"at most {options.rate_limit or PER_MINUTE} predictions a minute for each address"
        lines.append(f"Digit reader: the pad and /predict, {limit}")
    elif options.demo:
        lines.append("A finished example: nothing can be changed")
    elif access.allowed:
        lines.append("The address includes a token that permits starting and stopping training: keep it private")
        lines += _queued(folder)
    else:
        lines.append("Read-only: use --allow-control to start and stop training from the page")
    lines.append(f"Results are read from {folder}" + ("" if os.path.isdir(folder) else " once it exists"))
    return "\n".join(lines)
