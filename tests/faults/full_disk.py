"""Fills a small disk, before or during a run, and checks exit code, last output, log, and earlier runs.

python -m tests.faults.full_disk --count 30 --seed 1      as root: each case mounts its own tmpfs
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.faults.harness import Case, Program, main
from tests.faults.processes import (
    RUN,
    check_intact,
    check_no_leftovers,
    ending,
    fingerprints,
    log_of,
    one_line,
    resume,
    start,
    train,
    trainer,
)

DISK = 128 << 20
# Bytes left at the start: a run wants 48 MB, and refuses to begin with less.
AT_START = (0, 4 << 10, 64 << 10, 1 << 20, 16 << 20, 40 << 20, 47 << 20, 60 << 20)
# Blocks left from a random moment of the run on: the log takes two of them, a checkpoint about fifty.
MEANWHILE = (0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 50, 60, 100, 200)
BLOCK = 4096
LOG_FITS = 3 * BLOCK
LONG = [*RUN, "--epochs", "8"]


class FullDisk(Program):
    name = "full_disk"
    title = "Train on a small tmpfs that is full from the start, or becomes so in the midst of the run."
    count = len(AT_START) + len(MEANWHILE)

    def unavailable(self) -> str | None:
        """Why no tmpfs can be mounted, if so."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                with disk(Path(folder)):
                    return None
            except (OSError, subprocess.CalledProcessError):
                return "mounting a tmpfs is not permitted here"

    def prepare(self, folder: Path) -> None:
        self.finished = folder / "finished"
        self.takes_s = train(folder, self.finished, *LONG)
        self.run_id, self.files = log_of(self.finished)["run_id"], fingerprints(self.finished)

    def run(self, case: Case) -> None:
        mounted = case.folder / "disk"
        mounted.mkdir()
        with disk(mounted):
            results = mounted / "results"
            shutil.copytree(self.finished, results)
            number = case.number % self.count
            if number < len(AT_START):
                self.fill_before(case, results, AT_START[number])
            else:
                self.fill_meanwhile(case, results, BLOCK * MEANWHILE[number - len(AT_START)])

    def fill_before(self, case: Case, results: Path, left: int) -> None:
        fill(results.parent, left)
        child = trainer(case, results, *LONG)
        code = child.wait()
        case.happened = f"full at the start, exit code {code}"
        self.judge(case, code, child.errors, f"{left >> 10} kB left at the start")
        check_intact(case, results, self.run_id, self.files, "on the full disk")
        self.go_on(case, results)

    def fill_meanwhile(self, case: Case, results: Path, left: int) -> None:
        child = trainer(case, results, *LONG)
        child.wait_computed(case.rng.uniform(0.1, 0.9) * self.takes_s)
        while not child.ended(0.005):
            with child.stopped():  # or it would write between measuring and filling
                fill(results.parent, left)
        code = child.wait()
        log = log_of(results)
        begun = log.get("run_id") != self.run_id
        case.happened = f"full meanwhile, exit code {code}, log {log.get('status') if begun else 'not begun'}"
        where = f"{left >> 10} kB left meanwhile"
        self.judge(case, code, child.errors, where)
        if begun and code == 1 and left >= LOG_FITS:
            case.check(log["status"] == "failed", f"{where}: the log says {log['status']}")
            case.check("No space left" in str(log["error"]), f"{where}: the log's error is {log['error']}")
        check_intact(case, results, self.run_id, self.files, "on the full disk")
        self.go_on(case, results)

    def judge(self, case: Case, code: int | None, errors: str, where: str) -> None:
        case.check(code in (0, 1), f"{where}: it {ending(code)}: {errors[-600:]}")
        if code == 1:
            case.check(one_line(errors), f"{where}: not one line: {errors[-1000:]}")
            case.check("No space left on device" in errors, f"{where}: it says {errors[-600:]}")

    def go_on(self, case: Case, results: Path) -> None:
        """With space again: resume the run, then start another."""
        (results.parent / "filler").unlink()
        log = log_of(results)
        if log.get("run_id") != self.run_id and log.get("status") != "completed":
            resume(case, results)
        start(case, results)
        case.check(log_of(results).get("status") == "completed", "a later start did not complete")
        check_intact(case, results, self.run_id, self.files, "after a later start", moved=True)
        check_no_leftovers(case, results, "after a later start")


@contextlib.contextmanager
def disk(folder: Path):
    """A tmpfs at `folder`. Raises CalledProcessError if mounting is not permitted."""
    options = ["-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    subprocess.run(["mount", *options], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


def fill(folder: Path, left: int) -> None:
    """Fill the disk up to `free` bytes."""
    status = os.statvfs(folder)
    more = status.f_bavail * status.f_frsize - left
    with open(folder / "filler", "ab") as file:
        if more > 0:
            os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, more)


if __name__ == "__main__":
    main(FullDisk())
