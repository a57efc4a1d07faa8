"""A small project to serve, with files that must not be exposed."""

from pathlib import Path

import pytest

from digits.runlog import contract
from digits.server.guard import Authorization
from digits.server.http_server import Server
from digits.server.routes import Site
from tests.support.http_client import serving, site_server

SECRET = "not for everybody"
RUN = "20260101-120000-abcd"


def project_in(folder: Path) -> Path:
    """A small project: a page, a live run, an earlier one, and files that must not be exposed."""
    (folder / "web" / "deep" / "er").mkdir(parents=True)
    (folder / "results" / "runs" / RUN).mkdir(parents=True)
    (folder / "results" / "runs" / ".hidden").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>the page</title>")
    (folder / "web" / "main.js").write_text("export const answer = 42;\n")
    (folder / "web" / "style.css").write_text("body { margin: 0 }\n")
    for name in (*contract.FILES, contract.RUNS_INDEX):
        (folder / "results" / name).write_text(f"live {name}")
    for name in contract.FILES:
        (folder / "results" / "runs" / RUN / name).write_text(f"earlier {name}")
    for secret in ("server.py", "web/notes.txt", "web/.env", "web/deep/er/x.js", "results/.lock", "results/notes.txt"):
        (folder / secret).write_text(SECRET)
    for secret in ("README.md", "runs/training_log.json", f"runs/{RUN}/notes.txt", "runs/.hidden/training_log.json"):
        (folder / "results" / secret).write_text(SECRET)
    return folder


def server_of(folder: Path, allowed: bool = True) -> Server:
    """A server of the project; a request with its `token` may change something."""
    access = Authorization(allowed)
    server = site_server(Site(folder / "results", folder, access))
    server.token = access.token
    return server


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A server of a project whose path has spaces and letters that are not ASCII."""
    folder = project_in(tmp_path_factory.mktemp("a project") / "größer, 数字 100% &c")
    with serving(server_of(folder)) as server:
        server.folder = folder
        yield server


@pytest.fixture
def live(tmp_path):
    """A server of a project that has no run yet; `live.results` is where one may appear."""
    (tmp_path / "web").mkdir()
    with serving(server_of(tmp_path)) as server:
        server.results = tmp_path / "results"
        yield server
