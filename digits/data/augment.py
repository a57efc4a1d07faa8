"""Augmentation: rotation, translation, scaling, shear, elastic distortion, stroke width, low resolution.

    generator = torch.Generator().manual_seed(0)
    images = augment(images, Augmentation(rotation=10, translate=2), generator)

Batched tensor arithmetic, nothing per image in Python. A batch that several processes share is drawn whole by each of
them, so that their generators agree, and bent in parts: apply(images[a:b], draw(...)[a:b]).
"""

import functools
import math
from collections.abc import Callable
from dataclasses import astuple, dataclass

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from digits.data import resize

SIZE = 28  # pixels on a side
_COARSE_SIDES = range(7, 15)  # pixels: a quarter to a half of the size
_KNOTS = 7.0  # pixels between the points that an elastic image is pulled at; P. Simard and others' sigma of 4 (2003)


@dataclass(frozen=True)
class Augmentation:
    """The largest amount of each change, 0 for none; what an image gets is anything up to it, to either side."""

    rotation: float = 0.0  # degrees
    translate: float = 0.0  # pixels, along x and along y
    scale: float = 0.0  # part of the size: 0.1 gives 0.9 to 1.1 times, along x and along y on their own
    shear: float = 0.0  # pixels along x per pixel along y
    elastic: float = 0.0  # pixels that a point is pulled along x and y; smoothing leaves about 0.3 of it on average
    stroke_width: float = 0.0  # 1: the pen is a pixel wider on all sides, or as much narrower
    low_res: float = 0.0  # part of the images that had too few pixels, and were enlarged

    def __post_init__(self):
        if not all(math.isfinite(amount) and amount >= 0 for amount in astuple(self)):
            raise ValueError(f"Amounts are finite numbers from 0: {self}")
        if self.scale >= 1 or self.stroke_width > 1 or self.low_res > 1:
            raise ValueError(f"scale is less than 1, stroke_width and low_res at most 1: {self}")

    @property
    def any(self) -> bool:
        return any(astuple(self))


@dataclass(frozen=True)
class Parameters:
    """What `draw` has chosen for N images. All can be sliced and moved together."""

    warp: Tensor | None  # (N, 2, B): weights of the B fields of `_basis` in the x and y of where a pixel is taken from
    thickness: Tensor | None  # (N,): -1..1
    coarse: Tensor | None  # (N,): which of `_coarse_grids`; 0 for images as they are

    def __getitem__(self, part: slice | Tensor) -> "Parameters":
        return self._each(lambda tensor: tensor[part])

    def to(self, device: torch.device) -> "Parameters":
        late = device.type == "cuda"  # which fetches them in its own time; nobody waits
        return self._each(lambda tensor: tensor.to(device, non_blocking=late))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Parameters":
        return Parameters(*(t if t is None else change(t) for t in (self.warp, self.thickness, self.coarse)))


def augment(images: Tensor, augmentation: Augmentation, generator: Generator) -> Tensor:
    """uint8 (N, 28, 28) to float32 (N, 28, 28) of 0..255. All chance comes from `generator`, on the CPU."""
    return apply(images, draw(len(images), augmentation, generator).to(images.device))


def draw(count: int, augmentation: Augmentation, generator: Generator) -> Parameters:
    """Choose for `count` images. How many numbers `generator` gives depends on nothing but the arguments."""

    def uniform(largest: float, *shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator).mul_(2).sub_(1).mul_(largest)

    warp = thickness = coarse = None
    if augmentation.stroke_width:
        thickness = uniform(augmentation.stroke_width)
    if any(
        (augmentation.rotation, augmentation.translate, augmentation.scale, augmentation.shear, augmentation.elastic)
    ):
        angle, shear = uniform(math.radians(augmentation.rotation)), uniform(augmentation.shear)
        stretch, shift = 1 + uniform(augmentation.scale, 2), uniform(augmentation.translate, 2)
        warp = affine(angle, shear, stretch, shift)  # (N, 2, 3)
        if augmentation.elastic:
            pulls = uniform(augmentation.elastic, 2, len(_splines()) ** 2)
            warp = torch.cat([warp, pulls], dim=2)  # (N, 2, 52)
    if augmentation.low_res:
        grids = torch.randint(1, len(_COARSE_SIDES) + 1, (count,), generator=generator)
        coarse = grids * (torch.rand(count, generator=generator) < augmentation.low_res)
    return Parameters(warp, thickness, coarse)


