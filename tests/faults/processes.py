"""Trainers and servers as child processes, and checks on the results folders that they leave."""

import contextlib
import hashlib
import math
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType

from digits.files import read_json
from digits.runlog import contract
from digits.runlog.contract import INDEX_LOCK
from digits.runlog.lock import LOCK_FILE
from tests.faults.harness import CHILDREN, PROJECT, Case, die_with_parent

HANG_S = 60.0  # a run of SMALL takes under a second on an idle machine
SMALL = ["--dataset", "synthetic", "--train-limit", "192", "--validation", "40", "--channels", "4,4,8,8"]
# Everything in training that has state: see tests/test_resume.py. A checkpoint after every batch, so that any moment
# falls near a write.
RUN = [*SMALL, "--epochs", "3", "--batch-size", "32", "--threads", "1", "--checkpoint-every", "0"]
RUN += ["--optimizer", "muon", "--warmup-steps", "5", "--cooldown", "0.5", "--ema", "0.9", "--dropout", "0.3"]
# Chosen by a trial of speed, number format and memory order may differ until the log holds them.
RUN += ["--precision", "bfloat16"]
STEPS = 18  # of RUN
LOCKS = {LOCK_FILE, INDEX_LOCK, ".start.lock", ".control.json.lock"}
EXPECTED = {*contract.FILES, *LOCKS, contract.RUNS_INDEX, contract.RUNS, contract.CONTROL, contract.TRAINER_LOG}


class Child:
    """A program of the project from its first line on, in a forked process that has all modules imported already.

    A `gated` one waits for `open_gate`; a `fresh` one is a new interpreter, startup and imports included. Its output
    goes to files beside each other in `folder`.
    """

    def __init__(self, folder: Path, script: str, *arguments: str, gated: bool = False, fresh: bool = False):
        while len(os.listdir("/proc/self/task")) > 1:  # a thread that was joined is gone some moments later
            time.sleep(0.001)
        self._files = [folder / f"{time.monotonic_ns()}.{stream}" for stream in ("out", "err")]
        streams = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) for path in self._files]
        gate, self._gate = os.pipe()
        waits, ready = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            try:
                die_with_parent(signal.SIGKILL)
                os.close(self._gate)
                live(PROJECT / script, arguments, streams, ready, gate, fresh)
            finally:
                os._exit(70)  # never back into the caller's code
        CHILDREN.add(self.pid)
        for handle in (*streams, gate, ready):
            os.close(handle)
        os.read(waits, 1)
        os.close(waits)
        self._pidfd = os.pidfd_open(self.pid)
        if not gated:
            self.open_gate()

    def open_gate(self) -> None:
        os.close(self._gate)

    def send(self, signum: int) -> None:
        signal.pidfd_send_signal(self._pidfd, signum)

    @contextlib.contextmanager
    def stopped(self):
        """The process is stopped during the block, unless it has ended."""
        self.send(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        try:
            yield
        finally:
            self.send(signal.SIGCONT)

    def ended(self, seconds: float = 0) -> bool:
        return bool(select.select([self._pidfd], [], [], seconds)[0])

    def computed_s(self) -> float:
        """CPU time of the main thread: a measure of progress that does not depend on load."""
        try:
            return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[0]) / 1e9
        except OSError:
            return math.inf

    def wait_computed(self, seconds: float) -> None:
        """Wait until it has used that much CPU time or has ended."""
        while not self.ended(0.0005) and self.computed_s() < seconds:
            pass

    def wait(self, seconds: float = HANG_S) -> int | None:
        """The exit code as in shells; None for a process that hung and was killed."""
        hung = not self.ended(seconds)
        if hung:
            self.send(signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        CHILDREN.discard(self.pid)
        os.close(self._pidfd)
        code = os.waitstatus_to_exitcode(status)
        return None if hung else 128 - code if code < 0 else code

    @property
    def output(self) -> str:
        return self._files[0].read_text()

    @property
    def errors(self) -> str:
        return self._files[1].read_text()


def live(script: Path, arguments: tuple[str, ...], streams: list[int], ready: int, gate: int, fresh: bool) -> None:
    """Run the script as Python does, once the gate is open, and exit."""
    os.setsid()
    streams.insert(0, os.open(os.devnull, os.O_RDONLY))
    for number, handle in enumerate(streams):
        os.dup2(handle, number)
    os.chdir(PROJECT)
    code = compile(script.read_bytes(), str(script), "exec")
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(PROJECT))
    sys.modules["__main__"] = module = ModuleType("__main__")
    module.__file__ = str(script)
    os.write(ready, b"r")
    os.read(gate, 1)
    os.closerange(3, 256)
    if fresh:
        os.execv(sys.executable, [sys.executable, str(script), *arguments])
    status = 0
    try:
        exec(code, vars(module))
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else bool(end.code)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    os._exit(status)


