"""Static files: opened once, within their folder, with ETag, byte range and gzip for text (RFC 9110)."""

import io
import os
import re
import threading
import zlib
from collections import OrderedDict
from pathlib import Path

from digits.files import UnexpectedFile, open_within
from digits.server import OPENAPI
from digits.server.http_message import Problem, Request, Response
from digits.server.router import not_found

# Polled files are smaller and are sent in one write; larger files follow in chunks, which in 800 threads take 205 MB.
CHUNK = 256 << 10  # bytes
WEB_SUFFIXES = (".js", ".css", ".svg", ".png", ".ico", ".webmanifest")
GZIP_CACHE_BYTES = 16 << 20  # the page, and the files of some fifty runs
_MIN_GZIP_BYTES, _MAX_GZIP_BYTES = 200, 8 << 20  # smaller files don't shrink, larger ones would block for a second
_GZIP_LEVEL = 5  # 6 takes twice the time for a twentieth of the bytes
_ACCEPTS_GZIP = re.compile(r"(?:^|,)[ \t]*gzip[ \t]*(?:$|,|;[ \t]*q=(?:1|0\.0*[1-9]))", re.IGNORECASE)
_TEXT_TYPES = ("text/html", "text/css", "text/javascript", "image/svg", "application/json", "application/manifest")

# Not the system's table: Windows' registry may call .js text/plain, and no browser runs that as a module.
CONTENT_TYPES = {
    ".bin": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".pth": "application/octet-stream",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}

# All of these are 404, so that nothing leaks. Other errors (too many open files, a failing disk) are temporary: 503.
_NOT_FOUND = (FileNotFoundError, NotADirectoryError, PermissionError, UnexpectedFile)
_TAG = re.compile(r'(?:W/)?("[!#-~\x80-\xff]*")')
_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,30})-([0-9]{0,30})[ \t]*", re.IGNORECASE)


def file_response(request: Request, folder: Path, name: str) -> Response:
    """The file `name` (relative, from an allow-list) in `folder`. Raises Problem: 404, 416, 503."""
    file = open_file(folder, name)
    try:
        return _response(request, file, name)
    except BaseException:
        file.close()
        raise


def open_file(folder: Path, name: str) -> io.FileIO:
    """The file, opened for reading. Raises Problem: 404, or 503 for a temporary error."""
    try:
        return open_within(folder, name, buffering=0)  # a buffer takes three system calls and is not needed
    except _NOT_FOUND:
        raise not_found() from None
    except OSError:
        raise unreadable() from None


def unreadable() -> Problem:
    """The Problem of a file that can't be read at the moment."""
    return Problem(503, "This file can't be read at the moment.", {"Retry-After": "2"})


def file_etag(status: os.stat_result) -> str:
    """ETag from inode, time and size, so that it differs even for two versions written within a second."""
    return f'"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"'


def etag_of(folder: Path, name: str) -> str | None:
    """The ETag of `name` in `folder`; None if there is no such file. Raises Problem (503)."""
    try:
        file = open_file(folder, name)
    except Problem as problem:
        if problem.status != 404:
            raise
        return None
    with file:
        return file_etag(os.fstat(file.fileno()))


def is_not_modified(request: Request, etag: str) -> bool:
    """Whether the client has this version: If-None-Match, compared weakly."""
    known = request.headers.get("if-none-match", "")
    return known == "*" or etag in _TAG.findall(known)


def _response(request: Request, file: io.FileIO, name: str) -> Response:
    status = os.fstat(file.fileno())
    size, etag = status.st_size, file_etag(status)
    if is_not_modified(request, etag):
        file.close()
        return Response(304, {"ETag": etag})
    content_type = CONTENT_TYPES.get(os.path.splitext(name)[1], "application/octet-stream")
    headers = {"Content-Type": content_type, "ETag": etag, "Accept-Ranges": "bytes"}
    if name.endswith(".pth"):
        headers["Content-Disposition"] = f'attachment; filename="{os.path.basename(name)}"'
    wanted = _range(request, etag, size)
    start, stop = wanted or (0, size)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    file.seek(start)
    response = Response(206 if wanted else 200, headers, file.read(min(CHUNK, stop - start)), stop - start, file)
    if len(response.body) == response.length:
        response.close()
    return response


