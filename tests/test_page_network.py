"""The network in the page computes what torch and digits/inference/predict.py compute, for every architecture.

`python -m tests.test_page_network` writes the small fixture that `node --test` finds by itself.
"""

import base64
import contextlib
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from digits.architectures import ARCHITECTURES
from digits.data import datasets, mnist, synthetic
from digits.evaluation.calibration import apply_temperature
from digits.evaluation.evaluation import hidden_features
from digits.evaluation.ood import energies
from digits.inference.images import DecodedImage
from digits.inference.input_checks import rejection_reason
from digits.inference.preprocess import prepare
from digits.models.builders import build_model
from digits.models.history import ModelHistory
from digits.models.network import Network
from digits.models.precision import Precision
from tests.support import PROJECT
from tests.support.node import node

FIXTURE = PROJECT / "tests" / "fixtures" / "network"
TESTS = ("network", "verdict", "occlusion", "position")
IMAGES = dict.fromkeys(("cnn4", "cnn4-quick", "cnn4-valid", "cnn4-strided-valid", "lenet5", "tiny"), 1000)
VIEWS = {"cnn4-valid": 9, "tiny": 5}
TEMPERATURE = 1.2
FEWER = 50  # for the networks that JavaScript takes long for


def experienced(name: str, digits: torch.Tensor) -> Network:
    """A network with batch statistics of digits and some negative scales."""
    torch.manual_seed(0)
    network = build_model(name)
    with torch.no_grad():
        for layer in network:
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.weight.uniform_(0.5, 1.5).mul_(torch.randn_like(layer.weight).sign())
                layer.bias.normal_(0, 0.3)
                layer.momentum = None  # the mean over all batches
        network(mnist.normalize(digits))
        network.eval()
        network[-1].weight.mul_(10 / network(mnist.normalize(digits)).abs().max())  # as confident as a trained one
    return network


def images_of(count: int) -> torch.Tensor:
    """uint8 (count, 28, 28): MNIST test images if this machine has them, else synthetic ones."""
    root = Path(os.environ.get("MNIST_DATA_DIR") or "data")
    if (root / "MNIST" / "raw" / "t10k-images-idx3-ubyte").is_file():
        return datasets.load_test("mnist", root, lambda *_: contextlib.nullcontext(print)).test.images[:count]
    return synthetic.draw(count, seed=7)[0]


@torch.inference_mode()
def write(folder: Path, images: dict[str, int], digits: torch.Tensor) -> None:
    """Fixture for tests/web/network.test.js: digits, and for each network its files and torch's logits."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "digits.bin").write_bytes(digits.numpy().tobytes())
    (folder / "names.json").write_text(json.dumps(list(images)))
    for name, count in images.items():
        network = experienced(name, digits[:200])
        network.views = VIEWS.get(name, 1)
        collected = ModelHistory()
        for epoch in (1, 2):
            collected.add_epoch(epoch, network)
        logits = torch.cat([network(mnist.normalize(part)) for part in digits[:count].split(250)])
        (folder / f"{name}.json").write_text(
            json.dumps({"run_id": "x"} | collected.as_json({"temperature": TEMPERATURE}))
        )
        (folder / f"{name}.bin").write_bytes(collected.current)
        (folder / f"{name}-epochs.bin").write_bytes(collected.history)
        (folder / f"{name}-logits.bin").write_bytes(logits.numpy().tobytes())
        hidden = hidden_features(network, digits[:20], Precision(torch.device("cpu")))
        (folder / f"{name}-hidden.bin").write_bytes(b"" if hidden is None else hidden.numpy().tobytes())
        if name in IMAGES:
            (folder / f"{name}-occlusion.bin").write_bytes(occlusion_map(network, digits[0]).numpy().tobytes())


def occlusion_map(network: torch.nn.Module, digit: torch.Tensor) -> torch.Tensor:
    """float32 (28, 28): the mean fall of the predicted digit's probability over the patches that cover a pixel: 7x7, 3
    pixels apart.
    """
    corners = [(top, left) for top in range(-4, 28, 3) for left in range(-4, 28, 3)]
    masks = torch.zeros(len(corners), 28, 28)
    for mask, (top, left) in zip(masks, corners):
        mask[max(0, top) : top + 7, max(0, left) : left + 7] = 1
    whole = apply_temperature(network(mnist.normalize(digit[None])), TEMPERATURE)[0]
    covered = apply_temperature(network(mnist.normalize((digit * (1 - masks)).to(torch.uint8))), TEMPERATURE)
    falls = whole.max() - covered[:, whole.argmax()]
    return ((falls[:, None, None] * masks).sum(dim=0) / masks.sum(dim=0)).float()


@torch.inference_mode()
def write_verdicts(folder: Path, each: int) -> None:
    """Digits and non-digits, each with Python's verdict; the network's confidence is arbitrary."""
    import doodles

    rng = np.random.default_rng(3)
    network = experienced("tiny", synthetic.draw(200, seed=7)[0])
    digits, _ = synthetic.draw(each, seed=8)
    gray = [np.asarray(draw(rng).convert("L")) for draw in doodles.KINDS.values() for _ in range(each)]
    prepared = [prepare(_picture(one)) for one in [*digits.numpy(), *gray]]
    logits = network(mnist.normalize(torch.from_numpy(np.stack([one.pixels for one in prepared]))))
    rows = zip(prepared, logits.tolist(), apply_temperature(logits, 1.7).tolist(), energies(logits).tolist())
    cases = [
        {
            "pixels": base64.b64encode(one.pixels.tobytes()).decode(),
            "parts": one.parts,
            "refused": None if one.empty else rejection_reason(one),
            "logits": ten,
            "probabilities": probabilities,
            "energy": energy,
        }
        for one, ten, probabilities, energy in rows
    ]
    (folder / "verdicts.json").write_text(json.dumps({"temperature": 1.7, "cases": cases}))


def _picture(gray: np.ndarray) -> DecodedImage:
    colors = np.repeat(gray[..., None].astype(np.float32) / 255, 4, axis=2)
    colors[..., 3] = 1
    return DecodedImage(colors, 1.0)


@pytest.mark.slow
def test_every_network_gives_the_logits_of_torch(tmp_path):
    images = {name: IMAGES.get(name, FEWER) for name in ARCHITECTURES}
    write(tmp_path, images, images_of(1000))
    write_verdicts(tmp_path, each=40)
    command = [node(), "--test", *(f"tests/web/{test}.test.js" for test in TESTS)]
    environment = os.environ | {"NETWORKS": str(tmp_path)}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    for name, count in images.items():
        assert f"{name}: the logits of {count} digits are torch's" in done.stdout


if __name__ == "__main__":
    import sys

    sys.path.append(str(PROJECT / "benchmarks"))
    write(FIXTURE, {"tiny": 20}, synthetic.draw(20, seed=7)[0])
    write_verdicts(FIXTURE, each=4)
