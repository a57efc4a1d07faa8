"""gzip for text responses, cached by ETag: a third of the bytes.

Each version is compressed once and kept for a while, so that a log that changes every second costs 5 ms a second,
however many pages poll it. Not batches.csv: the page asks for its length, then for a range of it. Weights and pictures
would hardly shrink.
"""

import re
import threading
import zlib
from collections import OrderedDict

from digits.server.http_message import Problem, Request, Response
from digits.server.static_files import CHUNK

_TAKES = re.compile(r"(?:^|,)[ \t]*gzip[ \t]*(?:$|,|;[ \t]*q=(?:1|0\.0*[1-9]))", re.IGNORECASE)
_TEXTS = ("text/html", "text/css", "text/javascript", "image/svg", "application/json", "application/manifest")
_LEVEL = 5  # 6 takes twice the time for a twentieth of the bytes
_LEAST, _MOST = 200, 8 << 20  # bytes of a file: less gains nothing, and more would keep others waiting for a second
_KEPT = 16 << 20  # bytes of all that is kept: the page, and the files of some fifty runs


class GzipCache:
    """Keeps what it has compressed, by ETag, up to `most` bytes: the least recently asked for goes first."""

    def __init__(self, most: int = _KEPT):
        self._most = most
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()  # of the two above
        self._turn = threading.Lock()  # one file at a time: a new version that all ask for is compressed once

    def of(self, request: Request, response: Response) -> Response:
        """The answer in gzip, where it is a whole text and the client takes that; else as it is.

        Both carry the same tag, one of them weakly (RFC 9110, 8.8.1): either is known again by it. Raises Problem with
        503 for a file that is being rewritten in its place.
        """
        response.headers["Vary"] = "Accept-Encoding"
        if response.status != 200 or not response.headers["Content-Type"].startswith(_TEXTS):
            return response
        if not _TAKES.search(request.headers.get("accept-encoding", "")) or not _LEAST <= response.length <= _MOST:
            return response
        tag = response.headers["ETag"]
        try:
            content = self._known(tag)
            if content is None:
                with self._turn:
                    content = self._known(tag)
                    if content is None:
                        content = _gzip(response)
                        self._keep(tag, content)
        except ConnectionError:  # it has shrunk
            raise Problem(503, "The file is being written. Try again in a second.", {"Retry-After": "1"}) from None
        finally:
            response.close()
        headers = response.headers | {"Content-Encoding": "gzip", "ETag": f"W/{tag}"}
        del headers["Accept-Ranges"]
        return Response(200, headers, content)

    def _known(self, tag: str) -> bytes | None:
        with self._lock:
            if tag in self._kept:
                self._kept.move_to_end(tag)
            return self._kept.get(tag)

    def _keep(self, tag: str, content: bytes) -> None:
        with self._lock:
            self._kept[tag] = content
            self._size += len(content)
            while self._size > self._most:
                _, oldest = self._kept.popitem(last=False)
                self._size -= len(oldest)


def _gzip(response: Response) -> bytes:
    """Chunk by chunk: of a large file no more than one is in memory. Raises ConnectionError if it has shrunk."""
    packer = zlib.compressobj(_LEVEL, wbits=16 + zlib.MAX_WBITS)  # 16: with gzip's header
    parts = [packer.compress(response.body), *(packer.compress(part) for part in response.rest(CHUNK))]
    return b"".join([*parts, packer.flush()])
