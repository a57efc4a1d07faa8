"""The command report: its file, sizes, and what it leaves out."""

import base64
import gzip
import html
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from digits.runlog import contract
from digits.sharing.bundle import bundle
from digits.sharing.copies import NETWORK_FILES, STEPS, copy_of, reduce
from digits.sharing.report import MAX_BYTES, MAX_RUNS, make_report
from tests.support import PROJECT
from tests.support.browser import NO_PROCESS
from tests.support.sharing import DEMO, PRIVATE, example_run, private_run, results_of
from tests.support.training import command


def files_in(report: bytes) -> dict[str, bytes]:
    """The files that a report contains, by path."""
    data = re.search(rb'<script type="application/json" id="embedded"[^>]*>(.*?)</script>', report, re.DOTALL)
    packed = json.loads(data[1])
    texts = {path: packed[text[1:]] if text.startswith("=") else text for path, text in packed.items()}
    return {path: gzip.decompress(base64.b64decode(text)) for path, text in texts.items()}


def log_in(report: bytes, place: str = "") -> dict:
    return json.loads(files_in(report)[f"results/{place}{contract.TRAINING_LOG}"])


def test_a_report_contains_the_log_and_files_of_the_current_run(tmp_path):
    results, out = results_of(tmp_path / "results"), tmp_path / "report.html"
    done = command("report", "--results-dir", results, "-o", out)
    assert done.exit_code == 0 and "1 run" in done.output, done
    assert 100_000 < out.stat().st_size <= MAX_BYTES
    assert log_in(out.read_bytes())["name"] == "second"
    assert files_in(out.read_bytes())["results/test.png"] == (DEMO / "test.png").read_bytes()


def test_runs_are_named_by_id_name_or_folder_and_the_first_is_shown(tmp_path):
    results, out = results_of(tmp_path / "results", ("third", "second", "first")), tmp_path / "out.html"
    other = example_run(tmp_path / "elsewhere", "20251231-000000-zzzzzz", name="other")
    words = ("first", "20260108-120000-bbbbbb", other)
    done = command("report", *words, "--results-dir", results, "-o", out)
    assert done.exit_code == 0 and "3 runs" in done.output, done
    report = out.read_bytes()
    assert log_in(report)["name"] == "first"
    assert log_in(report, "runs/20260108-120000-bbbbbb/")["name"] == "second"
    assert log_in(report, "runs/20251231-000000-zzzzzz/")["name"] == "other"
    index = json.loads(files_in(report)["results/runs.json"])["runs"]
    assert [(run["name"], run["path"]) for run in index] == [
        ("first", ""),
        ("second", "runs/20260108-120000-bbbbbb/"),
        ("other", "runs/20251231-000000-zzzzzz/"),
    ]


def test_a_run_that_is_named_twice_is_in_the_report_once(tmp_path):
    results = results_of(tmp_path)
    assert make_report([results, results]).runs == ["second"]


def test_the_network_is_included_on_request_only(tmp_path):
    results = results_of(tmp_path)
    without, given = (files_in(make_report([results], with_model=with_model).content) for with_model in (False, True))
    for name in NETWORK_FILES:
        assert f"results/{name}" not in without and f"results/{name}" in given
    assert not any(path.endswith(".pth") for path in given)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nosuch",), "No run is named 'nosuch'"),
        (("second", "-o", "{folder}/notes.txt"), "exists and is no report"),
        (("twice",), "2 runs are named 'twice'"),
        (("second", "-o", "{folder}/missing/x.html"), "Choose another place with -o"),
    ],
)
def test_an_error_is_one_line_and_changes_nothing(tmp_path, words, message):
    results = results_of(tmp_path / "results", ("second", "twice", "twice"))
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    done = command("report", "--results-dir", results, *(str(word).format(folder=tmp_path) for word in words))
    assert done.exit_code == 1 and message in done.errors and done.errors.count("\n") == 1
    assert notes.read_text() == "mine"


def test_an_empty_folder_is_named(tmp_path):
    done = command("report", "--results-dir", tmp_path, "-o", tmp_path / "x.html")
    assert done.exit_code == 1 and "contains no run" in done.errors and not (tmp_path / "x.html").exists()


def test_too_many_runs_are_refused(tmp_path):
    folders = [example_run(tmp_path / str(number), f"run-{number:02}") for number in range(MAX_RUNS + 1)]
    done = command("report", *folders, "-o", tmp_path / "x.html")
    assert done.exit_code == 1 and f"at most {MAX_RUNS} runs" in done.errors


