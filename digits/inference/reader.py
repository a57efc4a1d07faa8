"""Reading of pictures by Python programs: files, bytes, Pillow images, arrays and tensors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from PIL import Image

from digits.inference import images
from digits.inference.files import MAX_FILE_BYTES, MAX_FILE_PIXELS, decode_file
from digits.inference.images import DecodedImage
from digits.inference.predict import Predictor
from digits.inference.reading import Reading

_BATCH = 64  # pictures of an array in a batch
_CHANNELS = (1, 3, 4)  # gray, RGB, RGBA


class Reader:
    """A trained network that reads pictures; `load` of digits.inference opens one."""

    def __init__(self, predictor: Predictor):
        self._predictor = predictor

    @classmethod
    def open(cls, trained: str | os.PathLike[str]) -> Reader:
        """A reader with the network of a results folder or a weights file. Raises UserError."""
        return cls(Predictor.newest(Path(trained)))

    @property
    def about(self) -> dict[str, Any]:
        """Facts about the network: `run_id`, `epoch`, `temperature`, `ood_threshold`, `sha256` and others."""
        return self._predictor.about

    @overload
    def read(self, picture: str | os.PathLike[str] | bytes | Image.Image) -> Reading: ...
    @overload
    def read(self, picture: np.ndarray | torch.Tensor) -> Any: ...
    def read(self, picture):
        """The digit or number in a picture of any size and colors: the same answer as that of the command predict.

        `picture`: the path or the bytes of a file, a Pillow image, or an array or tensor (H, W) or (H, W, C) with 1, 3
        or 4 channels, of uint8, or of numbers from 0 to 1 or 0 to 255. A batch (N, H, W), (N, H, W, C) or (N, 1, H, W)
        gives a list. Raises OSError for a file that can't be read, ValueError or TypeError for an invalid picture.
        """
        if isinstance(picture, torch.Tensor):
            picture = picture.detach().cpu().numpy()
        if not isinstance(picture, np.ndarray):
            return self._predictor.read(_decode(picture))
        pictures, is_batch = _pictures(picture)
        scale = _scale(picture)
        answers: list[Reading] = []
        for first in range(0, len(pictures), _BATCH):
            batch = [DecodedImage(_rgba(one, scale), 1.0) for one in pictures[first : first + _BATCH]]
            answers += self._predictor.read_all(batch)
        return answers if is_batch else answers[0]


def _decode(picture: str | os.PathLike[str] | bytes | Image.Image) -> DecodedImage:
    if isinstance(picture, Image.Image):
        return images.from_pillow(picture)
    if isinstance(picture, bytes):
        return images.decode(picture, MAX_FILE_BYTES, MAX_FILE_PIXELS)
    if isinstance(picture, (str, os.PathLike)):
        return decode_file(Path(picture))
    raise TypeError(
        "A picture is a path, the bytes of a file, a Pillow image, a numpy array or a torch tensor, not "
        f"{type(picture).__name__}."
    )


def _pictures(array: np.ndarray) -> tuple[np.ndarray, bool]:
    """The array as (N, H, W, C), and whether it is a batch."""
    shape = array.shape
    if len(shape) == 2:
        return array[None, :, :, None], False
    if len(shape) == 3 and shape[2] in _CHANNELS:
        return array[None], False
    if len(shape) == 3:
        return array[..., None], True
    if len(shape) == 4 and shape[3] in _CHANNELS:
        return array, True
    if len(shape) == 4 and shape[1] == 1:
        return array[:, 0, :, :, None], True
    raise ValueError(f"A picture has the shape (H, W) or (H, W, C), a batch (N, H, W), not {shape}.")


def _scale(array: np.ndarray) -> float:
    """The factor that scales its values to 0..1. Raises ValueError for an empty array and for invalid values."""
    if not array.size or array.dtype.kind not in "buif":
        raise ValueError(f"An array of {array.dtype} with the shape {array.shape} is not a picture.")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 255):  # NaN, too
        raise ValueError(f"Pixels are 0 to 1 or 0 to 255, not {low:g} to {high:g}: undo their normalization.")
    return 1.0 if high <= 1 and array.dtype != np.uint8 else 1 / 255


def _rgba(picture: np.ndarray, scale: float) -> np.ndarray:
    """Float32 (H, W, 4) of 0 to 1, of (H, W, C)."""
    channels = picture.astype(np.float64) * scale
    if channels.shape[2] == 1:
        channels = channels.repeat(3, axis=2)
    if channels.shape[2] == 3:
        channels = np.concatenate([channels, np.ones_like(channels[..., :1])], axis=2)
    return channels.astype(np.float32)
