"""Prediction of the digits in images; Python programs use `load`.

>>> from digits.inference import load
>>> answer = load("results").read("seven.png")
>>> answer.text, answer.label, answer.status
('7', 7, 'ok')
"""

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digits.inference.reader import Reader


def load(trained: str | PathLike[str] = "results") -> "Reader":
    """The trained network of a results folder (its newest) or of a weights file, on the CPU.

    Imports torch. Raises digits.errors.UserError, with a remedy, if there is no usable network.
    """
    from digits.inference.reader import Reader

    return Reader.open(trained)
