"""Whether a PNG file is whole: Pillow shows what is missing of a picture in black, without a word.

Source: the PNG specification, third edition (W3C 2025): chunks, filtered lines, Adam7.
"""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
DEPTH, COLOUR, INTERLACED = 24, 25, 28
"""Places of these bytes in the header."""
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Kind of colour → numbers that a pixel has."""
WHOLE = ((0, 0, 1, 1),)
ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
"""Passes: first column, first line, and steps between them."""


def png_size(content: bytes) -> tuple[int, int]:
    """Width and height that a PNG file claims. Raises ValueError where it has no header."""
    if content[12:16] != b"IHDR" or len(content) < 33:
        raise ValueError("no header")
    return struct.unpack_from(">II", content, 16)


def check_png(content: bytes) -> None:
    """Hold every chunk against its checksum, and the pixels' length against the header.

    Raises ValueError, or zlib.error, at what is missing or damaged.
    """
    data, kinds = [], []
    for kind, body in _chunks(content):
        kinds.append(kind)
        if kind == b"IDAT":
            data.append(body)
    if kinds[-1] != b"IEND":
        raise ValueError("its end is missing")
    expected = _pixel_bytes(content)
    if len(zlib.decompressobj().decompress(b"".join(data), expected)) < expected:
        raise ValueError("lines are missing")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each chunk, up to the last that a file may have."""
    place, kind = len(SIGNATURE), b""
    while kind != b"IEND" and place + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        body, end = content[place + 8 : place + 8 + length], place + 12 + length
        if content[end - 4 : end] != struct.pack(">I", zlib.crc32(kind + body)):
            raise ValueError(f"chunk {kind!r} is damaged or cut off")
        yield kind, body
        place = end


def _pixel_bytes(content: bytes) -> int:
    """How long the filtered lines of all passes are."""
    width, height = png_size(content)
    depth, colour, interlaced = content[DEPTH], content[COLOUR], content[INTERLACED]
    bits, total = depth * SAMPLES.get(colour, 0), 0
    for x, y, across, down in ADAM7 if interlaced else WHOLE:
        columns, lines = -(-(width - x) // across), -(-(height - y) // down)
        if columns > 0 and lines > 0:
            total += lines * (1 + -(-columns * bits // 8))
    return total
