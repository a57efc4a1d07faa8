"""`python server.py`: options, ports, browser, exit codes."""

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from digits.server import browser, startup
from digits.server.guard import Authorization
from digits.server.routes import Site
from tests.support import PROJECT

pytestmark = pytest.mark.process


@contextlib.contextmanager
def started(*arguments: str, cwd=None, script=PROJECT / "server.py"):
    """A server process and the URL that it printed."""
    command = [sys.executable, str(script), "--no-browser", *(arguments or ("--port", "0"))]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        words = process.stdout.readline().split()
        process.url, _, process.token = next((word for word in words if word.startswith("http://")), "").partition(
            "#token="
        )
        yield process
    finally:
        process.kill()
        process.communicate()


def refused(*arguments: str) -> tuple[int, str]:
    """Exit code and stderr of a server that can't start."""
    command = [sys.executable, str(PROJECT / "server.py"), "--no-browser", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.stdout == ""
    return result.returncode, result.stderr


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


@pytest.mark.skipif(os.name == "nt", reason="there are no signals there")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_server_with_the_exit_code_of_that_signal(number, code):
    with started() as process:
        fetch(process.url + "healthz")
        with socket.create_connection(("127.0.0.1", int(process.url.split(":")[2].strip("/")))):  # nobody is waited for
            process.send_signal(number)
            _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (code, "")


@pytest.mark.skipif(os.name == "nt", reason="there are no signals there")
@pytest.mark.parametrize("module", ["hashlib", "digits.server.guard", "digits.server.predict_api"])
def test_ctrl_c_during_imports_prints_no_traceback(module):
    program = f"""
import runpy, signal, sys
class Importing:
    def find_spec(name, *_):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Importing)
sys.modules.pop({module!r}, None)
sys.argv = ["server.py", "--no-browser", "--port", "0"]
runpy.run_path("server.py", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_it_serves_from_another_folder_and_from_a_path_with_spaces_and_other_letters(tmp_path):
    project = tmp_path / "mein Größenprojekt 数字 & co"
    project.mkdir()
    (project / "index.html").write_text("the page")
    (project / "results").mkdir()
    (project / "results" / "runs.json").write_text("{}")
    (project / "server.py").write_bytes((PROJECT / "server.py").read_bytes())
    shutil.copytree(PROJECT / "digits", project / "digits")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with started(cwd=elsewhere, script=project / "server.py") as process:
        assert fetch(process.url) == b"the page"
        assert fetch(process.url + "results/runs.json") == b"{}"


def test_a_relative_results_folder_is_resolved_against_the_working_directory(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "runs.json").write_text("mine")
    with started("--port", "0", "--results-dir", "mine", cwd=tmp_path) as process:
        assert fetch(process.url + "results/runs.json") == b"mine"


def test_a_missing_results_folder_is_allowed(tmp_path):
    with started("--port", "0", "--results-dir", str(tmp_path / "later")) as process:
        assert b'"run_id":null' in fetch(process.url + "training_status")
    assert not (tmp_path / "later").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "::1", "::"])
def test_the_printed_url_works(host):
    if ":" in host and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    with started("--port", "0", "--host", host) as process:
        assert fetch(process.url + "healthz")
        assert "0.0.0.0" not in process.url and "[::]" not in process.url


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_allowed_origins_may_read():
    named = ("https://example.org", "HTTP://Other.example:80")
    with started("--port", "0", *(word for name in named for word in ("--allow-origin", name))) as process:
        for origin in ("https://example.org", "http://other.example"):
            request = urllib.request.Request(process.url + "training_status", headers={"Origin": origin})
            with urllib.request.urlopen(request, timeout=60) as answer:
                assert answer.headers["Access-Control-Allow-Origin"] == origin


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device")
def test_an_unwritable_terminal_affects_no_response(tmp_path):
    command = [sys.executable, str(PROJECT / "server.py"), "--no-browser", "--verbose", "--port", "0"]
    with open("/dev/full", "w") as full:
        process = subprocess.Popen(
            [*command, "--results-dir", str(tmp_path)], stdout=subprocess.PIPE, stderr=full, text=True
        )
    try:
        url = next(word for word in process.stdout.readline().split() if word.startswith("http://")).partition("#")[0]
        for _ in range(3):
            assert fetch(url + "healthz")
    finally:
        process.kill()
        process.communicate()


def test_a_requested_port_in_use_is_reported_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, text = refused("--port", str(taken.getsockname()[1]))
    assert code == 1
    assert "taken" in text and "--port" in text
    assert text.count("\n") == 1


def test_without_an_explicit_port_the_next_free_one_is_used(monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(startup, "PORT", port)
        options = startup.read_options(["--results-dir", str(tmp_path)])
        with startup.listen(options, Site(tmp_path)) as chosen:
            assert port < chosen.server_address[1] < port + startup.PORTS
            assert f"Port {port} is taken" in startup.banner(chosen, Authorization(), options)


def test_if_all_ports_are_in_use_they_are_named(monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(startup, "PORT", taken.getsockname()[1])
        monkeypatch.setattr(startup, "PORTS", 1)
        options = startup.read_options(["--results-dir", str(tmp_path)])
        with pytest.raises(OSError, match="in use") as caught:
            startup.listen(options, Site(tmp_path))
    assert str(startup.PORT) in startup.bind_error(caught.value, options)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may listen everywhere")
def test_a_privileged_port_is_reported_in_one_line():
    code, text = refused("--port", "80")
    assert code == 1 and "1023" in text and text.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--host", "203.0.113.7", "--port", "0"], 1, "--host"),
        (["--host", "a..b", "--port", "0"], 1, "--host"),
        (["--port", "65536"], 2, "65536"),
        (["--port", "-1"], 2, "-1"),
        (["--port", "http"], 2, "http"),
        (["--results-dir", __file__], 2, "not a folder"),
        (["--color"], 2, "--color"),
        (["--allow-host", "*"], 2, "--allow-host: '*': a wildcard stands for one label"),
        (["--allow-host", "a.example", "--allow-host", "https://b.example"], 2, "write the host name alone"),
        (["--trusted-proxy", "0.0.0.0/0"], 2, "--trusted-proxy: 0.0.0.0/0 trusts every client"),
        (["--trusted-proxy", "proxy"], 2, "not an IP address or network"),
        (["--root-path", "proxy/8000"], 2, "--root-path: 'proxy/8000' is not a path"),
        (["--predict-only", "--allow-control"], 2, "leave --allow-control out"),
        (["--predict-only", "--rate-limit", "0"], 2, "--rate-limit is from 1"),
        (["--rate-limit", "5"], 2, "--rate-limit is for --predict-only"),
        (["--predict-only", "--results-dir", "nowhere"], 1, "There is no trained network in"),
        (["--allow-origin", "*"], 2, "not an origin"),
        (
            ["--allow-origin", "https://example.org", "--allow-origin", "https://example.org/page"],
            2,
            "example.org/page",
        ),
    ],
)
def test_an_invalid_option_is_rejected_with_its_name(arguments, code, words):
    got, text = refused(*arguments)
    assert got == code
    assert words in text
    assert text.count("\n") == 1


def test_startup_imports_only_the_standard_library():
    code = (
        "import sys; before = set(sys.modules); import server; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert set(result.stdout.split()) == {"server", "digits"}


@pytest.mark.parametrize("option", ["-I", "-P"] if sys.version_info >= (3, 11) else ["-I"])
@pytest.mark.parametrize("script", ["server.py", "mnist_cnn.py"])
def test_isolated_mode_of_python_works(tmp_path, script, option):
    command = [sys.executable, option, str(PROJECT / script), "--help"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stderr) == (0, "")
    assert "--results-dir" in result.stdout or "Commands" in result.stdout


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0", "CI": "true"}, False),
        ("linux", {"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "a b c d"}, False),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "a b c d"}, False),
        ("win32", {}, True),
        ("win32", {"CI": "1"}, False),
    ],
)
def test_a_browser_is_opened_only_on_a_desktop(monkeypatch, platform, environment, expected):
    monkeypatch.setattr(sys, "platform", platform)
    assert browser.browser_expected(environment) is expected


@pytest.mark.skipif(os.name == "nt", reason="BROWSER is not read there")
def test_output_of_the_browser_is_discarded(monkeypatch, tmp_path, capfd):
    script = tmp_path / "browser.py"
    script.write_text(
        "import pathlib, sys; print(sys.argv, file=sys.stderr); pathlib.Path('url').write_text(sys.argv[1])"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER", f"{shlex.join([sys.executable, str(script)])} %s")
    browser.open_browser("http://127.0.0.1:8000/#token=x")
    assert (tmp_path / "url").read_text() == "http://127.0.0.1:8000/#token=x"
    assert capfd.readouterr() == ("", "")
