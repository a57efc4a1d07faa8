"""The training page in a notebook: `from digits.notebook import show; show("results")`."""

from digits.notebook.view import show, stop

__all__ = ["show", "stop"]
