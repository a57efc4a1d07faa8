"""`predict` with many files: folders, patterns, standard input, unreadable ones, and its three formats."""

import io
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from digits.inference import files as inference_files
from digits.inference.predict import Predictor
from tests.support import PROJECT
from tests.support.training import command
from tests.test_predict import digits, files, weights  # noqa: F401  (fixtures)

RUN = [sys.executable, str(PROJECT / "mnist_cnn.py"), "predict"]


def predict(*arguments):
    return command("predict", *arguments)


def truncated(path):
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (60, 60), np.uint8)).save(stream, "PNG")
    path.write_bytes(stream.getvalue()[: len(stream.getvalue()) // 2])


def loop(path):
    path.symlink_to(path)


def too_large(path):
    with path.open("wb") as file:
        file.truncate(inference_files.MAX_FILE_BYTES + 1)


UNREADABLE = {
    "missing": (lambda path: None, "cannot be read: No such file"),
    "a folder without pictures": (lambda path: path.mkdir(), "has no pictures"),
    "a link to itself": (loop, "cannot be read: Too many levels"),
    "text": (lambda path: path.write_text("seven"), "Not a valid"),
    "truncated": (truncated, "Not a valid"),
    "no data": (lambda path: path.touch(), "The file is empty."),
    "too large": (too_large, "more than 50,000,000 bytes"),
    "a pipe": (os.mkfifo, "The file is empty."),
    "without permission": (lambda path: (path.write_bytes(b"x"), path.chmod(0)), "cannot be read: Permission denied"),
}


@pytest.mark.parametrize(("make", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_the_others_are_predicted_and_an_unreadable_file_is_an_entry_with_its_error(
    files,  # noqa: F811
    weights,  # noqa: F811
    tmp_path,
    make,
    reason,
):
    (first, second, *_), _ = files
    bad = tmp_path / "bad.png"
    make(bad)
    if "Permission" in reason and os.geteuid() == 0:
        pytest.skip("root may read every file")
    for style in ("--json", "--jsonl"):
        result = predict(first, bad, second, "--weights", weights, style)
        entries = json.loads(result.output) if style == "--json" else list(map(json.loads, result.output.splitlines()))
        assert result.exit_code == 1
        assert [entry["file"] for entry in entries] == [str(first), str(bad), str(second)]
        assert ["error" in entry for entry in entries] == [False, True, False]
        assert reason in entries[1]["error"]
        assert result.errors == f"Error: {entries[1]['error']}\n"


def test_the_formats_have_the_same_entries(files, weights):  # noqa: F811
    paths, _ = files
    array, lines = (predict(*paths, "--weights", weights, style).output for style in ("--json", "--jsonl"))
    assert json.loads(array) == list(map(json.loads, lines.splitlines()))
    assert array.count("\n") == 1 and lines.count("\n") == len(paths)


def batches_of(paths, weights):  # noqa: F811
    """How many pictures of these files are read together, and their text in order."""
    sizes = []

    class Counting(Predictor):
        def read_all(self, pictures):
            sizes.append(len(pictures))
            return super().read_all(pictures)

    found = inference_files.find_pictures(paths)
    answers = list(inference_files.predict_files(found, lambda: Counting.open(weights)))
    assert [path for path, _ in answers] == paths
    return sizes, [answer.text for _, answer in answers]


def test_small_pictures_are_read_together_with_the_same_answers(files, weights, tmp_path):  # noqa: F811
    paths = [*files[0], *files[0][:3]]
    one_by_one = [batches_of([path], weights)[1][0] for path in paths]
    assert batches_of(paths, weights) == ([13], one_by_one)
    large = tmp_path / "large.png"
    Image.new("L", (2000, 2000), 255).save(large)  # reduced to 1000x1000
    assert batches_of([*paths[:2], *[large] * 5], weights)[0] == [5, 2]


def test_standard_input_is_one_picture(files, weights, monkeypatch):  # noqa: F811
    (path, *_), _ = files
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    given, named = (json.loads(predict(name, "--weights", weights, "--json").output)[0] for name in ("-", path))
    assert given == named | {"file": "-"}
    result = predict("-", "--weights", weights)  # there is no more
    assert (result.exit_code, result.errors) == (1, "Error: standard input: The file is empty.\n")


@pytest.fixture
def album(tmp_path, files):  # noqa: F811
    """A folder with three pictures, and what is not to be read as one."""
    paths, _ = files
    folder = tmp_path / "album [1]"
    (folder / "earlier.png").mkdir(parents=True)
    for path, name in zip(paths, ("b.png", "a.PNG", "c.png", ".hidden.png", "notes.txt", "earlier.png/d.png")):
        (folder / name).write_bytes(path.read_bytes())
    return folder


def files_of(result):
    assert result.exit_code == 0, result.errors
    return [entry["file"] for entry in map(json.loads, result.output.splitlines())]


def test_a_folder_stands_for_its_pictures_in_the_order_of_their_names(album, weights):  # noqa: F811
    expected = [str(album / name) for name in ("a.PNG", "b.png", "c.png")]
    assert files_of(predict(album, "--weights", weights, "--jsonl")) == expected


def test_a_pattern_stands_for_the_pictures_that_match(album, weights):  # noqa: F811
    pattern = album.parent / "album ?1?" / "*"
    assert files_of(predict(pattern, "--weights", weights, "--jsonl")) == [
        str(album / name) for name in ("a.PNG", "b.png", "c.png")
    ]
    assert files_of(predict(album.parent / "*" / "[bc].*", "--weights", weights, "--jsonl")) == [
        str(album / name) for name in ("b.png", "c.png")
    ]
    result = predict(album.parent / "*.tiff", "--weights", weights)
    assert (result.exit_code, result.errors) == (1, f"Error: No file matches {album.parent / '*.tiff'}.\n")
    result = predict(album.parent / "album *", "--weights", weights)
    assert result.exit_code == 1 and "has no pictures" in result.errors and result.errors.count("\n") == 1


def test_a_name_with_brackets_is_a_file_where_there_is_one(files, weights, tmp_path):  # noqa: F811
    path = tmp_path / "seven [1].png"
    path.write_bytes(files[0][0].read_bytes())
    assert files_of(predict(path, "--weights", weights, "--jsonl")) == [str(path)]


@pytest.mark.process
def test_a_line_is_written_as_soon_as_its_file_is_done(files, weights, tmp_path):  # noqa: F811
    """The second file is a pipe, into which nothing is written until the first line is here; then Ctrl-C."""
    (path, *_), _ = files
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)
    words = [*RUN, path, pipe, "--weights", weights, "--jsonl"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=PROJECT) as process:
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=120)
    os.close(writer)
    assert json.loads(line)["file"] == str(path)
    assert (process.returncode, rest, errors) == (130, b"", b"Interrupted.\n")


@pytest.mark.process
def test_a_closed_pipe_ends_the_command_quietly(files, weights, tmp_path):  # noqa: F811
    script = '"$@" | head -n 1; exit ${PIPESTATUS[0]}'
    words = ["bash", "-c", script, "bash", *RUN, *[files[0][0]] * 200, "--weights", weights, "--jsonl"]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (141, "", 1)


@pytest.mark.process
def test_progress_is_shown_in_a_terminal_only_and_not_within_the_result(files, weights):  # noqa: F811
    import pty

    parent, child = pty.openpty()
    words = [*RUN, *files[0], "--weights", weights, "--json"]
    done = subprocess.run(words, cwd=PROJECT, stdout=subprocess.PIPE, stderr=child, timeout=300)
    os.close(child)
    shown = os.read(parent, 100_000).decode()
    os.close(parent)
    assert done.returncode == 0 and len(json.loads(done.stdout)) == 10
    assert "Predicting" in shown and " 90 %" in shown and shown.endswith("\r\x1b[2K")
    assert subprocess.run(words, cwd=PROJECT, capture_output=True, timeout=300).stderr == b""
