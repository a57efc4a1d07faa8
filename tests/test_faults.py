"""Fault-injection programs (tests/faults): command lines and reporting."""

import subprocess
import sys

import pytest

from tests.support import PROJECT

pytestmark = pytest.mark.process

PROGRAMS = ("errors", "full_disk", "kills", "malformed", "signals")

FAILING = """
from tests.faults import harness

class Failing(harness.Program):
    name, title, count = "failing", "Fails in every second case.", 4

    def prepare(self, folder):
        (folder / "prepared").touch()

    def run(self, case):
        case.happened = "odd" if case.number % 2 else "even"
        case.check((case.folder.parent / "prepared").exists(), "it was not prepared")
        case.check(case.number % 2 == 0, f"number {case.rng.random()}")
        if case.number == 3:
            raise ValueError("a fault of its own")

harness.main(Failing())
"""


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True)


def test_every_program_is_there():
    found = {path.stem for path in (PROJECT / "tests" / "faults").glob("*.py")}
    assert found == {*PROGRAMS, "__main__", "harness", "processes"}
    text = (PROJECT / "benchmarks" / "README.md").read_text()
    assert all(f"| `{name}` |" in text for name in PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_has_a_number_of_cases_and_a_fixed_seed(name):
    done = run("-m", f"tests.faults.{name}", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--count" in done.stdout and "(default: 1)" in done.stdout


def test_each_failure_is_printed_with_the_command_that_repeats_it():
    done = run("-c", FAILING, "--seed", "5")
    assert (done.returncode, done.stderr) == (1, "")
    *failures, summary = done.stdout.splitlines()
    assert summary.startswith("failing: 4 of 4 cases in ") and summary.endswith(", 2 failed (2 even, 2 odd)")
    for number in (1, 3):
        command = f"[python -m tests.faults.failing --seed 5 --only {number}]"
        assert any(
            line.startswith(f"failing {number} (odd): number 0.") and line.endswith(command) for line in failures
        )
    assert any("a fault of its own" in line for line in failures)
    assert len(failures) == 3

    again = run("-c", FAILING, "--seed", "5", "--only", "1")
    assert again.returncode == 1
    assert again.stdout.splitlines()[0] in failures


def test_the_exit_status_is_0_where_no_case_failed():
    done = run("-c", FAILING, "--only", "2")
    assert (done.returncode, done.stderr) == (0, "")
