"""Resizing of images: area averaging for downscaling, cubic convolution or back projection for upscaling."""

import numpy as np

BACK_PROJECTIONS = 10


def resize(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W) or (H, W, C) of 0 to 1 as (height, width) or (height, width, C)."""
    rows, columns = (weights(*sizes).astype(values.dtype) for sizes in zip(values.shape, (height, width)))
    return np.einsum("yh,hw...,xw->yx...", rows, values, columns, optimize=True).clip(0, 1)


def back_projection_upscale(values: np.ndarray, times: int) -> np.ndarray:
    """(H, W) of 0 to 1 as (H * times, W * times), with sharp edges, and area averages that give `values` again.

    What an area lacks is added to it, iteratively: M. Irani and S. Peleg, "Improving resolution by image registration",
    1991. Clipping to 0 and 1 after each iteration sharpens the edges.
    """
    up_rows, up_columns = (weights(side, side * times) for side in values.shape)
    down_rows, down_columns = (weights(side * times, side) for side in values.shape)
    upscaled = (up_rows @ values @ up_columns.T).clip(0, 1)
    for _ in range(BACK_PROJECTIONS):
        residual = values - down_rows @ upscaled @ down_columns.T
        upscaled = (upscaled + up_rows @ residual @ up_columns.T).clip(0, 1)
    return upscaled


def weights(before: int, after: int) -> np.ndarray:
    """(after, before): the weight of each old pixel in each new one; rows sum to 1.

    Upscaling: R. Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -1/2; the edge
    pixel is repeated beyond the edge.
    """
    if before == after:
        return np.eye(before)
    edges = np.arange(after + 1) * before / after
    if after < before:
        starts, ends = edges[:-1, None], edges[1:, None]
        pixels = np.arange(before)
        overlap = np.minimum(ends, pixels + 1) - np.maximum(starts, pixels)
        return overlap.clip(0) * after / before
    centers = (edges[:-1] + edges[1:]) / 2 - 0.5
    pixels = np.arange(-2, before + 2)
    distance = np.abs(centers[:, None] - pixels)
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    kernel = np.where(distance <= 1, near, np.where(distance < 2, far, 0))
    summed = np.zeros((after, before))
    np.add.at(summed.T, pixels.clip(0, before - 1), kernel.T)
    return summed / summed.sum(1, keepdims=True)
