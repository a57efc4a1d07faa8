"""Routes of server.py."""

import os
from pathlib import Path

import pytest

from digits.files import write_atomically
from digits.runlog import contract
from digits.runlog.run_log import RunLog
from digits.server.routes import Site
from tests.support.example_project import RUN
from tests.support.http_client import ask, serving, site_server

GOLDEN = Path(__file__).resolve().parent / "fixtures" / "golden"


SERVED = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/index.html": ("index.html", "text/html; charset=utf-8"),
    "/?run=1&x=%2e": ("index.html", "text/html; charset=utf-8"),
    "/web/main.js": ("web/main.js", "text/javascript; charset=utf-8"),
    "/web/main.js?v=2": ("web/main.js", "text/javascript; charset=utf-8"),
    "/web/style.css": ("web/style.css", "text/css; charset=utf-8"),
    "/results/training_log.json": ("results/training_log.json", "application/json"),
    "/results/training_log.json?t=1700000000000": ("results/training_log.json", "application/json"),
    "/results/batches.csv": ("results/batches.csv", "text/csv; charset=utf-8"),
    "/results/test.png": ("results/test.png", "image/png"),
    "/results/runs.json": ("results/runs.json", "application/json"),
    f"/results/runs/{RUN}/training_log.json": (f"results/runs/{RUN}/training_log.json", "application/json"),
}


@pytest.mark.parametrize("path", SERVED)
def test_a_route_serves_its_file_with_its_type(site, path):
    file, content_type = SERVED[path]
    answer = ask(site, path)
    assert answer.status == 200
    assert answer.body == (site.folder / file).read_bytes()
    assert answer.headers["content-type"] == content_type


def test_every_file_of_the_contract_is_served_live_and_from_an_earlier_run(site):
    for name in contract.FILES:
        assert ask(site, f"/results/{name}").body == f"live {name}".encode()
        assert ask(site, f"/results/runs/{RUN}/{name}").body == f"earlier {name}".encode()


def test_weights_are_sent_as_a_download(site):
    answer = ask(site, "/results/mnist_cnn.pth")
    assert answer.headers["content-disposition"] == 'attachment; filename="mnist_cnn.pth"'
    assert answer.headers["content-type"] == "application/octet-stream"


def test_head_has_the_headers_of_get(site):
    for path in (*SERVED, "/training_status", "/healthz", "/nowhere"):
        get, head = ask(site, path), ask(site, path, method="HEAD")
        assert head.body == b""
        assert head.status == get.status
        assert head.headers.keys() == get.headers.keys()
        assert head.headers["content-length"] == get.headers["content-length"]


def test_a_new_module_of_the_page_is_served_without_a_restart(live):
    assert ask(live, "/web/new.js").status == 404
    (live.results.parent / "web" / "new.js").write_text("1")
    assert ask(live, "/web/new.js").status == 200


def test_a_run_that_appears_later_is_served(live):
    assert ask(live, "/results/training_log.json").status == 404
    with RunLog(live.results, name="later"):
        assert ask(live, "/results/training_log.json").json()["name"] == "later"


def test_a_moved_run_is_served_as_an_earlier_one(live):
    for _ in range(2):
        with RunLog(live.results, name="one of two") as log:
            log.batch(1, loss=0.5)
    runs = ask(live, "/results/runs.json").json()["runs"]
    assert len(runs) == 2
    earlier = ask(live, f"/results/{runs[1]['path']}training_log.json").json()
    assert earlier["run_id"] == runs[1]["run_id"]


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="there is no golden run yet")
def test_the_golden_run_arrives_byte_for_byte():
    with serving(site_server(Site(GOLDEN))) as server:
        known = [path for path in GOLDEN.rglob("*") if path.name in (*contract.FILES, contract.RUNS_INDEX)]
        assert known
        for path in known:
            assert ask(server, f"/results/{path.relative_to(GOLDEN).as_posix()}").body == path.read_bytes()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "X"])
def test_an_unsupported_method_gets_405_with_the_supported_ones(site, method):
    for path in ("/", "/results/training_log.json", "/training_status", "/healthz"):
        answer = ask(site, path, method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert ask(site, "/nowhere", method=method).status == 404


def test_health_is_ok(site):
    assert (ask(site, "/healthz").status, ask(site, "/healthz").json()) == (200, {"status": "ok"})


# -- polling ----------------------------------------------------------------------------------------------------------


def test_a_replaced_log_has_another_etag_even_at_the_same_size_and_time(live):
    live.results.mkdir()
    log = live.results / contract.TRAINING_LOG
    tags = []
    for content in (b'{"step": 1}', b'{"step": 2}', b'{"step": 3}'):
        write_atomically(log, content)
        os.utime(log, ns=(10**18, 10**18))
        answer = ask(live, "/results/training_log.json", headers={"If-None-Match": ", ".join(tags[-1:])})
        assert (answer.status, answer.body) == (200, content)
        tags.append(answer.headers["etag"])
    assert ask(live, "/results/training_log.json", headers={"If-None-Match": tags[-1]}).status == 304


def test_a_grown_csv_has_another_etag(live):
    live.results.mkdir()
    csv = live.results / contract.BATCHES
    csv.write_text("step\n")
    before = ask(live, "/results/batches.csv").headers["etag"]
    with csv.open("a") as file:
        file.write("1\n")
    answer = ask(live, "/results/batches.csv", headers={"If-None-Match": before})
    assert (answer.status, answer.body) == (200, b"step\n1\n")


def test_the_new_rows_of_the_csv_can_be_requested_by_range(live):
    live.results.mkdir()
    (live.results / contract.BATCHES).write_text("step\n1\n2\n")
    answer = ask(live, "/results/batches.csv", headers={"Range": "bytes=7-"})
    assert (answer.status, answer.body, answer.headers["content-range"]) == (206, b"2\n", "bytes 7-8/9")


def test_a_trainer_without_an_index_gets_an_empty_one(live):
    assert ask(live, "/results/runs.json").json() == {"schema": 1, "runs": []}
