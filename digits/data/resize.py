"""Resizing of images: area averaging downwards, cubic convolution or back projection upwards."""

import numpy as np

ROUNDS = 10  # of sharpening


def resize(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W) or (H, W, C) of 0 to 1 at height x width."""
    rows, columns = (weights(*sizes).astype(values.dtype) for sizes in zip(values.shape, (height, width)))
    return np.einsum("yh,hw...,xw->yx...", rows, values, columns, optimize=True).clip(0, 1)


def back_projection_upscale(ink: np.ndarray, times: int) -> np.ndarray:
    """(H, W) of 0 to 1 at `times` the size, with edges so sharp that the mean of its areas is `ink` again.

    What an area lacks is added to it, again and again: M. Irani and S. Peleg, "Improving resolution by image
    registration", 1991. That no pixel has less ink than none or more than full is what makes edges sharp.
    """
    larger = [weights(side, side * times) for side in ink.shape]
    smaller = [weights(side * times, side) for side in ink.shape]
    fine = (larger[0] @ ink @ larger[1].T).clip(0, 1)
    for _ in range(ROUNDS):
        missing = ink - smaller[0] @ fine @ smaller[1].T
        fine = (fine + larger[0] @ missing @ larger[1].T).clip(0, 1)
    return fine


def weights(before: int, after: int) -> np.ndarray:
    """(after, before): what each old pixel gives to each new one; rows sum to 1.

    Enlarging: R. Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -1/2; beyond the
    edge the outermost pixel goes on.
    """
    if before == after:
        return np.eye(before)
    edges = np.arange(after + 1) * before / after
    if after < before:
        starts, ends = edges[:-1, None], edges[1:, None]
        pixels = np.arange(before)
        overlap = np.minimum(ends, pixels + 1) - np.maximum(starts, pixels)
        return overlap.clip(0) * after / before
    middles = (edges[:-1] + edges[1:]) / 2 - 0.5
    pixels = np.arange(-2, before + 2)
    away = np.abs(middles[:, None] - pixels)
    near, far = 1.5 * away**3 - 2.5 * away**2 + 1, -0.5 * away**3 + 2.5 * away**2 - 4 * away + 2
    cubic = np.where(away <= 1, near, np.where(away < 2, far, 0))
    gathered = np.zeros((after, before))
    np.add.at(gathered.T, pixels.clip(0, before - 1), cubic.T)
    return gathered / gathered.sum(1, keepdims=True)
