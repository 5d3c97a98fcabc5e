"""Boxes of people on disk: tracks.csv beside tracklets that were cut out, MOTChallenge's text for
other programs."""

from pathlib import Path

import numpy as np
import pandas as pd

from dcct.errors import DataError
from dcct.files import write_text

BOXES = "tracks.csv"
COLUMNS = ["frame", "id", "x", "y", "width", "height", "confidence"]
"""Frame (from 1), identity; left, top, width and height in pixels; NaN where a tracker gives no
confidence."""
KINDS = {"tracklet": "str", "frame": "int64", "id": "int64"} | dict.fromkeys(COLUMNS[2:], "float64")
MOST_NUMBER = 10**9
"""Frames, identities and what a tracker gives as coordinates are far below."""
MOST_BYTES = 1 << 30
"""Of tracks.csv: eight times what a tracker may write."""


def write_boxes(path: Path, boxes: pd.DataFrame) -> None:
    """Write `tracklet` and COLUMNS of boxes."""
    boxes[list(KINDS)].to_csv(path, index=False, lineterminator="\n")


def read_boxes(path: Path) -> pd.DataFrame:
    """Read what write_boxes wrote. Raises DataError, one line, at anything else."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES:,} bytes")
        # numbers are floats at first: what is too large for an integer would wrap around or worse
        kinds = dict.fromkeys(KINDS, "float64") | {"tracklet": "str"}
        boxes = pd.read_csv(path, dtype=kinds, usecols=list(KINDS), encoding="ascii")
        _check(boxes)
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise DataError(
            f"{path}: is not what `dcct crop` wrote ({why}): delete the camera's folder and run it"
            " again, or this file alone, and times are unknown"
        ) from None
    return boxes.astype(KINDS)


def _check(boxes: pd.DataFrame) -> None:
    """Raises ValueError at what no tracker's box is."""
    if not np.isfinite(boxes[COLUMNS[:-1]]).all(axis=None) or boxes["tracklet"].isna().any():
        raise ValueError("a box without a place or a tracklet")
    if np.isinf(boxes["confidence"]).any() or (boxes[["width", "height"]] < 0).any(axis=None):
        raise ValueError("an infinite confidence or a negative size")
    for name, least in {"frame": 1, "id": 0}.items():
        if not ((boxes[name] % 1 == 0) & boxes[name].between(least, MOST_NUMBER)).all():
            raise ValueError(f"{name}: no whole number from {least} to {MOST_NUMBER:,}")
    if boxes.duplicated(["tracklet", "frame"]).any():
        raise ValueError("two boxes of a tracklet in a frame")


def write_mot(path: Path, boxes: pd.DataFrame) -> None:
    """Write COLUMNS of boxes as MOTChallenge's text: a confidence of 1 where none is known."""
    rows = boxes[COLUMNS].fillna({"confidence": 1.0}).itertuples(index=False)
    lines = [
        f"{frame},{pid},{x:.2f},{y:.2f},{width:.2f},{height:.2f},{confidence:.2f},-1,-1,-1\n"
        for frame, pid, x, y, width, height, confidence in rows
    ]
    write_text(path, "".join(lines))
