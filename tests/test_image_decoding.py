"""Decoding of image files: limits, and files that are not images."""

import io

import pytest
from PIL import Image

from digits.inference import images


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"<svg/>", b"BM" + bytes(60)])
def test_files_that_are_not_images_are_rejected(content):
    with pytest.raises(images.InvalidImage):
        images.decode(content)


def test_a_truncated_image_is_rejected():
    content = io.BytesIO()
    Image.radial_gradient("L").save(content, "PNG")
    with pytest.raises(images.InvalidImage):
        images.decode(content.getvalue()[:-200])


@pytest.mark.parametrize("size", [(images.MAX_SIDE + 1, 10), (10, images.MAX_SIDE + 1), (4200, 4000)])
def test_too_many_pixels_are_rejected_before_decoding(size):
    content = io.BytesIO()
    Image.new("1", size).save(content, "PNG")
    with pytest.raises(images.ImageTooLarge):
        images.decode(content.getvalue())


def test_too_many_bytes_are_refused():
    with pytest.raises(images.ImageTooLarge):
        images.decode(bytes(images.MAX_BYTES + 1))
