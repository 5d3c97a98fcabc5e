"""Videos whose frames say their number: a strip of black and white blocks, the bits of it. Tests
that use them are skipped without PyAV."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av")

BITS, BLOCK = 8, 16
HEIGHT, WIDTH = 64, BITS * BLOCK
"""Of a picture: the strip fills its upper half."""


def numbered(number: int) -> np.ndarray:
    """A picture that says its number."""
    bits = np.array([number >> bit & 1 for bit in range(BITS)], np.uint8) * 255
    pixels = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    pixels[: HEIGHT // 2] = np.repeat(bits, BLOCK)[:, None]
    return pixels


def number_of(pixels: np.ndarray) -> int:
    """The number that a picture, or all of its upper half that was cut out, says."""
    row = pixels[BLOCK // 2 - 2 : BLOCK // 2 + 2, BLOCK // 2 :: BLOCK].mean((0, 2))
    return sum(1 << bit for bit, light in enumerate(row) if light > 128)


def write_video(
    path: Path,
    pictures: Iterable[np.ndarray],
    codec: str = "libx264",
    times: list[int] | None = None,
    turned: int = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """times: when each is shown, in milliseconds; turned: degrees to the left that set it
    upright."""
    pictures = list(pictures)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options={"bf": "2", **(options or {})})
        stream.height, stream.width, _ = pictures[0].shape
        stream.pix_fmt = "yuv420p"
        if times:
            stream.codec_context.time_base = Fraction(1, 1000)
        if turned:
            stream.set_display_rotation(turned)
        for place, pixels in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            if times:
                frame.pts, frame.time_base = times[place], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_tracks(path: Path, frames: Iterable[int], pid: int = 7) -> Path:
    """A person whose box is the strip."""
    path.write_text("".join(f"{frame},{pid},0,0,{WIDTH},{HEIGHT // 2}\n" for frame in frames))
    return path