def trainer(case: Case, results: Path, *options: str, gated: bool = False) -> Child:
    return Child(case.folder, "mnist_cnn.py", "--results-dir", str(results), *options, gated=gated)


def train(folder: Path, results: Path, *options: str) -> float:
    """An undisturbed run; returns the CPU time of its main thread."""
    child = Child(folder, "mnist_cnn.py", "--results-dir", str(results), *options)
    took = 0.0
    while not child.ended(0.01):
        took = child.computed_s()
    code = child.wait()
    if code != 0:
        raise RuntimeError(f"an undisturbed run ended with {code}: {child.errors}")
    return took


def resume(case: Case, results: Path) -> bool:
    """Resume the run in `results`. One without a checkpoint is rejected in one line and started over."""
    for options in (["--resume"], ["--resume", "--restart"]):
        child = trainer(case, results, *options)
        code = child.wait()
        if code != 1 or not one_line(child.errors) or "--restart" not in child.errors:
            break
    return case.check(code == 0, f"{' '.join(options)} {ending(code)}: {child.errors[-600:]}")


def start(case: Case, results: Path) -> bool:
    """Start an undisturbed run and wait for its end."""
    child = trainer(case, results, *RUN)
    code = child.wait()
    return case.check(code == 0, f"a later start {ending(code)}: {child.errors[-600:]}")


def ending(code: int | None) -> str:
    return "hung" if code is None else f"ended with {code}"


def one_line(text: str) -> bool:
    return len(text.splitlines()) == 1


# --- results folders --------------------------------------------------------------------------------------------------


def log_of(results: Path) -> dict:
    """{} for a missing or unreadable log."""
    log = read_json(results / contract.TRAINING_LOG)
    return log if isinstance(log, dict) else {}


def fingerprints(results: Path) -> dict[str, str]:
    """The SHA-256 of each file of the run in this folder."""
    files = [results / file for file in contract.FILES if (results / file).is_file()]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def check_intact(case: Case, results: Path, run_id: str, known: dict[str, str], when: str, moved: bool = False) -> None:
    """Every file of that run is there unchanged: in place or in runs/, or, once `moved`, in runs/ only.

    The checkpoint before the last is only for a crash within the run, and is not archived.
    """
    places = [fingerprints(results / contract.RUNS / run_id), {} if moved else fingerprints(results)]
    for file, digest in known.items():
        if file != contract.CHECKPOINT_BEFORE:
            found = digest in (place.get(file) for place in places)
            case.check(found, f"{when} {file} of the earlier run is missing or changed")


def check_no_leftovers(case: Case, results: Path, when: str) -> None:
    found = {path.name for path in results.iterdir()} - EXPECTED
    archived = {path.name for path in results.glob(f"{contract.RUNS}/*/*")} - set(contract.FILES)
    case.check(not found | archived, f"{when} these files are left over: {sorted(found | archived)}")


def check_same(case: Case, found: dict, expected: dict, when: str) -> None:
    """Two outcomes (tests/support/outcome.py)."""
    different = [part for part, value in expected.items() if found[part] != value]
    case.check(not different, f"{when} the run differs from an undisturbed one in {', '.join(different)}")
