"""Embedding of images in the plane: principal components of the last hidden layer, and nearest images in that layer."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Projection:
    """Position of an image with features (D,): `weights` (2, D) times the features, plus `offset` (2,); double."""

    weights: Tensor
    offset: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Positions (N, 2) of features (N, D)."""
        return features.double() @ self.weights.T + self.offset

    def turned(self, rotation: Tensor) -> "Projection":
        """The projection whose positions are these times an orthogonal matrix (2, 2)."""
        return Projection(rotation.T @ self.weights, self.offset @ rotation)


def fit(features: Tensor) -> Projection:
    """The first two principal components of features (N, D), centered, with standard deviation 1 along the first.

    From the Gram matrix (N, N), since a hidden layer may be wider than there are images. The sign of each component is
    such that its largest weight is positive.
    """
    centered = features.double() - features.double().mean(dim=0)
    values, vectors = torch.linalg.eigh(centered @ centered.T)  # ascending
    scales = values[-2:].flip(0).clamp(min=0).sqrt()  # of the two largest
    spread = scales[0] / max(1, len(features) - 1) ** 0.5
    weights = (vectors[:, -2:].flip(1).T @ centered) / (scales[:, None] * spread).clamp(min=1e-12)  # (2, D)
    largest = weights.gather(1, weights.abs().argmax(dim=1, keepdim=True))  # (2, 1)
    weights = weights * torch.where(largest < 0, -1.0, 1.0)
    return Projection(weights, -(weights @ features.double().mean(dim=0)))


def rotation_to(positions: Tensor, wanted: Tensor) -> Tensor:
    """The orthogonal matrix (2, 2) by which positions (N, 2) come closest to `wanted`: the Procrustes problem."""
    left, _, right = torch.linalg.svd(positions.T @ wanted)
    return left @ right


def nearest(features: Tensor, others: Tensor, labels: Tensor, wanted: Tensor, count: int) -> Tensor:
    """Indices (N, count) of those of `others` (M, D) with the label `wanted` (N,) that are nearest to features (N, D).

    The nearest first; -1 where there are fewer.
    """
    distances = torch.cdist(features.double(), others.double())  # (N, M)
    distances = distances.masked_fill(labels != wanted[:, None], torch.inf)
    found, index = distances.topk(min(count, len(others)), largest=False, sorted=True)
    index = index.masked_fill(found.isinf(), -1)
    missing = index.new_full((len(index), count - index.shape[1]), -1)
    return torch.cat([index, missing], dim=1)
