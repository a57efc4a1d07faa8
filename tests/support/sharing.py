"""Runs to hand on: copies of the example run, with planted names of a machine."""

import json
import shutil
from pathlib import Path

from digits.runlog import contract
from digits.runlog.runs import index_lock, write_index
from tests.support import PROJECT

DEMO = PROJECT / "examples" / "demo"
USER, HOST = "planteduser", "planted-host"
PATHS = (f"/home/{USER}/my data", f"C:\\Users\\{USER}\\runs", f"/srv/{HOST}/secret", f"\\\\{HOST}\\share\\file")
PRIVATE = (USER, HOST, "my data", "secret", "/srv", "C:\\\\Users")


def example_run(folder: Path, run_id: str = "20260101-120000-aaaaaa", **changes) -> Path:
    """The example run with another id and changes of its log, in `folder`."""
    shutil.copytree(DEMO, folder, dirs_exist_ok=True)
    log = json.loads((folder / contract.TRAINING_LOG).read_text(encoding="utf-8"))
    (folder / contract.TRAINING_LOG).write_text(json.dumps(log | {"run_id": run_id} | changes), encoding="utf-8")
    return folder


def results_of(folder: Path, names: tuple[str, ...] = ("second", "first")) -> Path:
    """A results folder with runs of these names, the current one first; ids end in aaaaaa, bbbbbb, ..."""
    for number, name in enumerate(names):
        run_id = f"2026010{9 - number}-120000-{'abcdefgh'[number] * 6}"
        example_run(folder / contract.RUNS / run_id if number else folder, run_id, name=name, config={"lr": number + 1})
    with index_lock(folder):
        write_index(folder)
    return folder


def private_run(folder: Path) -> Path:
    """A run whose files name a user, a host and paths wherever such names can be."""
    data, windows, server, share = PATHS
    log = json.loads((DEMO / contract.TRAINING_LOG).read_text(encoding="utf-8"))
    program = f"/home/{USER}/.venv/bin/python '{data}/mnist_cnn.py'"
    example_run(
        folder,
        name=f"run of {USER} on {HOST}",
        process={"pid": 4321987, "host": f"{HOST}.example.org"},
        command=f"{program} --data-dir '{data}' --results-dir={server} --epochs 10",
        config=log["config"] | {"data_dir": data, "results_dir": server, "custom": windows},
        environment=log["environment"] | {"note": f"trained by {USER} at {share}"},
        dataset=log["dataset"] | {"notice": f"Read from {data}/MNIST."},
        events=[{"step": 5, "time": "2026-01-01T12:00:00Z", "kind": "warning", "text": f"Cannot write {windows}"}],
        status="failed",
        error=f"No such file: {data}/x.bin on {HOST}",
    )
    (folder / contract.TRAINER_LOG).write_text(f"started by {USER}", encoding="utf-8")
    label = {"schema": 1, "run_id": "20260101-120000-aaaaaa", "name": f"{USER}: best"}
    (folder / contract.LABEL).write_text(json.dumps(label), encoding="utf-8")
    samples = json.loads((folder / contract.TEST_SAMPLES).read_text(encoding="utf-8"))
    (folder / contract.TEST_SAMPLES).write_text(json.dumps(samples | {"made_by": data}), encoding="utf-8")
    return folder
