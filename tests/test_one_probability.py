"""One probability per image: samples, predictions, command line, server and page agree."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digits.data import datasets
from digits.files import write_json
from digits.inference import load
from digits.models import weights_file
from digits.runlog import contract
from tests.support import PROJECT
from tests.support.example_project import server_of
from tests.support.http_client import serving
from tests.support.node import node
from tests.support.training import Trainer, command
from tests.test_predict_api import in_json, post

pytestmark = pytest.mark.process

CLOSE = 5e-6  # of a probability: float32 in another order of additions moves it by up to 1e-6 in MNIST's test set
ROUNDED = 0.0005 + CLOSE  # three decimals
PAGE = """
import { readFileSync } from 'node:fs';
const [web, folder] = process.argv.slice(1);
const { createNetwork } = await import(`${web}/network.js`);
const { numbersOf, parsePlan } = await import(`${web}/plan.js`);
const { prepare } = await import(`${web}/prepare.js`);
const { judge } = await import(`${web}/verdict.js`);
const plan = parsePlan(JSON.parse(readFileSync(`${folder}/network.json`)));
const read = createNetwork(plan, numbersOf(plan, new Uint8Array(readFileSync(`${folder}/network.bin`)).buffer));
const answers = JSON.parse(readFileSync(0)).map((rows) => {
  const data = Uint8ClampedArray.from(rows.flat().flatMap((level) => [level, level, level, 255]));
  const prepared = prepare({ width: rows[0].length, height: rows.length, data });
  return judge(prepared, read(prepared.pixels).logits, plan);
});
console.log(JSON.stringify(answers));
"""


@pytest.fixture(scope="module", params=["float32", "bfloat16"])
def finished(tmp_path_factory, request):
    """The folder of a finished run."""
    folder = tmp_path_factory.mktemp("finished")
    with Trainer(folder / "results", "--epochs", "2", "--precision", request.param) as trainer:
        code, _, errors = trainer.finish()
        assert code == 0, errors
    return folder


def train_and_stop(folder: Path, *options: str, epochs: int, **small: bool) -> None:
    """A run, or more of one, that is stopped once so many epochs are logged."""
    with Trainer(folder / "results", *options, "--epochs", "90000", **small) as trainer:
        trainer.wait_for(lambda log: log and len(log["epochs"]["epoch"]) >= epochs)
        (folder / "results" / contract.CONTROL).write_text('{"requests": [{"action": "stop"}]}')
        code, _, errors = trainer.finish()
        assert code == 0, errors


@pytest.fixture(scope="module", params=["from its beginning", "resumed after its end"])
def stopped(tmp_path_factory, request, finished):
    """The folder of a stopped run; a resumed one has weights of an earlier epoch, too."""
    folder = tmp_path_factory.mktemp("stopped")
    if request.param == "from its beginning":
        train_and_stop(folder, epochs=2)
    else:
        shutil.copytree(finished, folder, dirs_exist_ok=True)
        train_and_stop(folder, "--resume", epochs=3, small=False)
        assert (folder / "results" / contract.WEIGHTS).exists()
    return folder


def read(folder: Path, file: str) -> dict:
    return json.loads((folder / "results" / file).read_text())


def on_the_page(folder: Path, pictures: list[np.ndarray] | None = None) -> list[dict]:
    """The page's verdicts on gray pictures, uint8 (H, W); by default on the test samples."""
    if pictures is None:
        pictures = [np.reshape(sample["pixels"], (28, 28)) for sample in read(folder, contract.TEST_SAMPLES)["samples"]]
    rows = json.dumps([picture.tolist() for picture in pictures])
    command = [node(), "--input-type=module", "-e", PAGE, str(PROJECT / "web" / "pad"), str(folder / "results")]
    done = subprocess.run(command, input=rows, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pictures_of(folder: Path, samples: list[dict]) -> list[Path]:
    files = [folder / f"{sample['index']}.png" for sample in samples]
    for file, sample in zip(files, samples):
        Image.fromarray(np.array(sample["pixels"], np.uint8).reshape(28, 28)).save(file)
    return files


def in_mosaic(folder: Path, name: str, indices: list[int]) -> list[np.ndarray]:
    """Images of the gallery."""
    sheet = np.array(Image.open(folder / "results" / name))
    places = [(28 * (index // 100), 28 * (index % 100)) for index in indices]
    return [sheet[top : top + 28, left : left + 28] for top, left in places]


def answers_of_all_programs(folder: Path, files: list[Path]) -> Iterator[list[dict]]:
    """For each file: the answers of the terminal, of Python, and of the server to a file and to rows of numbers."""
    result = command("predict", *files, "--weights", folder / "results", "--json")
    reader = load(folder / "results")
    with serving(server_of(folder)) as server:
        for file, terminal in zip(files, json.loads(result.output), strict=True):
            instance = in_json({"instances": [np.array(Image.open(file)).tolist()]})
            posted = [post(server, file.read_bytes()).json(), post(server, *instance).json()]
            yield [terminal, reader.read(file).as_json(), *posted]


def check_samples(folder: Path) -> None:
    """Every program gives the probabilities and the temperature of test_samples.json."""
    saved = read(folder, contract.TEST_SAMPLES)
    samples = saved["samples"]
    assert samples and saved["temperature"] > 0
    everywhere = answers_of_all_programs(folder, pictures_of(folder, samples))
    for sample, answers, page in zip(samples, everywhere, on_the_page(folder), strict=True):
        for answer in (*answers, page):
            assert answer["probabilities"] == pytest.approx(sample["probabilities"], abs=CLOSE)
        assert {answer["temperature"] for answer in answers} == {saved["temperature"]}
        assert {answer["model"]["epoch"] for answer in answers if "model" in answer} == {saved["epoch"]}
        assert page["isCalibrated"]


def check_gallery(folder: Path, saved: dict, images: str) -> None:
    """The reader gives the probabilities of predictions.json, of the notable images and of the first ten."""
    reader, notable = load(folder / "results"), saved["notable"]
    assert saved["temperature"] == reader.about["temperature"]
    for image, probabilities in zip(in_mosaic(folder, images, notable["index"][:30]), notable["probabilities"]):
        assert reader.read(image).probabilities == pytest.approx(probabilities, abs=ROUNDED)
    for image, confidence in zip(in_mosaic(folder, images, list(range(10))), saved["confidences"]):
        assert reader.read(image).score == pytest.approx(confidence, abs=ROUNDED)


def test_after_the_run_every_program_gives_the_same_probability(finished):
    saved = read(finished, contract.TEST_SAMPLES)
    assert saved["final"]
    assert read(finished, contract.TRAINING_LOG)["test"]["temperature"] == pytest.approx(saved["temperature"], rel=1e-5)
    check_samples(finished)
    check_gallery(finished, read(finished, contract.PREDICTIONS)["test"], contract.TEST_IMAGES)


def drawn() -> dict[str, np.ndarray]:
    """Gray pictures, uint8 (H, W), of a digit with pens of three widths, of a flawed one, and of non-digits."""
    four = [[(220, 40), (80, 240), (340, 250)], [(250, 130), (235, 370)]]
    zigzag = [[(30 + 340 * (step % 2), 20 + 30 * step) for step in range(13)], [(30, 20), (370, 380)]]
    made = {f"a 4 of {width} pixels": lines(four, width) for width in (1, 4, 40)}
    made |= {"a blot": lines([[(100, 200), (300, 200)]], 250), "a tangle": lines(zigzag, 8)}
    made |= {"at the edge": made["a 4 of 4 pixels"][:255], "small": np.asarray(Image.new("L", (300, 200), 255)).copy()}
    made["small"][40:97, 200:257] = made["a 4 of 40 pixels"][::7, ::7][:57, :57]
    return made


def lines(strokes: list, width: int) -> np.ndarray:
    sheet = Image.new("L", (400, 400), 255)
    for stroke in strokes:
        ImageDraw.Draw(sheet).line(stroke, fill=20, width=width, joint="curve")
    return np.asarray(sheet)


@pytest.mark.parametrize("threshold", [-1e9, 1e9])
def test_every_program_gives_the_same_verdict_for_the_same_reason(finished, tmp_path, threshold):
    """With an OOD threshold that rejects every picture, and one that rejects none."""
    results = shutil.copytree(finished / "results", tmp_path / "results")
    weights = results / contract.WEIGHTS
    weights.write_bytes(weights_file.serialize(weights_file.load(weights) | {"ood_threshold": threshold}))
    network = json.loads((results / contract.NETWORK).read_text())
    write_json(results / contract.NETWORK, network | {"ood_threshold": threshold})
    pictures = drawn()
    files = [tmp_path / f"{name}.png" for name in pictures]
    for file, picture in zip(files, pictures.values()):
        Image.fromarray(picture).save(file)
    predicted = json.loads(command("predict", *files, "--weights", results, "--json").output)
    report = command("predict", *files, "--weights", results).output
    reader = load(results)
    page = on_the_page(tmp_path, list(pictures.values()))
    reasons = set()
    with serving(server_of(tmp_path)) as server:
        for file, one, other in zip(files, predicted, page):
            posted = post(server, file.read_bytes()).json()
            for answer in (one, posted, reader.read(file).as_json()):
                assert (answer["status"], answer["reason"]) == (other["status"], other["reason"]), file.name
                assert answer["label"] == str(other["label"]), file.name
                assert answer["probabilities"] == pytest.approx(other["probabilities"], abs=0.02)
            assert f"{file}: " in report and (other["reason"] or "%") in report
            reasons.add(other["reason"])
    assert {"far too much ink", "a tangle of lines"} <= reasons
    assert ({None} if threshold > 0 else {"touches the edge", "unlike any digit"}) <= reasons


def test_during_training_probabilities_use_the_temperature_of_the_epoch(stopped):
    saved, network = read(stopped, contract.TEST_SAMPLES), read(stopped, contract.NETWORK)
    assert not saved["final"] and saved["temperature"] == network["temperature"] == network["temperatures"][-1]
    assert saved["epoch"] == network["epoch"]
    epochs = read(stopped, contract.PREDICTIONS)["validation"]["epochs"]
    temperatures = dict(zip(network["epochs"], network["temperatures"]))
    shared = [one for one in epochs if one["epoch"] in temperatures]
    assert len(shared) >= 2
    for one in shared:
        assert one["temperature"] == temperatures[one["epoch"]]
    check_samples(stopped)
    check_gallery(stopped, epochs[-1], contract.VALIDATION_IMAGES)


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
    report = command("predict", file, "--weights", weights).output
    assert "uncalibrated" in report.splitlines()[0]
    assert "no temperature in the weights file" in command("evaluate", weights).output
