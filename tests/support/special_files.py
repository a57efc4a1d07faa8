"""Program that replaces each file of the contract in turn by a pipe or a link to an endless device, and acts on it.

    python -m tests.support.special_files ACTION KIND FOLDER

It prints each name, and then the outcome. Memory is limited, so that reading the device fails instead of filling the
machine; the caller ends a program that waits for the pipe.
"""

import contextlib
import json
import os
import resource
import shutil
import sys
from pathlib import Path

from digits.files import UnexpectedFile
from digits.runlog import contract, control_actions, lock
from digits.runlog.contract import CONTROL_LOCK, INDEX_LOCK
from digits.runlog.run_log import RunLog
from digits.server.http_message import Problem, Request
from digits.server.trainer_process import START_LOCK

NAMES = (
    *contract.FILES,
    contract.RUNS_INDEX,
    contract.CONTROL,
    contract.TRAINER_LOG,
    contract.QUEUE,
    *(lock.LOCK_FILE, START_LOCK, CONTROL_LOCK, INDEX_LOCK, contract.QUEUE_LOCK),
)
KINDS = {"pipe": os.mkfifo, "device": lambda path: os.symlink("/dev/zero", path)}
_MEMORY = 6 << 30  # bytes of address space: torch alone takes some gigabytes of it


def begin(folder: Path, **options) -> RunLog:
    with RunLog(folder, name="a run", **options) as log:
        log.batch(1, loss=0.5)
        log.save_json(contract.PREDICTIONS, {})
        log.save_shared(contract.TEST_IMAGES, b"picture")
    return log


def start(folder: Path, strange: Path) -> None:
    begin(folder)
    put(strange)
    begin(folder)


def resume(folder: Path, strange: Path) -> None:
    begin(folder)
    put(strange)
    with RunLog(folder, name="resumed", resume=True) as log:
        log.restore(None)
        log.batch(1, loss=0.5)


def start_after_it(folder: Path, strange: Path) -> None:
    """The special file is in an earlier run."""
    first = begin(folder).run_id
    begin(folder)
    put(folder / contract.RUNS / first / strange.name)
    begin(folder)
    begin(folder, keep=0)


def serve(folder: Path, strange: Path) -> None:
    from digits.server.routes import Site

    earlier = begin(folder).run_id
    live = begin(folder).run_id
    put(strange)
    if strange.name in contract.FILES:
        put(folder / contract.RUNS / earlier / strange.name)
    site = Site(folder)
    site.access.check = lambda request: None
    files = [f"/results/{name}" for name in (*contract.FILES, contract.RUNS_INDEX)]
    files += [f"/results/runs/{earlier}/{name}" for name in contract.FILES]
    reads = [("GET", path, {}) for path in (*files, "/training_status", "/control", "/options", "/healthz")]
    name, ask = {"name": "x"}, {"action": "pause"}
    changes = [("POST", f"/runs/{run}", name) for run in (earlier, live)]
    changes += [("POST", "/control", ask), ("POST", "/resume", {}), ("DELETE", f"/runs/{earlier}", {})]
    for method, path, body in (*reads, *changes, ("DELETE", f"/runs/{live}", {})):
        with contextlib.suppress(Problem):
            site.answer(asking(method, path, "application/json", json.dumps(body).encode())).close()
    with contextlib.suppress(OSError):
        control_actions.send(folder, "pause")
    with contextlib.suppress(OSError):
        os.close(lock.try_lock(folder / START_LOCK))


def asking(method: str, path: str, content_type: str, body: bytes) -> Request:
    headers = {"host": "127.0.0.1", "content-type": content_type, "content-length": str(len(body))}
    request = Request(method, path, headers)
    request.body = body
    return request


def command(*words: str) -> None:
    """A command of mnist_cnn.py, which may fail with one line."""
    import click

    from mnist_cnn import cli

    with contextlib.suppress(click.ClickException):
        cli.main([*map(str, words)], standalone_mode=False)


def read_weights(folder: Path, strange: Path) -> None:
    """Load the weights of the trained run in `folder`."""
    put(strange)
    command("predict", folder / "seven.png", "--weights", folder / contract.WEIGHTS)
    command("evaluate", folder / contract.WEIGHTS, "--dataset", "synthetic")


def read_epochs(folder: Path, strange: Path) -> None:
    """Read a saved epoch and the final weights of a run as the server does."""
    from digits.server.predict_api import PredictApi

    put(strange)
    picture = (folder / "seven.png").read_bytes()
    for query in ("", "?epoch=1"):
        with contextlib.suppress(Problem):
            PredictApi(folder).answer(asking("POST", f"/predict{query}", "image/png", picture))


def train_on(folder: Path, strange: Path) -> None:
    put(strange)
    command("verify", folder, "--steps", 1)
    command("train", "--resume", "--results-dir", folder, "--epochs", 2, "--quiet")


def put(strange: Path) -> None:
    if strange.is_dir() and not strange.is_symlink():
        shutil.rmtree(strange)
    strange.unlink(missing_ok=True)
    KINDS[sys.argv[2]](strange)


ACTIONS = (start, resume, start_after_it, serve)
_NETWORKS = (contract.NETWORK, contract.NETWORK_NUMBERS, contract.NETWORK_EPOCHS)
_DERIVED = (contract.PREDICTIONS, contract.LAYER_WEIGHTS, contract.TEST_IMAGES)
# Each with the names that only it reads; what a trainer does with all others, `resume` shows.
WITH_TORCH = {
    read_weights: (contract.WEIGHTS,),
    read_epochs: (contract.WEIGHTS, *_NETWORKS),
    train_on: (contract.BATCHES, *contract.CHECKPOINTS, *_DERIVED, *_NETWORKS),
}


def main(action: str, kind: str, folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    do = next(do for do in (*ACTIONS, *WITH_TORCH) if do.__name__ == action)
    trained = folder / "trained"
    for name in WITH_TORCH.get(do, NAMES):
        print(name, end=" ", flush=True)
        results = folder / name / "results"
        results.parent.mkdir()
        if do in WITH_TORCH:
            shutil.copytree(trained, results)
        try:
            do(results, results / name)
        except UnexpectedFile as error:
            if Path(error.filename).name != name:
                raise
            print("is refused")
        else:
            print("is no obstacle")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
