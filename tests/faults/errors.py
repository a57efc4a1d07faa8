"""Makes system calls of a trainer or a server fail, with strace, and checks the files it leaves and its recovery.

python -m tests.faults.errors --count 150 --seed 1

The calls that can fail are found by tracing an undisturbed run: all calls on the results folder, each with its number
among the calls of its kind in its thread.
"""

import contextlib
import http.client
import json
import math
import random
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from digits.runlog import contract
from tests.faults.harness import Case, Program, end_children, main
from tests.faults.kills import interrupt
from tests.faults.processes import (
    HANG_S,
    RUN,
    Child,
    check_intact,
    check_no_leftovers,
    check_same,
    fingerprints,
    log_of,
    resume,
    start,
    train,
    trainer,
)
from tests.support.outcome import outcome

ERRORS = {
    "write": ("ENOSPC", "EIO", "EDQUOT", "EINTR"),
    "pwrite64": ("ENOSPC", "EIO"),
    "fsync": ("EIO", "ENOSPC", "EDQUOT"),
    "rename": ("EACCES", "EIO", "ENOSPC", "EROFS"),
    "renameat2": ("EACCES", "EIO", "ENOSPC"),
    "openat": ("EMFILE", "ENFILE", "EACCES", "EIO", "ENOSPC", "EINTR"),
    "link": ("EPERM", "EMLINK", "ENOSPC", "EOPNOTSUPP"),
    "unlink": ("EACCES", "EBUSY", "EIO", "EROFS"),
    "mkdir": ("ENOSPC", "EACCES", "EROFS"),
    "rmdir": ("EACCES", "EBUSY"),
    "read": ("EIO", "EINTR"),
    "ftruncate": ("EIO", "ENOSPC", "EINTR"),
    "flock": ("ENOLCK", "EINTR", "EIO"),
    "chmod": ("EPERM", "EROFS"),
    "newfstatat": ("EACCES", "EIO"),
    "getdents64": ("EIO", "EACCES"),
    "lseek": ("EIO",),
    "sendfile": ("EIO", "ENOSPC"),
    "copy_file_range": ("EIO", "ENOSPC"),
}
# How often in a row: once, three times, or permanently, like a full or missing disk.
HOW_OFTEN = ("once", "once", "once", "three times", "for good")
SITUATIONS = ("finished run", "finished run", "interrupted run", "server")
MOST_ATTEMPTS = 6
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")


@dataclass(frozen=True)
class Call:
    """The nth call of `name` in its thread, on a file of the results folder."""

    name: str
    nth: int


