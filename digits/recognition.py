"""Reading digits for the server: which weights, how many at a time, and the answer as JSON.

torch is imported for the first request, in its thread: a server that nobody asks stays small, and starts at once.
"""

import base64
import io
import threading
import time
from pathlib import Path

from digits import archive, contract, uploads
from digits.httpmessage import Problem, Request, Response, json_response

AT_ONCE = 2  # predictions computed at a time: as many as there are cores on a small machine
WAITING = 16  # more than these wait: come again
_PATIENCE_S = 20.0  # longer than torch's import on a slow disk
_RETRY = {"Retry-After": "2"}


class Recognition:
    """Answers POST /predict with the weights in `results`."""

    def __init__(self, results: Path):
        self.results = results
        self._places = threading.Semaphore(AT_ONCE)
        self._queue = threading.Semaphore(AT_ONCE + WAITING)
        self._loading = threading.Lock()
        self._reader = None
        self._known: tuple | None = None  # which file the reader has read, and when that was written

    def answer(self, request: Request) -> Response:
        """Raises Problem: 400, 404, 413, 415, 422, 503."""
        began = time.perf_counter()
        if unknown := request.query.keys() - {"format", "run", "epoch"}:
            raise Problem(400, f"There is no parameter {min(unknown)!r}: use format, run or epoch.")
        if request.query.get("format", "hf") != "hf":
            raise Problem(400, "The only other format is hf.")
        found = uploads.pictures_of(request.headers.get("content-type", ""), request.body)
        if not self._queue.acquire(blocking=False):
            raise Problem(503, "Too many pictures wait to be read. Try again in a moment.", _RETRY)
        try:
            if not self._places.acquire(timeout=_PATIENCE_S):
                raise Problem(503, "Too many pictures wait to be read. Try again in a moment.", _RETRY)
            try:
                answers = self._read(found, request.query)
            finally:
                self._places.release()
        finally:
            self._queue.release()
        if len(answers) == 1 and answers[0]["status"] == "empty":
            raise Problem(422, "Nothing is drawn on this picture.")
        if "format" in request.query:
            return json_response([one for answer in answers for one in answer["predictions"]])
        elapsed = {"elapsed_ms": round((time.perf_counter() - began) * 1000, 2)}
        return json_response(answers[0] | elapsed if len(answers) == 1 else {"answers": answers} | elapsed)

    def _read(self, found: list, query: dict[str, str]) -> list[dict]:
        from digits import pictures  # with numpy: not before somebody asks
        from digits.preprocess import as_it_is, prepare

        reader = self._newest(query)
        try:
            prepared = [prepare(pictures.decode(one)) if isinstance(one, bytes) else as_it_is(one) for one in found]
        except pictures.TooLarge as error:
            raise Problem(413, str(error)) from None
        except pictures.NoPicture as error:
            raise Problem(415, str(error)) from None
        model = {key: reader.about.get(key) for key in ("run_id", "epoch", "sha256")}
        return [_told(answer, model) for answer in reader.read(prepared)]

    def _newest(self, query: dict[str, str]):
        """The reader of the run that is asked for, else of the newest that has weights."""
        from digits.errors import UserError
        from digits.predict import Reader

        path = self._weights(query.get("run"))
        with self._loading:
            status = path.stat()
            version = (path, status.st_ino, status.st_mtime_ns, status.st_size)
            if self._known != version:
                try:
                    self._reader, self._known = Reader(path), version
                except UserError as error:
                    raise Problem(503, f"The weights can't be read: {error}", _RETRY) from None
            reader = self._reader
        if "epoch" in query and query["epoch"] != str(reader.about.get("epoch")):
            raise Problem(404, "The weights of that epoch were not kept.")
        return reader

    def _weights(self, run: str | None) -> Path:
        if run is not None:
            folder = archive.run_folder(self.results, run) if contract.RUN_ID.fullmatch(run) else None
            if folder is None or not (folder / contract.WEIGHTS).is_file():
                raise Problem(404, "There are no weights of that run.")
            return folder / contract.WEIGHTS
        for folder in archive.folders(self.results):
            if (folder / contract.WEIGHTS).is_file():
                return folder / contract.WEIGHTS
        raise Problem(
            503, "No network has been trained yet: start one with python mnist_cnn.py.", {"Retry-After": "30"}
        )


def _told(answer, model: dict) -> dict:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(answer.prepared.pixels).save(content, "PNG")
    told = answer.as_json()
    told["model"] = model
    del told["preprocessing"]["pixels"]  # the same as its image
    told["preprocessing"]["image"] = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    return told
