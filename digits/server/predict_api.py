"""The predict API: choice of weights, concurrency, and the answer as JSON.

torch is imported for the first request, in its thread: a server that nobody asks stays small, and starts at once.
"""

import base64
import contextlib
import io
import re
import threading
import time
from pathlib import Path

from digits import processor
from digits.imports import ImportFailed, importing
from digits.runlog import runs, schema
from digits.server import uploads
from digits.server.http_message import Problem, Request, Response, json_response
from digits.server.http_server import log
from digits.server.turns import Turns

AT_ONCE = 2  # pictures computed at a time: as many as there are cores on a small machine
WAITING = 16  # requests beyond these: come again
BUDGET_S = 5.0  # of processor time, for all pictures of a request: 16 of the slowest kind take half of it
_PATIENCE_S = 20.0  # of a request, for all its turns: longer than torch's import on a slow disk
_READERS = 2  # networks kept in memory: those of two runs that are asked in turn
_RETRY, _LATER = {"Retry-After": "2"}, {"Retry-After": "30"}
_NETWORKS = (schema.WEIGHTS, schema.NETWORK)  # files that a network can be read from, the better one first
_EPOCH = re.compile("[0-9]{1,7}")


class PredictApi:
    """Answers POST /predict with the weights in `results`."""

    def __init__(self, results: Path):
        self.results = results
        self.places = Turns(AT_ONCE)
        self._loading = Turns(1)  # a network at a time; those that are known need not wait for it
        self._requests = threading.Semaphore(AT_ONCE + WAITING)
        self._decoding = threading.Lock()  # one at a time: four megapixels are 60 MB before they are made smaller
        self._lock = threading.Lock()  # of the next, for a moment
        self._readers: dict[tuple, object] = {}  # by file and when that was written, the last one used at the end

    def answer(self, request: Request) -> Response:
        """Raises Problem: 400, 404, 411, 413, 415, 422, 503."""
        began = time.perf_counter()
        if "content-length" not in request.headers:
            raise Problem(411, "Say how long the body is: Content-Length.")
        if unknown := request.query.keys() - {"format", "run", "epoch"}:
            raise Problem(400, f"There is no parameter {min(unknown)!r}: use format, run or epoch.")
        if request.query.get("format", "hf") != "hf":
            raise Problem(400, "The only other format is hf.")
        if not _EPOCH.fullmatch(request.query.get("epoch", "0")):
            raise Problem(400, "An epoch is a whole number.")
        if not self._requests.acquire(blocking=False):
            raise _busy()
        try:
            answers = self._read(request)
        finally:
            self._requests.release()
        if len(answers) == 1 and answers[0]["status"] == "empty":
            raise Problem(422, "Nothing is drawn on this picture.")
        if "format" in request.query:
            lists = [answer["predictions"] for answer in answers]
            return json_response(lists[0] if len(lists) == 1 else lists)
        elapsed = {"elapsed_ms": round((time.perf_counter() - began) * 1000, 2)}
        return json_response(answers[0] | elapsed if len(answers) == 1 else {"answers": answers} | elapsed)

    def _read(self, request: Request) -> list[dict]:
        """An answer for each picture. Each takes a turn of its own, so that a form of many lets others pass."""
        waiting = _Patience(_PATIENCE_S)
        processor.use_all_cores()
        with waiting.turn(self.places):  # a body may take its time too
            found = uploads.parse_images(request.headers.get("content-type", ""), request.body)
        self._folder(request.query.get("run"))  # without any weights nobody need wait for torch
        if not self._readers:
            processor.tune_for_serving()
        try:
            with importing():
                import PIL.Image  # noqa: F401

                import digits.inference.predict  # noqa: F401  torch comes with it
                from digits.inference import images
        except ImportFailed as error:
            log(str(error))  # with paths of this machine, which are not for everybody who may look
            raise Problem(503, "A package can't be loaded: the server's terminal says which, and what to do.") from None
        reader = self._chosen(request.query, waiting)
        model = {key: reader.about.get(key) for key in ("run_id", "epoch", "sha256")}
        answers, pixels, spent = [], images.MAX_PIXELS, 0.0  # pixels left, and seconds spent, of the whole request
        for picture in found:
            with waiting.turn(self.places):
                began = time.thread_time()  # other programs on this machine don't count
                prepared, pixels = self._prepared(picture, pixels)
                answers.append(_to_json(*reader.read([prepared]), model))
                spent += time.thread_time() - began
            if spent >= BUDGET_S and len(answers) < len(found):
                raise Problem(413, f"Reading these pictures takes more than {BUDGET_S:g} s: send fewer at a time.")
        return answers

    def _prepared(self, picture: bytes | list, pixels: int):
        """What the network sees of a picture, and how many of these pixels are left. Raises Problem: 413, 415."""
        from digits.inference import images
        from digits.inference.preprocess import from_pixels, prepare

        if not isinstance(picture, bytes):
            return from_pixels(picture), pixels
        try:
            with self._decoding:
                decoded = images.decode(picture, most_pixels=pixels)
        except images.ImageTooLarge as error:
            together = f"The pictures of a request have at most {images.MAX_PIXELS:,} pixels in all."
            raise Problem(413, str(error) if pixels == images.MAX_PIXELS else together) from None
        except images.InvalidImage as error:
            raise Problem(415, str(error)) from None
        used = round(decoded.channels.shape[0] * decoded.channels.shape[1] * decoded.reduced**2)
        return prepare(decoded), pixels - used

    def _chosen(self, query: dict[str, str], waiting: "_Patience"):
        """The reader that is asked for. Raises Problem with 404 or 503."""
        from digits.errors import UserError
        from digits.inference.predict import Predictor

        folder = self._folder(query.get("run"))
        try:
            reader = self._final(folder / schema.WEIGHTS, waiting)
        except (UserError, FileNotFoundError):  # no path nor word of torch's: they are nobody's business
            why = f"{schema.WEIGHTS} is damaged, too large, or was replaced at this very moment"
            raise Problem(503, f"The weights can't be read now: {why}.", _RETRY) from None
        if reader and query.get("epoch") in (None, str(reader.about.get("epoch"))):
            return reader
        try:
            with waiting.turn(self._loading):
                return Predictor.from_history(int(query["epoch"]) if "epoch" in query else None, folder)
        except LookupError:
            raise Problem(404, "The weights of that epoch were not kept.") from None

    def _final(self, path: Path, waiting: "_Patience"):
        """The reader of the run's mnist_cnn.pth, read again when that has changed; None without one."""
        from digits.inference.predict import Predictor

        if not path.is_file():
            return None
        status = path.stat()
        version = (path, status.st_ino, status.st_mtime_ns, status.st_size)
        if reader := self._known(version):
            return reader
        with waiting.turn(self._loading):
            reader = self._known(version) or Predictor.open(path)  # another thread may have read it meanwhile
        with self._lock:
            self._readers[version] = reader
            while len(self._readers) > _READERS:
                del self._readers[next(iter(self._readers))]
        return reader

    def _known(self, version: tuple):
        """The reader of that file, if it is in memory."""
        with self._lock:
            reader = self._readers.pop(version, None)
            if reader:
                self._readers[version] = reader
            return reader

    def _folder(self, run: str | None) -> Path:
        """Where the weights lie: of that run, else the newest final ones, else those of the newest epoch there is."""
        if run is not None:
            try:
                folder = runs.run_folder(self.results, run) if schema.RUN_ID.fullmatch(run) else None
            except OSError:
                raise Problem(503, "The runs can't be read at the moment.", _RETRY) from None
            if folder is None or not any((folder / file).is_file() for file in _NETWORKS):
                raise Problem(404, "There are no weights of that run.")
            return folder
        for file in _NETWORKS:
            if (self.results / file).is_file():  # as a rule: nobody need read every run's log for it
                return self.results
            for folder in runs.earlier_runs(self.results):
                if (folder / file).is_file():
                    return folder
        raise Problem(503, "No network has been trained yet: start one with python mnist_cnn.py.", _LATER)


class _Patience:
    """How long a request waits, all its turns together."""

    def __init__(self, seconds: float):
        self._left = seconds

    @contextlib.contextmanager
    def turn(self, turns: Turns):
        """A turn. Raises Problem with 503 where the patience is over."""
        began = time.monotonic()
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(turns.turn(max(0.0, self._left)))
            except TimeoutError:
                raise _busy() from None
            self._left -= time.monotonic() - began
            yield


def _busy() -> Problem:
    return Problem(503, "Too many pictures wait to be read. Try again in a moment.", _RETRY)


def _to_json(answer, model: dict) -> dict:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(answer.prepared.pixels).save(content, "PNG")
    told = answer.as_json()
    told["model"] = model
    del told["preprocessing"]["pixels"]  # the same as its image
    told["preprocessing"]["image"] = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    return told
