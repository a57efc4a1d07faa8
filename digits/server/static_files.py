"""Files as responses: opened once, inside their folder, with ETag, whole or one range (RFC 9110)."""

import os
import re

from digits.files import UnexpectedFile, open_within
from digits.server.http_message import Problem, Request, Response

# All that is polled fits, and goes out in one write; larger ones follow in chunks: with one in
# each of 800 threads 205 MB.
CHUNK = 256 << 10

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

# Any of these looks alike from outside. Other errors (too many open files, a failing disk) may pass.
_NOT_HERE = (FileNotFoundError, NotADirectoryError, PermissionError, UnexpectedFile)
_TAG = re.compile(r'(?:W/)?("[!#-~\x80-\xff]*")')
_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,30})-([0-9]{0,30})[ \t]*", re.IGNORECASE)


def file_response(request: Request, folder: str, name: str) -> Response:
    """The file `name` (relative, known to be harmless) in `folder`. Raises Problem with 404, 416 or 503."""
    file = opened(folder, name)
    try:
        return _response(request, file, name)
    except BaseException:
        file.close()
        raise


def opened(folder: str, name: str):
    """The file, opened for reading. Raises Problem with 404, or with 503 for an error that may pass."""
    try:
        return open_within(folder, name)
    except _NOT_HERE:
        raise Problem(404, "There is nothing here.") from None
    except OSError:
        raise Problem(503, "This file can't be read at the moment.", {"Retry-After": "2"}) from None


def file_etag(status: os.stat_result) -> str:
    """A replaced file has another inode, a longer one another size: two versions of the same second look different."""
    return f'"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"'


def etag_of(folder: str, name: str) -> str | None:
    """The tag with which `name` in `folder` is served; None where it is not. Raises Problem with 503."""
    try:
        file = opened(folder, name)
    except Problem as problem:
        if problem.status != 404:
            raise
        return None
    with file:
        return file_etag(os.fstat(file.fileno()))


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has this version already: If-None-Match, compared weakly."""
    known = request.headers.get("if-none-match", "")
    return known == "*" or etag in _TAG.findall(known)


def _response(request: Request, file, name: str) -> Response:
    status = os.fstat(file.fileno())
    size, etag = status.st_size, file_etag(status)
    if is_known(request, etag):
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
    """Where the wanted bytes start and stop; None for the whole file, also for several ranges or nonsense.
    Raises Problem with 416 for a range outside the file."""
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
