"""The command publish, and its site on a plain file server in the browser."""

import json
import os
import platform
import time

import pytest

from digits.runlog import contract
from digits.server.guard import CONTENT_SECURITY_POLICY
from digits.sharing import publish as publishing
from tests.support.browser import any_server
from tests.support.pages import becomes_true, open_view, reach, see, status
from tests.support.sharing import PRIVATE, example_run, private_run, results_of
from tests.support.training import command


def contents(folder) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def published(results, out, *words):
    done = command("publish", out, *words, "--results-dir", results)
    assert done.exit_code == 0, done
    return done.output


def test_the_current_run_is_published_with_the_page(tmp_path):
    out = tmp_path / "sites" / "mine"
    assert "1 run" in published(results_of(tmp_path / "results"), out)
    files = contents(out)
    assert {"index.html", "web/main.js", "site.json", "results/runs.json", "results/network.bin"} <= files.keys()
    assert not any(name.endswith((".pth", ".lock", "label.json")) for name in files)
    assert json.loads(files["results/training_log.json"])["name"] == "second"
    assert [run["name"] for run in json.loads(files["results/runs.json"])["runs"]] == ["second"]
    assert list(out.parent.iterdir()) == [out]


def test_all_runs_are_published_except_hidden_ones(tmp_path):
    results = results_of(tmp_path / "results", ("third", "second", "first"))
    hidden = results / contract.RUNS / "20260108-120000-bbbbbb"
    (hidden / contract.LABEL).write_text(json.dumps({"run_id": hidden.name, "hidden": True}))
    published(results, tmp_path / "site", "--all")
    index = json.loads((tmp_path / "site" / "results" / "runs.json").read_text())
    assert [run["name"] for run in index["runs"]] == ["third", "first"]


def test_chosen_runs_are_published_the_first_at_the_top(tmp_path):
    published(results_of(tmp_path / "results"), tmp_path / "site", "first", "second")
    runs = json.loads((tmp_path / "site" / "results" / "runs.json").read_text())["runs"]
    assert [(run["name"], run["path"]) for run in runs] == [("first", ""), ("second", f"runs/{runs[1]['run_id']}/")]


def test_a_site_is_replaced_and_other_files_beside_it_stay(tmp_path):
    results, out = results_of(tmp_path / "results"), tmp_path / "site"
    published(results, out, "--all")
    (out / "CNAME").write_text("example.org")
    (out / ".git").mkdir()
    (out / ".git" / "HEAD").write_text("ref")
    (out / "results" / "stale.json").write_text("{}")
    published(results, out, "first")
    assert (out / "CNAME").read_text() == "example.org" and (out / ".git" / "HEAD").read_text() == "ref"
    assert not (out / "results" / "stale.json").exists() and not (out / "results" / "runs").exists()
    assert json.loads((out / "results" / "training_log.json").read_text())["name"] == "first"


@pytest.mark.parametrize("content", ["notes.txt", "site.json"])
def test_a_folder_that_publish_did_not_write_is_refused(tmp_path, content):
    results, out = results_of(tmp_path / "results"), tmp_path / "mine"
    out.mkdir()
    (out / content).write_text('{"mine": true}')
    before = contents(tmp_path)
    done = command("publish", out, "--results-dir", results)
    assert done.exit_code == 1 and "holds files that publish did not write" in done.errors
    assert contents(tmp_path) == before


def test_the_results_folder_itself_is_refused(tmp_path):
    results = results_of(tmp_path / "results")
    before = contents(results)
    assert command("publish", results, "--results-dir", results).exit_code == 1
    assert contents(results) == before


def test_an_empty_folder_is_used_and_a_file_is_refused(tmp_path):
    results = results_of(tmp_path / "results")
    (tmp_path / "empty").mkdir()
    published(results, tmp_path / "empty")
    assert (tmp_path / "empty" / "index.html").exists()
    (tmp_path / "file").write_text("mine")
    done = command("publish", tmp_path / "file", "--results-dir", results)
    assert done.exit_code == 1 and "is a file" in done.errors


def test_a_failure_leaves_the_site_as_it_was(tmp_path):
    results, out = results_of(tmp_path / "results"), tmp_path / "site"
    published(results, out)
    before = contents(tmp_path)
    assert command("publish", out, "second", tmp_path / "none", "--results-dir", results).exit_code == 1
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / contract.TRAINING_LOG).write_text("[]")
    assert command("publish", out, "second", tmp_path / "foreign", "--results-dir", results).exit_code == 1
    assert {name: text for name, text in contents(tmp_path).items() if "foreign" not in name} == before


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_disk_error_while_a_site_is_replaced_loses_nothing(tmp_path, monkeypatch, failing):
    results, out = results_of(tmp_path / "results"), tmp_path / "site"
    published(results, out, "second")
    (out / ".git").mkdir()
    (out / ".git" / "HEAD").write_text("ref")
    rename, calls = publishing.rename, []

    def fail_once(source, target):
        calls.append(target)
        if len(calls) == failing:
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(publishing, "rename", fail_once)
    done = command("publish", out, "first", "--results-dir", results)
    assert done.exit_code == 1 and "Input/output error" in done.errors
    assert [path.read_text() for path in tmp_path.rglob("HEAD")] == ["ref"]
    log = json.loads((out / "results" / contract.TRAINING_LOG).read_text())
    assert log["name"] == ("first" if failing == 3 else "second")


