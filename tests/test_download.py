"""Downloads through torchvision's real class, from servers on this machine."""

import contextlib
import gc
import gzip
import hashlib
import os
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torchvision

from digits import errors
from digits.data import download, mnist

# torchvision leaves it to the garbage collector to close the socket of a download that failed
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@contextlib.contextmanager
def mirror(files, behave=lambda handler, content: handler.wfile.write(content)):
    """A server of `files` (name: content) that sends bodies with `behave`; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.connections.append(self.connection)
            content = files.get(self.path.strip("/"))
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            if content is not None:
                with contextlib.suppress(OSError):  # the test is over
                    behave(self, content)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.connections, server.over = [], threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.over.set()
        for connection in server.connections:
            with contextlib.suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def nothing_stays():
    """Abandoned threads end and close their sockets before the next test."""
    yield
    for thread in threading.enumerate():
        if thread.name == download.THREAD:
            thread.join(60)
            assert not thread.is_alive()
    gc.collect()


@pytest.fixture
def packed(small_mnist):
    """The small data set as on a mirror, and no longer on disk."""
    files = {}
    for path in (small_mnist / mnist.FOLDER).iterdir():
        files[f"{path.name}.gz"] = gzip.compress(path.read_bytes())
        path.unlink()
    return files


@pytest.fixture
def mirrors(packed, monkeypatch):
    """Make torchvision ask the given mirrors for the small data set."""
    resources = [(name, hashlib.md5(content).hexdigest()) for name, content in packed.items()]
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", resources)
    return lambda *urls: monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", list(urls))


def fetch(root, **options):
    loaded = []
    download.fetch_mnist(root, loaded.append, **options)
    return sum(loaded)


def left_over(root):
    return [name for name in os.listdir(root / mnist.FOLDER) if name.startswith(".")]


def test_missing_files_are_fetched_checked_and_read(small_mnist, packed, mirrors):
    with mirror(packed) as url:
        mirrors(url)
        fetch(small_mnist)
    train, test = mnist.read_mnist(small_mnist)
    assert (len(train), len(test)) == (6, 4)
    assert left_over(small_mnist) == []


def test_only_missing_files_are_downloaded(small_mnist, packed, mirrors):
    with mirror(packed) as url:
        mirrors(url)
        fetch(small_mnist)
        path = small_mnist / mnist.FOLDER / "t10k-labels-idx1-ubyte"
        path.unlink()
        images = small_mnist / mnist.FOLDER / "t10k-images-idx3-ubyte"
        before = images.stat().st_mtime_ns
        fetch(small_mnist)
    assert path.is_file()
    assert images.stat().st_mtime_ns == before


def test_missing_files_are_put_beside_the_others(small_mnist, packed, mirrors):
    with mirror(packed) as url:
        mirrors(url)
        fetch(small_mnist)
        path = small_mnist / mnist.FOLDER / "t10k-labels-idx1-ubyte"
        path.unlink()
        fetch(path.parent)
    assert path.is_file()
    assert not (path.parent / mnist.FOLDER).exists()


def test_when_one_mirror_fails_the_next_is_asked(small_mnist, packed, mirrors):
    with mirror({}) as empty, mirror(packed) as good:
        mirrors(empty, good)
        fetch(small_mnist)
    assert mnist.missing_files(small_mnist) == []


def stall(handler, content):
    handler.wfile.write(content[: len(content) // 2])
    handler.wfile.flush()
    handler.server.over.wait(30)


def trickle(handler, content):
    for byte in content:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        handler.server.over.wait(0.2)


@pytest.mark.parametrize("behave", [stall, trickle])
def test_a_stalled_mirror_is_abandoned_without_leftovers(small_mnist, packed, mirrors, behave):
    with mirror(packed, behave) as url:
        mirrors(url)
        with pytest.raises(download.DownloadError, match="sent nothing for 1 s"):
            fetch(small_mnist, stalled_after=1.0)
    assert mnist.missing_files(small_mnist) == [file.name for file in mnist.MNIST_FILES]
    assert left_over(small_mnist) == []


def test_a_silent_mirror_is_abandoned(small_mnist, mirrors):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirrors(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        with pytest.raises(download.DownloadError, match="sent nothing"):
            fetch(small_mnist, stalled_after=0.5)


DAMAGE = {
    "cut short": lambda handler, content: handler.wfile.write(content[:-5]),
    "changed": lambda handler, content: handler.wfile.write(content[:-1] + b"x"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_download_is_discarded(small_mnist, packed, mirrors, damage):
    with mirror(packed, DAMAGE[damage]) as url:
        mirrors(url)
        with pytest.raises(download.DownloadError, match=r"127\.0\.0\.1"):
            fetch(small_mnist, stalled_after=3.0)
    assert mnist.missing_files(small_mnist) == [file.name for file in mnist.MNIST_FILES]


def test_an_interrupted_download_leaves_nothing(small_mnist, packed, mirrors):
    def interrupt(loaded):
        raise KeyboardInterrupt

    with mirror(packed, stall) as url:
        mirrors(url)
        with pytest.raises(KeyboardInterrupt):
            download.fetch_mnist(small_mnist, interrupt, stalled_after=1.0)
    assert left_over(small_mnist) == []


@pytest.mark.parametrize("kind", [RuntimeError, ImportError, OSError, AttributeError])
def test_whatever_a_broken_torchvision_raises_the_remedy_is_named(monkeypatch, kind):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "torchvision.datasets":
                raise kind("operator torchvision::nms does not exist")

    monkeypatch.delitem(sys.modules, "torchvision.datasets")
    monkeypatch.delattr(torchvision, "datasets")
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(download.DownloadError, match=r"is incompatible with torch .*pip install"):
        download.torchvision_mnist()


def test_leftovers_of_killed_downloads_are_removed_after_a_while(small_mnist, packed, mirrors):
    folder = small_mnist / mnist.FOLDER
    for name, age in ((".download-old", 7200), (".download-new", 10)):
        (folder / name).mkdir()
        os.utime(folder / name, (time.time() - age,) * 2)
    with mirror(packed) as url:
        mirrors(url)
        fetch(small_mnist)
    assert left_over(small_mnist) == [".download-new"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("operator torchvision::nms does not exist"), "is incompatible with torch"),
        (ImportError("libtorch.so: undefined symbol"), "is incompatible with torch"),
    ],
)
def test_a_torchvision_that_does_not_match_torch_is_explained_in_one_line(error, words):
    text = download.explain_import(error)
    assert words in text
    assert "\n" not in text
    assert "pip install" in text


def test_a_torchvision_that_is_not_installed_is_explained_in_one_line(monkeypatch):
    def missing(package):
        raise download.importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(download.importlib.metadata, "version", missing)
    assert "torchvision is not installed: python -m pip install" in download.explain_import(ImportError("no"))
    assert issubclass(download.DownloadError, errors.UserError)
