"""Sends signals to a trainer and a server at random moments and checks exit codes, last output, log, and a resume.

python -m tests.faults.signals --count 100 --seed 1
"""

import contextlib
import http.client
import shutil
import signal
import threading
from pathlib import Path

from tests.faults.errors import address, ask
from tests.faults.harness import Case, Program, main
from tests.faults.processes import (
    RUN,
    Child,
    check_intact,
    check_no_leftovers,
    check_same,
    fingerprints,
    log_of,
    one_line,
    resume,
    start,
    train,
    trainer,
)
from tests.support.outcome import outcome

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SOON_S = 20.0  # two on an idle machine


class Signals(Program):
    name = "signals"
    title = "Send SIGINT, SIGTERM and SIGHUP, one or two of them, at random moments to a trainer and a server."
    count = 100

    def prepare(self, folder: Path) -> None:
        self.finished = folder / "finished"
        self.takes_s = train(folder, self.finished, *RUN)
        self.expected = outcome(self.finished)
        self.run_id, self.files = log_of(self.finished)["run_id"], fingerprints(self.finished)

    def run(self, case: Case) -> None:
        sent = case.rng.choices(SIGNALS, k=case.rng.choice((1, 1, 2)))
        if case.number % 4:
            self.signal_trainer(case, sent)
        else:
            self.signal_server(case, sent)
        names = " and ".join(signal.Signals(number).name for number in sent)
        case.failures = [f"{names}: {failure}" for failure in case.failures]

    def signal_trainer(self, case: Case, sent: list[signal.Signals]) -> None:
        results = case.folder / "results"
        shutil.copytree(self.finished, results)
        child = trainer(case, results, *RUN)
        wait_until_handled(child)
        child.wait_computed(case.rng.uniform(0, self.takes_s))
        code = send(case, child, sent)
        log = log_of(results)
        begun = log["run_id"] != self.run_id
        case.happened = f"trainer {log['status']}" if begun else "trainer before its log"
        if code != 0:
            case.check(one_line(child.errors), f"not one line: {child.errors[-1000:]}")
        allowed = {"completed"} if code == 0 or not begun else {"interrupted", "completed"}
        if len(sent) == 2 and code != 0:
            allowed |= {"running"}  # the second one exits immediately
        case.check(log["status"] in allowed, f"ended with {code}, and the log says {log['status']}")
        check_intact(case, results, self.run_id, self.files, "after the signal")
        self.go_on(case, results, log["status"] if begun else None)
        check_no_leftovers(case, results, "after going on")

    def go_on(self, case: Case, results: Path, status: str | None) -> None:
        if status != "completed" and not (resume if status else start)(case, results):
            return
        check_same(case, outcome(results), self.expected, "after going on")
        check_intact(case, results, self.run_id, self.files, "after going on", moved=True)

    def signal_server(self, case: Case, sent: list[signal.Signals]) -> None:
        """Send requests for some time, as fast as possible."""
        arguments = ("--no-browser", "--port", "0", "--results-dir", str(self.finished))
        child = Child(case.folder, "server.py", *arguments, fresh=True)
        case.happened = "server starting"
        wait_until_handled(child)
        if case.rng.random() < 0.7:
            case.happened = "server answering"
            where = address(child)
            status, answer = ask(where, "GET", "/healthz", None)
            case.check(status == 200, f"it does not answer: {status} {answer}")
            asking = threading.Thread(target=ask_until_it_ends, args=where[:1])
            asking.start()
        child.ended(case.rng.uniform(0, 0.3))
        code = send(case, child, sent)
        if case.happened == "server answering":
            asking.join()
        case.check(code != 0, "it ended with 0")
        case.check(child.errors == "", f"it printed {child.errors[-1000:]}")


def ask_until_it_ends(port: int) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON_S)
        while True:
            connection.request("GET", "/results/predictions.json")
            connection.getresponse().read()


def wait_until_handled(child: Child) -> None:
    """Wait until the program handles SIGTERM."""
    while not child.ended(0.0005):
        status = Path(f"/proc/{child.pid}/status").read_text()
        caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
        if int(caught, 16) >> signal.SIGTERM - 1 & 1:
            return


def send(case: Case, child: Child, sent: list[signal.Signals]) -> int | None:
    """Send the signals and check the exit code: that of one of them, or 0 if the program had just completed."""
    with contextlib.suppress(ProcessLookupError):
        for number in sent:
            child.send(number)
            child.ended(case.rng.choice((0, 0.001, 0.05, 0.3)))
    code = child.wait(SOON_S)
    case.check(code in (0, *(128 + number for number in sent)), f"ended with {code}: {child.errors[-600:]}")
    printed = child.errors + child.output
    case.check("Traceback" not in printed, f"a traceback: {printed[-1500:]}")
    return code


if __name__ == "__main__":
    main(Signals())
