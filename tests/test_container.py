"""Dockerfile and compose.yaml: what they name exists, and the files that they copy are enough for both programs.

No image is built: that takes a builder and the network.
"""

import contextlib
import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import pytest

from digits.runlog import contract
from digits.server.startup import access_of, read_options
from mnist_cnn import cli
from tests.support import PROJECT
from tests.support.http_client import quiet_port
from tests.support.remote import RealServer, installed, real_server, running
from tests.support.training import SMALL

yaml = pytest.importorskip("yaml")  # comes with Schemathesis
SERVICES = yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]
WRITABLE = ("results", "data")


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments."""
    text = re.sub(r"\\\n\s*", "", (PROJECT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def values(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


def copied() -> list[tuple[str, str]]:
    """Sources in the project, each with its destination in /app."""
    lines = [shlex.split(rest) for rest in values("COPY") if "--from" not in rest]
    return [(source, words[-1]) for words in lines for source in words[:-1]]


def is_sent_to_the_builder(path: str) -> bool:
    """Whether .dockerignore lets the file through: the last pattern that matches it, or a folder of it, decides."""
    sent = True
    parts = path.split("/")
    for pattern in (PROJECT / ".dockerignore").read_text().splitlines():
        if not pattern or pattern.startswith("#"):
            continue
        bare = pattern.removeprefix("!").removeprefix("**/")
        tails = range(len(parts)) if "**/" in pattern else [0]
        depth = len(bare.split("/"))
        if any(fnmatch.fnmatchcase("/".join(parts[start : start + depth]), bare) for start in tails):
            sent = pattern.startswith("!")
    return sent


def tracked(path: str = ".") -> list[str]:
    done = subprocess.run(["git", "ls-files", path], cwd=PROJECT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_every_file_that_is_copied_exists_and_reaches_the_builder():
    if not (PROJECT / ".git").exists():
        pytest.skip("this is no checkout")
    assert len(copied()) >= 8
    for source, _ in copied():
        files = tracked(source)
        assert files, source
        assert [file for file in files if not is_sent_to_the_builder(file)] == []
    sources = tuple(source for source, _ in copied())
    others = [file for file in tracked() if is_sent_to_the_builder(file) and not file.startswith(sources)]
    assert others == []  # nothing else invalidates the image
    assert not is_sent_to_the_builder("results/mnist_cnn.pth") and not is_sent_to_the_builder(".git/config")
    assert not is_sent_to_the_builder("digits/__pycache__/x.pyc") and not is_sent_to_the_builder("data/MNIST/raw/x")


def test_the_image_runs_without_root_and_keeps_its_data_in_volumes():
    assert values("USER") == ["10001:10001"]
    assert json.loads(values("VOLUME")[0]) == [f"/app/{folder}" for folder in WRITABLE]
    assert values("WORKDIR") == ["/app"]
    assert "10001:10001 results data" in values("RUN")[-1]


def words_of(command: list[str]) -> list[str]:
    return [str(word) for word in command]


def test_its_server_listens_for_the_published_port_and_is_read_only_by_default():
    python, script, *words = json.loads(values("CMD")[0])
    options = read_options(words)
    assert (python, script, options.host, [str(options.port)]) == ("python", "server.py", "0.0.0.0", values("EXPOSE"))
    assert not access_of(options).allowed


def test_both_services_share_the_volumes_and_may_write_nothing_else():
    assert SERVICES.keys() == {"trainer", "server"}
    for service in SERVICES.values():
        mounted = dict(volume.split(":") for volume in service["volumes"])
        assert mounted == {folder: f"/app/{folder}" for folder in WRITABLE}
        assert (service["read_only"], service["cap_drop"], service["tmpfs"]) == (True, ["ALL"], ["/tmp"])
        assert "user" not in service and "privileged" not in service


def test_the_published_port_is_reachable_from_the_same_machine_only():
    python, script, *words = words_of(SERVICES["server"]["command"])
    options = read_options(words)
    assert (python, script) == ("python", "server.py") and access_of(options).allowed
    assert SERVICES["server"]["ports"] == [f"127.0.0.1:{options.port}:{options.port}"]
    assert "ports" not in SERVICES["trainer"]


def test_the_trainer_has_a_command_that_exists_and_no_health_check_of_a_server():
    python, script, *words = words_of(SERVICES["trainer"]["command"])
    assert (python, script) == ("python", "mnist_cnn.py")
    cli.make_context("mnist_cnn", [*words], resilient_parsing=True)
    assert SERVICES["trainer"]["healthcheck"] == {"disable": True}


def health(port: int) -> int:
    """Exit code of the health check, for a server on this port."""
    command = json.loads(values("HEALTHCHECK")[0].partition("CMD ")[2])
    assert command[0] == "python" and "127.0.0.1:8000" in command[-1]
    words = [word.replace("127.0.0.1:8000", f"127.0.0.1:{port}") for word in command[1:]]
    return subprocess.run([sys.executable, *words], capture_output=True, timeout=60).returncode


@pytest.mark.process
@pytest.mark.parametrize("options", [[], ["--predict-only", "--demo"], ["--allow-host", "train.example.org"]])
def test_the_health_check_tells_a_running_server_from_none(tmp_path, options):
    with real_server(tmp_path, *options) as server:
        assert health(server.port) == 0
    assert health(quiet_port()) != 0


@contextlib.contextmanager
def image():
    """A folder with exactly the files of the image, of which its user can write two folders only."""
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "app"
        app.mkdir()
        for source, place in copied():
            target = app / place / Path(source).name if place.endswith("/") else app / place
            target.parent.mkdir(parents=True, exist_ok=True)
            if (PROJECT / source).is_dir():
                shutil.copytree(PROJECT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(PROJECT / source, target)
        (app / "data").mkdir()
        for path in [Path(folder), app, *app.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        for name in WRITABLE:
            (app / name).chmod(0o777)
        yield app
        for path in [Path(folder), app, *app.rglob("*")]:
            if path.is_dir() and path.stat().st_uid == os.geteuid():
                path.chmod(0o755)


def files_in(app: Path) -> set[str]:
    paths = {path.relative_to(app).as_posix() for path in app.rglob("*")}
    return {path for path in paths if not path.startswith(tuple(f"{name}/" for name in WRITABLE))}


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no users to change to")
def test_the_copied_files_are_enough_for_both_programs_without_other_writable_folders():
    settings = dict(word.split("=") for word in values("ENV")[0].split())
    environment = {"PATH": os.environ["PATH"], "HOME": settings["HOME"], "PYTHONDONTWRITEBYTECODE": "1"}
    options = {"env": environment, "text": True}
    # Root is to obey the permissions of files, too.
    bounded = [installed("setpriv"), "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    with image() as app:
        assert subprocess.run([*bounded, "touch", app / "x"], capture_output=True).returncode != 0
        before = files_in(app)
        command = [*bounded, sys.executable, str(app / "mnist_cnn.py"), *SMALL, "--epochs", "1"]
        trained = subprocess.run(command, cwd=app, capture_output=True, timeout=300, **options)
        assert trained.returncode == 0, trained.stderr
        assert json.loads((app / "results" / contract.TRAINING_LOG).read_text())["status"] == "completed"
        _, script, *words = json.loads(values("CMD")[0])
        words = [word.replace("0.0.0.0", "127.0.0.1").replace("8000", "0") for word in words]
        for extra, title in (([], "MNIST CNN"), (["--predict-only"], "Digit reader")):
            command = [*bounded, sys.executable, str(app / script), *words, *extra]
            with running(command, cwd=app, stdout=subprocess.PIPE, **options) as process:
                url = f"http://127.0.0.1:{RealServer(process).port}/"
                assert f"<title>{title}</title>" in fetch(url)
                assert fetch(f"{url}web/main.js") and json.loads(fetch(f"{url}results/network.json"))["layers"]
                assert predict(url)
        assert files_in(app) == before


def fetch(url: str | urllib.request.Request) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


def predict(url: str) -> dict:
    one = [[255 if 13 <= column <= 15 and 4 <= row < 24 else 0 for column in range(28)] for row in range(28)]
    return json.loads(fetch(urllib.request.Request(f"{url}predict", json.dumps({"image": one}).encode())))