def test_a_report_replaces_a_report(tmp_path):
    results, out = results_of(tmp_path / "results"), tmp_path / "report.html"
    for name in ("second", "first"):
        assert command("report", name, "--results-dir", results, "-o", out).exit_code == 0
        assert log_in(out.read_bytes())["name"] == name


def test_nothing_private_is_in_a_report(tmp_path):
    folder = private_run(tmp_path / "planted run")
    report = make_report([folder], with_model=True)
    everything = b"\n".join([report.content, *files_in(report.content).values()]).decode("latin-1")
    assert {word for word in (*PRIVATE, "4321987", str(tmp_path)) if word in everything} == set()
    log = log_in(report.content)
    assert log["command"] == "python mnist_cnn.py --epochs 10"
    assert "data_dir" not in log["config"] and log["config"]["epochs"] == 10
    assert log["error"] == "No such file: … on …"
    assert report.runs == ["…: best"]


def test_private_names_stay_on_request(tmp_path):
    folder = private_run(tmp_path / "planted run")
    log = log_in(make_report([folder], with_paths=True).content)
    assert log == json.loads((folder / contract.TRAINING_LOG).read_text()) | {"files": log["files"]}


def test_words_that_look_like_paths_or_names_stay(tmp_path):
    text = "1,200 images/s, 3/4 of them; ratio 1:2; see conv1/relu at 12:30"
    folder = example_run(tmp_path, name="root mean square", error=text)
    log = log_in(make_report([folder]).content)
    assert (log["name"], log["error"]) == ("root mean square", text)


@pytest.mark.parametrize(
    "text",
    [
        "/home/planteduser/x",
        "error:/srv/secret/place",
        "cannot open '/srv/my secret/place', says open",
        'cannot open "C:\\Users\\planteduser\\my secret": no',
        "in ~/secret/x (missing)",
        "\\\\server\\secret",
        "on PLANTED-HOST.example.org and planted-host",
        "by planteduser.",
    ],
)
def test_paths_and_names_are_removed_from_any_text(tmp_path, text):
    process = {"pid": 1, "host": "planted-host.example.org"}
    folder = example_run(tmp_path, process=process, command="/home/planteduser/mnist_cnn.py", error=text, name=text)
    log = log_in(make_report([folder]).content)
    assert "…" in log["error"] and log["name"] == log["error"]
    assert not re.search("secret|planted|example.org", log["error"], re.IGNORECASE)


def test_a_copy_of_a_run_under_way_is_running_and_one_of_a_crashed_run_has_failed(tmp_path):
    process = {"pid": os.getpid(), "host": platform.node()}
    alive = example_run(tmp_path / "a", "alive", status="running", process=process, updated_at=contract.timestamp())
    crashed = example_run(tmp_path / "b", "crashed", status="running", process=process | {"pid": NO_PROCESS})
    report = make_report([crashed, alive]).content
    assert log_in(report)["status"] == "failed" and "ended without" in log_in(report)["error"]
    assert log_in(report, "runs/alive/")["status"] == "running"
    index = json.loads(files_in(report)["results/runs.json"])["runs"]
    assert [run["status"] for run in index] == ["failed", "running"]


def test_a_hostile_name_stays_text(tmp_path):
    name = "</script><script>alert(1)</script><title>"
    report = make_report([example_run(tmp_path, name=name)]).content.decode()
    assert name not in report and html.escape(name) in report


def test_files_are_left_out_in_a_fixed_order(tmp_path):
    def left_out(limit: int) -> list[str]:
        copies = [copy_of(DEMO, with_network=True, with_paths=False)]
        return reduce(copies, limit, lambda _name, content: len(content))[1]

    whole = copy_of(DEMO, with_network=True, with_paths=False)
    total = sum(map(len, whole.all_files().values()))
    assert left_out(total) == []
    order = [description for description, _ in STEPS]
    found = [left_out(total - saved) for saved in (1, 150_000, 300_000, 600_000, total)]
    assert all(one == [step for step in order if step in one] for one in found)
    assert sorted(map(len, found)) == list(map(len, found)) and len(found[0]) == 1
    assert order[-1] in found[-1] and len(found[-1]) >= 9


def test_runs_on_the_same_images_share_them_in_a_report(tmp_path):
    results = results_of(tmp_path, ("a", "b", "c", "d"))
    folders = [results, *sorted((results / contract.RUNS).iterdir())]
    report = make_report(folders)
    assert len(report.content) <= MAX_BYTES and len(report.runs) == 4
    pictures = {name: content for name, content in files_in(report.content).items() if name.endswith("test.png")}
    assert len(pictures) == 4 and len(set(pictures.values())) == 1


