"""server.py --predict-only: a page with the pad, predictions at a limited rate, and nothing else."""

import contextlib
import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from digits.paths import DEMO
from digits.runlog import contract
from digits.server.reader_site import ReaderSite
from digits.server.routes import Site
from tests.support import PROJECT
from tests.support.browser import serving as serving_page
from tests.support.http_client import ask, connect, read_answer, serving, site_server
from tests.support.pad import READS, answer, clear, draw_strokes, strokes_of, strokes_of_number
from tests.support.pages import becomes, fits, see
from tests.test_guard import CHANGES, FREE
from tests.test_page_access import complaints
from tests.test_page_layout import PICTURES

RESULTS = PROJECT / DEMO
RUN = "20260101-120000-abcd"
BLANK = json.dumps({"image": [[0] * 28] * 28}).encode()


def reader(per_minute: float = 60_000, **options):
    site = ReaderSite(RESULTS, per_minute=per_minute)
    return site_server(site, admit=site.admit, **options)


@pytest.fixture(scope="module")
def server():
    with serving(reader()) as running:
        yield running


SERVED = ["/", "/index.html", "/?x=1", "/healthz", "/web/style.css", "/web/reader/reader.js", "/web/pad/pad.js"]
SERVED += ["/results/network.json", "/results/network.bin"]
PRIVATE = [f"/results/{name}" for name in (*contract.FILES, contract.RUNS_INDEX) if f"/results/{name}" not in SERVED]
PRIVATE += [f"/examples/demo/{name}" for name in contract.FILES] + [f"/results/runs/{RUN}/network.json"]
PRIVATE += ["/training_status", "/control", "/options", "/queue", "/runs", "/openapi.json", "/v2", "/v1/models/mnist"]
PRIVATE += ["/reader.html", "/web/reader/reader.html"]
PRIVATE += ["/web/../server.py", "/results/../server.py", "/results/", "/results/.lock", "//healthz"]


def test_only_the_pad_and_its_network_are_served(server):
    assert {path: ask(server, path).status for path in SERVED} == dict.fromkeys(SERVED, 200)
    assert {path: ask(server, path).status for path in PRIVATE} == dict.fromkeys(PRIVATE, 404)
    assert ask(server, "/").body == (PROJECT / "web" / "reader" / "reader.html").read_bytes()
    assert ask(server, "/healthz").json() == {"status": "ok"}


def test_every_other_route_of_the_full_server_is_gone(server):
    kept = {"/(?:index\\.html)?", "/healthz", "/predict"}
    patterns = {route.pattern.pattern for route in ReaderSite(RESULTS).routes} & {
        route.pattern.pattern for route in Site(Path()).routes
    }
    assert patterns - {pattern for pattern in patterns if pattern.startswith("/web/")} == kept
    for method, path, body, _ in CHANGES:
        assert ask(server, path, method=method, body=body, token="x" * 32).status in (404, 405)
    for method, path in FREE:
        if (method, path) != ("POST", "/predict"):
            assert ask(server, path, method=method, body=BLANK).status in (404, 405)


def test_a_request_can_choose_no_run(server):
    for query in ("run=" + RUN, "epoch=1", "run="):
        refused = ask(server, f"/predict?{query}", method="POST", body=BLANK)
        assert (refused.status, "expected format" in refused.json()["error"]) == (400, True)


def test_a_digit_is_read(server):
    one = [[255 if 13 <= column <= 15 and 4 <= row < 24 else 0 for column in range(28)] for row in range(28)]
    answered = ask(server, "/predict", method="POST", body=json.dumps({"image": one}).encode())
    assert (answered.status, answered.json()["predictions"][0]["label"]) == (200, "1")
    assert ask(server, "/predict", method="POST", body=BLANK).status == 422


def predictions(running, count: int, **headers: str) -> list[int]:
    return [ask(running, "/predict", method="POST", headers=headers, body=b"x").status for _ in range(count)]


