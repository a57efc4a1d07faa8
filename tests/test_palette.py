"""Colors of the overlaid runs: apart from each other, from training and validation, and from the background.

Differences are Euclidean distances in OKLab (B. Ottosson, "A perceptual color space for image processing", 2020); 0.02
is just noticeable. Color blindness is simulated with the matrices of G. Machado et al., "A physiologically-based model
for simulation of color vision deficiency", 2009.
"""

import itertools
import re

import numpy as np
import pytest

from tests.support import PROJECT

STYLE = (PROJECT / "web" / "style.css").read_text()
NAMES = ("train", "validation", *(f"other{number}" for number in range(1, 11)))
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


def color(name: str, theme: str) -> np.ndarray:
    """Linear RGB from 0 to 1."""
    pair = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", STYLE).groups()
    text = pair[theme == "dark"][1:]
    text = text if len(text) == 6 else "".join(2 * digit for digit in text)
    values = np.array([int(text[place : place + 2], 16) for place in (0, 2, 4)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(linear: np.ndarray, vision: str) -> np.ndarray:
    seen = np.clip(np.array(VISION[vision]) @ linear, 0, 1)
    return TO_LAB @ np.cbrt(TO_LMS @ seen)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
def test_any_two_lines_have_clearly_different_colors(theme, vision):
    colors = {name: lab(color(name, theme), vision) for name in NAMES}
    distances = {pair: np.linalg.norm(colors[pair[0]] - colors[pair[1]]) for pair in itertools.combinations(NAMES, 2)}
    closest = min(distances, key=distances.get)
    assert distances[closest] >= (0.095 if vision == "normal" else 0.06), closest


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_a_line_has_the_contrast_of_graphics_to_the_background(theme, name):
    luminance = [float(np.dot([0.2126, 0.7152, 0.0722], color(one, theme))) for one in (name, "surface")]
    assert (max(luminance) + 0.05) / (min(luminance) + 0.05) >= 3