def test_a_damaged_file_is_left_out(tmp_path):
    folder = example_run(tmp_path)
    (folder / contract.PREDICTIONS).write_text("{")
    (folder / contract.TEST_IMAGES).write_bytes(b"no picture")
    log = log_in(make_report([folder]).content)
    assert not {contract.PREDICTIONS, contract.TEST_IMAGES} & set(log["files"])
    assert contract.VALIDATION_IMAGES in log["files"]


@pytest.mark.process
def test_report_and_publish_need_the_standard_library_and_click_only(tmp_path):
    results = results_of(tmp_path / "results")
    blocked = "import sys; sys.modules.update(dict.fromkeys(('torch', 'torchvision', 'numpy', 'PIL')))\n"
    run = f"{blocked}import mnist_cnn; mnist_cnn.cli(sys.argv[1:])"
    for words in (["report", "-o", tmp_path / "x.html"], ["publish", tmp_path / "site"]):
        done = subprocess.run(
            [sys.executable, "-c", run, *map(str, words), "--results-dir", str(results)],
            capture_output=True, text=True, cwd=PROJECT, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_every_module_of_the_page_can_be_bundled():
    entries = sorted(path.relative_to(PROJECT).as_posix() for path in (PROJECT / "web").rglob("*.js"))
    script = bundle(entries, lambda path: (PROJECT / path).read_text(encoding="utf-8"))
    assert script.count("$define(") == len(entries)
    node = shutil.which("node")
    if node:
        subprocess.run([node, "--check", "-"], input=script, text=True, check=True, timeout=60)


@pytest.mark.parametrize(
    "modules",
    [
        {"a.js": "export default 3;"},
        {"a.js": "import a from './b.js';", "b.js": ""},
        {"a.js": "export * from './b.js';", "b.js": ""},
        {"a.js": "import { b } from './b.js';", "b.js": "import { a } from './a.js';\nexport const b = 1;"},
        {"a.js": "import { b } from 'https://example.org/b.js';"},
        {"a.js": "const a = import.meta.url;"},
        {"a.js": "const $load = 1;"},
    ],
    ids=["default", "default import", "all", "cycle", "other host", "meta", "reserved"],
)
def test_a_form_that_a_bundle_does_not_know_is_an_error(modules):
    with pytest.raises(ValueError, match=r"a\.js"):
        bundle(["a.js"], modules.__getitem__)


def test_a_bundle_runs_each_module_once_and_in_order(tmp_path):
    modules = {
        "main.js": "import { log, count as total } from './lib/log.js';\nimport * as b from './b.js';\n"
        "log(`main ${b.two} ${total}`);\nimport('./late.js').then(({ late }) => log(late()));\n",
        "b.js": "import './lib/log.js';\nimport {\n  log,\n} from './lib/log.js';\nlog('b');\n"
        "export const [one, two] = [1, 2];\n",
        "late.js": "export async function unused() {}\nexport function late() { return 'late'; }\n",
        "lib/log.js": "export const log = (text) => console.log(text);\nlog('log');\nexport const count = 7;\n",
    }
    node = shutil.which("node")
    if not node:
        pytest.skip("there is no node")
    script = bundle(["main.js"], modules.__getitem__)
    done = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split("\n") == ["log", "b", "main 2 7", "late", ""]


def test_the_pictures_of_a_large_run_fit(tmp_path):
    """10,000 test images are 1.7 MB; those that are shown stay, pixel by pixel."""
    pillow, numpy = pytest.importorskip("PIL.Image"), pytest.importorskip("numpy")
    from digits.sharing.pictures import keep_images

    pixels = numpy.random.default_rng(1).integers(0, 256, (2 * 28, 2800), dtype=numpy.uint8)
    pixels[:, 1400:] = numpy.arange(1400) % 251  # smooth: other filters of PNG
    path: Path = tmp_path / "test.png"
    pillow.fromarray(pixels).save(path)
    kept = keep_images(path.read_bytes(), {0, 99, 150})
    (tmp_path / "kept.png").write_bytes(kept)
    found = numpy.array(pillow.open(tmp_path / "kept.png"))
    for index in (0, 99, 150):
        place = numpy.s_[28 * (index // 100) : 28 * (index // 100 + 1), 28 * (index % 100) : 28 * (index % 100 + 1)]
        assert (found[place] == pixels[place]).all()
    assert (found[:28, 28:56] == found[:28, 56:84]).all() and found[0, 28] > 0
    assert len(kept) < len(path.read_bytes()) / 4
