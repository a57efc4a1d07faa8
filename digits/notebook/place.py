"""The address of a port of the kernel's machine, as the reader's browser reaches it."""

import importlib.util
import os
import sys
from urllib.parse import urlsplit


def in_colab() -> bool:
    """Whether this process is a kernel of Google Colab."""
    return "google.colab" in sys.modules


def address_of(port: int) -> str:
    """The URL of `port`, or its path on the notebook server that passes requests on to it.

    Behind JupyterHub, and where the notebook server has jupyter-server-proxy, the browser may be on another machine.
    """
    if (prefix := os.environ.get("JUPYTERHUB_SERVICE_PREFIX")) or (prefix := _proxying_server()):
        return f"{prefix.rstrip('/')}/proxy/{port}/"
    return f"http://127.0.0.1:{port}/"


def hub_names() -> tuple[str, ...]:
    """Host names of the JupyterHub that this kernel runs in, as far as it tells them."""
    urls = (
        os.environ.get(name, "") for name in ("JUPYTERHUB_PUBLIC_URL", "JUPYTERHUB_PUBLIC_HUB_URL", "JUPYTERHUB_HOST")
    )
    return tuple({name for url in urls if (name := urlsplit(url).hostname)})


def _proxying_server() -> str:
    """The path of the Jupyter server that started this kernel, if it has jupyter-server-proxy; else empty."""
    if importlib.util.find_spec("jupyter_server_proxy") is None or "JPY_PARENT_PID" not in os.environ:
        return ""
    try:
        from jupyter_server.serverapp import list_running_servers
    except ImportError:
        return ""
    parent = os.environ["JPY_PARENT_PID"]
    return next((server["base_url"] for server in list_running_servers() if str(server.get("pid")) == parent), "")
