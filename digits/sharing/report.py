"""A report: the page and its runs in one HTML file, which opens from the disk without any request.

It is the real page, read-only: its modules as one script, its style sheets and the files of the runs are in the file,
and boot.js answers the page's requests with them.
"""

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from digits.errors import UserError
from digits.files import UnexpectedFile, named_by_user, read_file, write_atomically
from digits.paths import PAGE, short_path
from digits.runlog import contract
from digits.sharing.bundle import bundle
from digits.sharing.copies import RunCopy, copy_of, index_of, reduce
from digits.sharing.markup import Markup

MAX_BYTES = 2_000_000  # mail and chat programs take such a file
MAX_RUNS = 11  # the page compares one with ten others
MARK = "<!-- report of mnist_cnn.py -->"
_BOOT = Path(__file__).with_name("boot.js")
_ENTRIES = ["web/core/theme.js", "web/main.js"]
_WORKER = "web/drawer/worker.js"
# Nothing in a report can be controlled, and there is always a run.
_LEFT_OUT = frozenset({"web/control/control.js", "web/views/welcome.js"})
_ROOM_FOR_NOTE = 1000  # bytes
_LEVEL = 7  # of gzip: 9 takes longer, and saves a hundredth


@dataclass
class Report:
    """The HTML of a report, the names of its runs, and what was left out of them."""

    content: bytes
    runs: list[str]
    left_out: list[str]


def make_report(folders: Sequence[Path], *, with_model: bool = False, with_paths: bool = False) -> Report:
    """A report of the runs in `folders`; the first one is shown. Raises UserError if they do not fit."""
    copies: dict[str, RunCopy] = {}
    for number, folder in enumerate(folders, 1):
        copy = copy_of(folder, with_network=with_model, with_paths=with_paths, number=number)
        copies.setdefault(copy.run_id, copy)
    runs = list(copies.values())
    if len(runs) > MAX_RUNS:
        raise UserError(f"A report holds at most {MAX_RUNS} runs, not {len(runs)}: name fewer.")
    packer = _Packer()
    page = _Page(packer)
    room = MAX_BYTES - len(page.html({}, runs, [], with_model)) - _ROOM_FOR_NOTE
    index = index_of(runs)
    size, left_out = reduce(runs, room - packer.size(contract.RUNS_INDEX, index), packer.size)
    if size > room:
        few = "fewer runs" if len(runs) > 1 else "another run"
        raise UserError(f"The report would take {size / 1e6:.1f} MB, above {MAX_BYTES / 1e6:.0f} MB: name {few}.")
    files = {f"results/{contract.RUNS_INDEX}": index}
    for copy, place in zip(runs, ["", *(f"{contract.RUNS}/{copy.run_id}/" for copy in runs[1:])]):
        files |= {f"results/{place}{name}": content for name, content in copy.all_files().items()}
    return Report(page.html(files, runs, left_out, with_model), [copy.name for copy in runs], left_out)


def save_report(path: Path, report: Report) -> None:
    """Write a report. Raises UserError if a file that is none is in the way, or it can't be written."""
    path = named_by_user(path)
    try:
        before = read_file(path, 10 * MAX_BYTES)
    except FileNotFoundError:
        before = None
    except UnexpectedFile:
        before = b""
    if before is not None and MARK.encode() not in before[:200]:
        raise UserError(f"{short_path(path)} exists and is no report: choose another name with -o.")
    try:
        write_atomically(path, report.content)
    except OSError as error:
        raise UserError(f"Cannot write {short_path(path)}: {error.strerror}. Choose another place with -o.") from None


class _Packer:
    """Compresses files for a report, each content once."""

    def __init__(self) -> None:
        self._packed: dict[bytes, str] = {}

    def pack(self, content: bytes) -> str:
        if content not in self._packed:
            self._packed[content] = base64.b64encode(gzip.compress(content, _LEVEL, mtime=0)).decode()
        return self._packed[content]

    def pack_all(self, files: dict[str, bytes]) -> dict[str, str]:
        """The files by path; one that has the content of an earlier one is its path after "="."""
        first = {content: path for path, content in reversed(files.items())}
        packed = {content: self.pack(content) for content in first}
        return {
            path: packed[content] if first[content] == path else f"={first[content]}" for path, content in files.items()
        }

    def size(self, name: str, content: bytes) -> int:
        """Bytes in the report, with name and punctuation: of most files both occur once."""
        return len(self.pack(content)) + len(f'"results/{contract.RUNS}/{"-" * 80}/{name}":"",')


