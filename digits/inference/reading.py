"""Reading of a picture: the number in it, and each of its digits."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from digits.inference.division import divide, is_clear
from digits.inference.images import DecodedImage
from digits.inference.ink import remove_specks
from digits.inference.photo import WORKING_SIDE, clean
from digits.inference.prediction import STATUSES, Prediction
from digits.inference.preprocess import Prepared, extract_ink, in_file, prepare, prepare_ink
from digits.inference.segmentation import Piece, Sheet, segment


@dataclass(frozen=True)
class Reading:
    """The answer for one picture.

    `whole`: the picture read as one digit. `lines`: the digits of each line; for a picture of one digit, [[whole]].
    """

    whole: Prediction
    lines: list[list[Prediction]]

    @classmethod
    def of_one(cls, digit: Prediction) -> "Reading":
        return cls(digit, [[digit]])

    @property
    def digits(self) -> list[Prediction]:
        return [digit for line in self.lines for digit in line]

    @property
    def text(self) -> str:
        """The digits of a line together, a newline between lines; empty for a blank image."""
        return "\n".join(
            "".join("" if digit.label is None else str(digit.label) for digit in line) for line in self.lines
        )

    @property
    def label(self) -> int | None:
        """The digit if the picture is of one, else None."""
        return self.digits[0].label if len(self.digits) == 1 else None

    @property
    def score(self) -> float:
        """The product of the digits' probabilities; 0 for an empty image."""
        return math.prod(digit.score for digit in self.digits)

    @property
    def probabilities(self) -> list[float] | None:
        """The probabilities of the ten digits if the picture is of one digit, else None."""
        return self.digits[0].probabilities if len(self.digits) == 1 else None

    @property
    def temperature(self) -> float | None:
        """The temperature of the calibrated probabilities; None if they are uncalibrated."""
        return self.whole.temperature

    @property
    def status(self) -> str:
        """The worst status of any digit: ok, uncertain, not_a_digit or empty."""
        return max((digit.status for digit in self.digits), key=STATUSES.index)

    @property
    def reason(self) -> str | None:
        """Why the status is not ok, such as "digit 3 of 4: unlike any digit"."""
        if len(self.digits) == 1:
            return self.digits[0].reason
        return (
            "; ".join(
                f"digit {number} of {len(self.digits)}: {digit.reason or digit.status}"
                for number, digit in enumerate(self.digits, 1)
                if digit.status != "ok"
            )
            or None
        )

    def as_json(self, **input_image: object) -> dict:
        """The answer of the HTTP API and of `predict --json`; `input_image`: the model's input, for `preprocessing`.

        The label of several digits is their text, its score the product of theirs.
        """
        digits = [] if self.whole.label is None else self.digits
        number = {"text": self.text, "digits": [digit.as_entry() for digit in digits]}
        if len(digits) <= 1:
            return self.digits[0].as_json(**input_image) | number
        best = {"label": self.text, "score": self.score}
        several = {"status": self.status, "reason": self.reason, "probabilities": None, "predictions": [best]}
        return self.whole.as_json(**input_image) | best | several | number


Predict = Callable[[list[Prepared]], list[Prediction]]


def read(images: Sequence[DecodedImage], predict: Predict) -> list[Reading]:
    """The digits in each picture; `predict` is Predictor.predict.

    Each is read as one digit first, all of them together: most pictures show one.
    """
    wholes = predict([prepare(image) for image in images])
    readings = [_read_further(image, whole, predict) for image, whole in zip(images, wholes)]
    return [_read_again(image, first, predict) for image, first in zip(images, readings)]


def _read_again(image: DecodedImage, first: Reading, predict: Predict) -> Reading:
    """A second attempt, without shadows and ruled lines, if the first one is rejected or may have read a shadow.

    It counts if it is clear, and does not merely lack the digits that touch an edge.
    """
    is_accepted = first.status in ("ok", "uncertain")
    if is_accepted and not any(digit.prepared.touches_edge for digit in first.digits):
        return first
    cleaned = clean(image)
    if cleaned is None:
        return first
    second = _read_further(cleaned, predict([prepare(cleaned)])[0], predict)
    return first if second.status != "ok" or (is_accepted and second.text in first.text) else second


def _read_further(image: DecodedImage, whole: Prediction, predict: Predict) -> Reading:
    """The digits in a picture that was read as one digit."""
    if whole.prepared.empty or is_clear(whole):
        return Reading.of_one(whole)
    scale = min(1.0, WORKING_SIDE / max(image.channels.shape[:2]))
    ink, inverted = extract_ink(image.channels, scale)
    sheet = segment(ink)
    if not sheet.lines:
        return Reading.of_one(whole)

    def read_pieces(pieces: Iterable[Piece]) -> dict[Piece, Prediction]:
        pieces = list(pieces)
        prepared = [_prepare_piece(sheet, piece, inverted) for piece in pieces]
        framed = [replace(one, box=in_file(one.box, image, scale)) for one in prepared]
        return dict(zip(pieces, predict(framed)))

    return Reading(whole, divide(sheet, whole, read_pieces))


def _prepare_piece(sheet: Sheet, piece: Piece, inverted: bool) -> Prepared:
    ink, parts = remove_specks(sheet.ink_of(piece))
    prepared = prepare_ink(ink, inverted, parts)
    left, top, right, bottom = prepared.box
    box = (left + piece.left, top + piece.top, right + piece.left, bottom + piece.top)
    height, width = sheet.ink.shape
    touches_edge = 0 in (piece.top, piece.left) or piece.bottom == height or piece.right == width
    return replace(prepared, box=box, touches_edge=touches_edge, fills_corner=sheet.fills_corner(piece))
