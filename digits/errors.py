"""Errors that a user causes or can mend: each is one line that names the remedy, and an exit code."""

import sys


def not_installed(package: str) -> str:
    """What to do where `package` is missing, mostly because another Python than the project's was started."""
    return (
        f"{package} is not installed for {sys.executable}: use the Python in .venv (README.md), "
        "or python -m pip install -r requirements.txt"
    )


class UserError(Exception):
    exit_code = 1


class Diverged(UserError):
    """The loss is no finite number any more; the log ends as failed and keeps the last finite numbers."""

    exit_code = 3
