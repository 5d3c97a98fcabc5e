"""Whole numbers from MATLAB files, .mat of version 4 to 7 and HDF5: as they were written, or one
line that names the file.

Shape and kind are looked at before anything is read, so that a header that claims more than there
is allocates nothing. Neither file is ever a way to another one.
"""

import io
import math
import warnings
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from scipy.io import loadmat, whosmat

from dcct.datasets.folders import need_file
from dcct.datasets.mat5 import is_mat5, matrix_of
from dcct.errors import DataError

LARGEST = 1 << 24
"""Numbers of a matrix, at most; the largest of any benchmark has 45,000."""
BYTES = 1 << 28
"""Of a file, packed or not, at most."""
EXACT = 2**53
"""Below it float64 holds every whole number."""
NUMBERS = {"double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32))}
NUMBERS |= {"int64", "uint64"}
"""MATLAB's classes of numbers."""
HDF5 = b"\x89HDF"


def read_matrix(path: Path, key: str) -> np.ndarray:
    """A matrix of whole numbers, int64 (rows, columns), of a .mat file of version 4 to 7. Raises
    DataError naming the file."""
    return _read(path, key, _from_mat)


def read_hdf5(path: Path, key: str) -> np.ndarray:
    """A data set of whole numbers, int64 of any shape, of an HDF5 file, as MATLAB 7.3 writes it.
    Raises DataError naming the file."""
    return _read(path, key, _from_hdf5)


def refuse_wrong_lines(path: Path, numbers: np.ndarray, count: int) -> None:
    """Raises DataError unless the 1-based numbers (N,) name some of `count` tracklets, each
    once."""
    wrong = numbers[(numbers < 1) | (numbers > count)]
    if not len(numbers) or len(wrong):
        said = f"names tracklet {wrong[0]}" if len(wrong) else "names none"
        raise DataError(f"{path}: {said} of {count} as query: restore it from the archive")
    if len(np.unique(numbers)) < len(numbers):
        raise DataError(f"{path}: names a query twice: restore it from the archive")


def _read(path: Path, key: str, read: Callable[[Path, str], np.ndarray]) -> np.ndarray:
    need_file(path)
    try:
        if path.stat().st_size > BYTES:
            raise ValueError(
                f"it has {path.stat().st_size:,} bytes, far more than its layout needs"
            )
        return _whole(read(path, key))
    except KeyError:
        reason = f"has no variable '{key}'"
    except Exception as error:  # scipy and h5py raise many kinds at a damaged file
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        reason = f"cannot be read for its matrix '{key}': {reason}"
    raise DataError(f"{path}: {reason}: restore it from the archive")


def _from_mat(path: Path, key: str) -> np.ndarray:
    content = path.read_bytes()
    if content.startswith(HDF5):
        raise ValueError("it is HDF5, as MATLAB 7.3 writes it")
    if is_mat5(content):
        return matrix_of(content, key, BYTES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # scipy only warns of a variable that stands there twice
        found = [entry for entry in whosmat(io.BytesIO(content)) if entry[0] == key]
        if not found:
            raise KeyError(key)
        _, shape, kind = found[0]
        if len(found) > 1:
            raise ValueError("it stands there twice")
        _refuse_other(kind, shape)
        return loadmat(io.BytesIO(content), variable_names=[key])[key]


def _from_hdf5(path: Path, key: str) -> np.ndarray:
    with h5py.File(path, "r") as file:
        if not isinstance(file.get(key, getlink=True), h5py.HardLink):
            raise KeyError(key) if key not in file else ValueError("it is a link")
        found = file[key]
        if not isinstance(found, h5py.Dataset):
            raise ValueError("it is a group, not a matrix")
        if found.is_virtual or found.external:
            raise ValueError("it lies in another file")
        kind = found.attrs.get("MATLAB_class", b"double")
        kind = kind.decode("ascii") if isinstance(kind, bytes) else str(kind)
        if found.dtype.kind not in "iuf":
            raise ValueError(f"it holds {found.dtype}, expected numbers")
        _refuse_other(kind, found.shape)
        return found[()]


def _refuse_other(kind: str, shape: tuple[int, ...] | None) -> None:
    if kind not in NUMBERS:
        raise ValueError(f"it is of class {kind}, expected numbers")
    if shape is None or math.prod(shape) > LARGEST:
        raise ValueError(f"it has shape {shape}, far more than its layout needs")


def _whole(values: np.ndarray) -> np.ndarray:
    """Numbers as int64. Raises ValueError at what is no whole number, or beyond it."""
    if values.dtype.kind not in "iuf":
        raise ValueError(f"it holds {values.dtype}, expected real numbers")
    if not np.isfinite(values).all() or (values != np.trunc(values)).any():
        raise ValueError("it holds fractions, or what is no number")
    if values.size and not -EXACT < int(values.min()) <= int(values.max()) < EXACT:
        raise ValueError("it holds numbers that are too large")
    return values.astype(np.int64)
