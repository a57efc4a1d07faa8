"""The page's augmentation against the trainer's, on the same images and parameters."""

import json
import math

import pytest
import torch

from digits.data.augment import Parameters, affine, apply
from tests.support.digits_strip import FILE, content
from tests.support.node import exported

IMAGE = ((torch.arange(784).view(28, 28) * 37) % 251 * (torch.arange(28) % 5 > 0)).to(torch.uint8)
PLAIN = {"angle": 0, "shear": 0, "scale": [1, 1], "translation": [0, 0], "elastic": None, "strokeWidth": 0, "side": 0}
KNOTS = [[math.sin(3 * at + axis) * 3 for at in range(49)] for axis in (0, 1)]


def in_python(parameters: dict) -> torch.Tensor:
    warp = affine(
        torch.tensor([float(parameters["angle"])]),
        torch.tensor([float(parameters["shear"])]),
        torch.tensor([parameters["scale"]], dtype=torch.float),
        torch.tensor([parameters["translation"]], dtype=torch.float),
    )
    if parameters["elastic"]:
        warp = torch.cat([warp, torch.tensor([parameters["elastic"]])], dim=2)
    stroke_width = torch.tensor([float(parameters["strokeWidth"])])
    low_res = torch.tensor([max(0, parameters["side"] - 6)])
    return apply(IMAGE[None], Parameters(warp, stroke_width, low_res)).flatten()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"angle": 0.3},
        {"shear": -0.4},
        {"scale": [0.8, 1.2]},
        {"translation": [2.5, -1.25]},
        {"angle": -0.2, "shear": 0.15, "scale": [1.1, 0.95], "translation": [1, 2]},
        {"elastic": KNOTS},
        {"strokeWidth": 0.7},
        {"strokeWidth": -1},
        {"side": 7},
        {"side": 11, "angle": 0.1, "strokeWidth": 0.2, "elastic": KNOTS},
    ],
    ids=lambda changes: " ".join(changes) or "none",
)
def test_an_image_is_augmented_alike(changes):
    parameters = PLAIN | changes
    call = f"m.augment({json.dumps(IMAGE.flatten().tolist())}, {json.dumps(parameters)})"
    found = torch.tensor(exported("control/augment.js", call), dtype=torch.float)
    assert found.shape == (784,)
    torch.testing.assert_close(found, in_python(parameters), rtol=0, atol=0.05)  # of 255


def test_parameters_are_within_the_amounts_and_zero_without():
    options = {"rotation": 90, "shear": 1, "scale": 0.5, "translate": 3, "elastic": 2, "stroke_width": 1, "low_res": 1}
    extreme = "[0, 0.999999].map((value) => m.draw(AMOUNTS, () => value))".replace("AMOUNTS", json.dumps(options))
    low, high = exported("control/augment.js", extreme)
    assert (low["angle"], low["shear"], low["scale"], low["translation"]) == (-math.pi / 2, -1, [0.5, 0.5], [-3, -3])
    assert (high["scale"], high["strokeWidth"]) == (pytest.approx([1.5, 1.5], 1e-4), pytest.approx(1, 1e-4))
    assert (low["side"], high["side"]) == (7, 14)
    assert [len(axis) for axis in low["elastic"]] == [49, 49]
    assert set(low["elastic"][0]) == {-2}
    assert exported("control/augment.js", "m.draw({}, () => 0.9)") == PLAIN


def test_the_digits_of_the_strip_are_those_that_the_command_writes():
    assert FILE.read_bytes() == content()