class _Page:
    """The HTML of the page, its modules as one script and its style sheets."""

    def __init__(self, packer: _Packer):
        self._packer = packer
        self._script = bundle(_ENTRIES, _text, _LEFT_OUT)
        sheets = {path.relative_to(PAGE).as_posix(): path for path in sorted((PAGE / "web").glob("*/*.css"))}
        self._files = {path: file.read_bytes() for path, file in sheets.items()}
        self._files |= {_WORKER: bundle([_WORKER], _text).encode(), "page.js": self._script.encode()}

    def html(self, files: dict[str, bytes], runs: Sequence[RunCopy], left_out: list[str], with_model: bool) -> bytes:
        page = Markup.of_page()
        page.text = _SCRIPT_TAGS.sub("", page.text)
        page.text = _SHEET.sub(lambda sheet: f"<style>{_text(sheet[1])}</style>", page.text)
        icon = base64.b64encode(_text("web/favicon.svg").encode()).decode()
        page.text = page.text.replace('"web/favicon.svg"', f'"data:image/svg+xml;base64,{icon}"')
        boot = _BOOT.read_text(encoding="utf-8")
        page.add_policy(_policy([boot, self._script], re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)))
        page.replace("<!doctype html>", f"<!doctype html>\n{MARK}")
        page.replace("<html ", '<html data-site="report" ')
        page.replace("<title>MNIST CNN</title>", f"<title>{html.escape(runs[0].name)}</title>")
        page.replace(_UNREACHABLE, "This report needs a browser of 2023 or later.")
        if not with_model:
            page.replace(_NO_NETWORK, "This report was saved without the network, which the pad needs.")
        page.replace("</main>", f"{_note(runs, left_out)}\n  </main>")
        data = json.dumps(self._packer.pack_all(self._files | files), separators=(",", ":"))
        view = html.escape(_view(runs))
        embedded = f'<script type="application/json" id="embedded" data-view="{view}">{data}</script>'
        page.replace("</body>", f"{embedded}\n<script>{boot}</script>\n</body>")
        return page.text.encode()


_UNREACHABLE = "If this message stays, run python server.py and open the URL it prints."
_SCRIPT_TAGS = re.compile(r'\n *<(?:script type="module"|link rel="modulepreload")[^>]*>(?:</script>)?')
_SHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
_NO_NETWORK = "This run has no network that the page can compute."


def _text(path: str) -> str:
    return (PAGE / path).read_text(encoding="utf-8")


def _policy(scripts: list[str], styles: list[str]) -> str:
    """A Content-Security-Policy that lets these texts run, and nothing else; blob URLs are made by them only."""

    def hashes(texts: list[str]) -> str:
        digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
        return " ".join(f"'sha256-{digest}'" for digest in digests)

    return (
        f"default-src 'none'; script-src {hashes(scripts)}; style-src {hashes(styles)} blob:; img-src data: blob:; "
        "worker-src blob:; base-uri 'none'; form-action 'none'"
    )


def _note(runs: Sequence[RunCopy], left_out: list[str]) -> str:
    """A line below the views: what this is, and what it lacks."""
    day = datetime.now(timezone.utc).date().isoformat()
    count = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    lacks = f" Left out to keep it small: {', '.join(left_out)}." if left_out else ""
    return f'  <p class="soft">A report of {count}, saved on {day}.{lacks}</p>'


def _view(runs: Sequence[RunCopy]) -> str:
    """The fragment of the address at first: a report of several runs compares them."""
    others = ",".join(copy.run_id for copy in runs[1:])
    return f"#view=compare&with={others}" if others else ""
