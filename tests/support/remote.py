"""The server behind proxies as docs/remote.md configures them: real programs, and small stand-ins for hosted ones."""

import contextlib
import http.client
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support import PROJECT
from tests.support.browser import close_all, missing
from tests.support.http_client import eventually

DOCUMENT = PROJECT / "docs" / "remote.md"
DOMAIN = "test"  # Chromium resolves names below it to 127.0.0.1 (tests/support/browser.py)


def blocks(heading: str, language: str) -> list[str]:
    """The code blocks of docs/remote.md in this language below a heading."""
    section = re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = next(part for part in section if part.startswith(f"{heading}\n"))
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def server_command(heading: str, number: int = 0) -> list[str]:
    """The words after `python server.py` of a command in the document, without its port."""
    lines = [line for block in blocks(heading, "sh") for line in block.splitlines() if "server.py" in line]
    words = shlex.split(lines[number])
    assert words[:2] == ["python", "server.py"]
    del words[words.index("--port") : words.index("--port") + 2]
    return words[2:]


class RealServer:
    """`python server.py` in a process: its port, and its token or ""."""

    def __init__(self, process: subprocess.Popen):
        self.process = process
        line = process.stdout.readline()
        found = re.search(r"http://[\w.]+:(\d+)/(?:#token=(\S+))?", line)
        assert found, line
        self.port, self.token = int(found[1]), found[2] or ""
        self.server_address = ("127.0.0.1", self.port)


@contextlib.contextmanager
def real_server(results: Path, *options: str) -> Iterator[RealServer]:
    command = [sys.executable, str(PROJECT / "server.py"), "--port", "0", f"--results-dir={results}"]
    extra = [] if "--no-browser" in options else ["--no-browser"]
    with running([*command, *extra, *options], stdout=subprocess.PIPE, text=True) as process:
        yield RealServer(process)


@contextlib.contextmanager
def running(command: list[str], **options) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        close_all()  # or a page's next request might fail
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def installed(name: str) -> str:
    """The path of a program; without it the test is skipped, except in CI."""
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    return program or missing(f"{name} is not installed")


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate and its key."""
    files = folder / "cert.pem", folder / "key.pem"
    command = [
        installed("openssl"),
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
    ]
    command += ["-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run([*command, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


@contextlib.contextmanager
def nginx(folder: Path, server_block: str, port: int) -> Iterator[None]:
    """nginx with this server block, in the foreground and as this user."""
    user = "user root;" if os.geteuid() == 0 else ""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; {user} worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {paths}\n{server_block}\n}}\n"
    )
    with running([installed("nginx"), "-e", f"{folder}/error.log", "-p", f"{folder}", "-c", f"{config}"]):
        assert eventually(lambda: listens(port)), (folder / "error.log").read_text()
        yield


@contextlib.contextmanager
def caddy(folder: Path, site: str, port: int) -> Iterator[None]:
    """Caddy with this site and certificates of its own."""
    config = folder / "Caddyfile"
    options = f"admin off\nskip_install_trust\nauto_https disable_redirects\nstorage file_system {folder}/storage\n"
    config.write_text(f"{{\n{options}}}\n{site}")
    environment = os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [installed("caddy"), "run", "--config", str(config), "--adapter", "caddyfile"]
    with (folder / "caddy.log").open("w") as log, running(command, env=environment, stdout=log, stderr=log):
        assert eventually(lambda: listens(port)), (folder / "caddy.log").read_text()
        yield


@contextlib.contextmanager
def stand_in(port: int, change: Callable[[dict[str, str]], None], tls: tuple[Path, Path] | None = None):
    """A small proxy to 127.0.0.1:`port`, whose `change` edits the headers; yields its own port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.title(): value for name, value in self.headers.items()}
            change(headers)
            upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            content = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "content-length"):
                    self.send_header(name, value)
            if answer.status != 304:
                self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            upstream.close()

        do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = forward  # noqa: N815

        def log_message(self, *_) -> None:
            pass

    class Proxy(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_) -> None:
            """The browser closes connections when it likes."""

    proxy = Proxy(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        proxy.socket = context.wrap_socket(proxy.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield proxy.server_address[1]
    finally:
        close_all()
        proxy.shutdown()
        proxy.server_close()
