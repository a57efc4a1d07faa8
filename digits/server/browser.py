"""Opening of the page in a browser when the server starts."""

import os
import sys
from collections.abc import Mapping


def browser_expected(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this machine has an interactive screen: not in CI, not over ssh; on Linux only with a display."""
    if "CI" in environment or "SSH_CONNECTION" in environment:
        return False
    return sys.platform in ("win32", "darwin") or "DISPLAY" in environment or "WAYLAND_DISPLAY" in environment


def open_browser(url: str) -> None:
    """Open `url` from a process without a terminal, so that no output or text browser appears in this one's."""
    import subprocess

    silent = subprocess.DEVNULL
    command = [sys.executable, "-m", "webbrowser", url]
    subprocess.run(command, stdin=silent, stdout=silent, stderr=silent, start_new_session=True, check=False)