def _range(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """Start and stop of the requested bytes; None for the whole file. Raises Problem (416) if they are outside.

    Several ranges and malformed ones are ignored (RFC 9110, 14.2).
    """
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if not match or request.method != "GET" or request.headers.get("if-range", etag) != etag:
        return None
    first, last = match.groups()
    if not (first or last) or (first and last and int(first) > int(last)):
        return None
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if start >= stop:
        raise Problem(416, f"The file has {size} bytes.", {"Content-Range": f"bytes */{size}"})
    return start, stop


class PageFiles:
    """The HTML files and web/ of `project`, and the OpenAPI document. Handlers raise Problem: 404, 416, 503."""

    def __init__(self, project: Path, compressed: "GzipCache"):
        self._project = project
        self._compressed = compressed

    def page(self, request: Request) -> Response:
        return self._compressed.file(request, self._project, "index.html")

    def reader(self, request: Request) -> Response:
        """The page of --predict-only."""
        return self._compressed.file(request, self._project / "web" / "reader", "reader.html")

    def web_file(self, request: Request, folder: str | None, name: str) -> Response:
        """A file in web/ or in a folder of it, as it is now: a new module or folder needs no restart."""
        path = self._project / "web"
        if folder is not None:
            if folder not in names_in(path):
                raise not_found()
            path /= folder
        if not name.endswith(WEB_SUFFIXES) or name not in names_in(path):
            raise not_found()
        return self._compressed.file(request, path, name)

    def openapi(self, request: Request) -> Response:
        return self._compressed.file(request, OPENAPI.parent, OPENAPI.name)


def names_in(folder: Path) -> list[str]:
    """The exact names in a folder; a case-insensitive file system would also open other spellings."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


class GzipCache:
    """Compressed texts by ETag, up to `max_bytes`; the least recently used are dropped first.

    Each version is compressed once, so that a log that changes every second costs 5 ms a second, however many pages
    poll it. batches.csv is not compressed: the page asks for its length, then for a range of it. Weights and images
    would hardly shrink.
    """

    def __init__(self, max_bytes: int = GZIP_CACHE_BYTES):
        self._max_bytes = max_bytes
        self._cached: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()  # of the two above
        self._compressing = threading.Lock()  # one file at a time: a version that many ask for is compressed once

    def compress(self, request: Request, response: Response) -> Response:
        """The response in gzip if it is a whole text and the client accepts that, else as it is.

        Both carry the same tag, the compressed one weakly (RFC 9110, 8.8.1): the client may send either. Raises Problem
        (503) for a file that is being rewritten in place.
        """
        response.headers["Vary"] = "Accept-Encoding"
        if response.status != 200 or not response.headers["Content-Type"].startswith(_TEXT_TYPES):
            return response
        is_accepted = _ACCEPTS_GZIP.search(request.headers.get("accept-encoding", ""))
        if not is_accepted or not _MIN_GZIP_BYTES <= response.length <= _MAX_GZIP_BYTES:
            return response
        tag = response.headers["ETag"]
        try:
            content = self._get(tag) or self._add(tag, response)
        except ConnectionError:  # it was truncated
            raise Problem(503, "The file is being written. Try again in a second.", {"Retry-After": "1"}) from None
        finally:
            response.close()
        headers = response.headers | {"Content-Encoding": "gzip", "ETag": f"W/{tag}"}
        del headers["Accept-Ranges"]
        return Response(200, headers, content)

    def file(self, request: Request, folder: Path, name: str) -> Response:
        """Like `file_response`, compressed if possible."""
        return self.compress(request, file_response(request, folder, name))

    def _get(self, tag: str) -> bytes | None:
        with self._lock:
            if tag in self._cached:
                self._cached.move_to_end(tag)
            return self._cached.get(tag)

    def _add(self, tag: str, response: Response) -> bytes:
        with self._compressing:
            if content := self._get(tag):  # another thread was faster
                return content
            content = _gzip(response)
            with self._lock:
                self._cached[tag] = content
                self._size += len(content)
                while self._size > self._max_bytes:
                    _, oldest = self._cached.popitem(last=False)
                    self._size -= len(oldest)
            return content


def _gzip(response: Response) -> bytes:
    """Chunk by chunk: a large file is never in memory as a whole. Raises ConnectionError if it was truncated."""
    compressor = zlib.compressobj(_GZIP_LEVEL, wbits=16 + zlib.MAX_WBITS)  # 16: with gzip's header
    parts = [compressor.compress(response.body), *(compressor.compress(part) for part in response.rest(CHUNK))]
    return b"".join([*parts, compressor.flush()])
