"""A static site: the page and chosen runs as plain files for any web server or static host."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from digits.errors import UserError
from digits.files import SMALL_BYTES, read_json, rename, sync_folder, write_json
from digits.interrupts import INTERRUPTS
from digits.paths import PAGE, short_path
from digits.runlog import contract
from digits.sharing.copies import RunCopy, copy_of, index_of, reduce
from digits.sharing.markup import Markup

MAX_RUN_BYTES = 3_000_000
MARKER = "site.json"  # what the site is, and what was left out of it
_MADE_BY = "mnist_cnn.py publish"
_OURS = frozenset({"index.html", "web", "results", MARKER})
# As the server sends it, except frame-ancestors, which browsers only accept from a server.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
)


@dataclass
class PublishedRun:
    """A run of the site, the bytes of its files, and what was left out of them."""

    run_id: str
    name: str
    size: int
    left_out: list[str]


def publish(out: Path, folders: Sequence[Path], *, with_paths: bool = False) -> list[PublishedRun]:
    """Write the page and the runs in `folders` to `out`; the first run is the one that the page opens.

    The site replaces an earlier one at once; other files beside it, such as a .git, stay. Raises UserError if `out`
    holds anything else, or a run does not fit.
    """
    out = Path(os.path.realpath(out))
    _check_free(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".tmp"))
    try:
        published = _write(draft, folders, with_paths)
        if os.name == "posix":
            draft.chmod(0o755)  # mkdtemp's 0700 would hide the site from a web server
        with INTERRUPTS.deferred():
            _replace(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return published


def _check_free(out: Path) -> None:
    """Raise UserError unless `out` is missing, empty, or a site that this module wrote."""
    if not os.path.lexists(out):
        return
    if not out.is_dir():
        raise UserError(f"{short_path(out)} is a file: choose a folder.")
    site = read_json(out / MARKER, SMALL_BYTES)
    if any(out.iterdir()) and not (isinstance(site, dict) and site.get("made_by") == _MADE_BY):
        raise UserError(f"{short_path(out)} holds files that publish did not write: choose a new or empty folder.")


def _write(draft: Path, folders: Sequence[Path], with_paths: bool) -> list[PublishedRun]:
    shutil.copytree(PAGE / "web", draft / "web")
    (draft / "index.html").write_text(_page(), encoding="utf-8", newline="\n")
    copies: list[RunCopy] = []
    published = []
    for number, folder in enumerate(folders, 1):
        copy = copy_of(folder, with_network=True, with_paths=with_paths, number=number)
        if copy.run_id in (other.run_id for other in copies):
            continue
        size, left_out = reduce([copy], MAX_RUN_BYTES, lambda _name, content: len(content))
        if size > MAX_RUN_BYTES:
            raise UserError(
                f"The run {copy.name} takes {size / 1e6:.1f} MB, above {MAX_RUN_BYTES / 1e6:.0f}: leave it out."
            )
        place = draft / "results" / (f"{contract.RUNS}/{copy.run_id}" if copies else "")
        place.mkdir(parents=True, exist_ok=True)
        for name, content in copy.all_files().items():
            (place / name).write_bytes(content)
        copies.append(copy)
        published.append(PublishedRun(copy.run_id, copy.name, size, left_out))
    (draft / "results" / contract.RUNS_INDEX).write_bytes(index_of(copies))
    runs = [vars(run) for run in published]
    write_json(draft / MARKER, {"made_by": _MADE_BY, "published_at": contract.timestamp(), "runs": runs})
    return published


def _page() -> str:
    """index.html of a site without a server: it reads each file once, and never asks for news."""
    page = Markup.of_page()
    page.replace("<html ", '<html data-site="published" ')
    page.add_policy(POLICY)
    return page.text


def _replace(draft: Path, out: Path) -> None:
    """Put `draft` in the place of `out`, and the other files of `out` into it: none of these is lost, come what may."""
    if not out.exists():
        rename(draft, out)
    else:
        aside = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".old.tmp"))
        old = aside / out.name
        rename(out, old)
        try:
            rename(draft, out)
        except BaseException:
            rename(old, out)
            aside.rmdir()
            raise
        for entry in old.iterdir():
            if entry.name not in _OURS:
                rename(entry, out / entry.name)
            elif entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        old.rmdir()
        aside.rmdir()
    sync_folder(out.parent)
