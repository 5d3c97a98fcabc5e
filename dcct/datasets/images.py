"""Image files: read and decoded with errors that name the file.

A frame is a JPEG or PNG file, known by its content and not by its name. No other decoder of Pillow
is ever asked: some start other programs.
"""

import io
import os
import stat
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image, ImageOps

from dcct.datasets.png import DEPTH, SIGNATURE, check_png, png_size
from dcct.errors import DataError

MOST_BYTES, MOST_PIXELS, MOST_SCANS = 1 << 27, 1 << 24, 100
"""Of one frame: its file's length, its pixels, and the scans of a progressive JPEG. Pictures of one
person are far below; what is above is a bomb, or not a frame."""
NOTES = (b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0")
"""What a JPEG file holds if it may say which side is up."""
SRGB_GAMMA = 1 / 2.2
ORIGINAL = "restore it from the archive"
PLAIN = "or save it again as a plain JPEG or PNG file"


def read_image_bytes(path: Path) -> bytes:
    """An image file's bytes. Raises DataError naming a file that is missing, empty, too long,
    unreadable, or no file: a pipe or a device is not waited for."""
    try:
        with open(path, "rb", opener=_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DataError(f"{path}: frame is not a file: {ORIGINAL}")
            if status.st_size > MOST_BYTES:
                raise DataError(f"{path}: frame of {status.st_size:,} bytes: {ORIGINAL}")
            content = file.read()
    except FileNotFoundError:
        raise DataError(
            f"{path}: frame missing: restore it (generated data: delete the set's folder and run "
            "`dcct source` again), then run the same command"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: frame cannot be read: {error.strerror}: {ORIGINAL}") from None
    if not content:
        raise DataError(f"{path}: frame is an empty file: {ORIGINAL}")
    return content


def decode(content: bytes, where: str) -> np.ndarray:
    """Decode a JPEG or PNG file's bytes, upright, to RGB: uint8 (height, width, 3).

    Raises DataError naming `where` when the file is of another kind, damaged or cut off, too big,
    or does not say what is seen: 16 bits a sample, animated, transparent, of another gamma.
    """
    try:
        if content.startswith(SIGNATURE):
            return _decode_png(content)
        if simplejpeg.is_jpeg(content):
            return _decode_jpeg(content)
        raise ValueError("neither JPEG nor PNG")
    except Exception as error:  # Pillow raises OSError, SyntaxError and more at damaged files
        line = " ".join(str(error).split())
        raise DataError(f"{where}: frame cannot be decoded ({line}): {ORIGINAL}, {PLAIN}") from None


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _decode_jpeg(content: bytes) -> np.ndarray:
    """By libjpeg-turbo directly: less than half of Pillow's time, the same pixels, and strict."""
    height, width, *_ = simplejpeg.decode_jpeg_header(content)
    _check_size(width, height)
    if (scans := content.count(b"\xff\xda")) > MOST_SCANS:
        raise ValueError(f"{scans:,} scans")
    pixels = simplejpeg.decode_jpeg(content)
    return _upright(content) if any(note in content for note in NOTES) else pixels


def _decode_png(content: bytes) -> np.ndarray:
    _check_size(*png_size(content))
    if content[DEPTH] == 16:
        raise ValueError("16 bits a sample: nothing says which of them are used")
    check_png(content)
    return _upright(content)


def _check_size(width: int, height: int) -> None:
    if not 0 < width * height <= MOST_PIXELS:
        raise ValueError(f"{width:,} × {height:,} pixels")


def _upright(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as opened:
        if opened.format == "PNG":
            _check_meaning(opened)
        return np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))


def _check_meaning(image: Image.Image) -> None:
    """Refuse a PNG file whose pixels alone do not say what is seen."""
    if getattr(image, "is_animated", False):
        raise ValueError("animated: a frame is one picture")
    gamma = image.info.get("gamma", SRGB_GAMMA)
    if "srgb" not in image.info and abs(gamma / SRGB_GAMMA - 1) > 0.05:
        raise ValueError(f"gamma {gamma:g} instead of sRGB's")
    if image.has_transparency_data:
        alpha = np.asarray(image.convert("RGBA"))[..., 3]
        if alpha.min() < 255:
            raise ValueError("transparent: nothing says what is behind")
