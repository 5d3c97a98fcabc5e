"""Reader of the MARS layout (bbox_train/, bbox_test/, info/).

Source: Zheng et al., "MARS: A Video Benchmark for Large-Scale Person Re-identification", ECCV 2016,
and the evaluation files published with it. info/{train,test}_name.txt list frame names; the .mat
files give each tracklet's first and last line (1-based, inclusive), identity and camera;
query_IDX.mat lists query tracklets (1-based). Identity −1 is junk and dropped, identity 0 a
distractor. The real set has 8,298 train tracklets of 625 identities (509,914 frames), 1,980 queries
of 626 identities and 9,330 gallery tracklets, of which 3,248 are distractors.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dcct.datasets.folders import Lines, numbered
from dcct.datasets.matlab import read_matrix, refuse_wrong_lines
from dcct.datasets.tracklet import JUNK, Split, Tracklet
from dcct.errors import DataError

COLUMNS = 4


def read_tracklets(root: Path) -> Iterator[Tracklet]:
    """Yield train, query and gallery tracklets without touching an image.

    Raises DataError naming the file and line when metadata are missing or disagree with the frame
    names.
    """
    for part in ("train", "test"):
        names = Lines(root / "info" / f"{part}_name.txt")
        rows = _rows(root, part)
        queries = _queries(root, rows) if part == "test" else frozenset()
        for number, (first, last, pid, camera) in enumerate(rows.tolist()):
            if pid == JUNK:
                continue
            if not 1 <= first <= last <= len(names):
                raise DataError(
                    f"{root}/info/tracks_{part}_info.mat: row {number + 1} names frames {first} to"
                    f" {last}, but {part}_name.txt has {len(names)} lines"
                )
            split: Split = (
                "train" if part == "train" else "query" if number in queries else "gallery"
            )
            frames = sorted(names[first - 1 : last], key=numbered)
            _check_names(
                frames, pid, camera, f"{root}/info/tracks_{part}_info.mat: row {number + 1}"
            )
            folder = f"bbox_{part}/{frames[0][:4]}/"
            yield Tracklet(
                split=split,
                pid=pid,
                camid=camera - 1,
                frames=tuple([folder + name for name in frames]),
            )


def count_junk(root: Path) -> int:
    """Number of test tracklets that read_tracklets drops."""
    return int((_rows(root, "test")[:, 2] == JUNK).sum())


def _rows(root: Path, part: str) -> np.ndarray:
    """First and last line, identity and camera of every tracklet (N,4)."""
    path = root / "info" / f"tracks_{part}_info.mat"
    rows = read_matrix(path, f"track_{part}_info")
    if rows.ndim != 2 or not len(rows) or rows.shape[1] != COLUMNS:
        raise DataError(
            f"{path}: has shape {rows.shape}, expected rows of {COLUMNS} columns: restore it from"
            " the archive"
        )
    return rows


def _queries(root: Path, rows: np.ndarray) -> frozenset[int]:
    """Rows, from 0, that are queries: none is junk."""
    path = root / "info" / "query_IDX.mat"
    numbers = read_matrix(path, "query_IDX").ravel()
    refuse_wrong_lines(path, numbers, len(rows))
    if (junk := rows[numbers - 1, 2] == JUNK).any():
        raise DataError(
            f"{path}: names tracklet {numbers[junk][0]} as query, which is junk: restore it from"
            " the archive"
        )
    return frozenset((numbers - 1).tolist())


def _check_names(frames: list[str], pid: int, camera: int, where: str) -> None:
    """Frame names start with identity and camera: 0001C1T0001F001.jpg."""
    prefix = f"{pid:04d}C{camera}T"
    for name in frames:
        if not name.startswith(prefix) or "/" in name:
            raise DataError(
                f"{where} says identity {pid}, camera {camera}, but its frame is named {name}"
            )
