"""One probability per image: samples, predictions, command line, server and page agree."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import mnist_cnn
from digits.data import datasets
from digits.runlog import contract
from tests.support import PROJECT
from tests.support.example_project import server_of
from tests.support.http_client import serving
from tests.support.training import Trainer
from tests.test_predict_api import in_json, post

pytestmark = pytest.mark.process

CLOSE = 1e-4  # of a probability: float32 in another order of additions
ROUNDED = 0.0005  # three decimals
PAGE = """
import { readFileSync } from 'node:fs';
const [web, folder] = process.argv.slice(1);
const { createNetwork } = await import(`${web}/network.js`);
const { numbersOf, parsePlan } = await import(`${web}/plan.js`);
const { prepare } = await import(`${web}/prepare.js`);
const { judge } = await import(`${web}/verdict.js`);
const { samples } = JSON.parse(readFileSync(`${folder}/test_samples.json`));
const plan = parsePlan(JSON.parse(readFileSync(`${folder}/network.json`)));
const read = createNetwork(plan, numbersOf(plan, new Uint8Array(readFileSync(`${folder}/network.bin`)).buffer));
const answers = samples.map(({ pixels }) => {
  const data = Uint8ClampedArray.from(pixels.flatMap((level) => [level, level, level, 255]));
  const prepared = prepare({ width: 28, height: 28, data });
  return judge(prepared, read(prepared.pixels).logits, plan);
});
console.log(JSON.stringify(answers));
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run that trained in bfloat16."""
    folder = tmp_path_factory.mktemp("finished")
    with Trainer(folder / "results", "--epochs", "2", "--precision", "bfloat16") as trainer:
        code, _, errors = trainer.finish()
        assert code == 0, errors
    return folder


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """The folder of a stopped run."""
    folder = tmp_path_factory.mktemp("stopped")
    with Trainer(folder / "results", "--epochs", "500") as trainer:
        trainer.wait_for(lambda log: log and len(log["epochs"]["epoch"]) >= 2)
        (folder / "results" / contract.CONTROL).write_text('{"requests": [{"action": "stop"}]}')
        code, _, errors = trainer.finish()
        assert code == 0, errors
    return folder


def read(folder: Path, file: str) -> dict:
    return json.loads((folder / "results" / file).read_text())


def on_the_page(folder: Path) -> list[dict]:
    node = shutil.which("node")
    assert node, "Node.js is needed for this test"
    command = [node, "--input-type=module", "-e", PAGE, str(PROJECT / "web" / "pad"), str(folder / "results")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pictures_of(folder: Path, samples: list[dict]) -> list[Path]:
    files = [folder / f"{sample['index']}.png" for sample in samples]
    for file, sample in zip(files, samples):
        Image.fromarray(np.array(sample["pixels"], np.uint8).reshape(28, 28)).save(file)
    return files


def test_after_the_run_every_program_gives_the_same_probability(finished):
    told = read(finished, contract.TEST_SAMPLES)
    samples, temperature = told["samples"], told["temperature"]
    assert told["final"] and temperature > 0
    assert read(finished, contract.TRAINING_LOG)["test"]["temperature"] == pytest.approx(temperature, rel=1e-5)
    files = pictures_of(finished, samples)
    weights = finished / "results" / contract.WEIGHTS
    result = CliRunner().invoke(mnist_cnn.cli, ["predict", *map(str, files), "--weights", str(weights), "--json"])
    predicted = json.loads(result.stdout)
    page = on_the_page(finished)
    test = read(finished, contract.PREDICTIONS)["test"]
    notable = dict(zip(test["notable"]["index"], test["notable"]["probabilities"]))
    with serving(server_of(finished)) as server:
        for sample, file, one, other in zip(samples, files, predicted, page):
            expected = sample["probabilities"]
            rows = np.reshape(sample["pixels"], (28, 28)).tolist()
            posted = [post(server, file.read_bytes()).json(), post(server, *in_json({"instances": [rows]})).json()]
            for answer in (one, other, *posted):
                assert answer["probabilities"] == pytest.approx(expected, abs=CLOSE)
            assert {one["temperature"], *(answer["temperature"] for answer in posted)} == {temperature}
            assert other["isCalibrated"]
            assert test["confidences"][sample["index"]] == pytest.approx(max(expected), abs=ROUNDED)
            if sample["index"] in notable:
                assert notable[sample["index"]] == pytest.approx(expected, abs=ROUNDED)


def test_during_training_probabilities_use_the_temperature_of_the_epoch(stopped):
    told, network = read(stopped, contract.TEST_SAMPLES), read(stopped, contract.NETWORK)
    assert not told["final"] and told["temperature"] == network["temperature"] == network["temperatures"][-1] > 0
    epochs = read(stopped, contract.PREDICTIONS)["validation"]["epochs"]
    temperatures = dict(zip(network["epochs"], network["temperatures"]))
    shared = [one for one in epochs if one["epoch"] in temperatures]
    assert len(shared) >= 2
    for one in shared:
        assert one["temperature"] == temperatures[one["epoch"]]
    page = on_the_page(stopped)
    with serving(server_of(stopped)) as server:
        for sample, file, other in zip(told["samples"], pictures_of(stopped, told["samples"]), page):
            answer = post(server, file.read_bytes()).json()
            assert answer["model"]["epoch"] == told["epoch"]
            assert answer["temperature"] == told["temperature"]
            for probabilities in (answer["probabilities"], other["probabilities"]):
                assert probabilities == pytest.approx(sample["probabilities"], abs=CLOSE)


def test_without_validation_images_the_files_say_that_nothing_is_calibrated(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "SYNTHETIC_TEST", 100)
    with Trainer(tmp_path / "results", "--epochs", "1", last_options=["--validation", "0"]) as trainer:
        code, _, errors = trainer.finish()
        assert code == 0, errors
    samples = read(tmp_path, contract.TEST_SAMPLES)
    assert samples["temperature"] is None and samples["samples"]
    assert read(tmp_path, contract.PREDICTIONS)["test"]["temperature"] is None
    test = read(tmp_path, contract.TRAINING_LOG)["test"]
    assert (test["temperature"], test["ece_calibrated"]) == (None, None) and test["calibration_error"] > 0
    assert not any(answer["isCalibrated"] for answer in on_the_page(tmp_path))
    file, *_ = pictures_of(tmp_path, samples["samples"])
    weights = tmp_path / "results" / contract.WEIGHTS
    report = CliRunner().invoke(mnist_cnn.cli, ["predict", str(file), "--weights", str(weights)]).stdout
    assert "uncalibrated" in report.splitlines()[0] or "not look like" in report
    evaluated = CliRunner().invoke(mnist_cnn.cli, ["evaluate", str(weights)]).stdout
    assert "no temperature in the weights file" in evaluated
