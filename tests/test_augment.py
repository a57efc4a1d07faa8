"""Augmentation: geometry in pixels, stroke width, reproducible random numbers."""

import itertools
import math

import pytest
import torch

from digits.data.augment import (
    Augmentation,
    affine,
    apply,
    augment,
    change_stroke_width,
    draw,
    lower_resolution,
    resample,
)
from digits.data.resize import back_projection_upscale, resize

EVERYTHING = Augmentation(rotation=10, translate=2, scale=0.1, shear=0.15, elastic=4, stroke_width=0.5, low_res=0.5)
EACH = [Augmentation(**{name: 0.5}) for name in vars(EVERYTHING)]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def blobs(count, seed=0):
    """Smooth random images uint8 (N, 28, 28), black at the edges."""
    noise = torch.rand(count, 1, 28, 28, generator=seeded(seed))
    smooth = torch.nn.functional.avg_pool2d(noise, 5, stride=1, padding=2)[:, 0]
    smooth = ((smooth - 0.4) * 5).clamp(0, 1) * 255
    return torch.nn.functional.pad(smooth[:, 6:-6, 6:-6], [6] * 4).round().to(torch.uint8)


def warped(images, angle=0.0, shear=0.0, stretch=(1.0, 1.0), shift=(0.0, 0.0)):
    """The images as float, after one transformation."""
    n = len(images)
    warp = affine(
        torch.full((n,), math.radians(angle)),
        torch.full((n,), shear),
        torch.tensor(stretch, dtype=torch.float).expand(n, 2),
        torch.tensor(shift, dtype=torch.float).expand(n, 2),
    )
    return resample(images.float(), warp)


def point(row, column):
    image = torch.zeros(1, 28, 28, dtype=torch.uint8)
    image[0, row, column] = 255
    return image


def center_of_mass(images):
    """(N, 2): x and y relative to the center of the image, in pixels."""
    mass = images.double()
    place = torch.arange(28, dtype=torch.double) - 13.5
    return torch.stack([mass.sum(1) @ place, mass.sum(2) @ place], dim=1) / mass.sum((1, 2))[:, None]


def test_zero_amounts_leave_images_unchanged():
    images, generator = blobs(5), seeded()
    before = generator.get_state()
    result = augment(images, Augmentation(), generator)
    assert not Augmentation().any and EVERYTHING.any
    assert result.dtype == torch.float32 and torch.equal(result, images.float())
    assert torch.equal(generator.get_state(), before)


def test_the_identity_warp_leaves_images_unchanged():
    images = blobs(5)
    torch.testing.assert_close(warped(images), images.float(), atol=1e-2, rtol=0)


@pytest.mark.parametrize(("dx", "dy"), [(1, 0), (0, 1), (-3, 2)])
def test_a_shift_by_whole_pixels_moves_right_and_down(dx, dy):
    images = blobs(5)
    expected = images.roll((dy, dx), dims=(1, 2)).float()  # black edges: nothing comes in on the other side
    torch.testing.assert_close(warped(images, shift=(dx, dy)), expected, atol=1e-2, rtol=0)


def test_pixels_moved_out_of_the_image_are_lost():
    assert warped(point(13, 26), shift=(5, 0)).sum() < 1e-2


def test_a_quarter_turn_moves_the_right_side_to_the_bottom():
    turned = warped(point(13, 20), angle=90)
    torch.testing.assert_close(turned, point(20, 14).float(), atol=1e-2, rtol=0)


