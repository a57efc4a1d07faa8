"""The page behind proxies, as docs/remote.md sets them up: in a real browser, control included."""

import contextlib
import http.client
import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec

import pytest

from digits.runlog.run_log import RunLog
from tests.support.browser import missing
from tests.support.control import end_trainer, new_run, press
from tests.support.http_client import ask, eventually, quiet_port
from tests.support.pages import see, status, wait_for_steps
from tests.support.remote import (
    DOCUMENT,
    DOMAIN,
    blocks,
    caddy,
    certificate,
    installed,
    listens,
    nginx,
    real_server,
    running,
    server_command,
    stand_in,
)
from tests.test_page_new_run import SMALL
from tests.test_page_runs import change

pytestmark = pytest.mark.process

LOGIN = {"username": "me", "password": "secret"}
SECURE = {"ignore_https_errors": True}  # its own certificate
PLAIN = ("Cross-Origin-Opener-Policy",)  # a name over http is not trustworthy to browsers


@pytest.fixture
def results(tmp_path):
    """The results of a run called first."""
    with RunLog(tmp_path / "results", name="first") as log:
        log.batch(1, loss=0.5)
    yield tmp_path / "results"
    end_trainer(tmp_path / "results")


def local(text: str) -> str:
    """The words or configuration of the document, with names that Chromium resolves to this machine."""
    return text.replace("example.org", DOMAIN)


def output_of(program: str, *words: str) -> str:
    return subprocess.run([installed(program), *words], capture_output=True, text=True, check=True).stdout.strip()


def server_options(heading: str, number: int = 0) -> list[str]:
    return [local(word) for word in server_command(heading, number)]


def reads_and_controls(visit, url: str, token: str, **options) -> None:
    """Open the page at this address, and rename the run."""
    rename(visit(f"{url}#token={token}", **options), "first", "renamed")


def rename(page, name: str, new_name: str) -> None:
    see(page, "#runs .name", f"^{name}$")
    dialog = change(page, name)
    dialog.get_by_label("Name").fill(new_name)
    dialog.get_by_label("Name").press("Enter")
    see(page, "#runs .name", f"^{new_name}$")


def nginx_config(folder, server_port: int, port: int, block: str) -> str:
    """The document's server block on these ports, with a certificate and a password file of its own."""
    cert, key = certificate(folder, f"train.{DOMAIN}")
    (folder / "train.htpasswd").write_text(f"me:{output_of('openssl', 'passwd', '-apr1', LOGIN['password'])}\n")
    replaced = {
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/ssl/train.test.pem": str(cert),
        "/etc/ssl/train.test.key": str(key),
        "/etc/nginx/train.htpasswd": str(folder / "train.htpasswd"),
        "127.0.0.1:8000": f"127.0.0.1:{server_port}",
    }
    config = local(block)
    for old, new in replaced.items():
        assert old in config, old
        config = config.replace(old, new)
    return config


def test_nginx_with_tls_and_a_password_lets_the_page_train(visit, tmp_path, results):
    port = quiet_port()
    with real_server(results, *server_options("nginx"), "--verbose") as server:
        config = nginx_config(tmp_path, server.port, port, blocks("nginx", "nginx")[0])
        with nginx(tmp_path, config, port):
            url = f"https://train.{DOMAIN}:{port}/"
            page = visit(f"{url}#token={server.token}", http_credentials=LOGIN, **SECURE)
            see(page, "#runs .name", "^first$")
            dialog = new_run(page, **SMALL, Epochs="90000", Name="through nginx")
            dialog.get_by_role("button", name="Start").click()
            dialog.wait_for(state="hidden")
            status(page, "running")
            wait_for_steps(page, 0)
            press(page, "Pause")
            see(page, "[data-part=word]", r"^Paused since")
            press(page, "Stop")
            status(page, "stopped")


