import errno
import json
import os
from pathlib import Path

import pytest

from digits import files


def test_non_finite_numbers_become_null_at_any_depth():
    value = {"a": float("nan"), "b": [1.5, float("inf"), {"c": (-float("inf"), 2)}], "d": "nan"}
    assert files.finite(value) == {"a": None, "b": [1.5, None, {"c": [None, 2]}], "d": "nan"}


def test_numbers_are_rounded_to_significant_digits():
    assert files.rounded(0.000123456789, 3) == 0.000123
    assert files.rounded(123456.7, 2) == 120000
    assert files.rounded(float("nan")) is None
    assert files.rounded(None) is None


@pytest.mark.parametrize("text", ["größer 数字", "\udcff half a character", 'quotes " and \\', "\u2028"])
def test_any_text_survives_json(tmp_path, text):
    files.write_json(tmp_path / "a.json", {"text": text})
    assert files.read_json(tmp_path / "a.json") == {"text": text}


def test_json_with_nan_is_rejected_and_the_old_file_stays(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"x": 1})
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(path, {"x": float("nan")})
    assert json.loads(path.read_text()) == {"x": 1}


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    files.write_atomically(path, b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("code", [5, 32, 33])
def test_a_file_in_use_on_windows_is_replaced_after_a_retry(tmp_path, monkeypatch, code):
    replace, refusals = os.replace, [code, code]

    def refused_twice(source, target):
        if refusals:
            error = OSError(13, "busy")
            error.winerror = refusals.pop()
            raise error
        replace(source, target)

    monkeypatch.setattr(os, "replace", refused_twice)
    files.write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_other_errors_of_replace_are_not_retried(tmp_path, monkeypatch):
    calls = []

    def refused(source, target):
        calls.append(source)
        raise PermissionError(13, "no")

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(PermissionError):
        files.write_atomically(tmp_path / "a", b"new")
    assert len(calls) == 1


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xfe", b'{"a": ', b"[" * 100_000])
def test_invalid_json_reads_as_none(tmp_path, content):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    assert files.read_json(path) is None


def pipe(path):
    os.mkfifo(path)


def endless(path):
    path.symlink_to("/dev/zero")


def link_outside(path):
    outside = path.parent.parent / "outside.json"
    outside.write_text("{}")
    path.symlink_to(outside)


def huge(path):
    with open(path, "wb") as file:
        file.truncate(1 << 40)


@pytest.mark.skipif(os.name == "nt", reason="pipes and links of POSIX")
@pytest.mark.parametrize("make", [pipe, endless, link_outside, Path.mkdir, huge])
def test_only_regular_files_within_the_folder_and_the_size_limit_are_read(tmp_path, make):
    (tmp_path / "results").mkdir()
    path = tmp_path / "results" / "a.json"
    make(path)
    with pytest.raises(files.UnexpectedFile) as raised:
        files.read_file(path, files.JSON_BYTES)
    assert raised.value.filename == str(path)
    assert (files.read_json(path), files.load_json(path), files.read_bytes(path)) == (None, None, b"")


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_to_another_file_of_the_folder_is_followed(tmp_path):
    (tmp_path / "a.json").write_text("[1]")
    (tmp_path / "b.json").symlink_to("a.json")
    assert files.read_json(tmp_path / "b.json") == [1]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_locks_and_tables_are_not_written_through_a_link(tmp_path):
    (tmp_path / "outside").write_text("precious")
    (tmp_path / "results").mkdir()
    link = tmp_path / "results" / "file"
    link.symlink_to(tmp_path / "outside")
    with pytest.raises(files.UnexpectedFile):
        files.open_handle(link, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    assert (tmp_path / "outside").read_text() == "precious"


def test_a_temporarily_unreadable_file_is_not_treated_as_missing(tmp_path, monkeypatch):
    (tmp_path / "a.json").write_text("[1]")

    def refuse(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match="Too many"):
        files.load_json(tmp_path / "a.json")
    monkeypatch.undo()
    assert files.load_json(tmp_path / "a.json") == [1]
    assert files.load_json(tmp_path / "missing.json") is None


@pytest.mark.parametrize("failing", ["fsync", "replace", "chmod"])
def test_an_error_names_the_target_file(tmp_path, monkeypatch, failing):
    def fail(*paths):
        raise OSError(errno.ENOSPC, "No space left on device", *map(str, paths[:1]), None, *map(str, paths[1:]))

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="No space left") as raised:
        files.write_atomically(tmp_path / "a.json", b"new")
    assert str(raised.value) == f"[Errno {errno.ENOSPC}] No space left on device: '{tmp_path / 'a.json'}'"
    assert os.listdir(tmp_path) == []


def test_an_error_names_the_target_file_if_no_temporary_file_can_be_created(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        files.write_atomically(tmp_path / "missing" / "a.json", b"new")
    assert raised.value.filename == str(tmp_path / "missing" / "a.json")


@pytest.mark.skipif(not hasattr(os, "O_DIRECTORY"), reason="folders can't be synchronized there")
@pytest.mark.parametrize(
    "write", [files.write_atomically, lambda path, _: files.link_or_copy(path.parent / "old", path)]
)
def test_the_folder_is_synchronized_after_a_file_was_replaced(tmp_path, monkeypatch, write):
    (tmp_path / "old").write_bytes(b"old")
    done = []

    def replace(source, target, real=os.replace):
        real(source, target)
        done.append("replaced")

    def fsync(handle, real=os.fsync):
        real(handle)
        if os.path.samestat(os.fstat(handle), os.stat(tmp_path)):
            done.append("folder synchronized")

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(os, "fsync", fsync)
    write(tmp_path / "a", b"new")
    assert done == ["replaced", "folder synchronized"]
