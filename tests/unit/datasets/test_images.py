"""Decoding: whichever library does it, the pixels are Pillow's; or the file is refused."""

import io
import os
import socket
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from dcct.datasets.images import MOST_BYTES, decode, read_image_bytes
from dcct.datasets.png import SIGNATURE
from dcct.errors import DataError

EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "50"))

KINDS = {
    "4:2:0": ("RGB", {"format": "JPEG", "subsampling": 2}),
    "4:4:4": ("RGB", {"format": "JPEG", "subsampling": 0}),
    "progressive": ("RGB", {"format": "JPEG", "progressive": True}),
    "grey": ("L", {"format": "JPEG"}),
    "png": ("RGB", {"format": "PNG"}),
    "palette": ("P", {"format": "PNG"}),
    "two colours": ("1", {"format": "PNG"}),
    "opaque": ("RGBA", {"format": "PNG"}),
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


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def png(samples: np.ndarray, *, kind: int, extra: bytes = b"", lines: int | None = None) -> bytes:
    """A PNG file of samples (height, width, samples a pixel), 8 or 16 bits each.

    extra: further chunks. lines: how many the header claims.
    """
    height, width, _ = samples.shape
    rows = samples.astype(samples.dtype.newbyteorder(">")).reshape(height, -1)
    claimed = height if lines is None else lines
    header = struct.pack(">IIBBBBB", width, claimed, 8 * samples.itemsize, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    chunks = (chunk(b"IHDR", header), extra, chunk(b"IDAT", data), chunk(b"IEND", b""))
    return SIGNATURE + b"".join(chunks)


RAMP = np.arange(256, dtype=np.uint8)[None, :, None].repeat(4, axis=0)
WIDE = RAMP.astype(np.uint16) * 257


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    image.save(file := io.BytesIO(), kind, **options)
    return file.getvalue()


def with_orientation(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.new("RGB", (32, 16), "black")
    ImageDraw.Draw(picture).rectangle((0, 0, 15, 15), fill="white")
    return saved(picture, kind, exif=exif)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_frames_stand_upright(kind):
    """A file that says that the camera was held on its side is turned: the left half is above."""
    pixels = decode(with_orientation(kind), "")
    assert pixels.shape == (32, 16, 3)
    assert pixels[:12].min() > 200
    assert pixels[20:].max() < 50


GREY = Image.new("L", (8, 8), 100)
ODD = {
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    "GIF": saved(GREY, "GIF"),
    "TIFF": saved(GREY, "TIFF"),
    "text": b"not a picture",
    "bomb": png(RAMP, kind=0, lines=1 << 30),
    "no lines": png(RAMP, kind=0, lines=0),
    "lines missing": png(RAMP, kind=0, lines=40),
    "animated": saved(GREY, save_all=True, append_images=[Image.new("L", (8, 8), 200)]),
    "transparent": saved(Image.new("RGBA", (8, 8), (1, 2, 3, 4))),
    "transparent palette": saved(Image.new("P", (8, 8)), transparency=0),
    "16-bit grey": png(WIDE, kind=0),
    "16-bit colour": png(WIDE.repeat(3, axis=2), kind=2),
    "linear": png(RAMP, kind=0, extra=chunk(b"gAMA", struct.pack(">I", 100_000))),
    "many scans": saved(GREY, "JPEG").replace(b"\xff\xda", b"\xff\xda" * 200),
    "ends early": saved(Image.effect_noise((64, 64), 90), "JPEG")[:900] + b"\xff\xd9",
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_plain_picture_is_refused(kind):
    """By content, whatever the name: nothing is decoded in part, guessed, or given to a program."""
    with pytest.raises(DataError, match=r"^a/b\.jpg: frame cannot be decoded \(.*$"):
        decode(ODD[kind], "a/b.jpg")


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def make_long(path):
    path.touch()
    os.truncate(path, MOST_BYTES + 1)


@pytest.mark.parametrize(
    "make",
    [os.mkfifo, os.mkdir, make_socket, make_long, lambda path: path.symlink_to("/dev/zero")],
    ids=["pipe", "folder", "socket", "too long", "device"],
)
def test_only_files_are_read(make, tmp_path):
    """Nothing that would be waited for, or never ends."""
    make(tmp_path / "a.jpg")
    with pytest.raises(DataError, match=r"a\.jpg: frame "):
        read_image_bytes(tmp_path / "a.jpg")


WHOLE = [encoded(mode, **options) for mode, options in KINDS.values()]
WHOLE += [*ODD.values(), png(RAMP, kind=0), with_orientation("JPEG"), with_orientation("PNG")]


@settings(max_examples=EXAMPLES, derandomize=True, deadline=2000)
@given(st.data())
def test_any_bytes_are_a_picture_or_an_error(data):
    """Files cut, joined and overwritten anywhere."""
    content = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(content)))
        content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    try:
        pixels = decode(bytes(content), "a.jpg")
    except DataError:
        return
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
