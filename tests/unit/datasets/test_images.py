"""Decoding: whichever library does it, the pixels are Pillow's."""

import io

import numpy as np
import pytest
from PIL import Image

from dcct.datasets.images import decode
from dcct.errors import DataError

KINDS = {
    "4:2:0": ("RGB", {"format": "JPEG", "subsampling": 2}),
    "4:4:4": ("RGB", {"format": "JPEG", "subsampling": 0}),
    "progressive": ("RGB", {"format": "JPEG", "progressive": True}),
    "grey": ("L", {"format": "JPEG"}),
    "png": ("RGB", {"format": "PNG"}),
    "palette": ("P", {"format": "PNG"}),
}


def encoded(mode, **options) -> bytes:
    colours = np.random.default_rng(0).integers(0, 256, (5, 3, 3), dtype=np.uint8)
    image = Image.fromarray(colours).resize((47, 83), Image.Resampling.BICUBIC).convert(mode)
    image.save(file := io.BytesIO(), **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_are_those_of_pillow(kind):
    """Every kind of file that data sets hold, at odd sizes."""
    mode, options = KINDS[kind]
    content = encoded(mode, **options)
    assert np.array_equal(
        decode(content, ""), np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_file_is_refused_by_name(kind):
    """Wherever it is cut, even in its last tenth."""
    mode, options = KINDS[kind]
    content = encoded(mode, **options)
    for share in (0.01, 0.3, 0.6, 0.9):
        with pytest.raises(DataError, match=r"a/b\.jpg: frame cannot be decoded"):
            decode(content[: int(share * len(content))], "a/b.jpg")