def affine(angle: Tensor, shear: Tensor, stretch: Tensor, shift: Tensor) -> Tensor:
    """(N, 2, 3): where the pixel (x, y, 1) of the new image lies in the old one.

    Pixels count from the image's centre, x to the right and y down. The old image is stretched by `stretch` (N, 2),
    then sheared: x + `shear` (N,) * y, turned by `angle` (N,) radians clockwise, and moved by `shift` (N, 2). Here is
    the way back.
    """
    cos, sin = angle.cos(), angle.sin()
    back = torch.stack([cos + shear * sin, sin - shear * cos, -sin, cos], dim=1).view(-1, 2, 2)
    back = back / stretch[:, :, None]
    return torch.cat([back, -back @ shift[:, :, None]], dim=2)


def apply(images: Tensor, parameters: Parameters) -> Tensor:
    """uint8 (N, 28, 28) to float32 (N, 28, 28) of 0..255; parameters on the same device."""
    assert images.dtype == torch.uint8 and images.shape[1:] == (SIZE, SIZE), (images.dtype, images.shape)
    inked = images.float() if parameters.thickness is None else thicken(images, parameters.thickness)
    bent = inked if parameters.warp is None else bend(inked, parameters.warp)
    return bent if parameters.coarse is None else lower_resolution(bent, parameters.coarse)


def thicken(images: Tensor, thickness: Tensor) -> Tensor:
    """Part of the way to where each pixel is as bright (below 0: as dark) as the brightest of it and its neighbours."""
    negative = (thickness < 0).to(torch.uint8).mul_(255)[:, None, None]
    before = images ^ negative  # in a negative the dark grows: one way of growing serves both
    after = before.clone()
    for far, near in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
        after[:, near] = torch.maximum(after[:, near], before[:, far])
        after[:, :, near] = torch.maximum(after[:, :, near], before[:, :, far])
    return torch.lerp(images.float(), (after ^ negative).float(), thickness.abs()[:, None, None])


def bend(images: Tensor, warp: Tensor) -> Tensor:
    """Float images (N, 28, 28), each pixel taken from where `warp` says, between four pixels; black from outside."""
    fields = _basis(warp.shape[2], images.device)
    where = (warp @ fields).view(-1, 2, SIZE, SIZE).permute(0, 2, 3, 1)  # (N, 28, 28, 2)
    return F.grid_sample(images[:, None], where, align_corners=False)[:, 0]


def lower_resolution(images: Tensor, coarse: Tensor) -> Tensor:
    """Float images (N, 28, 28) as resize.enlarged brings them back from few pixels: the same, for a whole batch."""
    grids = _low_res_grids(images.device)[coarse]  # (N, 28, 28)
    back = grids.transpose(1, 2)
    fine = (grids @ images @ back).clamp(0, 255)
    for _ in range(resize.ROUNDS):
        fine = (fine + grids @ (images - fine) @ back).clamp(0, 255)
    return torch.where(coarse[:, None, None] > 0, fine, images)


@functools.cache
def _low_res_grids(device: torch.device) -> Tensor:
    """(1 + sides, 28, 28): what is left of a row of pixels after so few of them; the first leaves all as it is."""
    pairs = [(resize.weights(SIZE, side), resize.weights(side, SIZE)) for side in _COARSE_SIDES]
    kept = [np.eye(SIZE), *(larger @ smaller for smaller, larger in pairs)]
    return torch.tensor(np.stack(kept), dtype=torch.float, device=device)


@functools.cache
def _basis(count: int, device: torch.device) -> Tensor:
    """(count, 784): the fields x, y, 1 and, where there are more, the elastic ones; in half images, as grid_sample."""
    place = torch.arange(SIZE) - (SIZE - 1) / 2
    x, y = place.expand(SIZE, SIZE), place[:, None].expand(SIZE, SIZE)
    fields = torch.stack([x, y, torch.ones_like(x)]).view(3, -1)
    splines = _splines()
    elastic = torch.einsum("ay,bx->abyx", splines, splines).reshape(-1, SIZE * SIZE)
    return (torch.cat([fields, elastic])[:count] / (SIZE / 2)).to(device)


@functools.cache
def _splines() -> Tensor:
    """(7, 28): cubic B-splines along a side, one around each knot. They are positive and add up to 1 at each pixel."""
    beyond = math.ceil((SIZE / 2 + _KNOTS) / _KNOTS)
    knots = torch.arange(-beyond, beyond + 1) * _KNOTS
    distance = ((torch.arange(SIZE) - (SIZE - 1) / 2 - knots[:, None]) / _KNOTS).abs()
    inner = 2 / 3 - distance**2 + distance**3 / 2
    outer = (2 - distance).clamp(min=0) ** 3 / 6
    return torch.where(distance < 1, inner, outer)
