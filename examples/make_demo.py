"""The finished run that ships with the project: a tiny network on synthetic digits.

    python examples/make_demo.py        rewrites examples/demo/, in about half a minute
    python server.py --demo             shows it

The same command, versions and machine give the same weights and predictions.
"""

import contextlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

project = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(project))
from digits.config import Config
from digits.data import datasets
from digits.data.mnist import Dataset
from digits.runlog import contract
from digits.runlog.run_log import RunLog
from digits.training.run import TrainingRun

FOLDER = project / "examples" / "demo"
FILES = (*contract.FILES, contract.RUNS_INDEX)
TRAIN, VALIDATION, TEST = 8000, 800, 800  # images: 9,600 pictures would take 3 MB
OPTIONS = {"preset": "tiny", "dataset": "synthetic", "epochs": 10, "train_limit": TRAIN, "validation": VALIDATION}
MACHINE = {"device": "cpu", "precision": "float32", "threads": 1}
ELSEWHERE = {"results_dir": "examples/demo", "data_dir": "data"}  # no path of the machine that made it


def dataset() -> Dataset:
    """Few synthetic digits, and fewer for the test than usual."""
    drawn = datasets.load(
        "synthetic", Path("data"), VALIDATION, TRAIN, lambda *_: contextlib.nullcontext(lambda _: None)
    )
    return Dataset(drawn.name, drawn.train, drawn.validation, drawn.test[:TEST])


def train(folder: Path) -> None:
    config = Config.from_options(
        **OPTIONS, **MACHINE, name="Example: tiny network, synthetic digits", results_dir=folder
    )
    command = "python examples/make_demo.py"
    with RunLog(folder, name=config.name or "", config=config.as_json() | ELSEWHERE, command=command) as log:
        run = TrainingRun(config, log, lambda *_: contextlib.nullcontext(lambda _: None), print, dataset=dataset())
        while run.state.epoch <= run.trainer.epochs:
            run.train_epoch(lambda _: None)
            run.validate()
            run.save_epoch()
        print(f"Test accuracy: {100 * run.test().test.accuracy:.2f} %")


def publish(source: Path) -> None:
    """Copy what the page and the server need, without the names of the machine, process and commit."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for name in FILES:
        if name not in contract.CHECKPOINTS and (source / name).exists():
            shutil.copy(source / name, FOLDER / name)
    path = FOLDER / contract.TRAINING_LOG
    log = json.loads(path.read_text(encoding="utf-8"))
    del log["process"], log["environment"]["commit"], log["environment"]["device_name"]
    log["files"] = [name for name in log["files"] if name not in contract.CHECKPOINTS]
    path.write_text(json.dumps(log, separators=(",", ":")), encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        train(Path(folder))
        publish(Path(folder))
    print(f"{sum(path.stat().st_size for path in FOLDER.iterdir()):,} bytes in {FOLDER.relative_to(project)}")


if __name__ == "__main__":
    main()
