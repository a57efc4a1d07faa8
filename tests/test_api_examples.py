"""The examples in docs/api.md run when they are pasted: each block of shell, Python and JavaScript, in their order."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from digits.runlog import contract
from digits.runlog.run_log import RunLog
from digits.server.trainer_process import TrainerProcess
from tests.support import PROJECT
from tests.support.example_project import server_of
from tests.support.http_client import ask, serving
from tests.test_predict import digits, weights  # noqa: F401  (fixtures)

pytestmark = pytest.mark.process

API = (PROJECT / "docs" / "api.md").read_text(encoding="utf-8")
PLACEHOLDERS = {
    "token": "kT3...",
    "run": "20260101-120000-abcd",
    "queued": "1a2b3c4d",
    "url": "http://127.0.0.1:8000",
}
# Those that a program of the project runs itself: they start a server or control a trainer in this folder.
PROGRAMS = re.compile(r"^python (server|mnist_cnn)\.py", re.MULTILINE)
CONFLICT = "409"  # with the state of this server, in which no trainer runs: the request was understood


def blocks() -> list[tuple[str, str]]:
    """Language and text of each example."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", API, re.MULTILINE | re.DOTALL)
    return [(language or "shell", text) for language, text in found if not PROGRAMS.search(text)]


@pytest.fixture(scope="module")
def place(tmp_path_factory, weights, digits):  # noqa: F811
    """A folder with the files that the examples name and a server of its results; their placeholders' values."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "web").mkdir()
    images, labels = digits
    Image.fromarray(images[labels.index(7)]).save(folder / "seven.png")
    with RunLog(folder / "results", name="earlier") as log:
        earlier = log.run_id
        log.batch(1, loss=0.5)
    with RunLog(folder / "results", name="latest") as log:
        for _ in range(100):
            log.batch(1, loss=0.5)
        log.save(contract.WEIGHTS, weights.read_bytes())
    with pytest.MonkeyPatch.context() as patch, serving(server_of(folder)) as server:
        patch.setattr(TrainerProcess, "start", lambda self, arguments: 7)
        host, port = server.server_address[:2]
        queue = ask(server, "/queue", method="POST", body=b'{"options": {}}', token=server.token).json()
        values = {"token": server.token, "run": earlier, "queued": queue["runs"][0]["id"]}
        yield folder, values | {"url": f"http://{host}:{port}"}


def command_for(language: str, text: str, folder: Path) -> list[str]:
    if language == "python":
        return [sys.executable, "-c", text]
    if language == "javascript":
        (folder / "example.mjs").write_text(text)
        return ["node", "example.mjs"]
    checked = 'curl() { command curl -sS --fail-with-body --noproxy "*" "$@"; }\n'
    return ["bash", "-euc", checked + text]


@pytest.mark.parametrize(("language", "text"), blocks())
def test_an_example_runs_when_pasted(place, language, text):
    folder, values = place
    if language == "javascript" and not shutil.which("node"):
        pytest.skip("without Node.js")
    for name, placeholder in PLACEHOLDERS.items():
        text = text.replace(placeholder, values[name])
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "PYTHONPATH": str(PROJECT),
        "TOKEN": values["token"],
    }
    environment |= {"HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        command_for(language, text, folder), cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 or CONFLICT in done.stderr, done.stdout + done.stderr


def test_the_examples_are_found():
    languages = [language for language, _ in blocks()]
    assert languages.count("python") >= 5 and languages.count("shell") >= 20 and "javascript" in languages
