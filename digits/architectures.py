"""Architecture registry: name, default settings and source of each network. Does not import torch.

A new architecture is an entry here and a builder in models/builders.py.
"""

from dataclasses import dataclass, replace
from typing import Any

NORMS = ("batch", "none")


@dataclass(frozen=True)
class Architecture:
    """A network's name and default settings."""

    name: str
    channels: tuple[int, ...]  # output channels of each convolution, in order
    dropout: float  # before the last linear layer
    norm: str  # after each convolution, one of NORMS
    about: str  # one line
    source: str

    @property
    def settings(self) -> dict[str, Any]:
        return {"channels": self.channels, "dropout": self.dropout, "norm": self.norm}

    def varied(
        self, channels: tuple[int, ...] | None = None, dropout: float | None = None, norm: str | None = None
    ) -> "Architecture":
        """A copy with those settings that are given. Raises ValueError for invalid ones."""
        if channels is not None and len(channels) != len(self.channels):
            named = ",".join(map(str, channels)) or "nothing"
            raise ValueError(f"{self.name} has {len(self.channels)} convolutions, and {named} names {len(channels)}.")
        if norm not in (None, *NORMS):
            raise ValueError(f"Unknown norm {norm!r}: choose from {', '.join(NORMS)}.")
        return replace(
            self,
            channels=self.channels if channels is None else channels,
            dropout=self.dropout if dropout is None else dropout,
            norm=self.norm if norm is None else norm,
        )


_ALL = (
    Architecture(
        "cnn4",
        channels=(16, 32, 64, 128),
        dropout=0.0,
        norm="batch",
        about="four 3x3 convolutions, pooling after three, 128 hidden units",
        source='K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks", 2014 (VGG): 3x3 kernels, channels '
        "doubled after each pooling",
    ),
    Architecture(
        "cnn4-quick",
        channels=(16, 32, 64, 128),
        dropout=0.2,
        norm="batch",
        about="cnn4 with a 5x5 kernel first and pooling before norm: a fifth faster",
        source="cnn4, rearranged for speed: norm and ReLU process a quarter of the pixels; the first kernel is LeNet's",
    ),
    Architecture(
        "cnn4-strided",
        channels=(16, 32, 64, 64),
        dropout=0.0,
        norm="batch",
        about="cnn4-quick with a stride for its first pooling, no hidden units",
        source='J. Springenberg and others, "Striving for Simplicity: The All Convolutional Net", 2014: stride instead '
        "of pooling, used only where it saves most, at the full 28x28 pixels; otherwise like cnn4-quick",
    ),
    Architecture(
        "cnn4-valid",
        channels=(24, 48, 64, 128),
        dropout=0.2,
        norm="batch",
        about="cnn4-quick with an unpadded first kernel: 24, 12, 6, 3 pixels",
        source="cnn4-quick with sizes that halve evenly, which takes a quarter less work at full size, and its third "
        "pooling after the fourth convolution instead of the third; unpadded (valid) kernels as in LeNet-5",
    ),
    Architecture(
        "cnn4-strided-valid",
        channels=(16, 32, 64, 64),
        dropout=0.0,
        norm="batch",
        about="cnn4-strided with an unpadded kernel of 6x6 first",
        source="cnn4-strided with sizes that halve evenly, which takes a quarter less work: a 6x6 kernel with stride 2 "
        "leaves 12x12 pixels",
    ),
    Architecture(
        "cnn4-wide",
        channels=(32, 64, 128, 256),
        dropout=0.5,
        norm="none",
        about="cnn4 at twice the width, with global average pooling",
        source='M. Lin, Q. Chen and S. Yan, "Network In Network", 2013: global average pooling; otherwise like cnn4',
    ),
    Architecture(
        "cnn4-flat",
        channels=(32, 64, 64, 64),
        dropout=0.5,
        norm="batch",
        about="cnn4 with nearly constant width and more dropout; also 16,32,32,32",
        source='F. Chollet, "Deep Learning with Python", 2017: its first network for MNIST has 3x3 convolutions of '
        "32, 64 and 64 channels; cnn4-flat has one more, and cnn4's pooling",
    ),
    Architecture(
        "cnn6",
        channels=(32, 32, 64, 64, 128, 128),
        dropout=0.3,
        norm="batch",
        about="six 3x3 convolutions, pooling after every second, 128 hidden units",
        source='K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks", 2014 (VGG), scaled to 28x28 pixels; '
        'S. Ioffe and C. Szegedy, "Batch Normalization", 2015; pooling as in cnn4-quick',
    ),
    Architecture(
        "cnn2",
        channels=(32, 64),
        dropout=0.4,
        norm="none",
        about="two 5x5 convolutions, each pooled, 1,024 hidden units",
        source='TensorFlow, "A Guide to TF Layers: Building a Convolutional Neural Network", 2017',
    ),
    Architecture(
        "lenet5",
        channels=(6, 16),
        dropout=0.0,
        norm="batch",
        about="LeNet-5 on 32x32 pixels, with batch norm, ReLU and max pooling",
        source='Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document '
        'Recognition", 1998: kernels, channels and the 120-84-10 classifier; the rest is modernized',
    ),
    Architecture(
        "tiny",
        channels=(12, 18, 22, 26, 32),
        dropout=0.0,
        norm="batch",
        about="smallest that reaches 99.4 %: a 3x3 and four separable convolutions",
        source='A. Howard and others, "MobileNets", 2017: depthwise separable convolutions; M. Lin, Q. Chen and '
        'S. Yan, "Network In Network", 2013: global average pooling',
    ),
)
ARCHITECTURES = {architecture.name: architecture for architecture in _ALL}
