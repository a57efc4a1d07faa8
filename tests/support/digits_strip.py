"""The ten digits of the form's strip.

python -m tests.support.digits_strip        rewrites web/control/digits.png
"""

from io import BytesIO

import torch
from PIL import Image

from digits.data import synthetic
from tests.support import PROJECT

LEVELS = 8  # of gray: enough for digits of 28 pixels, at three fifths of the bytes
FILE = PROJECT / "web" / "control" / "digits.png"


def content() -> bytes:
    """A PNG of a row of ten synthetic digits, 0 to 9."""
    images, labels = synthetic.draw(100, seed=4)
    chosen = torch.cat([images[labels == digit][:1] for digit in range(10)])  # (10, 28, 28)
    steps = torch.cat(list(chosen), dim=1).float().mul((LEVELS - 1) / 255).round()  # (28, 280)
    png = BytesIO()
    Image.fromarray(steps.mul(255 / (LEVELS - 1)).to(torch.uint8).numpy()).save(png, "PNG", optimize=True)
    return png.getvalue()


if __name__ == "__main__":
    FILE.write_bytes(content())
