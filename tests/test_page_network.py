"""The network in the page computes what torch computes, for every architecture.

`python -m tests.test_page_network` writes the small fixture that `node --test` finds by itself.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import torch

from digits import synthetic
from digits.architectures import ARCHITECTURES
from digits.models import build
from digits.networks import Networks
from digits.training import normalised

PROJECT = Path(__file__).resolve().parent.parent
FIXTURE = PROJECT / "tests" / "fixtures" / "network"
IMAGES = {"cnn4": 1000, "cnn4-quick": 1000, "lenet5": 1000, "tiny": 1000}
FEWER = 50  # for the networks that JavaScript takes long for


def experienced(name: str, digits: torch.Tensor) -> torch.nn.Sequential:
    """A network whose batch norm has seen digits, and has turned some channels over."""
    torch.manual_seed(0)
    network = build(name)
    with torch.no_grad():
        for layer in network:
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.weight.uniform_(0.5, 1.5).mul_(torch.randn_like(layer.weight).sign())
                layer.bias.normal_(0, 0.3)
                layer.momentum = None  # the mean over all batches
        network(normalised(digits))
        network[-1].weight.mul_(20)  # as sure of itself as a trained one
    return network.eval()


@torch.inference_mode()
def write(folder: Path, images: dict[str, int]) -> None:
    """What tests/web/network.test.js reads: digits, and for each network its files and torch's logits."""
    folder.mkdir(parents=True, exist_ok=True)
    digits, _ = synthetic.draw(max(images.values()), seed=7)
    (folder / "digits.bin").write_bytes(digits.numpy().tobytes())
    (folder / "names.json").write_text(json.dumps(list(images)))
    for name, count in images.items():
        network = experienced(name, digits[:200])
        collected = Networks()
        for epoch in (1, 2):
            collected.add_epoch(epoch, network)
        logits = torch.cat([network(normalised(part)) for part in digits[:count].split(250)])
        (folder / f"{name}.json").write_text(json.dumps({"run_id": "x"} | collected.as_json({"temperature": 1.2})))
        (folder / f"{name}.bin").write_bytes(collected.current)
        (folder / f"{name}-epochs.bin").write_bytes(collected.history)
        (folder / f"{name}-logits.bin").write_bytes(logits.numpy().tobytes())


def test_every_network_reads_digits_as_torch_does(tmp_path):
    images = {name: IMAGES.get(name, FEWER) for name in ARCHITECTURES}
    write(tmp_path, images)
    node = shutil.which("node")
    assert node, "Node.js is needed for this test"
    command = [node, "--test", "tests/web/network.test.js"]
    environment = os.environ | {"NETWORKS": str(tmp_path)}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    for name, count in images.items():
        assert f"{name}: the logits of {count} digits are torch's" in done.stdout


if __name__ == "__main__":
    write(FIXTURE, {"tiny": 20})
