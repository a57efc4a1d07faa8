"""Augmentation: rotation, translation, scaling, shear, elastic distortion, stroke width, low resolution.

    generator = torch.Generator().manual_seed(0)
    images = augment(images, Augmentation(rotation=10, translate=2), generator)

Batched tensor operations, no loop over images. When several processes share a batch, each draws the parameters of all
images, which keeps their generators in step, and transforms its shard: apply(images[a:b], draw(...)[a:b]).
"""

import functools
import math
from collections.abc import Callable
from dataclasses import astuple, dataclass

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn.functional import grid_sample

from digits.data import resize
from digits.data.mnist import SIZE

_LOW_RES_SIDES = range(7, 15)  # pixels: a quarter to a half of SIZE
_KNOT_SPACING = 7.0  # pixels between the control points of elastic distortion: P. Simard and others, 2003, sigma 4


@dataclass(frozen=True)
class Augmentation:
    """Maximum amount of each transform, in either direction; 0 disables it."""

    rotation: float = 0.0  # degrees
    translate: float = 0.0  # pixels, in x and y
    scale: float = 0.0  # fraction of the size: 0.1 gives factors of 0.9 to 1.1, for x and y separately
    shear: float = 0.0  # pixels along x per pixel along y
    elastic: float = 0.0  # pixels of a control point's displacement in x and y; smoothing leaves about 0.3 of it
    stroke_width: float = 0.0  # 1: strokes grow or shrink by one pixel on each side
    low_res: float = 0.0  # fraction of the images that are downscaled and upscaled again

    def __post_init__(self) -> None:
        if not all(math.isfinite(amount) and amount >= 0 for amount in astuple(self)):
            raise ValueError(f"All amounts must be finite and at least 0: {self}")
        if self.scale >= 1 or self.stroke_width > 1 or self.low_res > 1:
            raise ValueError(f"scale must be less than 1, stroke_width and low_res at most 1: {self}")

    @property
    def any(self) -> bool:
        return any(astuple(self))

    def scaled(self, strength: float) -> "Augmentation":
        """All amounts times `strength`."""
        return Augmentation(*(strength * amount for amount in astuple(self)))


@dataclass(frozen=True)
class Parameters:
    """Random parameters for N images; they are sliced and moved together."""

    warp: Tensor | None  # (N, 2, B): coefficients of the B basis fields in the x and y that a pixel is sampled at
    stroke_width: Tensor | None  # (N,): -1..1
    low_res: Tensor | None  # (N,): indices into `_low_res_matrices`; 0 for unchanged images

    def __getitem__(self, part: slice | Tensor) -> "Parameters":
        return self._map(lambda tensor: tensor[part])

    def to(self, device: torch.device) -> "Parameters":
        is_async = device.type == "cuda"
        return self._map(lambda tensor: tensor.to(device, non_blocking=is_async))

    def _map(self, change: Callable[[Tensor], Tensor]) -> "Parameters":
        return Parameters(*(t if t is None else change(t) for t in (self.warp, self.stroke_width, self.low_res)))


def augment(images: Tensor, augmentation: Augmentation, generator: Generator) -> Tensor:
    """Float32 (N, 28, 28) of 0..255, of uint8 (N, 28, 28). `generator` is on the CPU."""
    return apply(images, draw(len(images), augmentation, generator).to(images.device))


def draw(count: int, augmentation: Augmentation, generator: Generator) -> Parameters:
    """Draw parameters for `count` images; the arguments alone determine how many random numbers are used."""

    def uniform(largest: float, *shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator).mul_(2).sub_(1).mul_(largest)

    a = augmentation
    coefficients = low_res = None
    stroke_width = uniform(a.stroke_width) if a.stroke_width else None
    if any((a.rotation, a.translate, a.scale, a.shear, a.elastic)):
        angle, shear = uniform(math.radians(a.rotation)), uniform(a.shear)
        coefficients = affine(angle, shear, 1 + uniform(a.scale, 2), uniform(a.translate, 2))  # (N, 2, 3)
        if a.elastic:
            displacements = uniform(a.elastic, 2, len(_splines()) ** 2)
            coefficients = torch.cat([coefficients, displacements], dim=2)  # (N, 2, 52)
    if a.low_res:
        sides = torch.randint(1, len(_LOW_RES_SIDES) + 1, (count,), generator=generator)
        low_res = sides * (torch.rand(count, generator=generator) < a.low_res)
    return Parameters(coefficients, stroke_width, low_res)


