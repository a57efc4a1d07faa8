"""Removal of paths, user and host names from the files of a run that leaves this machine."""

import getpass
import json
import os
import platform
import re
import shlex
from pathlib import Path

from digits.architectures import ARCHITECTURES
from digits.config import OPTIONS
from digits.option_types import Folder, flag
from digits.runlog import contract
from digits.runlog.training_log import section

REMOVED = "…"
# Options that name a file or folder: they are left out, with their values.
PATH_OPTIONS = frozenset(name for name, option in OPTIONS.items() if isinstance(option.type, Folder))
# Absolute paths: of two parts or more on POSIX, in a home folder, on Windows, on a network share. "images/s" and "3/4"
# are none, and a single /word may be anything. In quotes they may contain spaces.
_PART = r"""[^\s'"<>|:;,()/]"""
_START = rf"~/|/{_PART}+/|[A-Za-z]:[\\/]|\\\\"
_PATH = re.compile(
    rf"""(?<![\w./\\…<])(?:(?<=')(?:{_START})[^'\n]*|(?<=")(?:{_START})[^"\n]*|(?:{_START})(?:{_PART}|/)*)"""
)
_HOME = re.compile(r"(?:/home/|/Users/|[A-Za-z]:[\\/]+Users[\\/]+)([^\s/\\'\"]+)")
# They identify nobody: usual names in containers, and words of a log.
_USUAL = ("admin", "app", "debian", "home", "jovyan", "localhost", "node", "root", "runner", "ubuntu", "user", "vscode")
_WORDS = (
    "digits",
    "mnist",
    "python",
    "test",
    "trainer",
    "training",
    "validation",
    *contract.LIVENESSES,
    *ARCHITECTURES,
)
_GENERIC = frozenset((*_USUAL, *_WORDS))
_SHORTEST = 3  # letters of a name: shorter ones are parts of too many words


class Scrubber:
    """Removes from texts what identifies the machine on which the run in `folder` with this `log` was trained."""

    def __init__(self, log: dict, folder: Path):
        config = section(log, "config")
        process = section(log, "process")
        users = {Path.home().name, _user_name()}
        users |= set(_HOME.findall(f"{json.dumps(log, ensure_ascii=False)} {folder.absolute()}"))
        hosts = {platform.node(), str(process.get("host") or "")}
        hosts |= {host.partition(".")[0] for host in hosts}
        names = [pattern for pattern in (_any_of(users), f"(?i:{_any_of(hosts)})") if pattern not in ("", "(?i:)")]
        self._names = re.compile(rf"(?<![\w-])(?:{'|'.join(names)})(?![\w-])") if names else None
        # Whole folders first: their names may contain spaces, which end a path that is only recognized by its form.
        folders = {str(value) for name, value in config.items() if name in PATH_OPTIONS}
        folders |= {os.getcwd(), str(Path.home()), str(folder.absolute()), os.path.realpath(folder)}
        whole = sorted((path for path in folders if _is_absolute(path)), key=len, reverse=True)
        self._folders = re.compile(rf"(?:{'|'.join(map(re.escape, whole))})[^\s'\"<>|:;,()]*") if whole else None

    def text(self, text: str) -> str:
        for pattern in (self._folders, _PATH, self._names):
            if pattern is not None:
                text = pattern.sub(REMOVED, text)
        return text

    def value(self, value):
        """A JSON value with all its texts scrubbed; of the names of fields only paths."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {_PATH.sub(REMOVED, key): self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value

    def log(self, log: dict) -> dict:
        """The log without process, paths and names."""
        run_id, config = log.get("run_id"), section(log, "config")
        kept = {key: value for key, value in log.items() if key != "process"}
        kept["command"] = _without_paths(str(log.get("command") or ""))
        kept["config"] = {key: value for key, value in config.items() if key not in PATH_OPTIONS}
        scrubbed = self.value(kept)
        return scrubbed | ({"run_id": run_id} if "run_id" in log else {})

    def table(self, content: bytes) -> bytes:
        """A CSV file."""
        return self.text(content.decode("utf-8", "replace")).encode()

    def json(self, content: bytes) -> bytes:
        """A JSON file; the same bytes if it has nothing to remove, as those of this project's trainer."""
        text = content.decode("utf-8", "replace")
        if self.text(text) == text and "\\u" not in text and "\\\\" not in text and "\\/" not in text:
            return content
        return json.dumps(self.value(json.loads(text)), separators=(",", ":"), ensure_ascii=False).encode()


def _without_paths(command: str) -> str:
    """The command line without options that name files; of other paths, as the program's, the last part stays."""
    try:
        words = shlex.split(command)
    except ValueError:  # an open quote
        words = command.split()
    flags = {flag(name) for name in PATH_OPTIONS}
    kept: list[str] = []
    is_value = False  # of an option that is left out
    for word in words:
        name, equals, _ = word.partition("=")
        if not is_value and name not in flags:
            kept.append(word if name.startswith("--") else re.split(r"[/\\]", word)[-1])
        is_value = name in flags and not equals
    return shlex.join(kept)


def _any_of(names: set[str]) -> str:
    """A pattern of the names that identify somebody; empty without any."""
    return "|".join(map(re.escape, sorted(filter(_identifies, names), key=len, reverse=True)))


def _identifies(name: str) -> bool:
    return len(name) >= _SHORTEST and name.lower() not in _GENERIC


def _is_absolute(path: str) -> bool:
    return len(path) > 1 and (path.startswith(("/", "\\\\")) or bool(re.match(r"[A-Za-z]:[\\/]", path)))


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no entry for this user id, as in containers
        return ""
