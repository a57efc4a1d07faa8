"""Kills a trainer at a random moment, resumes it, and compares the result with an undisturbed run.

python -m tests.faults.kills --count 200 --seed 1
"""

import os
import shutil
import signal
import time
from pathlib import Path

from tests.faults.harness import Case, Program, main
from tests.faults.processes import (
    HANG_S,
    RUN,
    STEPS,
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

SITUATIONS = ("empty folder", "finished run", "interrupted run")


class Kills(Program):
    name = "kills"
    title = "Kill a trainer at random moments, resume, compare weights and curves with an undisturbed run."
    count = 200

    def prepare(self, folder: Path) -> None:
        self.finished, self.interrupted = folder / "finished", folder / "interrupted"
        train(folder, self.finished, *RUN)
        self.expected = outcome(self.finished)
        self.run_id, self.files = log_of(self.finished)["run_id"], fingerprints(self.finished)
        interrupt(Case(0, None, folder), self.interrupted)
        self.takes_s = {}
        for situation in SITUATIONS:
            results = folder / situation
            options = self.place(situation, results)
            self.takes_s[situation] = train(folder, results, *options)

    def place(self, situation: str, results: Path) -> list[str]:
        """Prepare the results folder; returns the trainer's options."""
        if situation == "finished run":
            shutil.copytree(self.finished, results)
        if situation == "interrupted run":
            shutil.copytree(self.interrupted, results)
        return ["--resume"] if situation == "interrupted run" else RUN

    def run(self, case: Case) -> None:
        results = case.folder / "results"
        situation = case.rng.choice(SITUATIONS)
        killed = None
        while killed is None:  # otherwise the run had completed
            shutil.rmtree(results, ignore_errors=True)
            child = trainer(case, results, *self.place(situation, results))
            killed = self.kill(case, child, results, self.takes_s[situation])
        case.happened = f"{situation}, {killed}"
        self.recover(case, results)
        check_no_leftovers(case, results, "after the resume")
        if situation == "finished run":
            check_intact(case, results, self.run_id, self.files, "after the resume", moved=True)

    def kill(self, case: Case, child: Child, results: Path, takes_s: float) -> str | None:
        """At a random moment, in half of the cases as soon as a file is being written then. What it met, if alive."""
        child.wait_computed(case.rng.uniform(0, takes_s))
        if case.rng.random() < 0.5:
            while not child.ended() and not any(name.endswith("tmp") for name in listed(results)):
                pass
        if child.ended():
            child.wait()
            return None
        child.send(signal.SIGKILL)
        child.wait()
        log, writes = log_of(results), any(name.endswith("tmp") for name in listed(results))
        phase = log["phase"] if log.get("status") == "running" else "before or after its log"
        return f"killed {phase}{' within a write' * writes}"

    def recover(self, case: Case, results: Path) -> None:
        """Resume the killed run, or start it again if it had not begun, and compare."""
        log = log_of(results)
        begun = log and log["run_id"] != self.run_id
        if begun and log["status"] == "completed":
            return check_same(case, outcome(results), self.expected, "killed after its end")
        if (resume if begun else start)(case, results):
            check_same(case, outcome(results), self.expected, "after the resume")
        return None


def listed(folder: Path) -> list[str]:
    return os.listdir(folder) if folder.exists() else []


def interrupt(case: Case, results: Path) -> None:
    """A run that was interrupted in the middle; what lay there before is archived."""
    before = log_of(results).get("run_id")
    child = trainer(case, results, *RUN)
    until = time.monotonic() + HANG_S
    while time.monotonic() < until:
        log = log_of(results)
        if log and log["run_id"] != before and log["progress"]["step"] >= STEPS // 2:
            break
        child.ended(0.01)
    child.send(signal.SIGTERM)
    code = child.wait()
    if code != 128 + signal.SIGTERM:
        raise RuntimeError(f"a run could not be interrupted, it ended with {code}: {child.errors}")


if __name__ == "__main__":
    main(Kills())
