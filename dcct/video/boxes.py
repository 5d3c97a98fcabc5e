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
        boxes = pd.read_csv(path, dtype=KINDS, usecols=list(KINDS), encoding="ascii")
        places = boxes[COLUMNS[:-1]].to_numpy(float)
        if not np.isfinite(places).all() or boxes["tracklet"].isna().any():
            raise ValueError("a box without a place or a tracklet")
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise DataError(
            f"{path}: is not what `dcct crop` wrote ({why}): delete the camera's folder and run it"
            " again"
        ) from None
    return boxes


def write_mot(path: Path, boxes: pd.DataFrame) -> None:
    """Write COLUMNS of boxes as MOTChallenge's text: a confidence of 1 where none is known."""
    rows = boxes[COLUMNS].fillna({"confidence": 1.0}).itertuples(index=False)
    lines = [
        f"{frame},{pid},{x:.2f},{y:.2f},{width:.2f},{height:.2f},{confidence:.2f},-1,-1,-1\n"
        for frame, pid, x, y, width, height, confidence in rows
    ]
    write_text(path, "".join(lines))