def test_too_many_requests_of_an_address_are_refused_until_later():
    with serving(reader(per_minute=1)) as running:
        assert predictions(running, 25) == [415] * 20 + [429] * 5
        refused = ask(running, "/predict", method="POST", body=BLANK)
        assert refused.headers["content-type"] == "application/problem+json"
        assert (refused.json()["status"], refused.json()["title"]) == (429, "Too Many Requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert [ask(running, path).status for path in SERVED] == [200] * len(SERVED)
        # Whoever is no trusted proxy can't become another client.
        assert predictions(running, 2, **{"X-Forwarded-For": "203.0.113.5"}) == [429, 429]


def test_a_large_body_of_a_refused_request_is_not_awaited():
    with serving(reader(per_minute=1)) as running:
        predictions(running, 20)
        with connect(running) as connection:
            connection.sendall(
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 17000000\r\n\r\n" + b"x" * 99
            )
            assert read_answer(connection).status == 429


def test_clients_behind_a_trusted_proxy_are_told_apart():
    from digits.server.proxies import Proxies, parse_trusted

    with serving(reader(per_minute=1, proxies=Proxies((parse_trusted("127.0.0.1"),)))) as running:
        for client in ("203.0.113.5", "203.0.113.6"):
            assert predictions(running, 21, **{"X-Forwarded-For": f"1.2.3.4, {client}"}) == [415] * 20 + [429]


def test_requests_at_the_same_time_share_the_limit():
    found = []
    with serving(reader(per_minute=1)) as running:
        threads = [threading.Thread(target=lambda: found.extend(predictions(running, 5))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == [415] * 20 + [429] * 20


@contextlib.contextmanager
def started(*options: str):
    command = [sys.executable, str(PROJECT / "server.py"), "--no-browser", "--port", "0", "--predict-only", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        process.lines = [process.stdout.readline()]
        found = re.search(r"http://([\d.]+):(\d+)/(\S*)", process.lines[0])
        process.server_address, process.fragment = (found[1], int(found[2])), found[3]
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.process
def test_the_options_reach_the_server():
    names = (
        "--allow-host",
        "read.example",
        "--rate-limit",
        "1",
        "--trusted-proxy",
        "127.0.0.1",
        "--root-path",
        "/read/",
    )
    with started("--demo", *names) as process:
        assert process.fragment == ""  # there is nothing that a token would permit
        for path in ("/", "/read/", "/read/results/network.json"):
            assert ask(process, path, headers={"Host": "read.example"}).status == 200
            assert ask(process, path, headers={"Host": "evil.example"}).status == 403
        own = {"Host": "read.example", "Origin": "https://read.example", "X-Forwarded-For": "203.0.113.5"}
        assert predictions(process, 21, **own) == [415] * 20 + [429]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_reads_drawings_and_asks_for_nothing_else(visit, theme, width):
    PICTURES.mkdir(exist_ok=True)
    with serving_page(reader()) as url:
        asked = []
        page = visit(url, theme=theme, width=width, allowed=READS)
        page.on("request", lambda request: asked.append(request.url.removeprefix(url)))
        see(page, "#pad", "Weights after epoch 10")
        assert page.title() == "Digit reader"
        draw_strokes(page, strokes_of(7))
        becomes(page, lambda: answer(page), "7")
        fits(page, width)
        page.screenshot(path=PICTURES / f"reader-{width}-{theme}.png", full_page=True)
        assert complaints(page) == []
        clear(page)
        draw_strokes(page, strokes_of_number("42"))
        becomes(page, lambda: answer(page), "42")
        for name in ("Save drawing", "Random test image"):
            assert page.get_by_role("button", name=name).count() == 0
        page.wait_for_timeout(2500)  # nothing is polled
        files = [path for path in asked if not path.startswith("web/")]
        assert set(files) <= {"results/network.json", "results/network.bin"} and len(files) <= 2
