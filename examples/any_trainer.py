"""Any trainer on the page: linear regression on noisy points, in plain Python.

    python examples/any_trainer.py
    python server.py                    in another terminal

`RunLog` needs three calls: the planned totals, every batch, and every epoch.
"""

import random
import sys
import time
from pathlib import Path

project = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(project))
from digits.runlog import RunLog

EPOCHS, BATCHES, LR = 5, 200, 0.02
slope = offset = 0.0
with RunLog(project / "results", name="linear regression", config={"lr": LR, "epochs": EPOCHS}) as log:
    log.set_totals(EPOCHS, BATCHES)
    for epoch in range(1, EPOCHS + 1):
        losses = []
        for _ in range(BATCHES):
            x = random.uniform(-1, 1)
            error = slope * x + offset - (3 * x + 1 + random.gauss(0, 0.1))
            slope, offset = slope - LR * error * x, offset - LR * error
            losses.append(error**2)
            log.batch(epoch, loss=losses[-1], lr=LR, images=1)
            time.sleep(0.005)
        log.epoch(epoch, train_loss=sum(losses) / BATCHES)
print(f"y = {slope:.2f} x + {offset:.2f}. To see the curves again: python server.py")
