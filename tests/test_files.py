import json
import os

import pytest

from digits import files


def test_what_is_not_finite_becomes_null_at_any_depth():
    value = {"a": float("nan"), "b": [1.5, float("inf"), {"c": (-float("inf"), 2)}], "d": "nan"}
    assert files.finite(value) == {"a": None, "b": [1.5, None, {"c": [None, 2]}], "d": "nan"}


def test_numbers_are_rounded_to_significant_digits():
    assert files.rounded(0.000123456789, 3) == 0.000123
    assert files.rounded(123456.7, 2) == 120000
    assert files.rounded(float("nan")) is None
    assert files.rounded(None) is None


@pytest.mark.parametrize("text", ["größer 数字", "\udcff half a character", 'quotes " and \\', "\u2028"])
def test_any_text_comes_back_from_json(tmp_path, text):
    files.write_json(tmp_path / "a.json", {"text": text})
    assert files.read_json(tmp_path / "a.json") == {"text": text}


def test_json_with_nan_is_refused_and_the_old_file_stands(tmp_path):
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
def test_a_file_busy_on_windows_is_replaced_a_little_later(tmp_path, monkeypatch, code):
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


def test_another_error_of_replace_is_not_tried_again(tmp_path, monkeypatch):
    calls = []

    def refused(source, target):
        calls.append(source)
        raise PermissionError(13, "no")

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(PermissionError):
        files.write_atomically(tmp_path / "a", b"new")
    assert len(calls) == 1


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xfe", b'{"a": ', b"[" * 100_000])
def test_what_is_no_json_reads_as_nothing(tmp_path, content):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    assert files.read_json(path) is None
