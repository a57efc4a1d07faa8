"""The server's log on stderr: requests with --verbose, errors; a stderr that cannot be written."""

import subprocess
import sys
import threading

import pytest

from digits.server.http_server import Server
from tests.support import PROJECT
from tests.support.http_client import (
    GET,
    HOST,
    TEXT,
    ask,
    connect,
    eventually,
    raw,
    read_answer,
    serving,
)


def test_verbose_logs_every_request(answer, capfd):
    lines = []

    def shown() -> bool:
        lines.extend(capfd.readouterr().err.splitlines())
        return len(lines) >= 2

    with serving(Server("127.0.0.1", 0, answer, verbose=True)) as server:
        ask(server, "/text.csv")
        raw(server, b"\x16\x03\x01")
        assert eventually(shown)
    assert sorted(lines) == ["GET /text.csv 200", "no request: 400"]


class Unwritable:
    """A stderr that can't be written."""

    def __init__(self, error: Exception):
        self.error = error

    def write(self, _text: str) -> None:
        raise self.error

    flush = write


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("I/O operation on closed file")])
def test_an_unwritable_stderr_affects_no_response_or_connection(answer, monkeypatch, error):
    monkeypatch.setattr(sys, "stderr", Unwritable(error))
    with serving(Server("127.0.0.1", 0, answer, verbose=True)) as server, connect(server) as connection:
        for path, status in ((b"/text.csv", 200), (b"/fail", 500), (b"/text.csv", 200)):
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")
            assert read_answer(connection).status == status


def test_a_request_is_logged_after_its_response(answer, monkeypatch):
    answered = threading.Event()

    class Slow:
        def write(self, _text: str) -> None:
            answered.wait(60)

        def flush(self) -> None:
            pass

    monkeypatch.setattr(sys, "stderr", Slow())
    with serving(Server("127.0.0.1", 0, answer, verbose=True)) as server:
        with connect(server) as connection:
            connection.sendall(GET + HOST + b"\r\n")
            assert read_answer(connection).body == TEXT
        answered.set()


@pytest.mark.process
def test_an_error_is_logged_without_an_import_which_would_need_a_file_descriptor():
    program = "import sys; from digits.server import http_server; before = set(sys.modules);"
    program += "http_server.log('a\\nb \u00e9'); print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "a\\nb \\xe9\n")
