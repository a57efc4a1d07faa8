"""Prediction for the image of one digit."""

from dataclasses import dataclass

from digits.inference.input_checks import IMAGE_FLAWS
from digits.inference.preprocess import Prepared

UNCERTAIN = 0.6  # a lower top probability is reported as uncertain
STATUSES = ("ok", "uncertain", "not_a_digit", "empty")


@dataclass(frozen=True)
class Prediction:
    """The answer for one image.

    `probabilities`: of the ten digits, in order; None for an empty image, whose `label` is None too. `reason`: why the
    image is rejected as a non-digit, one of input_checks.REASONS, else None; label and probabilities of a rejected
    image only name the nearest digit. `temperature`: what the probabilities are calibrated with; None if they
    are uncalibrated, since the weights have no temperature. `energy`: its OOD score; None for an empty image.
    """

    prepared: Prepared
    probabilities: list[float] | None
    reason: str | None = None
    temperature: float | None = None
    energy: float | None = None

    @property
    def ranking(self) -> list[tuple[int, float]]:
        """Digits and their probabilities, the likeliest first."""
        return sorted(enumerate(self.probabilities or ()), key=lambda pair: -pair[1])

    @property
    def label(self) -> int | None:
        return self.ranking[0][0] if self.probabilities else None

    @property
    def score(self) -> float:
        """The probability of the label; 0 for an empty image."""
        return max(self.probabilities or [0.0])

    @property
    def status(self) -> str:
        """One of STATUSES."""
        if not self.probabilities:
            return "empty"
        if self.reason:
            return "not_a_digit"
        return "ok" if self.score >= UNCERTAIN else "uncertain"

    @property
    def explanation(self) -> str:
        """Text for a rejected image: "looks like 1, but touches the edge", "not a digit (REASON); nearest: 1"."""
        if self.reason in IMAGE_FLAWS and self.score >= UNCERTAIN:
            return f"looks like {self.label}, but {self.reason}"
        return f"not a digit ({self.reason}); nearest: {self.label}"

    def as_json(self, **input_image: object) -> dict:
        """The answer of the HTTP API and of `predict --json`; `input_image`: the model's input, for `preprocessing`."""
        scores = [{"label": str(digit), "score": probability} for digit, probability in self.ranking]
        return {
            **(scores[0] if scores else {"label": None, "score": None}),
            "status": self.status,
            "reason": self.reason,
            "probabilities": self.probabilities,
            "temperature": self.temperature,
            "predictions": scores,
            "preprocessing": {
                "inverted": self.prepared.inverted,
                "box": list(self.prepared.box),
                "shift": list(self.prepared.shift),
                **input_image,
            },
        }

    def as_entry(self) -> dict:
        """A digit of a number, in the answer of the HTTP API and of `predict --json`."""
        return {"label": str(self.label), "score": self.score, "status": self.status, "box": list(self.prepared.box)}
