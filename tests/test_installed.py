"""The installed wheel: its commands serve the page and train in the current folder."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request

import pytest

from digits.runlog import contract
from tests.support import PROJECT, golden
from tests.support.http_client import eventually
from tests.support.training import SMALL

pytestmark = pytest.mark.process

setuptools = pytest.importorskip("setuptools", minversion="77", reason="a wheel is built by setuptools")
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder into which pip installs the project: bin/ with its commands, outside a checkout."""
    source = tmp_path_factory.mktemp("source") / "project"
    left_out = {".git", ".venv", "results", "data", "node_modules", "build"}
    shutil.copytree(PROJECT, source, ignore=lambda folder, names: left_out & {*names} if folder == str(PROJECT) else ())
    (source / "results").mkdir()
    shutil.copy(PROJECT / "results" / "schema.json", source / "results")
    folder = tmp_path_factory.mktemp("site")
    options = ["--ignore-installed", "--no-warn-script-location", "--prefix", folder]
    subprocess.run([*PIP, *options, source], check=True, capture_output=True, timeout=120)
    return folder


def test_optional_packages_are_extras(site):
    (metadata,) = site.glob("lib/python*/site-packages/mnist_cnn-*.dist-info/METADATA")
    extras = re.findall(r'^Requires-Dist: (\w+).*extra == "(\w+)"', metadata.read_text(), re.MULTILINE)
    assert set(extras) == {
        ("onnx", "onnx"),
        ("onnxruntime", "onnx"),
        ("safetensors", "safetensors"),
        ("tensorboard", "tensorboard"),
    }


def command(site, name, *words, **options):
    """Start the installed command `name`."""
    (packages,) = site.glob("lib/python*/site-packages")
    environment = os.environ | {"PYTHONPATH": str(packages)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([site / "bin" / name, *words], env=environment, **pipes, **options)


def fetch(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def test_the_installed_server_serves_the_page_and_every_file_of_it(site, tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / contract.RUNS_INDEX).write_text("mine")
    process = command(site, "mnist-cnn-server", "--port", "0", "--no-browser", cwd=tmp_path)
    try:
        url = next(word for word in process.stdout.readline().split() if word.startswith("http://")).partition("#")[0]
        assert fetch(url) == (PROJECT / "index.html").read_bytes()
        paths = [path for path in (PROJECT / "web").rglob("*") if path.is_file() and path.suffix != ".html"]
        files = [path.relative_to(PROJECT).as_posix() for path in paths]
        assert len(files) > 50
        files += [path.relative_to(PROJECT).as_posix() for path in (PROJECT / "examples" / "demo").iterdir()]
        for file in files:
            assert fetch(url + file) == (PROJECT / file).read_bytes()
        assert fetch(f"{url}results/{contract.RUNS_INDEX}") == b"mine"
    finally:
        process.kill()
        process.communicate()


def test_the_installed_server_serves_the_digit_reader(site, tmp_path):
    process = command(site, "mnist-cnn-server", "--port", "0", "--predict-only", "--demo", "--no-browser", cwd=tmp_path)
    try:
        url = next(word for word in process.stdout.readline().split() if word.startswith("http://"))
        assert fetch(url) == (PROJECT / "web" / "reader" / "reader.html").read_bytes()
    finally:
        process.kill()
        process.communicate()


def test_the_installed_trainer_writes_to_the_current_folder(site, tmp_path):
    before = sorted(site.rglob("*.json"))
    process = command(site, "mnist-cnn", "--epochs", "1", *SMALL, cwd=tmp_path)
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert "mnist-cnn-server" in output
    log = json.loads((tmp_path / "results" / contract.TRAINING_LOG).read_text())
    assert (log["status"], log["environment"]["commit"]) == ("completed", None)
    assert sorted(site.rglob("*.json")) == before


def test_the_installed_page_can_be_handed_on(site, tmp_path):
    demo = str(PROJECT / "examples" / "demo")
    for words in (("report", demo, "-o", "report.html"), ("publish", "site", demo)):
        process = command(site, "mnist-cnn", *words, cwd=tmp_path)
        output, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "") and "1 run" in output
    assert (tmp_path / "report.html").stat().st_size > 100_000
    assert (tmp_path / "site" / "web" / "main.js").read_bytes() == (PROJECT / "web" / "main.js").read_bytes()


def test_the_installed_check_finds_the_schema(site):
    program = [sys.executable, "-m", "digits.runlog.check", str(golden.FIXTURE)]
    (packages,) = site.glob("lib/python*/site-packages")
    done = subprocess.run(program, cwd=packages, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_installed_server_starts_a_trainer_that_writes_to_the_same_folder(site, tmp_path):
    process = command(site, "mnist-cnn-server", "--port", "0", "--no-browser", cwd=tmp_path)
    try:
        address = next(word for word in process.stdout.readline().split() if word.startswith("http://"))
        url, _, token = address.partition("#token=")
        options = {"dataset": "synthetic", "train_limit": 640, "validation": 100, "channels": "4,4,8,8", "epochs": 1}
        body = json.dumps({"options": options}).encode()
        fields = {"X-Control-Token": token, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}runs", body, fields)
        with urllib.request.urlopen(request, timeout=60) as answer:
            pid = json.load(answer)["pid"]
        log = tmp_path / "results" / contract.TRAINING_LOG
        assert eventually(lambda: log.exists() and json.loads(log.read_text())["status"] == "completed", seconds=120)
        assert json.loads(log.read_text())["process"]["pid"] == pid
    finally:
        process.kill()
        process.communicate()
