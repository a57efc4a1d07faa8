"""Servers of a small site, for tests of connections: one for all tests of a module, one with short timeouts."""

import pytest

from digits.server.http_server import Server
from digits.server.static_files import CHUNK
from tests.support.http_client import (
    answers_of,
    serving,
)


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    (folder / "empty.csv").write_bytes(b"")
    (folder / "large.bin").write_bytes(b"a" * (3 * CHUNK + 17))
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(64 << 20)
    return answers_of(folder)


@pytest.fixture(scope="module")
def server(answer):
    with serving(Server("127.0.0.1", 0, answer, max_body=lambda path: 3_000_000)) as server:
        yield server


@pytest.fixture
def impatient(answer):
    """A server with two threads and a short deadline."""
    with serving(Server("127.0.0.1", 0, answer, deadline_s=1.0, threads=2)) as server:
        yield server