@pytest.mark.parametrize("kind", ["strips the path", "keeps the path", "sets no headers"])
def test_nginx_serves_the_page_below_a_path(visit, tmp_path, results, kind):
    port = quiet_port()
    block, location = blocks("nginx", "nginx")
    first = re.search(r"    location / {\n.*?\n", block)[0]
    keeps = kind == "keeps the path"
    block = block.replace(first, location.replace("8000/;", "8000;") if keeps else location)
    if kind == "sets no headers":  # HTTP/1.0, with the server's address in Host
        block = re.sub(r" *proxy_(?:set_header|http_version).*\n", "", block)
    options = server_options("nginx") + (["--root-path", "/training/"] if keeps else [])
    url = f"https://train.{DOMAIN}:{port}/training/"
    with real_server(results, *options) as server:
        config = nginx_config(tmp_path, server.port, port, block)
        with nginx(tmp_path, config, port):
            reads_and_controls(visit, url, server.token, http_credentials=LOGIN, **SECURE)


def test_caddy_lets_the_page_be_read_and_changed(visit, tmp_path, results):
    port = quiet_port()
    hashed = output_of("caddy", "hash-password", "--plaintext", LOGIN["password"])
    with real_server(results, *server_options("nginx")) as server:
        (site,) = blocks("Caddy", "caddyfile")
        address = f"https://train.{DOMAIN}:{port}"
        site = local(site).replace("train.test {", f"{address} {{\n    tls internal\n    bind 127.0.0.1")
        site = re.sub(r"\$2a\$\S+", lambda _: hashed, site).replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
        with caddy(tmp_path, site, port):
            reads_and_controls(visit, f"{address}/", server.token, http_credentials=LOGIN, **SECURE)


@contextlib.contextmanager
def jupyter(folder, port: int, base: str = "/"):
    """Jupyter with the proxy, without a notebook in it."""
    if find_spec("jupyter_server_proxy") is None:
        missing("jupyter-server-proxy is not installed")
    settings = {"port": port, "port_retries": 0, "ip": "127.0.0.1", "base_url": base, "root_dir": folder}
    options = [f"--ServerApp.{name}={value}" for name, value in settings.items()]
    options += ["--ServerApp.allow_remote_access=True", "--IdentityProvider.token=secret"]
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", *options]
    command += ["--allow-root"] if os.geteuid() == 0 else []
    places = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    environment = os.environ | dict.fromkeys(places, str(folder))
    with (folder / "jupyter.log").open("w") as log, running(command, env=environment, stdout=log, stderr=log):
        assert eventually(lambda: listens(port)), (folder / "jupyter.log").read_text()
        yield


@pytest.mark.parametrize("kind", ["by name", "by name, with the prefix", "on localhost"])
def test_jupyter_passes_the_page_and_its_control_on(visit, tmp_path, results, kind):
    (tmp_path / "jupyter").mkdir()
    jupyter_port = quiet_port()
    host = f"{'localhost' if kind == 'on localhost' else f'hub.{DOMAIN}'}:{jupyter_port}"
    with jupyter(tmp_path / "jupyter", jupyter_port, "/user/me/"):
        port = quiet_port()  # another one, since Jupyter has taken the first
        prefix = f"/user/me/proxy/{port}/"
        options = [] if kind == "on localhost" else server_options("Jupyter")
        if kind == "by name, with the prefix":
            prefix = f"/user/me/proxy/absolute/{port}/"
            options = [word.replace("/8000/", f"/{port}/") for word in server_options("Jupyter", 1)]
            assert prefix in options
        with real_server(results, *options, "--port", f"{port}") as server:
            page = visit(f"http://{host}/user/me/api/status?token=secret", allowed=PLAIN)  # logs in
            page.goto(f"http://{host}{prefix}#token={server.token}")
            rename(page, "first", "renamed")


def host_kept(headers: dict[str, str]) -> None:
    """VS Code and SSH forward bytes."""


def host_replaced(headers: dict[str, str]) -> None:
    headers |= {"X-Forwarded-Host": headers["Host"], "Host": "localhost:8000"}