def test_runs_and_all_exclude_each_other(tmp_path):
    done = command("publish", tmp_path / "site", "a", "--all", "--results-dir", tmp_path)
    assert done.exit_code == 2 and "not both" in done.errors


def test_a_large_run_is_reduced_and_what_is_left_out_is_said(tmp_path, monkeypatch):
    results, out = results_of(tmp_path / "results"), tmp_path / "site"
    monkeypatch.setattr(publishing, "MAX_RUN_BYTES", 500_000)
    output = published(results, out, "--all")
    assert "second: left out most images of correct predictions, rows of every batch" in output
    site = json.loads((out / "site.json").read_text())
    assert all(run["left_out"] and run["size"] <= 500_000 for run in site["runs"])
    log = json.loads((out / "results" / contract.TRAINING_LOG).read_text())
    assert contract.BATCHES not in log["files"]
    assert {name for name in log["files"] if not (out / "results" / name).exists()} == set()
    monkeypatch.setattr(publishing, "MAX_RUN_BYTES", 5000)
    done = command("publish", out, "--results-dir", results)
    assert done.exit_code == 1 and "leave it out" in done.errors


def test_nothing_private_is_in_a_site(tmp_path):
    folder, out = private_run(tmp_path / "planted run"), tmp_path / "site"
    assert command("publish", out, folder).exit_code == 0
    everything = b"\n".join(contents(out).values()).decode("latin-1")
    assert {word for word in (*PRIVATE, "4321987", str(tmp_path)) if word in everything} == set()
    assert command("publish", out, folder, "--with-paths").exit_code == 0
    assert "planteduser" in (out / "results" / contract.TRAINING_LOG).read_text()


def test_the_policy_of_a_site_is_that_of_the_server():
    assert f"{publishing.POLICY}; frame-ancestors 'none'" == CONTENT_SECURITY_POLICY


def test_a_site_works_on_a_static_host_and_asks_only_once(visit, tmp_path):
    published(results_of(tmp_path / "results"), tmp_path / "host" / "some" / "prefix", "--all")
    with any_server(tmp_path / "host", "/some/prefix/") as url:
        answers = []
        page = visit(url, script="addEventListener('DOMContentLoaded', () => { window.began = performance.now() });")
        page.on("response", lambda answer: answers.append((answer.status, answer.url)))
        status(page, "Completed")
        see(page, "#numbers", "736 of 800")
        reach(page, "#mistakes")
        page.locator("#mistakes .digits li").first.wait_for()
        open_view(page, "#pad")
        page.get_by_role("button", name="Random test image").click()
        becomes_true(
            page, "[...document.querySelectorAll('#pad .verdict *')].some((one) => /\\d/.test(one.textContent))"
        )
        reach(page, "#compare")
        page.locator("#compare .suggestions button").first.click()
        see(page, "#compare .sides", "first")
        page.locator("#runs a", has_text="first").click()
        see(page, "h1", "^first$")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(2500)  # more than two polls of a page that asks every second
        read = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
        assert sum(name.endswith("/some/prefix/results/training_log.json") for name in read) <= 3
        assert [answer for answer in answers if answer[0] >= 400] == []
        assert not any(name.endswith(("/control", "/training_status", "/options", "/healthz")) for name in read)


def test_a_run_under_way_is_published_as_it_is(visit, tmp_path):
    """However long ago that was."""
    now = {"process": {"pid": os.getpid(), "host": platform.node()}, "updated_at": contract.timestamp(time.time() - 9)}
    example_run(tmp_path / "first", "first", name="first", status="running", phase="training", **now)
    example_run(tmp_path / "second", "second", name="second", status="running", phase="training", **now)
    assert command("publish", tmp_path / "site", tmp_path / "first", tmp_path / "second").exit_code == 0
    for place in ("", "runs/second/"):  # as it is on a site of last week
        path = tmp_path / "site" / "results" / place / contract.TRAINING_LOG
        path.write_text(path.read_text().replace(now["updated_at"], "2026-01-01T12:00:00.000Z"))
    with any_server(tmp_path / "site") as url:
        page = visit(url)
        status(page, "Running")
        see(page, "#header [data-part=detail]", "when copied")
        page.locator("#runs a", has_text="second").click()
        see(page, "h1", "^second$")
        status(page, "Running")
        page.get_by_role("button", name="Share", exact=True).wait_for(state="hidden")
