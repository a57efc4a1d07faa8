"""Runs all fault-injection programs, within 20 minutes, and writes the figures to benchmarks/results/faults.json.

python -m tests.faults          the same as `make faults`
"""

import sys
import time

from tests.faults import harness
from tests.faults.errors import Errors
from tests.faults.full_disk import FullDisk
from tests.faults.kills import Kills
from tests.faults.malformed import Malformed
from tests.faults.signals import Signals

sys.path.append(str(harness.PROJECT / "benchmarks"))  # last, so that its server.py does not shadow the project's
from figures import Quantity, Results

LIMIT_S = 18 * 60.0  # no case starts later; running ones finish within the remaining two minutes
SHARES = {Malformed: 2, FullDisk: 2, Signals: 2, Kills: 4, Errors: 5}  # of the time
SEED = 1
QUANTITIES = (
    Quantity("cases", "cases", "", 0),
    Quantity("failed", "failed", "", 0, at_most=0),
    Quantity("seconds", "took", "s", 0),
)


def main() -> None:
    results = Results("faults", "Injected faults", QUANTITIES, {"seed": SEED}, table="Injected faults")
    ends, failed = time.monotonic() + LIMIT_S, 0
    shares = dict(SHARES)
    for kind in SHARES:
        seconds = (ends - time.monotonic()) * shares[kind] / sum(shares.values())
        del shares[kind]
        program = kind()
        summary = harness.run(program, range(program.count), SEED, seconds=seconds)
        failed += summary.failed
        if summary.cases:
            figures = {"cases": summary.cases, "failed": summary.failed, "seconds": summary.seconds}
            results.add(SEED, figures, of=f"`{program.name}`")
            if summary.cases < program.count:
                results.remark(f"`{program.name}`: {summary.cases} of {program.count} cases fit into its time.")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
