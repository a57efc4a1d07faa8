"""The page in a notebook: its server, its output, and examples/notebook.ipynb."""

import base64
import importlib.machinery
import json
import re
import sys
import types
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree

import pytest

from digits.errors import UserError
from digits.notebook import show, stop
from digits.notebook.curves import curves_svg
from digits.runlog import contract
from tests.support import PROJECT
from tests.support.browser import any_server
from tests.support.pages import PATIENCE
from tests.support.sharing import DEMO, example_run

EXAMPLE = PROJECT / "examples" / "notebook.ipynb"


@pytest.fixture(autouse=True)
def _stopped(monkeypatch):
    """No server outlives a test, and the tests' own environment is no notebook's."""
    for name in ("JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_PUBLIC_URL", "JUPYTERHUB_HOST", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)
    yield
    stop()


def get(url: str, host: str | None = None, method: str = "GET"):
    request = urllib.request.Request(url, method=method, headers={"Host": host} if host else {})
    try:
        return urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        return error


def test_the_output_has_a_live_page_and_a_picture_that_stays():
    bundle = show(DEMO)._repr_mimebundle_()
    assert bundle.keys() == {"text/html", "image/svg+xml", "text/plain"}
    url = re.search(r'<iframe src="([^"]+)"', bundle["text/html"])[1]
    assert b"<title>MNIST CNN</title>" in get(url).read()
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', bundle["text/html"])[1]
    assert base64.b64decode(picture).decode() == bundle["image/svg+xml"]
    assert "Example: tiny network, synthetic digits (completed): epoch 10 of 10" in bundle["text/plain"]
    assert url in bundle["text/plain"] and "token" not in json.dumps(bundle)
    assert sum(map(len, bundle.values())) < 100_000


def test_a_second_call_uses_the_same_server_and_stop_ends_it(tmp_path):
    first, second, other = show(DEMO), show(str(DEMO), height=300), show(tmp_path)
    assert first.url == second.url != other.url
    assert "height: 300px" in second._repr_mimebundle_()["text/html"]
    stop()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(first.url, timeout=60)
    assert get(show(DEMO).url).status == 200
    stop()
    stop()


def test_nothing_can_be_changed_through_a_notebook():
    url = show(DEMO).url
    assert get(f"{url}control").status == 200
    assert get(f"{url}control", method="POST").status == 403
    assert get(f"{url}runs/20260101-120000-aaaaaa", method="DELETE").status == 403


def test_only_pages_where_notebooks_are_opened_may_frame_it():
    url = show(DEMO).url
    page, probe = get(url), get(f"{url}healthz")
    ancestors = page.headers["Content-Security-Policy"].partition("frame-ancestors ")[2].split()
    assert {"'self'", "http://localhost:*", "vscode-webview:"} <= set(ancestors) and "*" not in ancestors
    assert page.headers.get_all("Cross-Origin-Resource-Policy") == ["same-origin"]
    assert probe.headers.get_all("Cross-Origin-Resource-Policy") == ["cross-origin"]
    assert len(page.headers.get_all("Content-Security-Policy")) == 1


def test_other_names_are_rejected_unless_they_are_given(monkeypatch):
    url = show(DEMO).url
    assert get(url, "hub.example.org").status == 403
    url = show(DEMO, hosts=("hub.example.org",)).url
    assert get(url, "hub.example.org").status == 200 and get(url, "evil.example.org").status == 403
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_URL", "https://lab.example.org/user/ada/")
    assert get(show(DEMO).url, "lab.example.org").status == 200


