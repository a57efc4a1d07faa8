"""A hundred hostile texts in a real browser: shown, never executed, no control characters in the terminal."""

import itertools
import json
import socket
import subprocess
import sys

from digits.files import write_json
from digits.runlog.contract import RUNS_INDEX
from tests.support import PROJECT
from tests.support.browser import our_server, write_run
from tests.support.http_client import read_all
from tests.support.pages import becomes, see, wait_for_polls

MARKUP = ("<script>{}</script>", "<img src=x onerror={}>", '"><svg onload={}>', "<iframe srcdoc='<script>{}</script>'>")
MARKUP += (
    "<details open ontoggle={}>",
    "<a href='javascript:{}'>x</a>",
    "</title><script>{}</script>",
    "<style onload={}>",
)
MARKUP += ("javascript:{}", "'-{}-'", "`${{{}}}`", "{{{{{}}}}}", "<math><mtext></table></math><img src onerror={}>")
CODE = ("alert(1)", "window.ran=1", "document.title='ran'", "fetch('//127.0.0.1:9')", "eval('window.ran=1')")
LETTERS = (
    "\x00",
    "\x07\x1b[31m",
    "\x1b]0;title\x07",
    "\r\n\r\nX: y",
    "\u202etxet",
    "\u2028",
    "\ufeff",
    "﷽",
    "W" * 5000,
)
NAMES = (
    "__proto__",
    "constructor",
    "toString",
    "null",
    "undefined",
    "NaN",
    "../../etc/passwd",
    "%2e%2e%2f",
    "&lt;b&gt;",
)
NAMES += (
    "'; DROP TABLE runs; --",
    "$(touch x)",
    "`touch x`",
    "C:\\",
    "file:///etc/passwd",
    "-rf /",
    "--help",
    "Z̷͚̄a̵l̶g̷o̷",
    "مرحبا",
)
STRINGS = [
    *(form.format(code) for form, code in itertools.product(MARKUP, CODE)),
    *(f"a{letter}b" for letter in LETTERS),
    *LETTERS,
    *NAMES,
]
COLUMNS = ("loss", "accuracy")


def test_a_hundred_hostile_texts_are_shown_and_nothing_runs(visit, tmp_path):
    assert len(set(STRINGS)) >= 100
    rows = [
        {
            "run_id": f"run-{number:03}",
            "path": f"runs/run-{number:03}/",
            "name": text,
            "status": "failed",
            "model": text,
        }
        for number, text in enumerate(STRINGS)
    ]
    first, *others = STRINGS
    log = write_run(
        tmp_path,
        status="failed",
        name=first,
        error=" ".join(MARKUP).format(*["window.ran=1"] * 20),
        phase=others[3],
        command=others[7],
        config={text[:60]: text for text in STRINGS},
        environment={text[:60]: text for text in STRINGS[::-1]},
        events=[{"step": 1, "time": text, "kind": text, "text": text} for text in STRINGS[:100]],
        dataset={"name": others[1], "train": 1, "notice": others[2]},
    )
    own = {"run_id": log["run_id"], "path": "", "name": first, "status": "failed"}
    write_json(tmp_path / RUNS_INDEX, json.loads(json.dumps({"schema": 1, "runs": [own, *rows]})))
    with our_server(tmp_path) as url:
        page = visit(url)
        dialogs = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        see(page, "#runs", "DROP TABLE")
        page.locator("#runs .run").nth(59).scroll_into_view_if_needed()  # the list is drawn in parts
        page.locator("#runs .run").nth(len(rows)).wait_for()
        becomes(page, page.locator("#runs .run").count, 1 + len(rows))
        page.locator("#runs .run a").nth(5).hover()
        wait_for_polls(page)
        assert dialogs == [] and page.evaluate("window.ran") is None
        added = "document.querySelectorAll('#runs :is(script, img, iframe, style, svg[onload]), #settings img').length"
        assert page.evaluate(added) == 0
        assert page.title() != "ran"


def test_no_control_byte_reaches_the_terminal(tmp_path):
    program = [sys.executable, PROJECT / "server.py", "--port", "0", "--no-browser", "--verbose"]
    with subprocess.Popen(
        [*program, "--results-dir", tmp_path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as server:
        port = int(server.stdout.readline().split(b"/")[2].partition(b":")[2])
        for text in STRINGS:
            for content in (f"GET /{text} HTTP/1.1\r\nHost: {text}\r\n\r\n", f"{text} / HTTP/1.1\r\nX: {text}\r\n\r\n"):
                with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                    connection.sendall(content.encode())
                    connection.shutdown(socket.SHUT_WR)
                    read_all(connection)
        server.terminate()
        output = server.stderr.read() + server.stdout.read()
    assert len(output.splitlines()) > 100, "it logged each"
    assert [byte for byte in output if (byte < 32 and byte != 10) or byte == 127] == []
