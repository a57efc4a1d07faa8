"""Locations of the page, the data and the results, in a checkout and in an installation."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
INSTALLED = any(_PACKAGE.parent.glob("mnist_cnn-*.dist-info"))
PAGE = _PACKAGE / "page" if INSTALLED else _PACKAGE.parent  # index.html and web/
# data and results lie there: in a checkout wherever the programs are called from, else in the current folder.
PROJECT = Path() if INSTALLED else _PACKAGE.parent
TRAINER = _PACKAGE.parent / "mnist_cnn.py" if INSTALLED else Path("mnist_cnn.py")  # as it is started from PROJECT
PLACE = "in the current folder" if INSTALLED else "beside mnist_cnn.py"