def host_and_origin_replaced(headers: dict[str, str]) -> None:
    host_replaced(headers)
    headers |= {"Origin": "http://localhost:8000"} if "Origin" in headers else {}


@pytest.mark.parametrize("wildcard", [False, True])
@pytest.mark.parametrize("change_headers", [host_kept, host_replaced, host_and_origin_replaced])
def test_a_codespace_forwards_its_port_by_https(visit, tmp_path, results, change_headers, wildcard):
    name = "me-8000.app.github.dev"
    option, exact = server_command("Codespaces")
    assert exact.replace("$CODESPACE_NAME", "me") == name
    tls = certificate(tmp_path, name)
    listed = "*.app.github.dev" if wildcard else name
    with real_server(results, option, listed) as server, stand_in(server.port, change_headers, tls) as port:
        reads_and_controls(visit, f"https://{name}:{port}/", server.token, **SECURE)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_forwarded_port_of_ssh_or_vs_code_needs_no_option(visit, results, host):
    with real_server(results) as server, stand_in(server.port, host_kept) as port:
        reads_and_controls(visit, f"http://{host}:{port}/", server.token)


def test_a_name_that_is_not_listed_gets_the_option_and_then_the_page(visit, results):
    named = {"Host": f"gpu.{DOMAIN}"}
    with real_server(results) as server:
        refused = ask(server, "/", headers=named)
        assert refused.status == 403
        option = re.search(r"--allow-host \S+(?=\.)", refused.json()["error"])[0]
        page = visit(f"http://gpu.{DOMAIN}:{server.port}/", allowed=("403", *PLAIN))
        assert option in page.locator("body").inner_text()
    with real_server(results, *option.split()) as server:
        reads_and_controls(visit, f"http://gpu.{DOMAIN}:{server.port}/", server.token, allowed=PLAIN)


def predicted(port: int, headers: dict[str, str]) -> int:
    """The status of a prediction. `ask` closes its side of the connection, and Caddy then drops the request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", "/predict", b"x", headers)
        return connection.getresponse().status


def test_the_public_reader_works_behind_caddy_and_counts_visitors_apart(visit, tmp_path):
    port = quiet_port()
    options = server_options("Public digit reader")
    with real_server("", *options, "--demo", "--rate-limit", "1") as server:
        (site,) = blocks("Public digit reader", "caddyfile")
        site = local(site).replace("read.test {", f"http://read.test:{port} {{\n    bind 127.0.0.1")
        with caddy(tmp_path, site.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}"), port):
            page = visit(f"http://read.{DOMAIN}:{port}/", allowed=PLAIN)
            see(page, "#pad", "Weights after epoch")

            def predictions(to: int, **headers: str) -> list[int]:
                return [predicted(to, {"Host": f"read.{DOMAIN}:{port}"} | headers) for _ in range(21)]

            assert predictions(port) == [415] * 20 + [429]
            # Another visitor; Caddy drops the address that the first one claims.
            assert predictions(port, **{"X-Forwarded-For": "203.0.113.5"}) == [429] * 21
            assert predictions(server.port, **{"X-Forwarded-For": "203.0.113.5"}) == [415] * 20 + [429]


def test_every_command_for_the_server_has_valid_options():
    from digits.server.startup import read_options

    commands = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("python server.py")]
    assert len(commands) >= 6
    for command in commands:
        options = read_options(shlex.split(command.replace("$CODESPACE_NAME", "me"))[2:])
        assert options.allow_host and options.port == 8000


def test_the_unit_for_systemd_starts_the_reader_with_options_that_exist():
    from digits.server.startup import read_options

    (unit,) = blocks("Public digit reader", "ini")
    words = re.search(r"^ExecStart=\S+ server\.py (.*)$", unit, re.MULTILINE)[1].split()
    assert read_options(words).predict_only
    assert [word for word in words if word not in ("--port", "8000")] == server_command("Public digit reader")
