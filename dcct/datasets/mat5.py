"""Matrices of numbers in .mat files of version 5 to 7: scipy's reader of these ends the process at
some damaged bytes, so that nothing could be said of them.

Source: MathWorks, "MAT-File Format", chapter 1. A file is a header and elements; an element is a
tag, its type and length, and data, padded to 8 bytes; a matrix is an element of elements: flags,
dimensions, name, numbers.
"""

import math
import struct
import zlib
from collections.abc import Iterator

import numpy as np

HEADER, MATRIX, COMPRESSED = 128, 14, 15
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
CLASSES = {
    1: "cell",
    2: "struct",
    3: "object",
    4: "char",
    5: "sparse",
    16: "function",
    17: "opaque",
}
COMPLEX, LOGICAL = 0x800, 0x200
ORDERS = {b"IM": "<", b"MI": ">"}
"""Mark at the end of a header → byte order."""


def is_mat5(content: bytes) -> bool:
    """Whether a file is of version 5 to 7."""
    return content[126:128] in ORDERS


def matrix_of(content: bytes, key: str, most: int) -> np.ndarray:
    """The numbers of a variable. Raises KeyError when it is not there, ValueError when it is no
    matrix of real numbers, stands there twice, or when more than `most` bytes are packed."""
    order, found = ORDERS[content[126:128]], []
    for kind, data in _elements(content[HEADER:], order):
        if kind == COMPRESSED:
            unpacking = zlib.decompressobj()
            data = unpacking.decompress(data, most)
            most -= len(data)
            if most <= 0:
                raise ValueError("it unpacks to far more than its layout needs")
            if not unpacking.eof:
                raise ValueError("it is cut off")
            kind, data = next(_elements(data, order), (0, b""))
        if kind == MATRIX:
            parts = list(_elements(data, order))
            if len(parts) > 2 and parts[2][1] == key.encode():
                found.append(parts)
    if not found:
        raise KeyError(key)
    if len(found) > 1:
        raise ValueError("it stands there twice")
    return _numbers(found[0], order)


def _numbers(parts: list[tuple[int, bytes]], order: str) -> np.ndarray:
    flags = struct.unpack(f"{order}I", parts[0][1][:4])[0]
    if (named := CLASSES.get(flags & 0xFF)) or flags & (COMPLEX | LOGICAL):
        raise ValueError(f"it is of class {named or 'complex or logical'}, expected numbers")
    if len(parts) != 4 or parts[3][0] not in TYPES or parts[1][0] != 5:
        raise ValueError("it is no matrix of numbers")
    shape = np.frombuffer(parts[1][1], f"{order}i4").tolist()
    values = np.frombuffer(parts[3][1], order + TYPES[parts[3][0]])
    if min(shape, default=-1) < 0 or math.prod(shape) != len(values):
        raise ValueError(f"it claims to have shape {shape}, but holds {len(values)} numbers")
    return values.reshape(shape, order="F")


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and data of each element. Raises ValueError at one that is cut off."""
    place = 0
    while place + 8 <= len(content):
        kind, length = struct.unpack_from(f"{order}2I", content, place)
        if kind >> 16:  # up to 4 bytes stand within the tag
            kind, length, start, following = kind & 0xFFFF, kind >> 16, place + 4, place + 8
        else:
            start = place + 8
            padded = length if kind == COMPRESSED else -(-length // 8) * 8
            following = start + padded
        data = content[start : start + length]
        if len(data) < length or start + length > following:
            raise ValueError("an element is cut off")
        yield kind, data
        place = following
