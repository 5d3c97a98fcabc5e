"""Arrays of an .npz file that anyone wrote: nothing in it is run, and nothing is allocated for a
header that claims more than the file holds."""

import math
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import numpy as np

ENCRYPTED = 0x1
"""Flag of a member that has a password."""
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
"""Version of the .npy format → what reads its header; later ones are for named fields."""
LARGE, RATIO = 1 << 28, 100
"""Features pack badly: what is larger than this, and than so many times its file, is none."""


def arrays_in(path: Path) -> dict[str, np.ndarray]:
    """Name → array of numbers or text. Raises ValueError at anything else, and what zipfile and
    numpy raise at damaged files."""
    with ZipFile(path) as file:
        members = file.infolist()
        refuse_repeated([member.filename for member in members])
        refuse_large(sum(member.file_size for member in members), path)
        return {member.filename.removesuffix(".npy"): _array(file, member) for member in members}


def refuse_repeated(names: list[str]) -> None:
    """Raises ValueError at a name that stands twice: nobody knows which is meant."""
    for place, name in enumerate(names):
        if name in names[:place]:
            raise ValueError(f"{name!a} stands in it twice")


def refuse_large(size: int, path: Path) -> None:
    """Raises ValueError at a file that says that it unpacks to absurdly many bytes."""
    if size > max(LARGE, RATIO * path.stat().st_size):
        raise ValueError(f"it claims to hold {size:,} bytes, in a file of {path.stat().st_size:,}")


def _array(file: ZipFile, member: ZipInfo) -> np.ndarray:
    name = ascii(member.filename)
    if not member.filename.endswith(".npy"):
        raise ValueError(f"{name} is no .npy array")
    if member.flag_bits & ENCRYPTED:
        raise ValueError(f"{name} is encrypted")
    with file.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in HEADERS:
            raise ValueError(f"{name} is no plain array of numbers or text")
        shape, _, dtype = HEADERS[version](stream)
        if dtype.kind not in "biufcSU":
            raise ValueError(f"{name} holds {ascii(str(dtype))[1:-1]}: objects are never unpickled")
        said, there = math.prod(shape) * dtype.itemsize, member.file_size - stream.tell()
        if min(shape, default=0) < 0 or said != there:
            raise ValueError(f"{name} claims to be {shape} {dtype}, but holds {there:,} bytes")
    with file.open(member) as stream:
        values = np.lib.format.read_array(stream, allow_pickle=False)
        stream.read(1)  # the end is where zipfile compares the checksum
    return values
