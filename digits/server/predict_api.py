"""The predict API: checks of the request, choice of weights, limits on concurrency and time, the answer as JSON.

torch is imported for the first request, in its thread: a server without predictions stays small and starts at once.
"""

import base64
import io
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits import cpu_tuning
from digits.errors import UserError
from digits.import_errors import ImportFailed, importing
from digits.paths import invocation
from digits.runlog import contract, runs
from digits.server import uploads
from digits.server.concurrency import FairSemaphore, TimeBudget
from digits.server.http_message import Problem, Request, Response, json_response
from digits.server.http_server import log

if TYPE_CHECKING:
    from digits.inference.predict import Predictor
    from digits.inference.reading import Reading

AT_ONCE = 2  # images computed at a time: as many as a small machine has cores
WAITING = 16  # further requests that may wait
BUDGET_S = 5.0  # of processor time, for all images of a request: 16 of the slowest kind take half of it
_TIMEOUT_S = 20.0  # of a request, for everything it waits for: longer than torch's import on a slow disk
_CACHED = 2  # models in memory: those of two runs that are requested alternately
_RETRY, _RETRY_LATER = {"Retry-After": "2"}, {"Retry-After": "30"}
_MODEL_FILES = (contract.WEIGHTS, contract.NETWORK)  # that a model can be loaded from, the preferred one first
_EPOCH = re.compile("[0-9]{1,7}")


class PredictApi:
    """Answers requests for predictions with the weights in `results`; `has_runs`: requests may choose a run."""

    def __init__(self, results: Path, has_runs: bool = True):
        self._parameters = ("format", "run", "epoch") if has_runs else ("format",)
        self.computing = FairSemaphore(AT_ONCE)
        self._predictors = _Predictors(results)
        self._requests = threading.Semaphore(AT_ONCE + WAITING)
        self._memory = threading.Lock()  # one at a time: a large body, or 16 megapixels, take 135 MB for a moment

    @property
    def ready(self) -> bool:
        """Whether there is a trained network."""
        try:
            self.folder()
        except Problem:
            return False
        return True

    def folder(self) -> Path:
        """The folder of the network that predicts unless a request chooses another. Raises Problem (503)."""
        return self._predictors.folder(None)

    def answer(self, request: Request) -> Response:
        """The response of /predict. Raises Problem: 400, 404, 411, 413, 415, 422, 503."""
        began = time.perf_counter()
        answers = self.answers(request, uploads.images_of)
        if len(answers) == 1 and answers[0]["status"] == "empty":
            raise Problem(422, "No strokes were found above the background.")
        if "format" in request.query:
            for number, answer in enumerate(answers):
                if "error" in answer:
                    raise Problem(415, f"Image {number}: {answer['error']}")
            lists = [answer["predictions"] for answer in answers]
            return json_response(lists[0] if len(lists) == 1 else lists)
        elapsed = {"elapsed_ms": round((time.perf_counter() - began) * 1000, 2)}
        return json_response((answers[0] if len(answers) == 1 else {"answers": answers}) | elapsed)

    def answers(self, request: Request, images_of: Callable[[Request], list[uploads.Image]]) -> list[dict[str, Any]]:
        """One for each image that `images_of` finds in the request. Raises Problem like `answer`, except 422."""
        _check(request, self._parameters)
        if not self._requests.acquire(blocking=False):
            raise _too_busy()
        try:
            return self._predict(request, images_of)
        except TimeoutError:
            raise _too_busy() from None
        finally:
            self._requests.release()

    def _predict(self, request: Request, images_of: Callable[[Request], list[uploads.Image]]) -> list[dict[str, Any]]:
        """One answer for each image. Each image waits for its turn, so that requests with many don't block others."""
        budget = TimeBudget(_TIMEOUT_S)
        with budget.acquired(self.computing), self._memory:  # a large body takes time too
            uploaded = images_of(request)
            request.body = b""
        folder = self._predictors.folder(request.query.get("run"))  # fails before torch is imported
        _import_inference()
        epoch = request.query.get("epoch")
        predictor = self._predictors.get(folder, None if epoch is None else int(epoch), budget)
        answers: list[dict[str, Any]] = []
        spent_s = 0.0
        for image in uploaded:
            if answers and spent_s >= BUDGET_S:
                raise Problem(413, f"These images take more than {BUDGET_S:g} s: send fewer at a time.")
            with budget.acquired(self.computing):
                began = time.thread_time()  # not counting other programs
                answers.append(self._answer_to(image, predictor, alone=len(uploaded) == 1))
                spent_s += time.thread_time() - began
        if all("error" in answer for answer in answers):
            raise Problem(415, answers[0]["error"])
        return answers

    def _answer_to(self, image: uploads.Image, predictor: "Predictor", alone: bool) -> dict[str, Any]:
        """The answer for one image; for one of several that can't be decoded, {"error": a sentence}. Raises Problem."""
        try:
            return _to_json(self._read(predictor, image), predictor)
        except Problem as problem:
            if alone:
                raise
            return {"error": problem.error}

    def _read(self, predictor: "Predictor", image: uploads.Image) -> "Reading":
        """Decode and read one image. Raises Problem: 413, 415."""
        from digits.inference import images
        from digits.inference.preprocess import from_pixels
        from digits.inference.reading import Reading

        if not isinstance(image, bytes):
            return Reading.of_one(predictor.predict([from_pixels(image)])[0])
        try:
            with self._memory:
                decoded = images.decode(image)
        except images.ImageTooLarge as error:
            raise Problem(413, str(error)) from None
        except images.InvalidImage as error:
            raise Problem(415, str(error)) from None
        return predictor.read(decoded)


