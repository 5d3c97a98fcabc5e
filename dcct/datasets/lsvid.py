"""Reader of the LS-VID layout (list_sequence/, tracklet folders, test/data/info_test.mat).

Source: Li et al., "Global-Local Temporal Representations for Video Person Re-Identification", ICCV
2019. list_sequence/list_seq_{train,test}.txt: one tracklet a line, the path prefix of its frames
and its identity; info_test.mat (HDF5): `query`, the 1-based lines of the test list that are
queries. A frame's third `_` field is its camera.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import h5py

from dcct.datasets.folders import MOST_MATRIX, MOST_NUMBERS, Lines, images_in, need_file
from dcct.datasets.tracklet import Split, Tracklet
from dcct.errors import DataError

LISTS = {part: f"list_sequence/list_seq_{part}.txt" for part in ("train", "test")}
QUERY_FILE = "test/data/info_test.mat"


def read_tracklets(root: Path) -> Iterator[Tracklet]:
    """Yield train, query and gallery tracklets; only folders are listed, no image is opened.

    Raises DataError naming the file and line of what is missing or does not fit.
    """
    listed = cache(images_in)
    for part, path in LISTS.items():
        lines = Lines(root / path)
        queries = _queries(root / QUERY_FILE, len(lines)) if part == "test" else frozenset()
        for number, line in enumerate(lines[:], start=1):
            where = f"{root / path}: line {number}"
            try:
                prefix, identity = line.rsplit(maxsplit=1)
                pid = int(identity)
            except ValueError:
                raise DataError(
                    f"{where}: expected a path prefix and an identity, found '{line}'"
                ) from None
            folder, start = PurePosixPath(prefix).parent, PurePosixPath(prefix).name
            if folder.is_absolute() or ".." in folder.parts:
                raise DataError(f"{where}: {prefix} leads out of the data set's folder")
            names = [name for name in listed(root / folder) if name.startswith(start)]
            if not names:
                raise DataError(f"{where}: no frame begins with {prefix}")
            split: Split = (
                "train" if part == "train" else "query" if number in queries else "gallery"
            )
            yield Tracklet(
                split=split,
                pid=pid,
                camid=_camera(names, where) - 1,
                frames=tuple(f"{folder}/{name}" for name in names),
            )


def _camera(names: list[str], where: str) -> int:
    cameras = {name.split("_")[2] if name.count("_") > 2 else "" for name in names}
    if len(cameras) > 1 or not (camera := cameras.pop()).isdecimal():
        raise DataError(f"{where}: {names[0]}: its third field should be the tracklet's one camera")
    return int(camera)


def _queries(path: Path, lines: int) -> frozenset[int]:
    """Which lines of the test list are queries, from 1."""
    need_file(path, MOST_MATRIX)
    try:
        with h5py.File(path, "r") as file:
            if not isinstance(file.get("query", getlink=True), h5py.HardLink):
                raise ValueError("missing, or a link")  # which could lead to any file
            dataset = file["query"]
            if dataset.external or dataset.is_virtual or dataset.size > MOST_NUMBERS:
                raise ValueError("it lies elsewhere, or is too long")
            numbers = dataset[()].ravel().tolist()
            queries = frozenset(int(number) for number in numbers)
        if queries and (queries != set(numbers) or not 1 <= min(queries) <= max(queries) <= lines):
            raise ValueError(f"it names other lines than 1 to {lines:,}")
        return queries
    except Exception as error:  # h5py raises many kinds at a damaged file
        line = " ".join(str(error).split())
        raise DataError(f"{path}: cannot be read as HDF5 with a variable `query`: {line}") from None
