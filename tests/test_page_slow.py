"""The page over a slow connection (400 kbit/s, 400 ms), in a real browser: drawn from the log, never "Disconnected"."""

import contextlib
import random
import re
import socket
import threading
import time

from digits.files import write_json
from digits.runlog.contract import PREDICTIONS, TEST_IMAGES, TRAINING_LOG
from tests.support.browser import close_all, our_server, write_run
from tests.support.pages import becomes, reach, see, status

BYTES_PER_SECOND = 50_000
LATENCY_S = 0.4
PIECE = 1460  # bytes of a TCP segment
WATCH_HEADER = """
window.messages = [];
new MutationObserver(() => {
  const text = document.getElementById('header')?.textContent;
  if (text && text !== window.messages.at(-1)) window.messages.push(text);
}).observe(document, { childList: true, characterData: true, subtree: true });
"""


@contextlib.contextmanager
def slow_line(url: str):
    """A proxy for `url` whose connections share a slow line: its URL, and the paths requested so far."""
    upstream = url.split("/")[2].split(":")
    line, requested, threads = threading.Lock(), [], []

    def upload(request):
        requested.append(request.split(b" ")[1].decode())
        time.sleep(LATENCY_S)

    def download(piece):
        with line:
            time.sleep(len(piece) / BYTES_PER_SECOND)

    def start(work, *arguments):
        threads.append(threading.Thread(target=work, args=arguments))
        threads[-1].start()
        return threads[-1]

    def connect(client):
        with client, socket.create_connection(upstream) as server:
            other = start(pump, server, client, download)
            pump(client, server, upload)
            other.join()

    def listen():
        with contextlib.suppress(OSError):  # it is shut down
            while True:
                start(connect, listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        start(listen)
        try:
            yield "http://{}:{}/".format(*listener.getsockname()), requested
        finally:
            close_all()
            listener.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def pump(source, target, delay):
    with contextlib.suppress(OSError):  # one side has hung up
        while piece := source.recv(PIECE):
            delay(piece)
            target.sendall(piece)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def write_long_run(folder):
    """A log of about 100 kB, and predictions of about 700 kB that hardly compress."""
    rng = random.Random(3)
    steps = range(1, 1001)
    batches = {"step": [*steps], "epoch": [1] * 1000, "loss": [round(1 / step + rng.random(), 9) for step in steps]}
    log = write_run(folder, status="completed", batches=batches)
    write_json(folder / TRAINING_LOG, log | {"files": [*log["files"], TEST_IMAGES]})
    (folder / TEST_IMAGES).write_bytes(rng.randbytes(200_000))
    labels = [rng.randrange(10) for _ in range(10_000)]
    answers = {
        "labels": "".join(map(str, labels)),
        "predictions": "".join(map(str, labels[::-1])),
        "confidences": [rng.random() for _ in labels],
        "notable": {"index": [*range(3000)], "probabilities": [[rng.random()] * 10 for _ in range(3000)]},
    }
    write_json(folder / PREDICTIONS, {"schema": 1, "run_id": log["run_id"], "test": answers})


def test_on_a_slow_line_the_curves_come_first_and_the_server_is_never_called_gone(visit, tmp_path):
    write_long_run(tmp_path)
    size = (tmp_path / PREDICTIONS).stat().st_size
    assert size > 600_000
    with our_server(tmp_path) as server, slow_line(server) as (url, requested):
        page = visit(url, script=WATCH_HEADER)
        see(page, "[data-measure=loss] [data-part=where]", "step 1,000")
        status(page, "Completed")
        assert [path for path in requested if PREDICTIONS in path or TEST_IMAGES in path] == []
        arrived = re.compile(r"Slow connection: \d+ of \d+ files of the page have arrived")
        assert any(map(arrived.search, page.evaluate("messages"))), "reported while the page was not there yet"
        reach(page, "#mistakes")
        see(page, "#mistakes [data-part=count]", "in 10,000 images")
        assert any("slow connection: loading predictions" in text for text in page.evaluate("messages"))
        assert requested.count(f"/results/{PREDICTIONS}") == 1, "it was not given up and asked for again"
        page.locator(".digits").scroll_into_view_if_needed()
        becomes(page, lambda: any(TEST_IMAGES in path for path in requested), True)
        status(page, "Completed")
        assert not any("gone" in text for text in page.evaluate("messages"))