def affine(angle: Tensor, shear: Tensor, scale: Tensor, translation: Tensor) -> Tensor:
    """(N, 2, 3): the position in the input image of the pixel (x, y, 1) of the output image.

    Positions are relative to the center, x to the right and y down. The input is scaled by `scale` (N, 2), sheared: x +
    `shear` (N,) * y, rotated by `angle` (N,) radians clockwise, and moved by `translation` (N, 2); this is the inverse.
    """
    cos, sin = angle.cos(), angle.sin()
    inverse = torch.stack([cos + shear * sin, sin - shear * cos, -sin, cos], dim=1).view(-1, 2, 2)
    inverse = inverse / scale[:, :, None]
    return torch.cat([inverse, -inverse @ translation[:, :, None]], dim=2)


def apply(images: Tensor, parameters: Parameters) -> Tensor:
    """Float32 (N, 28, 28) of 0..255, of uint8 (N, 28, 28); parameters on the same device."""
    assert images.dtype == torch.uint8 and images.shape[1:] == (SIZE, SIZE), (images.dtype, images.shape)
    inked = images.float() if parameters.stroke_width is None else change_stroke_width(images, parameters.stroke_width)
    warped = inked if parameters.warp is None else resample(inked, parameters.warp)
    return warped if parameters.low_res is None else lower_resolution(warped, parameters.low_res)


def change_stroke_width(images: Tensor, amount: Tensor) -> Tensor:
    """Blend with a dilation (below 0: an erosion) by a cross of five pixels; the weight is |`amount`| (N,)."""
    negative = (amount < 0).to(torch.uint8).mul_(255)[:, None, None]
    before = images ^ negative  # an erosion is the dilation of the negative
    after = before.clone()
    for far, near in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
        after[:, near] = torch.maximum(after[:, near], before[:, far])
        after[:, :, near] = torch.maximum(after[:, :, near], before[:, :, far])
    return torch.lerp(images.float(), (after ^ negative).float(), amount.abs()[:, None, None])


def resample(images: Tensor, coefficients: Tensor) -> Tensor:
    """Sample float images (N, 28, 28) bilinearly at the positions of `coefficients` (N, 2, B); black outside."""
    fields = _basis(coefficients.shape[2], images.device)
    grid = (coefficients @ fields).view(-1, 2, SIZE, SIZE).permute(0, 2, 3, 1)  # (N, 28, 28, 2)
    return grid_sample(images[:, None], grid, align_corners=False)[:, 0]


def lower_resolution(images: Tensor, indices: Tensor) -> Tensor:
    """Float images (N, 28, 28) downscaled, then upscaled as by resize.back_projection_upscale; index 0: unchanged."""
    rows = _low_res_matrices(images.device)[indices]  # (N, 28, 28)
    columns = rows.transpose(1, 2)
    upscaled = (rows @ images @ columns).clamp(0, 255)
    for _ in range(resize.BACK_PROJECTIONS):
        upscaled = (upscaled + rows @ (images - upscaled) @ columns).clamp(0, 255)
    return torch.where(indices[:, None, None] > 0, upscaled, images)


@functools.cache
def _low_res_matrices(device: torch.device) -> Tensor:
    """(1 + sides, 28, 28): downscaling a row to each of _LOW_RES_SIDES and upscaling it again; the first: identity."""
    pairs = [(resize.weights(SIZE, side), resize.weights(side, SIZE)) for side in _LOW_RES_SIDES]
    matrices = [np.eye(SIZE), *(up @ down for down, up in pairs)]
    return torch.tensor(np.stack(matrices), dtype=torch.float, device=device)


@functools.cache
def _basis(count: int, device: torch.device) -> Tensor:
    """(count, 784): the fields x, y, 1, then those of elastic distortion, in grid_sample's unit of half an image."""
    position = torch.arange(SIZE) - (SIZE - 1) / 2
    x, y = position.expand(SIZE, SIZE), position[:, None].expand(SIZE, SIZE)
    fields = torch.stack([x, y, torch.ones_like(x)]).view(3, -1)
    splines = _splines()
    elastic = torch.einsum("ay,bx->abyx", splines, splines).reshape(-1, SIZE * SIZE)
    return (torch.cat([fields, elastic])[:count] / (SIZE / 2)).to(device)


@functools.cache
def _splines() -> Tensor:
    """(7, 28): cubic B-splines along a side, one around each knot; they are positive and sum to 1 at each pixel."""
    beyond = math.ceil((SIZE / 2 + _KNOT_SPACING) / _KNOT_SPACING)
    knots = torch.arange(-beyond, beyond + 1) * _KNOT_SPACING
    distance = ((torch.arange(SIZE) - (SIZE - 1) / 2 - knots[:, None]) / _KNOT_SPACING).abs()
    inner = 2 / 3 - distance**2 + distance**3 / 2
    outer = (2 - distance).clamp(min=0) ** 3 / 6
    return torch.where(distance < 1, inner, outer)
