"""Cases, worker processes and the command line of the fault-injection programs.

A program is a subclass of Program. The random generator of each case depends on --seed and the number of the case
alone, so that `--seed S --only N` repeats one.
"""

import argparse
import ctypes
import importlib
import json
import os
import pkgutil
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import digits

os.environ["OMP_NUM_THREADS"] = "1"  # before anything imports torch: a process with more threads must not fork

PROJECT = Path(__file__).resolve().parent.parent.parent
CHILDREN: set[int] = set()  # processes of this worker that have not been waited for
KEEP_LETTERS = 3000  # of one report: writes of up to 4,096 bytes to a pipe are atomic


@dataclass
class Case:
    """One injected fault: `folder` is empty at first, `happened` says in a word or two where the fault occurred."""

    number: int
    rng: random.Random
    folder: Path
    happened: str = ""
    failures: list[str] = field(default_factory=list)

    def check(self, holds: bool, failure: str) -> bool:
        if not holds:
            self.failures.append(failure)
        return holds


class Program:
    """`name` is that of the module; `count` cases are the default."""

    name = ""
    title = ""
    count = 0

    def unavailable(self) -> str | None:
        """Why this program can't run on this machine, if it can't."""
        return None

    def prepare(self, folder: Path) -> None:
        """Prepare what all cases share; `folder` exists until the last case has ended."""

    def run(self, case: Case) -> None:
        raise NotImplementedError


@dataclass
class Summary:
    cases: int = 0
    failed: int = 0
    seconds: float = 0.0
    happened: Counter = field(default_factory=Counter)


def main(program: Program) -> None:
    """The command line of one program. Exit status 1 if any case failed."""
    parser = argparse.ArgumentParser(description=program.title)
    parser.add_argument("--count", type=int, default=program.count, help="how many cases (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all random choices (default: %(default)s)")
    parser.add_argument("--only", type=int, metavar="N", help="repeat case N alone")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time (default: %(default)s)")
    options = parser.parse_args()
    numbers = range(options.count) if options.only is None else [options.only]
    summary = run(program, numbers, options.seed, options.jobs)
    sys.exit(bool(summary.failed))


def run(program: Program, numbers: Iterable[int], seed: int, jobs: int = 2, seconds: float = 3600.0) -> Summary:
    """Run the cases, print each failure and a summary. No case starts after `seconds`."""
    if reason := program.unavailable():
        print(f"{program.name}: skipped, {reason}", flush=True)
        return Summary()
    import_everything()
    began = time.monotonic()
    summary = Summary()
    numbers = list(numbers)
    with tempfile.TemporaryDirectory(prefix=f"faults-{program.name}-") as folder:
        program.prepare(Path(folder))
        end_children()
        for report in reports(program, numbers, seed, jobs, began + seconds, Path(folder)):
            summary.cases += 1
            summary.failed += bool(report["failures"])
            summary.happened[report["happened"]] += 1
            for failure in report["failures"]:
                command = f"python -m tests.faults.{program.name} --seed {seed} --only {report['number']}"
                print(f"{program.name} {report['number']} ({report['happened']}): {failure} [{command}]", flush=True)
    summary.seconds = time.monotonic() - began
    met = ", ".join(f"{count} {happened}" for happened, count in summary.happened.most_common())
    cases = f"{summary.cases} of {len(numbers)} cases in {summary.seconds:.0f} s"
    print(f"{program.name}: {cases}, {summary.failed} failed ({met})", flush=True)
    return summary


def reports(program: Program, numbers: list[int], seed: int, jobs: int, until: float, folder: Path):
    """A report of each case as it ends, from `jobs` worker processes that take the next number each."""
    tasks, fill = os.pipe()
    collected, report = os.pipe()
    os.write(fill, b"".join(number.to_bytes(4, "big") for number in numbers))  # at most 16,384 fit into a pipe
    os.close(fill)
    sys.stdout.flush()
    workers = []
    for _ in range(jobs):
        workers.append(os.fork())
        if not workers[-1]:
            try:
                die_with_parent(signal.SIGINT)  # which unwinds: what is mounted is unmounted
                os.close(collected)
                work(program, seed, until, folder, tasks, report)
            finally:
                os._exit(0)  # never back into the caller's code
    os.close(tasks)
    os.close(report)
    with open(collected) as lines:
        yield from map(json.loads, lines)
    for pid in workers:
        os.waitpid(pid, 0)


def work(program: Program, seed: int, until: float, folder: Path, tasks: int, report: int) -> None:
    """One worker's life."""
    while time.monotonic() < until and (number := os.read(tasks, 4)):
        case = Case(int.from_bytes(number, "big"), random.Random(), folder)
        case.rng.seed(f"{program.name} {seed} {case.number}")
        case.folder = Path(tempfile.mkdtemp(prefix=f"case-{case.number}-", dir=folder))
        try:
            program.run(case)
        except Exception:
            case.failures.append(f"the case itself failed: {' '.join(traceback.format_exc().split())[-600:]}")
        end_children()
        shutil.rmtree(case.folder, ignore_errors=True)
        failures = [" ".join(failure.split())[: KEEP_LETTERS // 4] for failure in case.failures[:3]]
        line = json.dumps({"number": case.number, "happened": case.happened, "failures": failures})
        os.write(report, f"{line}\n".encode())


def end_children() -> None:
    """Kill processes that a failed case left behind."""
    while CHILDREN:
        pid = CHILDREN.pop()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def die_with_parent(signum: signal.Signals) -> None:
    """Have the kernel send `signum` to this process when its parent ends."""
    ctypes.CDLL(None).prctl(1, signum)  # PR_SET_PDEATHSIG


def import_everything() -> None:
    """Import everything once in the process that all others are forked from."""
    for module in pkgutil.walk_packages(digits.__path__, "digits."):
        importlib.import_module(module.name)
