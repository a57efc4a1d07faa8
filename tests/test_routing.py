"""Paths that server.py rejects: traversal, links, special files."""

import itertools
import os
import shutil

import pytest

from digits.server.routes import Site
from tests.support.example_project import RUN, SECRET, project_in, server_of
from tests.support.http_client import ask, serving, site_server

HOSTILE = [
    # out of the folder
    "/../server.py",
    "/web/../server.py",
    "/results/../server.py",
    "/results/../../etc/passwd",
    "/results/runs/../../server.py",
    f"/results/runs/{RUN}/../../../server.py",
    f"/results/runs/{RUN}/../notes.txt",
    "/results/runs/../training_log.json",
    "/results/runs/./training_log.json",
    "/results/./training_log.json",
    "/./index.html",
    "/..",
    "/../",
    "/web/..",
    # the same, escaped once and twice
    "/%2e%2e/server.py",
    "/results/%2e%2e/server.py",
    "/results/%2E%2E%2Fserver.py",
    "/results/..%2fserver.py",
    "/results/%252e%252e%252fserver.py",
    "/results/..%c0%afserver.py",
    "/results/%c0%ae%c0%ae/server.py",
    "/results/%uff0e%uff0e/server.py",
    "/web/%2e%2e/server.py",
    "/web%2fmain.js",
    "/results%2ftraining_log.json",
    "/results/training_log%2ejson",
    # backslashes, drives, streams, devices
    "/results\\training_log.json",
    "/results/..\\server.py",
    "/results/..%5cserver.py",
    "/web\\..\\server.py",
    "/C:/Windows/win.ini",
    "/results/C:training_log.json",
    "/results/training_log.json::$DATA",
    "/results/training_log.json.",
    "/results/training_log.json%20",
    "/results/runs/CON/training_log.json",
    "/web/CON.js",
    "\\\\server\\share",
    # absolute and doubled
    "//etc/passwd",
    "//results/training_log.json",
    "/results//training_log.json",
    "/results///etc/passwd",
    "//127.0.0.1/server.py",
    "/web//main.js",
    "/web/main.js/",
    "/results/training_log.json/",
    "/results/training_log.json/..",
    "/index.html/",
    "/healthz/",
    # folders
    "/web",
    "/web/",
    "/web/deep",
    "/web/deep/er/x.js",
    "/web/deep%2fer/x.js",
    "/web/deep/../main.js",
    "/results",
    "/results/",
    "/results/runs",
    "/results/runs/",
    f"/results/runs/{RUN}",
    f"/results/runs/{RUN}/",
    # existing files that are not served
    "/server.py",
    "/mnist_cnn.py",
    "/.git/config",
    "/.env",
    "/web/.env",
    "/web/notes.txt",
    "/results/.lock",
    "/results/%2elock",
    "/results/README.md",
    "/results/notes.txt",
    "/results/runs/training_log.json",
    "/results/runs/.hidden/training_log.json",
    "/results/runs/../runs/training_log.json",
    f"/results/runs/{RUN}/notes.txt",
    f"/results/runs/{RUN}/runs.json",
    f"/results/runs/{RUN}/.training_log.json",
    # names that are not there
    "/results/runs/20990101-120000-abcd/training_log.json",
    "/results/runs/-/training_log.json",
    "/results/runs/*/training_log.json",
    f"/results/runs/{'a' * 81}/training_log.json",
    "/favicon.ico",
    "/web/main.JS.map",
    "/web/~main.js",
    # another case
    "/INDEX.HTML",
    "/Index.html",
    "/WEB/main.js",
    "/web/MAIN.js",
    "/web/main.JS",
    "/Results/training_log.json",
    "/results/Training_Log.json",
    f"/results/runs/{RUN.upper()}/training_log.json",
    "/HEALTHZ",
    "/training_Status",
    # nul, controls, spaces, what is not ASCII
    "/results/training_log.json%00",
    "/results/training_log.json%00.js",
    "/web/main.js%0d%0aX:%20y",
    "/results/training_log.json%0a",
    "/results/training_log.json;x",
    "/results/training_log.json#x",
    "/results/training_log.json\xa0",
    "/results/tr\xc3\xa4ining_log.json",
    "/web/\xe2\x80\xae.js",
    "/web/ma%C4%B1n.js",
    "*",
    "training_log.json",
    "?",
    "/" + "a" * 5000,
    "/web/" + "../" * 1000 + "server.py",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_path_gets_404(site, path):
    answer = ask(site, path)
    assert answer.status in (400, 404)
    assert SECRET.encode() not in answer.body
    assert answer.json()["error"]


CLIMBS = ("..", ".", "%2e%2e", "%2E%2E", ".%2e", "..%00", "...", "..;", "%252e%252e")
CLIMBS += ("..%c0%af", "%uff0e%uff0e", "\\..")
TARGETS = ("server.py", "etc/passwd", "results/notes.txt", ".git/config", "training_log.json")
STARTS = ("", "web/", "web/pad/", "results/", "results/runs/", f"results/runs/{RUN}/")


def test_path_traversal_gets_no_bytes(site):
    paths = [
        f"/{start}{slash.join([climb] * depth)}{slash}{target}"
        for start, climb, target in itertools.product(STARTS, CLIMBS, TARGETS)
        for depth, slash in ((1, "/"), (3, "%2f"), (8, "\\"))
    ]
    for path in paths:
        answer = ask(site, path)
        assert answer.status in (400, 404) and SECRET.encode() not in answer.body and b"root:" not in answer.body, path


def link_to_file(results, secret):
    (results / "batches.csv").symlink_to(secret)


def link_by_a_way_up(results, secret):
    (results / "batches.csv").symlink_to(os.path.relpath(secret, results))


def link_to_a_link(results, secret):
    (results / "inner").symlink_to(secret)
    (results / "batches.csv").symlink_to("inner")


def link_to_a_folder_as_a_run(results, secret):
    (results / "runs" / "linked").symlink_to(secret.parent)


def link_to_a_folder_as_all_runs(results, secret):
    shutil.rmtree(results / "runs")
    (results / "runs").symlink_to(secret.parent.parent)


def link_through_the_process(results, secret):
    (results / "batches.csv").symlink_to(f"/proc/self/cwd/{os.path.relpath(secret)}")


LINKS = (
    link_to_file,
    link_by_a_way_up,
    link_to_a_link,
    link_to_a_folder_as_a_run,
    link_to_a_folder_as_all_runs,
    link_through_the_process,
)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("link", LINKS)
def test_no_kind_of_link_exposes_files_outside_the_folder(tmp_path, link):
    results = project_in(tmp_path / "project") / "results"
    secret = tmp_path / "outside" / "linked" / "batches.csv"
    secret.parent.mkdir(parents=True)
    secret.write_text(SECRET)
    (results / "batches.csv").unlink()
    link(results, secret)
    with serving(server_of(results.parent)) as server:
        for path in ("/results/batches.csv", "/results/runs/linked/batches.csv"):
            answer = ask(server, path)
            assert answer.status == 404 and SECRET.encode() not in answer.body, path


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("target", ["server.py", "results/../server.py", "results-2/training_log.json"])
def test_a_link_out_of_the_results_folder_is_not_followed(tmp_path, target):
    folder = project_in(tmp_path / "project")
    results = folder / "results"
    (results / "training_log.json").unlink()
    (results / "training_log.json").symlink_to(folder / target)
    (results / "runs" / "linked").symlink_to(folder)
    (folder / "training_log.json").write_text(SECRET)
    (folder / "results-2").mkdir()
    (folder / "results-2" / "training_log.json").write_text('{"run_id": "secret"}')
    (folder / "web" / "secret.js").symlink_to(folder / "server.py")
    with serving(server_of(folder)) as server:
        paths = ["/results/training_log.json", "/results/runs/linked/training_log.json", "/web/secret.js"]
        assert [ask(server, path).status for path in paths] == [404, 404, 404]
        assert ask(server, "/training_status").json()["run_id"] is None


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_inside_the_results_folder_is_followed_and_so_is_one_to_the_folder_itself(tmp_path):
    folder = project_in(tmp_path / "project")
    (folder / "results" / "test.png").unlink()
    (folder / "results" / "test.png").symlink_to("validation.png")
    (tmp_path / "elsewhere").symlink_to(folder / "results")
    with serving(site_server(Site(tmp_path / "elsewhere", folder))) as server:
        assert ask(server, "/results/test.png").body == b"live validation.png"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_anything_but_a_regular_file_is_not_served_and_blocks_nothing(tmp_path):
    results = project_in(tmp_path / "project") / "results"
    for name in ("training_log.json", "batches.csv"):
        (results / name).unlink()
    os.mkfifo(results / "training_log.json")
    (results / "batches.csv").mkdir()
    with serving(server_of(results.parent)) as server:
        assert [ask(server, f"/results/{name}").status for name in ("training_log.json", "batches.csv")] == [404, 404]
        assert ask(server, "/training_status").status == 200