class _Predictors:
    """The trained models of all runs in `results`, loaded when requested; the last few stay in memory."""

    def __init__(self, results: Path):
        self._results = results
        self._loading = FairSemaphore(1)  # one at a time; requests for those in memory do not wait for it
        self._lock = threading.Lock()  # guards _cached
        self._cached: dict[tuple[Path, int, int, int], Predictor] = {}  # by version of the file, last used at the end

    def folder(self, run: str | None) -> Path:
        """The folder of `run`; None: that of the newest final weights, or of the newest epoch. Problem: 404, 503."""
        if run is not None:
            try:
                folder = runs.run_folder(self._results, run) if contract.RUN_ID.fullmatch(run) else None
            except OSError:
                raise Problem(503, "The runs can't be read at the moment.", _RETRY) from None
            if folder is None or not any((folder / file).is_file() for file in _MODEL_FILES):
                raise Problem(404, "This run does not exist or has no weights.")
            return folder
        for file in _MODEL_FILES:
            if (self._results / file).is_file():  # the usual case, which needs no other run's log
                return self._results
            for folder in runs.earlier_runs(self._results):
                if (folder / file).is_file():
                    return folder
        raise Problem(503, f"No network has been trained yet: run {invocation('mnist_cnn')}.", _RETRY_LATER)

    def get(self, folder: Path, epoch: int | None, budget: TimeBudget) -> "Predictor":
        """The final model of the run in `folder`, or that after `epoch`, or the latest. Raises Problem: 404, 503.

        A resumed run, or one with a snapshot, has later epochs than its weights file.
        """
        from digits.inference.predict import Predictor

        try:
            predictor = self._final(folder / contract.WEIGHTS, budget)
        except (UserError, FileNotFoundError):  # without paths and torch's messages: they are private
            reason = f"{contract.WEIGHTS} is damaged, too large, or has just been replaced"
            raise Problem(503, f"The weights can't be read: {reason}.", _RETRY) from None
        if predictor and (
            not predictor.is_outdated(folder) if epoch is None else epoch == predictor.about.get("epoch")
        ):
            return predictor
        try:
            with budget.acquired(self._loading):
                return Predictor.from_history(epoch, folder)
        except LookupError:
            raise Problem(404, "The weights of that epoch were not saved.") from None

    def _final(self, path: Path, budget: TimeBudget) -> "Predictor | None":
        """The model in mnist_cnn.pth, loaded again whenever the file has changed; None if there is none."""
        from digits.inference.predict import Predictor

        if not path.is_file():
            return None
        status = path.stat()
        version = (path, status.st_ino, status.st_mtime_ns, status.st_size)
        if predictor := self._get_cached(version):
            return predictor
        with budget.acquired(self._loading):
            predictor = self._get_cached(version) or Predictor.open(path)  # another thread may have loaded it
        with self._lock:
            self._cached[version] = predictor
            while len(self._cached) > _CACHED:
                del self._cached[next(iter(self._cached))]
        return predictor

    def _get_cached(self, version: tuple[Path, int, int, int]) -> "Predictor | None":
        with self._lock:
            predictor = self._cached.pop(version, None)
            if predictor:
                self._cached[version] = predictor
            return predictor


def _check(request: Request, parameters: tuple[str, ...]) -> None:
    """Raise Problem (400, 411) for a request that needs no look at its body."""
    query = request.query
    if "content-length" not in request.headers:
        raise Problem(411, "Content-Length is missing.")
    if unknown := query.keys() - set(parameters):
        raise Problem(400, f"Unknown parameter {min(unknown)[:80]!r}; expected {', '.join(parameters)}.")
    if query.get("format", "hf") != "hf":
        raise Problem(400, "The only other format is hf.")
    if not _EPOCH.fullmatch(query.get("epoch", "0")):
        raise Problem(400, "epoch must be an integer.")


def _import_inference() -> None:
    """Import torch and Pillow. Raises Problem (503) if one is missing or broken."""
    if "torch" not in sys.modules:
        cpu_tuning.tune_for_serving()
    try:
        with importing():
            import PIL.Image  # noqa: F401

            import digits.inference.predict  # noqa: F401
    except ImportFailed as error:
        log(str(error))  # not sent to the client, since it contains paths
        raise Problem(503, "A package can't be loaded; the server's terminal names it and the remedy.") from None


def _to_json(reading: "Reading", predictor: "Predictor") -> dict[str, Any]:
    from PIL import Image

    png = io.BytesIO()
    Image.fromarray(reading.whole.prepared.pixels).save(png, "PNG")
    image = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
    model = {key: predictor.about.get(key) for key in ("run_id", "epoch", "sha256")}
    return reading.as_json(image=image) | {"model": model}


def _too_busy() -> Problem:
    return Problem(503, "Too many images are waiting. Try again in a moment.", _RETRY)
