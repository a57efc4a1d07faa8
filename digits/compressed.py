"""The page's own files in gzip, for clients that take it: together two fifths of the bytes, which a slow network feels.

Each version is compressed once and kept. What changes while a network trains is sent as it is: that would cost time at
every poll, and a range of a file is of its own bytes.
"""

import gzip
import re

from digits.httpmessage import Request, Response

_TAKES = re.compile(r"(?:^|,)[ \t]*gzip[ \t]*(?:$|,|;[ \t]*q=(?:1|0\.0*[1-9]))", re.IGNORECASE)
_TEXTS = ("text/", "image/svg")
_MOST = 500  # versions: all files of the page several times over


class Compressed:
    """Keeps what it has compressed, by ETag."""

    def __init__(self):
        self._kept: dict[str, bytes] = {}

    def of(self, request: Request, response: Response) -> Response:
        """The answer in gzip, where it is a whole text and the client takes that; else as it is.

        Both carry the same tag, one of them weakly (RFC 9110, 8.8.1): either is known again by it.
        """
        response.headers["Vary"] = "Accept-Encoding"
        if response.status != 200 or not response.headers["Content-Type"].startswith(_TEXTS):
            return response
        if not _TAKES.search(request.headers.get("accept-encoding", "")) or len(response.body) != response.length:
            return response
        tag = response.headers["ETag"]
        content = self._kept.get(tag)
        if content is None:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            content = self._kept[tag] = gzip.compress(response.body, mtime=0)
        headers = response.headers | {"Content-Encoding": "gzip", "ETag": f"W/{tag}"}
        del headers["Accept-Ranges"]
        return Response(200, headers, content)
