"""The finished run that ships with the project: its files, `server.py --demo`, and the page's `?demo`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from digits.paths import DEMO
from digits.runlog import contract
from tests.support import PROJECT
from tests.support.browser import any_server, copy_page
from tests.support.contract import violations
from tests.support.control import controlled
from tests.support.pages import see, status
from tests.test_startup import fetch, started

FOLDER = PROJECT / DEMO
FILES = sorted(path.name for path in FOLDER.iterdir())
MAX_BYTES = 1_500_000


def test_the_example_is_small_valid_and_has_a_file_for_every_view():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= MAX_BYTES
    assert {line for lines in violations(FOLDER).values() for line in lines} == set()
    log = json.loads((FOLDER / contract.TRAINING_LOG).read_text())
    assert set(log["files"]) == {*FILES} - {contract.TRAINING_LOG, contract.RUNS_INDEX}
    assert set(log["files"]) == {*contract.FILES} - {contract.TRAINING_LOG, contract.LABEL, *contract.CHECKPOINTS}
    assert (log["status"], log["dataset"]["name"]) == ("completed", "synthetic")
    predictions = json.loads((FOLDER / contract.PREDICTIONS).read_text())
    assert [row["epoch"] for row in predictions["validation"]["epochs"]] == log["epochs"]["epoch"]


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".json")])
def test_the_example_names_no_machine(name):
    text = (FOLDER / name).read_text()
    log = json.loads(text)
    assert "process" not in log and "commit" not in str(log.get("environment"))
    assert str(Path.home()) not in text.replace("/root", str(Path.home())) and "/tmp" not in text


@pytest.mark.process
def test_the_server_shows_the_example_read_only():
    with started("--demo", "--port", "0", "--allow-control") as process:
        assert process.token == ""
        assert json.loads(fetch(process.url + "training_status"))["liveness"] == "completed"
        assert json.loads(fetch(process.url + "control"))["control_enabled"] is False
        process.terminate()
        assert "A finished example: nothing can be changed" in process.stdout.read()


@pytest.mark.process
def test_the_example_needs_no_package():
    code = (
        "import sys; sys.modules |= dict.fromkeys(('click', 'torch', 'numpy', 'PIL'));"
        "from digits.server.routes import Site; from digits.paths import DEMO, PAGE;"
        "print(len(Site(PAGE / DEMO).routes))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and int(done.stdout) > 20, done.stderr


def test_the_empty_page_leads_to_the_example_and_back(visit, tmp_path):
    with controlled(tmp_path) as (url, _):
        page = visit(url)
        page.get_by_role("link", name="Look at a finished example").click()
        status(page, "completed")
        see(page, "[data-part=name]", "^Example: tiny network")
        see(page, "#notices", "A finished example that ships with this project")
        assert page.get_by_role("button", name="New run").count() == 0
        page.get_by_role("link", name="Show your own runs").click()
        see(page, "#welcome h1", "^No run yet$")
        page.get_by_role("button", name="New run").wait_for()


def test_a_plain_file_server_shows_the_example_too(visit, tmp_path):
    copy_page(tmp_path)
    (tmp_path / DEMO.parent).mkdir()
    (tmp_path / DEMO).symlink_to(FOLDER)
    with any_server(tmp_path) as url:
        page = visit(f"{url}?demo#view=mistakes")
        status(page, "completed")
        see(page, "#mistakes h2", "Mistakes")
        page.locator("#mistakes .digits li").first.wait_for()


def test_large_buttons_start_a_first_run(visit, tmp_path):
    with controlled(tmp_path) as (url, _):
        page = visit(url, allowed=("409",))
        started_with = []

        def refuse(route):
            started_with.append(json.loads(route.request.post_data))
            route.fulfill(status=409, body=json.dumps({"error": "Not today."}))

        page.route("**/runs", refuse)
        for name in ("Train (about 1 min)", "Train fast (10 s)"):
            page.get_by_role("button", name=name).click()
            see(page, "#welcome [role=status]", "^Not today.$")
        assert started_with == [{"options": {}}, {"options": {"preset": "fast"}}]
