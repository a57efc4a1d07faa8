"""One classic script made of the page's modules: a page opened from the disk may not import modules.

Every module becomes a function that runs once, when it is first required. Only the forms of import and export that the
page uses are known; any other raises ValueError, so that a test fails rather than a report.
"""

import json
import posixpath
import re
from collections.abc import Callable

Read = Callable[[str], str]  # the text of a file of the page, by its path from the page

_IMPORT = re.compile(r"^import (?:(\{[^}]*\}|\* as \w+) from )?'([^']+)';", re.MULTILINE)
_LAZY = re.compile(r"\bimport\('([^']+)'\)")
_EXPORT = re.compile(r"^export ((?:async )?function\*?|const|class) (\w+|\[[\w, ]+\])", re.MULTILINE)
_NO_EXPORT = re.compile(r"^export \{\};", re.MULTILINE)  # of a module of types
_ASSET = re.compile(r"new URL\(([^()]+), import\.meta\.url\)")  # a file beside the module
_WORKER = re.compile(r"(new Worker\([^;]*?), \{ type: 'module' \}\)")  # its modules are in one classic script, too
_UNKNOWN = re.compile(r"^(?:import|export)\b.*|\bimport\.meta\b.*", re.MULTILINE)
_COMMENT = re.compile(r"/\*\*.*?\*/", re.DOTALL)  # of types: it may import them

# `$require` runs a module, and `$load` is a lazy import: no name of the page begins with a dollar.
_RUNTIME = """'use strict';
const $modules = new Map();
const $define = (path, run) => $modules.set(path, { run, exports: null });
const $require = (path) => {
  const module = $modules.get(path);
  if (!module) throw new Error(`${path} is not part of this file`);
  if (!module.exports) {
    module.exports = {};
    module.run(module.exports);
  }
  return module.exports;
};
const $load = async (path) => $require(path);
"""
_RESERVED = re.compile(r"\$(?:require|load|define|exports|modules|asset)\b")


def bundle(entries: list[str], read: Read, left_out: frozenset[str] = frozenset()) -> str:
    """A script with the modules at these paths and all that they import, also later; running it runs `entries`.

    `left_out` are modules whose lazy import fails. The script calls a global function `$asset(name, path)` for the
    URL of a file beside the module at `path`. Raises ValueError for syntax that it does not know, and for a cycle.
    """
    modules = _modules(entries, read, left_out)
    definitions = [f"$define({json.dumps(path)}, ($exports) => {{\n{text}\n}});\n" for path, text in modules.items()]
    starts = [f"$require({json.dumps(path)});\n" for path in entries]
    return "".join(["(() => {\n", _RUNTIME, *definitions, *starts, "})();\n"])


def _modules(entries: list[str], read: Read, left_out: frozenset[str]) -> dict[str, str]:
    """The modules that the entries need, by path: each as the body of a function."""
    bodies: dict[str, str] = {}
    imports: dict[str, list[str]] = {}
    waiting = list(entries)
    while waiting:
        path = waiting.pop()
        if path not in bodies and path not in left_out:
            bodies[path], imports[path], lazy = _function(path, read(path))
            waiting += [*imports[path], *lazy]
    _check_order(imports)
    return dict(sorted(bodies.items()))


def _function(path: str, text: str) -> tuple[str, list[str], list[str]]:
    """A module as the body of a function, and the paths of what it imports at once and later."""
    source = text = _COMMENT.sub("", text)
    at_once: list[str] = []
    lazy: list[str] = []

    def resolved(name: str) -> str:
        if not name.startswith("."):
            raise ValueError(f"{path} imports {name!r}, which is no file of the page")
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))

    def required(match: re.Match) -> str:
        at_once.append(resolved(match[2]))
        call = f"$require({json.dumps(at_once[-1])});"
        names = match[1]
        if names is None:
            return call
        names = names.removeprefix("* as ") if names.startswith("*") else re.sub(r"\b(\w+) as (\w+)", r"\1: \2", names)
        return f"const {names} = {call}"

    def loaded(match: re.Match) -> str:
        lazy.append(resolved(match[1]))
        return f"$load({json.dumps(lazy[-1])})"

    def asset(match: re.Match) -> str:
        return f"new URL($asset({match[1]}, {json.dumps(path)}))"

    text = _LAZY.sub(loaded, _IMPORT.sub(required, text))
    exported = [name for match in _EXPORT.finditer(text) for name in re.findall(r"\w+", match[2])]
    text = _NO_EXPORT.sub("", _EXPORT.sub(r"\1 \2", _ASSET.sub(asset, _WORKER.sub(r"\1)", text))))
    if unknown := _RESERVED.search(source) or _UNKNOWN.search(text):
        raise ValueError(f"{path}: {unknown[0]!r} is none of the forms that a bundle knows")
    return f"{text}\nObject.assign($exports, {{ {', '.join(exported)} }});", at_once, lazy


def _check_order(imports: dict[str, list[str]]) -> None:
    """Raise ValueError if modules import each other: in a bundle one of them would see nothing of the other."""
    done: set[str] = set()

    def visit(path: str, above: tuple[str, ...]) -> None:
        if path in above:
            raise ValueError(f"These modules import each other: {' -> '.join([*above, path])}")
        if path not in done:
            for imported in imports.get(path, []):
                visit(imported, (*above, path))
            done.add(path)

    for path in imports:
        visit(path, ())
