"""A plain PyTorch loop on the page: the five lines marked `# log` are all that it takes.

python examples/plain_pytorch.py
python server.py                    in another terminal
"""

import sys
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # not needed after `pip install .`
from digits.runlog import RunLog  # log

EPOCHS, LR, BATCH = 10, 0.05, 64
torch.manual_seed(1)
points = 2 * torch.rand(4096, 2) - 1  # (N, 2)
classes = (points.square().sum(dim=1) < 0.6).long()  # (N,): within a circle or not
train, validation = torch.arange(3584).split(BATCH), torch.arange(3584, 4096)

model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=LR)

with RunLog("results", name="plain PyTorch", config={"lr": LR, "epochs": EPOCHS, "batch_size": BATCH}) as log:  # log
    log.set_totals(EPOCHS, len(train))  # log
    for epoch in range(1, EPOCHS + 1):
        losses = []
        for rows in train:
            logits = model(points[rows])  # (n, 2)
            loss = nn.functional.cross_entropy(logits, classes[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            accuracy = (logits.argmax(dim=1) == classes[rows]).float().mean().item()
            log.batch(epoch, loss=losses[-1], accuracy=accuracy, lr=LR, images=len(rows))  # log
        with torch.no_grad():
            correct = (model(points[validation]).argmax(dim=1) == classes[validation]).float().mean().item()
        log.epoch(epoch, train_loss=sum(losses) / len(losses), val_accuracy=correct)  # log
        print(f"Epoch {epoch}: loss {sum(losses) / len(losses):.4f}, validation accuracy {correct:.2%}")