@pytest.mark.parametrize(
    ("change", "x", "y"),
    [
        ({"angle": 30}, 6.5 * math.cos(math.pi / 6) + 4.5 * 0.5, 6.5 * 0.5 - 4.5 * math.cos(math.pi / 6)),
        ({"stretch": (1.2, 1.0)}, 7.8, -4.5),
        ({"stretch": (1.0, 0.8)}, 6.5, -3.6),
        ({"shear": 0.2}, 6.5 - 0.2 * 4.5, -4.5),
        ({"shift": (0.5, -1.25)}, 7.0, -5.75),
        # all at once, in this order: stretched, sheared, turned, moved
        ({"stretch": (1.2, 0.8), "shear": 0.5, "angle": 90, "shift": (1.0, 2.0)}, 3.6 + 1.0, 7.8 - 1.8 + 2.0),
    ],
)
def test_a_blot_moves_to_its_geometric_image(change, x, y):
    place = torch.arange(28) - 13.5
    blot = (-((place - 6.5) ** 2 + (place[:, None] + 4.5) ** 2) / 4).exp().mul(255).round().to(torch.uint8)[None]
    torch.testing.assert_close(center_of_mass(blot), torch.tensor([[6.5, -4.5]], dtype=torch.double), atol=0.02, rtol=0)
    expected = torch.tensor([[x, y]], dtype=torch.double)
    torch.testing.assert_close(center_of_mass(warped(blot, **change)), expected, atol=0.03, rtol=0)


def test_the_affine_warp_equals_torch_affine_grid():
    images = blobs(6)
    warp = draw(6, Augmentation(rotation=20, translate=3, scale=0.2, shear=0.3), seeded()).warp
    theta = warp.clone()
    theta[:, :, 2] /= 14  # there in half images
    grid = torch.nn.functional.affine_grid(theta, (6, 1, 28, 28), align_corners=False)
    expected = torch.nn.functional.grid_sample(images.float()[:, None], grid, align_corners=False)[:, 0]
    torch.testing.assert_close(resample(images.float(), warp), expected, atol=0.05, rtol=0)


def test_amounts_are_uniform_between_minus_and_plus_the_maximum():
    count = 2000
    warp = draw(count, Augmentation(rotation=30), seeded()).warp
    angles = torch.rad2deg(torch.atan2(warp[:, 0, 1], warp[:, 0, 0]))
    shifts = -draw(count, Augmentation(translate=3), seeded()).warp[:, :, 2]
    stretches = 1 / draw(count, Augmentation(scale=0.2), seeded()).warp[:, [0, 1], [0, 1]] - 1
    shears = -draw(count, Augmentation(shear=0.4), seeded()).warp[:, 0, 1]
    thickness = draw(count, Augmentation(stroke_width=0.7), seeded()).stroke_width
    for values, largest in ((angles, 30), (shifts, 3), (stretches, 0.2), (shears, 0.4), (thickness, 0.7)):
        assert largest * 0.99 < values.max() <= largest * 1.0001
        assert -largest * 1.0001 <= values.min() < -largest * 0.99
        assert abs(values.mean()) < largest * 0.05


def test_an_elastic_pull_moves_no_point_farther_than_its_largest_amount():
    plane = torch.stack([x.float() for x in torch.meshgrid(torch.arange(28), torch.arange(28), indexing="xy")])
    warp = draw(200, Augmentation(elastic=2.5), seeded()).warp
    for axis in (0, 1):  # an image whose brightness is its x (or y): the result shows where each pixel came from
        moved = resample(plane[axis].expand(200, 28, 28), warp) - plane[axis]
        inside = moved[:, 4:-4, 4:-4]
        assert inside.abs().max() <= 2.5 + 1e-3
        assert 0.5 < inside.std() < 1.0
    warp[:, :, 3:] = 2.5  # all pulled alike: the whole image is moved by just that
    moved = resample(plane[0].expand(200, 28, 28), warp) - plane[0]
    torch.testing.assert_close(moved[:, 4:-4, 4:-4], torch.full((200, 20, 20), 2.5), atol=1e-3, rtol=0)


