"""Reading digits for the server: which weights, how many at a time, and the answer as JSON.

torch is imported for the first request, in its thread: a server that nobody asks stays small, and starts at once.
"""

import base64
import contextlib
import io
import re
import threading
import time
from pathlib import Path

from digits import archive, contract, processor, uploads
from digits.httpmessage import Problem, Request, Response, json_response
from digits.imports import ImportFailed, importing

AT_ONCE = 2  # pictures computed at a time: as many as there are cores on a small machine
WAITING = 16  # more than these wait: come again
_PATIENCE_S = 20.0  # longer than torch's import on a slow disk
_RETRY, _LATER = {"Retry-After": "2"}, {"Retry-After": "30"}
_NETWORKS = (contract.WEIGHTS, contract.NETWORK)  # files that a network can be read from, the better one first
_EPOCH = re.compile("[0-9]{1,7}")


class Recognition:
    """Answers POST /predict with the weights in `results`."""

    def __init__(self, results: Path):
        self.results = results
        self._places = threading.Semaphore(AT_ONCE)
        self._queue = threading.Semaphore(AT_ONCE + WAITING)
        self._loading = threading.Lock()
        self._decoding = threading.Lock()  # one at a time: four megapixels are 60 MB before they are made smaller
        self._reader = None
        self._known: tuple | None = None  # which file the reader has read, and when that was written

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
        with self._place():  # before the body is looked into: that may take its time too
            answers = self._read(request)
        if len(answers) == 1 and answers[0]["status"] == "empty":
            raise Problem(422, "Nothing is drawn on this picture.")
        if "format" in request.query:
            lists = [answer["predictions"] for answer in answers]
            return json_response(lists[0] if len(lists) == 1 else lists)
        elapsed = {"elapsed_ms": round((time.perf_counter() - began) * 1000, 2)}
        return json_response(answers[0] | elapsed if len(answers) == 1 else {"answers": answers} | elapsed)

    @contextlib.contextmanager
    def _place(self):
        """One of AT_ONCE, after some waiting. Raises Problem with 503 where too many wait, or too long."""
        busy = Problem(503, "Too many pictures wait to be read. Try again in a moment.", _RETRY)
        if not self._queue.acquire(blocking=False):
            raise busy
        try:
            if not self._places.acquire(timeout=_PATIENCE_S):
                raise busy
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._queue.release()

    def _read(self, request: Request) -> list[dict]:
        found = uploads.pictures_of(request.headers.get("content-type", ""), request.body)
        self._folder(request.query.get("run"))  # without any weights nobody need wait for torch
        processor.use_all_cores()
        if self._reader is None:
            processor.prepare_to_serve()
        try:
            with importing():
                import PIL.Image  # noqa: F401

                import digits.predict  # noqa: F401  torch comes with it
                from digits import pictures
                from digits.preprocess import as_it_is, prepare
        except ImportFailed as error:
            raise Problem(503, str(error)) from None
        reader = self._chosen(request.query)
        prepared, pixels = [], pictures.MAX_PIXELS  # that are left, for all pictures of the request
        try:
            for one in found:
                if not isinstance(one, bytes):
                    prepared.append(as_it_is(one))
                    continue
                with self._decoding:
                    picture = pictures.decode(one, most_pixels=pixels)
                pixels -= round(picture.channels.shape[0] * picture.channels.shape[1] * picture.reduced**2)
                prepared.append(prepare(picture))
        except pictures.TooLarge as error:
            together = f"The pictures of a request have at most {pictures.MAX_PIXELS:,} pixels in all."
            raise Problem(413, str(error) if pixels == pictures.MAX_PIXELS else together) from None
        except pictures.NoPicture as error:
            raise Problem(415, str(error)) from None
        model = {key: reader.about.get(key) for key in ("run_id", "epoch", "sha256")}
        return [_told(answer, model) for answer in reader.read(prepared)]

    def _chosen(self, query: dict[str, str]):
        """The reader that is asked for. Raises Problem with 404 or 503."""
        from digits.errors import UserError
        from digits.predict import Reader

        folder = self._folder(query.get("run"))
        with self._loading:
            try:
                reader = self._final(folder)
            except (UserError, FileNotFoundError):  # no path nor word of torch's: they are nobody's business
                why = f"{contract.WEIGHTS} is damaged, or was replaced at this very moment"
                raise Problem(503, f"The weights can't be read now: {why}.", _RETRY) from None
        if reader and query.get("epoch") in (None, str(reader.about.get("epoch"))):
            return reader
        try:
            return Reader.after(int(query["epoch"]) if "epoch" in query else None, folder)
        except LookupError:
            raise Problem(404, "The weights of that epoch were not kept.") from None

    def _final(self, folder: Path):
        """The reader of the run's mnist_cnn.pth, read again when that has changed; None without one."""
        from digits.predict import Reader

        path = folder / contract.WEIGHTS
        if not path.is_file():
            return None
        status = path.stat()
        version = (path, status.st_ino, status.st_mtime_ns, status.st_size)
        if self._known != version:
            self._reader, self._known = Reader.open(path), version
        return self._reader

    def _folder(self, run: str | None) -> Path:
        """Where the weights lie: of that run, else the newest final ones, else those of the newest epoch there is."""
        if run is not None:
            try:
                folder = archive.run_folder(self.results, run) if contract.RUN_ID.fullmatch(run) else None
            except OSError:
                raise Problem(503, "The runs can't be read at the moment.", _RETRY) from None
            if folder is None or not any((folder / file).is_file() for file in _NETWORKS):
                raise Problem(404, "There are no weights of that run.")
            return folder
        for file in _NETWORKS:
            if (self.results / file).is_file():  # as a rule: nobody need read every run's log for it
                return self.results
            for folder in archive.earlier_runs(self.results):
                if (folder / file).is_file():
                    return folder
        raise Problem(503, "No network has been trained yet: start one with python mnist_cnn.py.", _LATER)


def _told(answer, model: dict) -> dict:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(answer.prepared.pixels).save(content, "PNG")
    told = answer.as_json()
    told["model"] = model
    del told["preprocessing"]["pixels"]  # the same as its image
    told["preprocessing"]["image"] = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    return told
