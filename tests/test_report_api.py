"""GET /report, and Share > Save report on the page."""

import threading

import pytest

from digits.runlog import contract
from digits.server import report_api
from digits.server.routes import Site
from tests.support.browser import our_server
from tests.support.http_client import ask, serving, site_server
from tests.support.pages import becomes, see, status
from tests.support.sharing import PRIVATE, private_run, results_of
from tests.test_report import files_in, log_in


@pytest.fixture
def results(tmp_path):
    return results_of(tmp_path / "results")


@pytest.fixture
def server(results):
    with serving(site_server(Site(results))) as running:
        yield running


def test_the_current_run_is_saved_without_a_token(server):
    answer = ask(server, "/report")
    assert answer.status == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="report.html"'
    assert log_in(answer.body)["name"] == "second"
    assert f"results/{contract.NETWORK}" not in files_in(answer.body)


def test_runs_are_chosen_by_id_and_the_network_is_included_on_request(server):
    answer = ask(server, "/report?run=20260108-120000-bbbbbb,20260109-120000-aaaaaa&model=1")
    assert answer.status == 200
    assert log_in(answer.body)["name"] == "first"
    assert log_in(answer.body, "runs/20260109-120000-aaaaaa/")["name"] == "second"
    assert f"results/{contract.NETWORK}" in files_in(answer.body)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("run=nosuch", 404),
        ("run=../results", 400),
        ("run=", 400),
        ("run=%2e%2e", 400),
        ("run=" + ",".join(["a"] * 12), 400),
        ("model=2", 400),
        ("folder=/etc", 400),
    ],
)
def test_anything_else_is_a_problem(server, query, expected):
    answer = ask(server, f"/report?{query}")
    assert answer.status == expected and answer.headers["content-type"] == "application/problem+json"


def test_without_a_run_there_is_no_report_and_no_path_is_told(tmp_path):
    with serving(site_server(Site(tmp_path))) as running:
        answer = ask(running, "/report")
    assert answer.status == 409 and str(tmp_path).encode() not in answer.body


def test_nothing_private_is_sent(tmp_path):
    with serving(site_server(Site(private_run(tmp_path)))) as running:
        report = ask(running, "/report?model=1").body
    everything = b"\n".join([report, *files_in(report).values()]).decode("latin-1")
    assert {word for word in PRIVATE if word in everything} == set()


def test_one_report_is_made_at_a_time(server, monkeypatch):
    began, may_end = threading.Event(), threading.Event()
    make = report_api.make_report

    def slow(*arguments, **options):
        began.set()
        assert may_end.wait(60)
        return make(*arguments, **options)

    monkeypatch.setattr(report_api, "make_report", slow)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(ask(server, "/report")))
    thread.start()
    assert began.wait(60)
    busy = ask(server, "/report")
    may_end.set()
    thread.join()
    assert busy.status == 503 and busy.headers["retry-after"] == "1"
    assert answers[0].status == 200 and ask(server, "/report").status == 200


def test_the_share_menu_saves_a_report(visit, results, tmp_path):
    with our_server(results) as url:
        page = visit(url)
        status(page, "Completed")
        page.get_by_role("button", name="Share", exact=True).click()
        page.get_by_label("With the network").check()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save report").click()
        see(page, "#share", r"Saved\.")
        download.value.save_as(tmp_path / "saved.html")
        assert download.value.suggested_filename == "second-report.html"
    report = (tmp_path / "saved.html").read_bytes()
    assert log_in(report)["name"] == "second" and f"results/{contract.NETWORK}" in files_in(report)


def test_compared_runs_are_saved_together_and_an_error_is_said(visit, results):
    with our_server(results) as url:
        page = visit(f"{url}#view=compare&with=20260108-120000-bbbbbb", allowed=("status of 409",))
        see(page, "#compare .sides", "first")
        page.get_by_role("button", name="Share", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save report").click()
        report = download.value.path().read_bytes()
        assert log_in(report, "runs/20260108-120000-bbbbbb/")["name"] == "first"
        page.route("**/report?*", lambda route: route.fulfill(status=409, json={"error": "Choose fewer."}))
        page.get_by_role("button", name="Save report").click()
        see(page, "#share", "Choose fewer")


def test_on_a_phone_the_menu_is_in_the_other_menu(visit, results):
    with our_server(results) as url:
        page = visit(url, width=390)
        status(page, "Completed")
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("button", name="Share", exact=True).click()
        page.get_by_role("button", name="Save report").wait_for()
        becomes(page, lambda: page.evaluate("document.documentElement.scrollWidth"), 390)