class Strace:
    """Attached to a gated child for its whole life."""

    def __init__(self, child: Child, trace: Path, *options: str):
        command = ["strace", "-f", "-y", "-s", "0", "-o", str(trace), *options, "-p", str(child.pid)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.trace = trace
        line = self._process.stderr.readline()
        if "attached" not in line:
            self.detach()
            raise RuntimeError(f"strace could not attach: {line}")

    def detach(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=HANG_S)

    def lines(self) -> list[str]:
        self.detach()
        return self.trace.read_text(errors="replace").splitlines()


class Errors(Program):
    name = "errors"
    title = "Let system calls on the results folder fail, then check earlier runs, and start and resume again."
    count = 150

    def unavailable(self) -> str | None:
        return None if shutil.which("strace") else "strace is not installed (Debian: apt-get install strace)"

    def prepare(self, folder: Path) -> None:
        self.finished, self.interrupted = folder / "finished", folder / "interrupted"
        train(folder, self.finished, *RUN)
        self.expected = outcome(self.finished)
        self.run_id, self.files = log_of(self.finished)["run_id"], fingerprints(self.finished)
        shutil.copytree(self.finished, self.interrupted)
        interrupt(Case(0, None, folder), self.interrupted)
        self.calls = {situation: self.profile(folder, situation) for situation in sorted(set(SITUATIONS))}

    def profile(self, folder: Path, situation: str) -> list[Call]:
        """All calls that can be made to fail."""
        case = Case(0, None, folder / situation.replace(" ", "-"))
        case.folder.mkdir()
        results, child = self.begin(case, situation)
        strace = Strace(child, case.folder / "trace", "-e", "trace=" + ",".join(map("?{}".format, ERRORS)))
        self.go_on(case, situation, results, child)
        counts, found = {}, {}
        for line in strace.lines():
            if (match := _CALL.match(line)) and match[2] in ERRORS:
                thread = match[1], match[2]
                counts[thread] = counts.get(thread, 0) + 1
                if f"{results}" in match[3]:
                    found[Call(match[2], counts[thread])] = None
        if case.failures:
            raise RuntimeError(f"traced and undisturbed: {case.failures}")
        return list(found)

    def run(self, case: Case) -> None:
        """The nth call of another thread fails as well, such as one of an import: then another call is tried."""
        folder, attempts = case.folder, 0
        while not case.happened and attempts < MOST_ATTEMPTS:
            attempts += 1
            case.folder = folder / f"attempt-{attempts}"
            case.folder.mkdir()
            self.attempt(case)
        case.happened = case.happened or "missed the results folder"

    def attempt(self, case: Case) -> None:
        situation = case.rng.choice(SITUATIONS)
        injection = self.injection(case.rng, situation)
        results, child = self.begin(case, situation)
        trace = f"trace={injection.partition(':')[0]}"
        strace = Strace(child, case.folder / "trace", "-e", trace, "-e", f"inject={injection}")
        self.go_on(case, situation, results, child)
        hits = [line for line in strace.lines() if "(INJECTED)" in line]
        if f"{results}" not in "".join(hits[:1]):
            case.failures = [failure for failure in case.failures if failure.startswith("it hung")]
            check_intact(case, results, self.run_id, self.files, "after errors elsewhere")
            return end_children()
        case.happened = situation
        check_said(case, child, lines=1 if situation != "server" else math.inf)
        self.judge(case, situation, results, child)
        met = hits[0].replace(str(case.folder), "")
        case.failures = [f"{situation}, {injection}, first {met}: {failure}" for failure in case.failures]
        return None

    def injection(self, rng: random.Random, situation: str) -> str:
        """A random injection in strace's syntax."""
        name = rng.choice(sorted({call.name for call in self.calls[situation]}))
        nth = rng.choice([call.nth for call in self.calls[situation] if call.name == name])
        error = rng.choice(ERRORS[name])
        often = rng.choice(HOW_OFTEN)
        if error == "EINTR" and often == "for good":  # Python tries again until it goes through
            often = "three times"
        when = {"once": f"{nth}", "three times": f"{nth}..{nth + 2}", "for good": f"{nth}+"}[often]
        return f"{name}:error={error}:when={when}"

    def begin(self, case: Case, situation: str) -> tuple[Path, Child]:
        results = case.folder / "results"
        shutil.copytree(self.interrupted if situation == "interrupted run" else self.finished, results)
        if situation == "server":
            runs = results / contract.RUNS
            shutil.copytree(self.interrupted / contract.RUNS, runs)
            arguments = ("--no-browser", "--port", "0", "--results-dir", str(results))
            return results, Child(case.folder, "server.py", *arguments, gated=True)
        options = ["--resume"] if situation == "interrupted run" else RUN
        return results, trainer(case, results, *options, gated=True)

    def go_on(self, case: Case, situation: str, results: Path, child: Child) -> None:
        """Arguments of the process whose calls fail."""
        child.open_gate()
        if situation == "server":
            ask_everything(case, child, self.run_id)
            return
        code = child.wait()
        case.check(code is not None, f"it hung: {child.errors[-600:]}")
        case.check(code in (0, 1, None), f"it ended with {code}: {child.errors[-600:]}")
        if code == 0:
            case.check(log_of(results).get("status") == "completed", "it ended with 0, and the log is not completed")

    def judge(self, case: Case, situation: str, results: Path, child: Child) -> None:
        """After the fault: every file is there and the run resumes."""
        check_intact(case, results, self.run_id, self.files, "after the errors")
        if situation == "server":
            rename(case, child, self.run_id)
            child.send(signal.SIGTERM)
            code = child.wait()
            case.check(code == 128 + signal.SIGTERM, f"the server ended with {code}")
        else:
            self.resume(case, results)
        if start(case, results):
            check_same(case, outcome(results), self.expected, "after a later start")
            check_intact(case, results, self.run_id, self.files, "after a later start", moved=True)
            check_no_leftovers(case, results, "after a later start")

    def resume(self, case: Case, results: Path) -> None:
        """The run that the faulty process started or failed to resume."""
        log = log_of(results)
        begun = log and log["run_id"] != self.run_id and log["status"] != "completed"
        if begun and resume(case, results):
            check_same(case, outcome(results), self.expected, "after the resume")


def check_said(case: Case, child: Child, lines: float) -> None:
    """No traceback and a limited number of lines; torch adds one if it can't read /proc/cpuinfo."""
    printed = [line for line in child.errors.splitlines() if not line.startswith("Error in cpuinfo: ")]
    shown = f"{child.errors[:300]} ... {child.errors[-400:]}"
    case.check(len(printed) <= lines, f"it printed {len(printed)} lines: {shown}")
    case.check("Traceback" not in child.errors + child.output, f"a traceback: {shown}")


# --- the server -------------------------------------------------------------------------------------------------------


def ask_everything(case: Case, server: Child, run_id: str) -> None:
    """One request of each kind that reads or writes results; each must be answered."""
    where = address(server)
    if not case.check(where is not None, f"the server did not tell its address: {server.errors[-600:]}"):
        return
    for method, path, body in (
        ("GET", "/results/training_log.json", None),
        ("GET", "/results/runs.json", None),
        ("GET", "/training_status", None),
        ("GET", "/control", None),
        ("POST", f"/runs/{run_id}", {"name": "another name"}),
        ("POST", f"/runs/{run_id}", {"hidden": True, "pinned": True}),
        ("POST", "/control", {"action": "pause"}),
        ("POST", "/resume", {}),
        ("GET", f"/results/runs/{run_id}/training_log.json", None),
        ("DELETE", "/runs/20000101-000000-none", None),
        ("GET", "/healthz", None),
    ):
        status, answer = ask(where, method, path, body)
        case.check(status is not None, f"{method} {path} was not answered: {answer}")


def rename(case: Case, server: Child, run_id: str) -> None:
    where = address(server)
    if where is None:  # its banner could not be written
        return
    status, answer = ask(where, "POST", f"/runs/{run_id}", {"name": "renamed afterwards"})
    case.check(status == 200, f"a later renaming was answered by {status}: {answer}")
    names = [run.get("name") for run in json.loads(answer).get("runs", [])] if status == 200 else []
    case.check("renamed afterwards" in names, f"the list of runs has the names {names}")


def ask(where: tuple[int, str], method: str, path: str, body: dict | None) -> tuple[int | None, str]:
    """Status and body; None and the reason without a response. `where` is port and token."""
    port, token = where
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANG_S / 2)
    with contextlib.closing(connection):
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"X-Control-Token": token})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return None, repr(error)


def address(server: Child) -> tuple[int, str] | None:
    """Port and token as the server prints them, or None."""
    until = time.monotonic() + HANG_S / 2
    while time.monotonic() < until:
        if match := re.search(r"http://127\.0\.0\.1:(\d+)/#token=(\S+)", server.output):
            return int(match[1]), match[2]
        if server.ended(0.02):
            break
    return None


if __name__ == "__main__":
    main(Errors())
