"""Image files: read and decoded with errors that name the file."""

import contextlib
import io
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image

from dcct.errors import DataError


def read_image_bytes(path: Path) -> bytes:
    """An image file's bytes. Raises DataError naming a file that is missing, empty or
    unreadable."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(
            f"{path}: frame missing: restore it (generated data: delete the set's folder and run "
            "`dcct source` again), then run the same command"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: frame cannot be read: {error.strerror}") from None
    if not content:
        raise DataError(f"{path}: frame is an empty file: restore it from the archive")
    return content


def decode(content: bytes, where: str) -> np.ndarray:
    """Decode image bytes to RGB: uint8 (height, width, 3). Raises DataError naming `where` when
    they are damaged.

    JPEG goes to libjpeg-turbo directly, in less than half of Pillow's time and to the same pixels;
    what it does not take (other formats, odd JPEG) goes to Pillow.
    """
    try:
        if simplejpeg.is_jpeg(content):
            with contextlib.suppress(ValueError):
                return simplejpeg.decode_jpeg(content)
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    except (
        Exception
    ) as error:  # Pillow raises OSError, SyntaxError, ValueError and more at damaged files
        raise DataError(
            f"{where}: frame cannot be decoded ({error}): restore it from the archive"
        ) from None