def test_behind_a_hub_the_page_is_reached_through_its_proxy(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    view = show(DEMO)
    assert re.fullmatch(r"/user/ada/proxy/\d+/", view.url)
    assert f'<iframe src="{view.url}"' in view._repr_mimebundle_()["text/html"]


def test_a_jupyter_server_with_its_proxy_passes_requests_on(monkeypatch):
    """Of several servers, the one that started this kernel."""
    proxy, server, app = (types.ModuleType(name) for name in ("jupyter_server_proxy", "jupyter_server", "serverapp"))
    proxy.__spec__ = importlib.machinery.ModuleSpec("jupyter_server_proxy", None)
    app.list_running_servers = lambda: [{"pid": 1, "base_url": "/other/"}, {"pid": 4321, "base_url": "/lab/"}]
    names = ("jupyter_server_proxy", "jupyter_server", "jupyter_server.serverapp")
    for name, module in zip(names, (proxy, server, app)):
        monkeypatch.setitem(sys.modules, name, module)
    assert show(DEMO).url.startswith("http://127.0.0.1:")
    monkeypatch.setenv("JPY_PARENT_PID", "4321")
    assert re.fullmatch(r"/lab/proxy/\d+/", show(DEMO).url)


def test_the_address_can_be_given():
    assert re.fullmatch(r"https://me\.example\.org/\d+/", show(DEMO, url="https://me.example.org/{port}/").url)


def test_colab_frames_the_port_itself(monkeypatch):
    calls = []
    output = types.SimpleNamespace(serve_kernel_port_as_iframe=lambda port, **options: calls.append((port, options)))
    colab = types.ModuleType("google.colab")
    colab.output = output
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    monkeypatch.setitem(sys.modules, "google", types.SimpleNamespace(colab=colab))
    bundle = show(DEMO, height=600)._repr_mimebundle_()
    assert [options for _, options in calls] == [{"height": "600"}]
    assert "image/svg+xml" in bundle and "text/html" not in bundle


def test_a_folder_without_a_run_is_shown_and_a_file_is_an_error(tmp_path):
    bundle = show(tmp_path / "later")._repr_mimebundle_()
    assert "No run yet" in bundle["text/html"]
    ElementTree.fromstring(bundle["image/svg+xml"])
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file"):
        show(tmp_path / "file")


def test_the_picture_has_the_curves_of_the_run():
    log = json.loads((DEMO / contract.TRAINING_LOG).read_text())
    root = ElementTree.fromstring(curves_svg(log))
    lines = [line.get("points").split() for line in root.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(line) for line in lines] == 2 * [len(log["batches"]["step"]), 10, 10]
    heights = [float(point.split(",")[1]) for point in lines[2]]
    losses = log["epochs"]["val_loss"]
    rising = sorted(range(10), key=losses.__getitem__, reverse=True)
    assert rising == sorted(range(10), key=heights.__getitem__)
    text = "".join(root.itertext())
    assert f"validation {losses[-1]:.4f}" in text and "94.12" in text


@pytest.mark.parametrize(
    "log",
    [
        {},
        {"name": "<script>&", "batches": {"step": [1], "loss": [None]}, "epochs": {"epoch": [1], "val_loss": [0.5]}},
        {"batches": {"step": "x", "loss": 3}, "epochs": None},
        {"epochs": {"epoch": [0, 0], "train_loss": [1, 1]}},
    ],
)
def test_any_log_gives_a_valid_picture(log):
    ElementTree.fromstring(curves_svg(log))


def test_hostile_names_stay_text(tmp_path):
    attack = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    bundle = show(example_run(tmp_path, name=attack))._repr_mimebundle_()
    assert attack not in bundle["text/html"] and attack not in bundle["image/svg+xml"]
    assert "<img src=x" not in bundle["text/html"]


def test_the_output_is_live_while_the_server_runs_and_a_picture_afterwards(browser, tmp_path):
    view = show(DEMO)
    output = view._repr_mimebundle_()["text/html"]
    (tmp_path / "notebook.html").write_text(f"<!doctype html><link rel=icon href='data:,'>{output}", encoding="utf-8")
    with any_server(tmp_path, "/notebook.html") as url:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(url)
        frame = page.frame_locator("iframe")
        frame.locator("h1", has_text="Example: tiny network").wait_for()
        assert page.locator("img").count() == 0
        stop()
        page.reload()
        page.locator("img").wait_for()
        page.locator("small", has_text="validation accuracy").wait_for()
        page.wait_for_load_state("networkidle")
        assert page.locator("iframe").count() == 0
        page.close()


@pytest.mark.process
@pytest.mark.slow
def test_the_example_notebook_trains_and_shows_curves_mistakes_and_a_prediction(tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    assert EXAMPLE.stat().st_size < 100_000
    notebook = nbformat.read(EXAMPLE, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    for cell in notebook.cells:  # the project's folder stays as it is
        cell.source = cell.source.replace('project / "results" / "notebook"', f"Path({str(tmp_path / 'results')!r})")
    assert str(tmp_path) in "".join(cell.source for cell in notebook.cells)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    client = nbclient.NotebookClient(
        notebook, timeout=500, kernel_name="python3", resources={"metadata": {"path": str(EXAMPLE.parent)}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = [output.data for output in outputs if "data" in output]
    live, curves = (data for data in shown if "text/html" in data)
    assert "<iframe" in live["text/html"] and "epoch 3 of 3" in curves["text/plain"]
    assert curves["image/svg+xml"].count("<polyline") == 6
    text = "".join(output.get("text", "") for output in outputs)
    assert re.search(r"\d read as \d", text) and "The network reads" in text
    assert any("image/png" in data for data in shown)
