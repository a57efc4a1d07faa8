"""What a notebook shows of a run: the live page while its server runs, else the curves as a picture."""

import base64
import html
import json
import os
import secrets
from pathlib import Path
from typing import Any

from digits.errors import UserError
from digits.notebook.curves import curves_svg
from digits.notebook.place import address_of, hub_names, in_colab
from digits.number_format import percent
from digits.paths import short_path
from digits.runlog import training_log
from digits.runlog.training_log import section

HEIGHT = 700  # pixels: the key numbers, a chart and the scrubber
_servers: dict[Path, Any] = {}  # NotebookServer by results folder

# The picture stays where scripts or the server are missing, as on GitHub, in nbviewer, or after the kernel has ended.
_HTML = """<div id="{id}">
<img alt="{alt}" src="data:image/svg+xml;base64,{picture}" style="max-width: 100%">
<p><small>{caption} <a href="{url}" target="_blank" rel="noopener">Open the page</a></small></p>
</div>
<template id="{id}-live"><iframe src="{url}" title="{alt}" allow="clipboard-write"
style="width: 100%; height: {height}px; border: 1px solid #8886; border-radius: 6px"></iframe></template>
<script>
(() => {{
  const place = document.getElementById({id_text});
  const live = document.getElementById({id_text} + "-live");
  const probe = new URL("healthz", new URL({url_text}, document.baseURI));
  const show = (answer) => {{
    if (answer.type === "opaque" || answer.ok) place.replaceChildren(live.content.cloneNode(true));
  }};
  fetch(probe, {{ mode: "no-cors", cache: "no-store" }}).then(show, () => {{}});
}})();
</script>"""


class View:
    """A run, displayed by a notebook as the live page and kept in its file as a picture."""

    def __init__(self, url: str, log: dict, height: int, port: int):
        self.url = url
        self._log = log
        self._height = height
        self._port = port

    def __repr__(self) -> str:
        return f"{_sentence(self._log)} Live: {self.url}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:  # noqa: ARG002
        picture = curves_svg(self._log)
        static = {"image/svg+xml": picture, "text/plain": repr(self)}
        if not in_colab():
            return {"text/html": self._html(picture)} | static
        from google.colab import output

        # Colab passes requests on to a port of the kernel only in a frame that it makes itself.
        output.serve_kernel_port_as_iframe(self._port, height=str(self._height))
        return static

    def _html(self, picture: str) -> str:
        identity = f"digits-{secrets.token_hex(4)}"
        return _HTML.format(
            id=identity,
            id_text=json.dumps(identity),
            alt=html.escape(f"Loss and accuracy. {_sentence(self._log)}"),
            picture=base64.b64encode(picture.encode()).decode(),
            caption=html.escape(_sentence(self._log)),
            url=html.escape(self.url),
            url_text=json.dumps(self.url).replace("<", "\\u003c"),
            height=self._height,
        )


def show(
    results: str | os.PathLike = "results", *, height: int = HEIGHT, hosts: tuple[str, ...] = (), url: str = ""
) -> View:
    """The page of the runs in `results`, read-only, as the output of a notebook's cell, `height` pixels high.

    The first call starts a server in this process, on a free port of 127.0.0.1; further ones use it. The page follows a
    run that is trained meanwhile, also if the folder is still empty. `hosts` are names under which a proxy passes
    requests on, beside localhost, such as that of a JupyterHub. `url` is the page's address in the reader's browser,
    with {port} for the port; by default it is that of this machine, or of jupyter-server-proxy where the notebook
    server has it. Raises UserError for a file.
    """
    folder = Path(results).absolute()
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{short_path(folder)} is a file: name the folder that the trainer writes to.")
    server = _server_of(folder, (*hosts, *hub_names()))
    address = url.format(port=server.port) if url else address_of(server.port)
    return View(address, training_log.read(folder) or {}, height, server.port)


def stop() -> None:
    """Stop the servers that `show` started; outputs of cells keep their picture."""
    while _servers:
        _servers.popitem()[1].stop()


def _server_of(folder: Path, hosts: tuple[str, ...]) -> Any:
    from digits.notebook.server import NotebookServer

    server = _servers.get(folder)
    if server is None or not server.is_running or not set(hosts) <= server.hosts:
        if server is not None and server.is_running:
            server.stop()
        server = _servers[folder] = NotebookServer(folder, hosts)
    return server


def _sentence(log: dict) -> str:
    """A run's state in a sentence, such as `cnn4 (completed): epoch 10 of 10, validation accuracy 99.31 %.`."""
    if not log:
        return "No run yet."
    progress, epochs = section(log, "progress"), section(log, "epochs")
    done = (epochs.get("epoch") or [0])[-1]
    accuracy = (epochs.get("val_accuracy") or [None])[-1]
    parts = [f"epoch {done} of {progress.get('epochs')}" if progress.get("epochs") else f"epoch {done}"]
    parts += [f"validation accuracy {percent(accuracy)}"] if isinstance(accuracy, float) else []
    return f"{log.get('name')} ({log.get('status')}): {', '.join(parts)}."
