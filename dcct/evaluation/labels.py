"""Identities and cameras that come from outside: whole numbers, or text. What is missing is
refused: two unknowns are not the same person."""

from typing import Any

import numpy as np

MISSING = {"", "nan", "none", "null", "<na>", "nat"}
"""What programs write as text where they had nothing."""
EXACT = 2**53
"""Below it float64 holds every whole number."""


def labels(name: str, values: Any) -> np.ndarray:
    """Labels (N,) as int64 or text; whole floats count as numbers. Raises ValueError naming the row
    (from 0) of what is missing, a fraction or out of range, and at other kinds and shapes."""
    values = np.asarray(values)
    if values.ndim != 1:
        raise ValueError(f"{name} has shape {values.shape}: it needs one value a tracklet")
    if values.dtype.kind == "O":
        values = _unpacked(name, values)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "ascii")
    if values.dtype.kind == "U":
        return _text(name, values)
    if values.dtype.kind not in "iuf":
        raise ValueError(f"{name} holds {values.dtype}: it needs whole numbers or text")
    if values.dtype.kind == "f":
        values = values.astype(np.promote_types(values.dtype, np.float64))
        _refuse(name, ~np.isfinite(values), "is missing or not finite", values)
        _refuse(name, values != np.trunc(values), "is no whole number", values)
        _refuse(name, np.abs(values) >= EXACT, "is too large to be exact", values)
    else:
        _refuse(name, values > np.iinfo(np.int64).max, "is too large", values)
    return values.astype(np.int64)


def paired(name: str, query: Any, gallery: Any) -> tuple[np.ndarray, np.ndarray]:
    """Labels of queries and gallery. Raises ValueError, too, where one is text and the other is
    not: 1 and "1" would never match."""
    found = labels(f"query {name}", query), labels(f"gallery {name}", gallery)
    kinds = ["text" if one.dtype.kind == "U" else "numbers" for one in found]
    if kinds[0] != kinds[1] and all(map(len, found)):
        raise ValueError(
            f"{name} is {kinds[0]} of the queries, {kinds[1]} of the gallery: write both alike"
        )
    return found


def _unpacked(name: str, values: np.ndarray) -> np.ndarray:
    """An array of Python objects (N,) that are all text, or all whole numbers."""
    for kind, plain in ((str, np.str_), ((int, np.integer), np.int64)):
        fits = np.array(
            [isinstance(one, kind) and not isinstance(one, bool) for one in values], bool
        )
        if fits.any():
            _refuse(name, ~fits, "is missing, or of another kind than the rest", values)
            try:
                return values.astype(plain)
            except OverflowError:
                raise ValueError(f"{name} holds numbers that are too large") from None
    if len(values):
        raise ValueError(f"{name} holds neither text nor whole numbers")
    return np.zeros(0, np.int64)


def _text(name: str, values: np.ndarray) -> np.ndarray:
    listed = values.tolist()
    missing = np.array([one.strip().lower() in MISSING for one in listed], bool)
    unclean = np.array([one != one.strip() or not one.isprintable() for one in listed], bool)
    _refuse(name, missing, "is missing", values)
    _refuse(name, unclean, "has blanks around it or characters that cannot be printed", values)
    return values


def _refuse(name: str, bad: np.ndarray, what: str, values: np.ndarray) -> None:
    if bad.any():
        row = int(bad.argmax())
        found = ascii(str(values[row])[:40])
        raise ValueError(f"{name} {what} in row {row} (from 0): {found}")