def test_a_wider_stroke_adds_ink_and_a_thinner_one_removes_it():
    images = blobs(3)
    ink = [change_stroke_width(images, torch.full((3,), amount)).sum((1, 2)) for amount in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    for less, more in itertools.pairwise(ink):
        assert (less < more).all()
    assert torch.equal(ink[2], images.float().sum((1, 2)))


def test_a_stroke_width_of_one_pixel_is_dilation_or_erosion_with_a_cross():
    images = blobs(4)
    padded = [torch.nn.functional.pad(images.int(), [1] * 4, value=value) for value in (0, 255)]
    bright, dark = (
        torch.stack([p[:, 1:-1, 1:-1], p[:, :-2, 1:-1], p[:, 2:, 1:-1], p[:, 1:-1, :-2], p[:, 1:-1, 2:]])
        for p in padded
    )
    thickness = torch.tensor([1.0, -1.0, 1.0, -1.0])
    expected = torch.where(thickness[:, None, None] > 0, bright.amax(0), dark.amin(0)).float()
    torch.testing.assert_close(change_stroke_width(images, thickness), expected)


def test_only_the_given_generator_is_used():
    images = blobs(20)
    state = torch.get_rng_state()
    first, again, other = (augment(images, EVERYTHING, seeded(seed)) for seed in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_two_calls_in_a_row_differ():
    images, generator = blobs(1).repeat(2, 1, 1), seeded()
    first, second = augment(images, EVERYTHING, generator), augment(images, EVERYTHING, generator)
    different = [first[0], first[1], second[0], second[1]]
    assert all(not torch.equal(a, b) for i, a in enumerate(different) for b in different[:i])


@pytest.mark.parametrize("augmentation", [*EACH, EVERYTHING], ids=lambda a: next(k for k, v in vars(a).items() if v))
def test_augmenting_a_slice_equals_slicing_the_augmented_batch(augmentation):
    images = blobs(96)
    parameters = draw(96, augmentation, seeded())
    whole = apply(images, parameters)
    for part in (slice(0, 48), slice(48, 96), slice(5, 6), torch.tensor([3, 90])):
        torch.testing.assert_close(apply(images[part], parameters[part]), whole[part], atol=1e-2, rtol=0)


@pytest.mark.parametrize("augmentation", [*EACH, EVERYTHING], ids=lambda a: next(k for k, v in vars(a).items() if v))
def test_results_are_float32_within_0_to_255_on_the_device_of_the_images(augmentation):
    images = blobs(30)
    result = augment(images, augmentation, seeded())
    assert result.shape == (30, 28, 28) and result.dtype == torch.float32 and result.device == images.device
    assert result.min() >= 0 and result.max() <= 255.01
    assert not torch.equal(result, images.float())
    parameters = draw(30, augmentation, seeded()).to(torch.device("meta"))
    assert apply(images.to("meta"), parameters).device.type == "meta"


def test_an_empty_batch_stays_empty():
    assert augment(blobs(0), EVERYTHING, seeded()).shape == (0, 28, 28)


@pytest.mark.parametrize("amounts", [{"translate": -1}, {"rotation": math.nan}, {"scale": 1}, {"stroke_width": 1.5}])
def test_invalid_amounts_are_rejected(amounts):
    with pytest.raises(ValueError, match=r"Amounts|scale"):
        Augmentation(**amounts)


def test_low_resolution_of_a_batch_equals_low_resolution_per_image():
    image = blobs(1)[0].float()
    plain, quarter, half = lower_resolution(image.expand(3, 28, 28), torch.tensor([0, 1, 8]))
    assert torch.equal(plain, image)
    for result, side in ((quarter, 7), (half, 14)):
        few = resize(image.double().numpy() / 255, side, side)
        expected = 255 * back_projection_upscale(few, 28 // side)
        torch.testing.assert_close(result.double(), torch.from_numpy(expected), atol=0.1, rtol=0)
    assert (half - image).abs().mean() < (quarter - image).abs().mean()


def test_the_requested_fraction_of_images_gets_low_resolution():
    grids = draw(10_000, Augmentation(low_res=0.2), seeded()).low_res
    assert 0.18 < (grids > 0).double().mean() < 0.22
    assert sorted(set(grids.tolist())) == list(range(9))
